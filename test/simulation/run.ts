/**
 * Trials from the command line: one seed is one history, to the byte.
 *
 *     npm run sim -- --seed 7 [--count 100 | --seconds 120] [--story] [--shrink] [--twice]
 *
 * `--story` tells each run; `--shrink` looks for a shorter plan that fails too, and tells that one; `--twice`
 * runs each seed twice and compares. What a run never reached it has not tested: with forty seeds or more,
 * something on the list of what should happen that never did is a failure too.
 */
import { parseArgs } from 'node:util';

import { addCoverage, type Coverage, neverHappened, newCoverage } from './coverage.ts';
import { type Choice, type Plan, planOf } from './plan.ts';
import { shrunk } from './shrink.ts';
import { storyOf } from './story.ts';
import { attempt, complaintOf, type Outcome } from './trial.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    story: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    slaves: { type: 'string' },
    replicas: { type: 'string' },
    partitions: { type: 'string' },
  },
});

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

/** What is given here is not left to the seed. */
const choice: Choice = {
  slaves: numberOf(values.slaves),
  replicas: numberOf(values.replicas),
  partitions: numberOf(values.partitions),
};

/** So many seeds should have met everything. */
const SEEDS_FOR_COVERAGE = 40;

interface Sum {
  readonly coverage: Coverage;
  readonly failed: number[];
  runs: number;
  simulatedMs: number;
  events: number;
}

function run(seed: number, sum: Sum): void {
  const plan = planOf(seed, choice);
  const outcome = attempt(plan);
  sum.runs += 1;
  sum.simulatedMs += outcome.simulatedMs;
  sum.events += outcome.events;
  addCoverage(sum.coverage, outcome.coverage);
  const complaint = complaintOf(outcome) ?? (values.twice ? difference(plan, outcome) : undefined);
  if (complaint !== undefined) {
    sum.failed.push(seed);
    console.log(`seed ${seed}: ${complaint}`);
  }
  if (values.story) console.log(storyOf(plan, outcome).join('\n'));
  if (values.shrink && complaint !== undefined) tellShrunk(plan);
}

function difference(plan: Plan, outcome: Outcome): string | undefined {
  return JSON.stringify(attempt(plan)) === JSON.stringify(outcome)
    ? undefined
    : 'the same seed told another story';
}

function tellShrunk(plan: Plan): void {
  const short = shrunk(plan, (candidate) => complaintOf(attempt(candidate)) !== undefined);
  console.log(storyOf(short, attempt(short)).join('\n'));
}

function main(): void {
  const sum: Sum = { coverage: newCoverage(), failed: [], runs: 0, simulatedMs: 0, events: 0 };
  const began = performance.now();
  const secondsMax = numberOf(values.seconds);
  const first = Number(values.seed);
  const isOver = (done: number): boolean =>
    secondsMax === undefined ? done >= Number(values.count) : performance.now() - began >= secondsMax * 1_000;
  for (let done = 0; !isOver(done); done += 1) run(first + done, sum);
  const seconds = (performance.now() - began) / 1_000;
  for (const [name, count] of Object.entries(sum.coverage))
    console.log(`${String(count).padStart(9)} ${name}`);
  const missing = sum.runs >= SEEDS_FOR_COVERAGE ? neverHappened(sum.coverage) : [];
  if (missing.length > 0) console.log(`never happened: ${missing.join(', ')}`);
  const simulated = sum.simulatedMs / 1_000;
  console.log(
    `${simulated.toFixed(0)} simulated seconds in ${seconds.toFixed(1)}: ${(simulated / seconds).toFixed(0)} times as fast as real time, ${(sum.events / simulated).toFixed(0)} events a simulated second`,
  );
  console.log(
    `seeds ${first} to ${first + sum.runs - 1}${sum.failed.length > 0 ? `; failed: ${sum.failed.join(' ')}` : ''}`,
  );
  console.log(
    `${sum.runs - sum.failed.length} passed, ${sum.failed.length + Math.sign(missing.length)} failed`,
  );
  process.exitCode = sum.failed.length + missing.length > 0 ? 1 : 0;
}

main();
