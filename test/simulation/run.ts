/**
 * `npm run sim -- --seed 7 [--count 100] [--story]`: trials from the command line.
 *
 * One seed is one history, to the byte; a seed that fails is printed with what was found.
 */
import { parseArgs } from 'node:util';

import { addCoverage, newCoverage } from './coverage.ts';
import { type Choice, planOf } from './plan.ts';
import { attempt, complaintOf } from './trial.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    story: { type: 'boolean', default: false },
    slaves: { type: 'string' },
    replicas: { type: 'string' },
    partitions: { type: 'string' },
  },
});

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

/** What is given here is not left to the seed. */
const choice: Choice = {
  slaves: numberOf(values.slaves),
  replicas: numberOf(values.replicas),
  partitions: numberOf(values.partitions),
};

const sum = newCoverage();
let simulatedMs = 0;

function tell(seed: number): boolean {
  try {
    const outcome = attempt(planOf(seed, choice));
    addCoverage(sum, outcome.coverage);
    simulatedMs += outcome.simulatedMs;
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
const began = performance.now();
const failed = seeds.filter((seed) => !tell(seed));
const seconds = (performance.now() - began) / 1_000;
console.log(
  Object.entries(sum)
    .map(([name, count]) => `${name} ${count}`)
    .join(', '),
);
console.log(
  `${(simulatedMs / 1_000).toFixed(0)} simulated seconds in ${seconds.toFixed(1)}: ${(simulatedMs / 1_000 / seconds).toFixed(0)} times as fast`,
);
console.log(
  `${seeds.length - failed.length} passed, ${failed.length} failed${failed.length > 0 ? `: ${failed.join(' ')}` : ''}`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
