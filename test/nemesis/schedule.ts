/**
 * Which trouble comes when, to whom, and for how long: a plan made from a seed before the first fault.
 *
 *     light   ├── pause s1 ──┤   ├──── loss s4 ────┤
 *     down        ├───── kill s3 ─────┤                        ├── kill s2 ──┤
 *     all                                 ├─ kill everything ─┤
 *     store                                                                     ├ failing disk s5 ┤
 *
 * It does not know how a fault is made, nor whether one could be made when its time came.
 *
 * Invariants
 *   1. At most OVERLAP_MAX faults at a time, and a slave has at most one of them.
 *   2. Of slaves that are down at a time there are at most replicas − 1, except while everything is.
 *   3. `all` and `store` have the time to themselves.
 *   4. Every fault ends, within its own bound and a quiet while before the end.
 */
import { below, prng, type Prng } from '../../src/common/prng.ts';

export interface Shape {
  readonly name: string;
  /**
   * `light`: its victims go on, in their way. `down`: they do not serve meanwhile. `all`: nobody may.
   * `store`: a slave's data are lost with it, so it comes only when every other copy is whole.
   */
  readonly weight: 'light' | 'down' | 'all' | 'store';
  /** How many slaves it strikes; 0: it strikes no slave in particular. */
  readonly victims: number;
  /** Only these can be struck: they have what it takes. Left out: each. */
  readonly among?: readonly string[];
  readonly lastsMs: readonly [number, number];
}

export interface Strike {
  readonly name: string;
  readonly weight: Shape['weight'];
  readonly atMs: number;
  readonly lastsMs: number;
  readonly victims: readonly string[];
  /** For what else there is to be chosen: 0 ≤ chance < 1. */
  readonly chance: number;
}

export interface Plan {
  readonly seed: number;
  readonly lengthMs: number;
  readonly slaves: readonly string[];
  readonly replicas: number;
  readonly shapes: readonly Shape[];
}

export const OVERLAP_MAX = 2;

/** The load has met every slave by then. */
export const CALM_BEFORE_MS = 2_000;

/** What is broken last is under repair before everything is asked to be whole. */
export const CALM_AFTER_MS = 2_000;

const GAP_MIN_MS = 300;
const GAP_MAX_MS = 2_000;

/** The same plan gives the same strikes, in the order of their times. */
export function scheduleOf(plan: Plan): readonly Strike[] {
  const { seed, lengthMs, shapes } = plan;
  const random = prng(seed);
  const strikes: Strike[] = [];
  if (shapes.length === 0) return strikes;
  const deck: Shape[] = [];
  let misfits = 0;
  // What is too long for what is left may be followed by something shorter.
  for (let atMs = CALM_BEFORE_MS; misfits < shapes.length;) {
    if (deck.length === 0) deck.push(...shuffled(shapes, random));
    const shape = deck.pop() as Shape; // It was filled if it was empty.
    const strike = placed(shape, atMs + between(random, GAP_MIN_MS, GAP_MAX_MS), { plan, strikes, random });
    if (endOf(strike) > lengthMs - CALM_AFTER_MS) {
      misfits += 1;
      continue;
    }
    strikes.push(strike);
    ({ atMs } = strike);
  }
  return strikes;
}

interface Place {
  readonly plan: Plan;
  readonly strikes: readonly Strike[];
  readonly random: Prng;
}

/** The strike at the first time, not before the one asked for, at which nothing forbids it. */
function placed(shape: Shape, earliestMs: number, { plan, strikes, random }: Place): Strike {
  const lastsMs = between(random, ...shape.lastsMs);
  const order = shuffled(shape.among ?? plan.slaves, random);
  const chance = random.next();
  const ends = strikes.map(endOf).filter((end) => end > earliestMs);
  // After the last end nothing is under way, and nothing can forbid it.
  for (const atMs of [earliestMs, ...ends.sort((a, b) => a - b)]) {
    const underWay = strikes.filter((strike) => endOf(strike) > atMs);
    const struck = new Set(underWay.flatMap(({ victims }) => victims));
    const victims = order.filter((id) => !struck.has(id)).slice(0, shape.victims);
    if (victims.length === shape.victims && fits(shape, underWay, plan))
      return { name: shape.name, weight: shape.weight, atMs, lastsMs, victims, chance };
  }
  throw new Error(`${shape.name} strikes ${shape.victims} slaves, and there are only ${order.length}`);
}

const endOf = ({ atMs, lastsMs }: Strike): number => atMs + lastsMs;

function fits(shape: Shape, underWay: readonly Strike[], { replicas }: Plan): boolean {
  if (underWay.length === 0) return true;
  if (underWay.length >= OVERLAP_MAX || isAlone(shape) || underWay.some(isAlone)) return false;
  const down = underWay.filter(({ weight }) => weight === 'down').flatMap(({ victims }) => victims).length;
  return shape.weight !== 'down' || down + shape.victims <= replicas - 1;
}

const isAlone = ({ weight }: Pick<Shape, 'weight'>): boolean => weight === 'all' || weight === 'store';

const between = (random: Prng, min: number, max: number): number => min + below(random, max - min + 1);

export function shuffled<T>(items: readonly T[], random: Prng): T[] {
  return items
    .map((item) => ({ item, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
