/**
 * How hard the laws try, set once for every `fc.assert` of a run (mocha loads this file before any test).
 *
 *   FC_RUNS=10000 npm run unit            try each law ten thousand times
 *   FC_SEED=1234 npm run unit             other chances; a failure prints its seed
 *   FC_SEED=random npm run unit           new chances each time, for a long night
 *
 * The seed is fixed otherwise: a check that fails by chance, on a change that did not cause it, teaches people
 * to run it again instead of reading it. Wide searches belong to whoever asks for them.
 */
import fc from 'fast-check';

const RUNS = 100;
const SEED = 20_260_101;

/** Enough to be a long night, small enough to be a slip of the finger. */
const RUNS_MAX = 10_000_000;

export interface LawSettings {
  readonly numRuns: number;
  /** Absent: fast-check picks one, and prints it when a law fails. */
  readonly seed?: number;
}

/** Reads the settings from the environment. Throws on a value that is not a number: a typo must not pass for a try. */
export function lawSettings(environment: Readonly<Record<string, string | undefined>>): LawSettings {
  const numRuns = wholeNumber('FC_RUNS', environment['FC_RUNS'], RUNS);
  if (numRuns < 1 || numRuns > RUNS_MAX)
    throw new Error(`FC_RUNS lies between 1 and ${RUNS_MAX}: ${numRuns}`);
  if (environment['FC_SEED'] === 'random') return { numRuns };
  return { numRuns, seed: wholeNumber('FC_SEED', environment['FC_SEED'], SEED) };
}

function wholeNumber(name: string, text: string | undefined, preset: number): number {
  if (text === undefined || text === '') return preset;
  if (!/^-?\d{1,10}$/.test(text)) throw new Error(`${name} is a whole number: "${text}"`);
  return Number(text);
}

fc.configureGlobal({ ...fc.readConfigureGlobal(), ...lawSettings(process.env) });
