/**
 * Carries a schedule out: each fault at its time, each healed at its end, none left when it resolves.
 *
 *     planned    ├─ kill s1 ─┤  ├─ pause s2 ─┤
 *     real       ├─── kill s1 ───┤├─ pause s2 ─┤      making and healing takes time: what comes later shifts
 */
import { pause } from '../support/program.ts';
import type { Cluster } from './cluster.ts';
import type { Fault } from './fault.ts';
import { nameOf } from './faults.ts';
import type { Strike } from './schedule.ts';

export interface Made {
  readonly name: string;
  readonly victims: readonly string[];
  readonly atMs: number;
  readonly healedMs: number;
}

export interface Attack {
  readonly cluster: Cluster;
  readonly faults: readonly Fault[];
  readonly schedule: readonly Strike[];
  /** No strike comes later than that. */
  readonly lengthMs: number;
}

export interface Outcome {
  readonly made: readonly Made[];
  /** Strikes that were planned and not made, and why. */
  readonly omitted: readonly string[];
}

/** A fault that costs a store waits so long for every copy to be whole. */
const WHOLE_MS = 30_000;

interface UnderWay {
  readonly strike: Strike;
  readonly done: Promise<Made>;
}

export async function attack({ cluster, faults, schedule, lengthMs }: Attack): Promise<Outcome> {
  const underWay: UnderWay[] = [];
  const omitted: string[] = [];
  const began = performance.now();
  let shiftMs = 0;
  for (const [at, strike] of schedule.entries()) {
    const before = underWay.filter(({ strike: other }) => endOf(other) <= strike.atMs);
    const late = before.map(async ({ strike: other, done }) => (await done).healedMs - began - endOf(other));
    shiftMs = Math.max(shiftMs, ...(await Promise.all(late)));
    if (strike.atMs + shiftMs > lengthMs) {
      omitted.push(`${schedule.length - at}, from ${titleOf(strike)} on: the time was over`);
      break;
    }
    await pauseUntil(began + strike.atMs + shiftMs);
    const why = strike.weight === 'store' ? await reasonAgainst(cluster) : undefined;
    if (why !== undefined) {
      omitted.push(`${titleOf(strike)}: ${why}`);
      continue;
    }
    shiftMs = Math.max(shiftMs, performance.now() - began - strike.atMs);
    const fault = faults.find((one) => nameOf(one) === strike.name);
    if (fault === undefined) throw new Error(`there is no fault ${strike.name}`);
    underWay.push({ strike, done: make(cluster, fault, strike) });
  }
  return { made: await Promise.all(underWay.map(({ done }) => done)), omitted };
}

async function reasonAgainst(cluster: Cluster): Promise<string | undefined> {
  return cluster.isWhole(WHOLE_MS).then(
    () => undefined,
    (error: unknown) => `it would cost a store: ${error instanceof Error ? error.message : String(error)}`,
  );
}

async function make(cluster: Cluster, fault: Fault, strike: Strike): Promise<Made> {
  const title = titleOf(strike);
  cluster.tell(`${title}, for ${(strike.lastsMs / 1_000).toFixed(1)} s`);
  const heal = await fault.strike(cluster, strike);
  const atMs = performance.now();
  await pauseUntil(atMs + strike.lastsMs);
  cluster.tell(`${title}: heals`);
  await heal();
  cluster.tell(`${title}: healed`);
  return { name: strike.name, victims: strike.victims, atMs, healedMs: performance.now() };
}

const endOf = ({ atMs, lastsMs }: Strike): number => atMs + lastsMs;

const titleOf = ({ name, victims }: Strike): string => [name, ...victims].join(' ');

const pauseUntil = (atMs: number): Promise<void> => pause(Math.max(0, atMs - performance.now()));
