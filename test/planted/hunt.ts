/**
 * `npm run planted -- [--only NAME] [--seeds 300] [--first 1]`: does the simulator find each planted bug?
 *
 *     for each bug:   a private copy with the bug   ─► seeds 1, 2, 3 … until somebody complains
 *                     the same seed without the bug ─► must survive: else it was not the bug that was found
 *
 * A bug that survives means that the world is too kind, a judge too blind, or the rule not needed.
 */
import { parseArgs } from 'node:util';

import type { Bug } from './bug.ts';
import { bugs } from './bugs.ts';
import { type Search, search, type Seeds } from './search.ts';
import { Workshop } from './workshop.ts';

const CHILDREN_MAX = 2;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seeds: { type: 'string', default: '300' },
    first: { type: 'string', default: '1' },
    /** For each bug. */
    minutes: { type: 'string', default: '4' },
    children: { type: 'string', default: '1' },
    /** What was found is told in full, not by its first line. */
    story: { type: 'boolean', default: false },
  },
});

interface Find extends Search {
  readonly bug: Bug;
  /** Seeds that complain without the bug, too: there the world is wrong, or the product. */
  readonly unsound: readonly number[];
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

const seeds: Seeds = {
  first: Number(values.first),
  most: Number(values.seeds),
  boundMs: Number(values.minutes) * 60_000,
  signal: interrupted.signal,
};

/** By seed: whether the product as it is survives it. */
const known = new Map<number, Promise<boolean>>();

function isSurvivedWithout(workshop: Workshop, seed: number): Promise<boolean> {
  let answer = known.get(seed);
  if (answer === undefined) {
    answer = search(workshop.sound, { ...seeds, first: seed, most: 1 }).then(
      ({ complaint }) => complaint === undefined,
    );
    known.set(seed, answer);
  }
  return answer;
}

async function hunt(workshop: Workshop, bug: Bug): Promise<Find> {
  const tree = workshop.plant(bug);
  const unsound: number[] = [];
  let ms = 0;
  let left = seeds;
  while (left.most > 0 && left.boundMs > 0) {
    const found = await search(tree, left);
    ms += found.ms;
    if (found.complaint === undefined || (await isSurvivedWithout(workshop, found.seed))) {
      workshop.remove(tree);
      return { ...found, bug, unsound, ms };
    }
    unsound.push(found.seed);
    left = seedsBehind(found.seed, ms);
  }
  workshop.remove(tree);
  return { bug, unsound, seed: left.first - 1, complaint: undefined, ms };
}

/** What is left of the seeds, and of their time. */
const seedsBehind = (seed: number, ms: number): Seeds => ({
  ...seeds,
  first: seed + 1,
  most: seeds.first + seeds.most - seed - 1,
  boundMs: seeds.boundMs - ms,
});

const cells = (name: string, rule: string, seed: string, ms: string): string =>
  `${name.padEnd(42)} ${rule.padEnd(9)} ${seed.padStart(6)} ${ms.padStart(8)}`;

/** The line that names the judge: a heading says less than what it heads. */
function lineOf(complaint: string): string {
  const [heading = '', first = heading] = complaint.split('\n');
  return (heading.endsWith(':') ? first : heading).trim().slice(0, 120);
}

function tell({ bug, seed, complaint, ms }: Find): void {
  const said = values.story ? complaint : complaint && lineOf(complaint);
  console.log(`${cells(bug.name, bug.rule, `${seed}`, ms.toFixed(0))}  ${said ?? 'NOT FOUND'}`);
}

/** Takes one bug after the other from those that are left. */
async function huntOn(workshop: Workshop, left: Bug[], finds: Find[]): Promise<void> {
  for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
    const find = await hunt(workshop, bug);
    tell(find);
    finds.push(find);
  }
}

async function main(): Promise<number> {
  const { only } = values;
  const wanted = bugs.filter(({ name, guardedBy }) => only?.includes(name) ?? guardedBy === undefined);
  const unknown = only?.filter((name) => !bugs.some((bug) => bug.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no planted bug is called ${unknown.join(', ')}`);
  const finds: Find[] = [];
  const left = [...wanted];
  const workshop = new Workshop();
  try {
    console.log(`${cells('bug', 'rule', 'seed', 'ms')}  found by`);
    const children = Math.min(CHILDREN_MAX, Number(values.children));
    await Promise.all(Array.from({ length: children }, () => huntOn(workshop, left, finds)));
    for (const { name, rule, guardedBy } of only === undefined ? bugs : [])
      if (guardedBy !== undefined) console.log(`${cells(name, rule, '-', '-')}  not hunted: ${guardedBy}`);
  } finally {
    workshop.close();
  }
  const found = finds.filter(({ complaint }) => complaint !== undefined).length;
  const unsound = [...new Set(finds.flatMap((find) => find.unsound))].sort((a, b) => a - b);
  console.log(`${found} found, ${finds.length - found} not found`);
  if (unsound.length > 0) console.log(`seeds that complain without any bug: ${unsound.join(' ')}`);
  return found === wanted.length && unsound.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  process.exit(130);
}
