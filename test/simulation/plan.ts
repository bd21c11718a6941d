/**
 * What a run is made of, drawn from its seed before it begins: how many slaves and copies, the weather, the
 * clients, and each fault with its time. A plan can be written down, shortened, and run again.
 */
import { below, prng } from '../../src/common/prng.ts';
import type { Fault, FaultKind } from './faults.ts';
import { CALM, type Weather } from './weather.ts';
import type { Manner } from './workload.ts';

export interface Plan {
  readonly seed: number;
  readonly slaves: number;
  readonly replicas: number;
  readonly partitions: number;
  readonly weather: Weather;
  readonly clients: readonly Manner[];
  /** Who answers the reads that come to the gateway. */
  readonly readFrom: 'owner' | 'any';
  /** Simulated milliseconds of trouble, before peace is made. */
  readonly troubledMs: number;
  readonly faults: readonly Fault[];
}

/** How often each comes, beside the others, and how long it lasts. */
const MIX: Readonly<Record<FaultKind, readonly [weight: number, msLeast: number, msMost: number]>> = {
  crash: [14, 20, 4_000],
  'crash-two': [5, 20, 3_000],
  'crash-all': [3, 20, 2_500],
  'crash-coordination': [8, 20, 3_000],
  pause: [12, 20, 3_000],
  'pause-coordination': [4, 20, 2_500],
  sleep: [5, 50, 3_000],
  hang: [3, 100, 3_000],
  cut: [8, 100, 5_000],
  'cut-one-way': [6, 100, 4_000],
  'cut-off': [8, 100, 5_000],
  'break-link': [8, 1, 2],
  'break-control': [4, 1, 2],
  storm: [6, 500, 6_000],
  'slow-disk': [6, 200, 4_000],
  'full-disk': [3, 200, 4_000],
  'failing-disk': [3, 1, 2],
  wipe: [4, 20, 3_000],
  'old-copy': [3, 500, 5_000],
  'flipped-byte': [4, 20, 2_000],
  'wall-jump': [2, 500, 30_000],
  join: [3, 1, 2],
};

export const ALL_FAULTS = Object.keys(MIX) as readonly FaultKind[]; // The names of the record above.

/** The founding and the first writes are left in peace. */
export const QUIET_MS = 3_500;

export interface Choice {
  readonly kinds?: readonly FaultKind[];
  readonly slaves?: number | undefined;
  readonly replicas?: number | undefined;
  readonly partitions?: number | undefined;
  readonly weather?: Weather;
  /** How long there is trouble. */
  readonly troubledMs?: number;
}

/** The plan of a seed; what is chosen is not left to it. */
export function planOf(seed: number, choice: Choice = {}): Plan {
  const random = prng(seed);
  const between = (least: number, most: number): number => least + below(random, most - least + 1);
  const slaves = choice.slaves ?? between(3, 7);
  const replicas = choice.replicas ?? between(2, 3);
  const rough: Weather = {
    lostPercent: between(0, 3),
    twicePercent: between(0, 4),
    latePercent: between(0, 6),
  };
  const weather = choice.weather ?? (between(0, 1) === 0 ? CALM : rough);
  const troubledMs = choice.troubledMs ?? 96_000;
  // Some runs have few faults far apart, some many at once.
  const everyMs = [400, 1_000, 2_500, 6_000][between(0, 3)] ?? 1_000;
  const kinds = choice.kinds ?? someOf(between);
  const faults: Fault[] = [];
  for (let at = QUIET_MS; at < QUIET_MS + troubledMs; at += between(1, 2 * everyMs)) {
    faults.push(faultOf(at, kinds, between));
  }
  // Few, so that much happens to each; now and then more than can be healed at once.
  const partitions = choice.partitions ?? (between(0, 7) === 0 ? 64 : 8);
  const readFrom = readFromOf(between);
  const clients = clientsOf(readFrom);
  return { seed, slaves, replicas, partitions, weather, clients, readFrom, troubledMs, faults };
}

function clientsOf(readFrom: Plan['readFrom']): readonly Manner[] {
  const usual: Manner[] = ['gateway', 'gateway', 'gateway', 'direct', 'direct', 'direct', 'copy', 'copy'];
  return readFrom === 'any' ? [...usual, 'reader', 'reader', 'reader'] : usual;
}

type Between = (least: number, most: number) => number;

/** Drawn last, so that a seed's plan is otherwise what it was before there was a choice. */
const readFromOf = (between: Between): Plan['readFrom'] => (between(0, 3) === 0 ? 'any' : 'owner');

/** All kinds, or a few of them: some bugs show only when nothing else goes on. */
function someOf(between: Between): readonly FaultKind[] {
  if (between(0, 2) === 0) return ALL_FAULTS;
  const few = ALL_FAULTS.filter(() => between(0, 3) === 0);
  return few.length > 0 ? few : ALL_FAULTS;
}

function faultOf(at: number, kinds: readonly FaultKind[], between: Between): Fault {
  const total = kinds.reduce((sum, kind) => sum + MIX[kind][0], 0);
  let dice = between(1, total);
  const kind = kinds.find((candidate) => (dice -= MIX[candidate][0]) <= 0) ?? 'crash';
  const [, least, most] = MIX[kind];
  return { at, kind, slave: between(1, 7), other: between(1, 7), ms: between(least, most) };
}
