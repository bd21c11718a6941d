/**
 * `npm run sim -- --seed 7 [--count 100] [--story]`: trials from the command line.
 *
 * One seed is one history, to the byte; a seed that fails is printed with its story.
 */
import { parseArgs } from 'node:util';

import { CALM } from './peer-network.ts';
import { attempt, type Outcome, type Plan } from './trial.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    story: { type: 'boolean', default: false },
  },
});

/** Everything at once; the seed also decides how many slaves, copies and troubles, and the weather. */
const planOf = (seed: number): Plan => ({
  seed,
  slaves: 3 + (seed % 3),
  replicas: 1 + (seed % 7 === 0 ? 0 : 1 + (seed % 2)),
  weather: seed % 2 === 0 ? CALM : { lostPercent: seed % 4, twicePercent: 3, latePercent: 5 },
  troubles: 4 + (seed % 5),
  kinds: ['crash', 'crash', 'crash-all', 'pause', 'cut', 'coordinator', 'join'],
});

function complaintOf({ violations, health, unanswered }: Outcome): string | undefined {
  if (violations.length > 0) return `a history that could not be:\n${violations.join('\n')}`;
  if (health !== 'healthy') return `the cluster is ${health} long after the last trouble`;
  return unanswered.length > 0 ? `no answer for ${unanswered.join(', ')}` : undefined;
}

function tell(seed: number): boolean {
  try {
    const outcome = attempt(planOf(seed));
    const complaint = complaintOf(outcome);
    if (complaint === undefined && !values.story) return true;
    console.log(`seed ${seed}: ${complaint ?? 'all is well'}`);
    if (values.story) console.log(outcome.story.join('\n'));
    return complaint === undefined;
  } catch (error) {
    console.log(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  }
}

const first = Number(values.seed);
const seeds = Array.from({ length: Number(values.count) }, (_, index) => first + index);
const failed = seeds.filter((seed) => !tell(seed));
console.log(`${seeds.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
