/**
 * What a run is made of, drawn from its seed before it begins: how many slaves and copies, the weather, the
 * clients, and each fault with its time. A plan can be written down, shortened, and run again.
 */
import { invariant } from '../../src/common/invariant.ts';
import { below, prng } from '../../src/common/prng.ts';
import type { ClusterSettings } from '../../src/common/view.ts';
import { CALM_POLICY, type Policy } from '../../src/coordination/grace.ts';
import type { Fault, FaultKind } from './faults.ts';
import { CALM, type Weather } from './weather.ts';
import { type Manner, MANNERS } from './workload.ts';

/** How fast a cluster beats, and for how long its slaves promise. */
export type Pace = Pick<ClusterSettings, 'heartbeatMs' | 'windowMs' | 'promiseMs' | 'requestTimeoutMs'>;

export interface Plan {
  readonly seed: number;
  readonly slaves: number;
  readonly replicas: number;
  readonly partitions: number;
  readonly weather: Weather;
  readonly pace: Pace;
  readonly clients: readonly Manner[];
  /** Who answers the reads that come to the gateway. */
  readonly readFrom: 'owner' | 'any';
  /** Over how many zones the slaves are spread; 0: they have none. */
  readonly zones: number;
  /** What waits after a death, and after a return. */
  readonly graces: Policy;
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
  'crash-behind': [14, 300, 8_000],
  'crash-coordination-behind': [8, 300, 8_000],
  'lone-return': [4, 300, 5_000],
  pause: [12, 20, 3_000],
  'pause-coordination': [4, 20, 2_500],
  sleep: [5, 50, 6_000],
  nap: [5, 5, 24],
  hang: [3, 100, 3_000],
  stall: [6, 20, 2_500],
  cut: [8, 100, 5_000],
  'cut-one-way': [6, 100, 4_000],
  'cut-off': [8, 100, 5_000],
  'break-link': [8, 1, 2],
  'break-control': [4, 1, 2],
  'slow-control': [6, 500, 6_000],
  storm: [6, 500, 6_000],
  'slow-disk': [6, 200, 4_000],
  'slow-journal': [4, 200, 4_000],
  'stalled-tables': [5, 500, 8_000],
  'full-disk': [3, 200, 4_000],
  'failing-disk': [3, 1, 2],
  wipe: [4, 20, 3_000],
  'old-copy': [3, 500, 5_000],
  'old-copy-alone': [5, 500, 5_000],
  'flipped-byte': [4, 20, 2_000],
  'wall-jump': [3, 500, 30_000],
  forfeit: [3, 2_000, 6_000],
  join: [3, 1, 2],
  drain: [5, 1, 2],
};

export const ALL_FAULTS = Object.keys(MIX) as readonly FaultKind[]; // The names of the record above.

/** The founding and the first writes are mostly left in peace. */
export const QUIET_MS = 3_500;

export const USUAL_PACE: Pace = { heartbeatMs: 200, windowMs: 600, promiseMs: 500, requestTimeoutMs: 3_000 };

/** What the settings' own relations allow: a promise shorter than three windows. */
const PACES: readonly Pace[] = [
  USUAL_PACE,
  USUAL_PACE,
  USUAL_PACE,
  // Promises that outlast the window: whoever is asked and says nothing still reads when it is over.
  { ...USUAL_PACE, promiseMs: 1_400 },
  { ...USUAL_PACE, promiseMs: 1_400 },
  { heartbeatMs: 300, windowMs: 1_000, promiseMs: 2_400, requestTimeoutMs: 3_000 },
  // Long enough for clocks that run apart to show beside what is allowed for sleeps.
  { heartbeatMs: 500, windowMs: 2_000, promiseMs: 5_000, requestTimeoutMs: 3_000 },
  { heartbeatMs: 60, windowMs: 200, promiseMs: 150, requestTimeoutMs: 3_000 },
];

const ZONES = [0, 0, 2, 3];

const GRACES: readonly Policy[] = [
  CALM_POLICY,
  CALM_POLICY,
  { rejoinGraceMs: 0, handBackGraceMs: 0 },
  { rejoinGraceMs: 1_500, handBackGraceMs: 0 },
  { rejoinGraceMs: 4_000, handBackGraceMs: 2_000 },
];

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
  const weather = choice.weather ?? weatherOf(between);
  const troubledMs = choice.troubledMs ?? 96_000;
  // Some runs have few faults far apart, some many at once.
  const everyMs = oneOf([400, 1_000, 2_500, 6_000], between);
  const kinds = choice.kinds ?? someOf(between);
  const aims = aimsOf(between);
  const pace = oneOf(PACES, between);
  // Now and then the cluster is not even founded when it begins.
  const quietMs = between(0, 3) === 0 ? between(0, 1_500) : QUIET_MS;
  const faults: Fault[] = [];
  for (let at = quietMs; at < QUIET_MS + troubledMs; at += between(1, 2 * everyMs)) {
    faults.push(faultOf(at, { kinds, aims }, between));
  }
  // Few, so that much happens to each; now and then more than can be healed at once.
  const partitions = choice.partitions ?? (between(0, 7) === 0 ? 64 : 8);
  const readFrom: Plan['readFrom'] = between(0, 3) === 0 ? 'any' : 'owner';
  const clients = clientsOf(between, readFrom);
  const [zones, graces] = [oneOf(ZONES, between), oneOf(GRACES, between)];
  return {
    ...{ seed, slaves, replicas, partitions, weather, pace, clients, readFrom, zones, graces },
    ...{ troubledMs, faults },
  };
}

/** A few or a crowd, of all manners or of some: what one of them needs another may hide. */
function clientsOf(between: Between, readFrom: Plan['readFrom']): readonly Manner[] {
  const some = between(0, 1) === 0 ? MANNERS : MANNERS.filter(() => between(0, 1) === 0);
  const manners = some.length > 0 ? some : MANNERS;
  const count = [4, 8, 8, 12, 30][between(0, 4)] ?? 8;
  const clients = Array.from({ length: count }, () => manners[between(0, manners.length - 1)] ?? 'gateway');
  return readFrom === 'any' ? [...clients, 'reader', 'reader', 'reader'] : clients;
}

type Between = (least: number, most: number) => number;

function weatherOf(between: Between): Weather {
  const rough = { lostPercent: between(0, 3), twicePercent: between(0, 4), latePercent: between(0, 6) };
  return between(0, 1) === 0 ? CALM : rough;
}

function oneOf<Item>(items: readonly Item[], between: Between): Item {
  const item = items[between(0, items.length - 1)];
  invariant(item !== undefined, 'there is something to draw from');
  return item;
}

/** All kinds, or a few of them: some bugs show only when nothing else goes on. */
function someOf(between: Between): readonly FaultKind[] {
  if (between(0, 2) === 0) return ALL_FAULTS;
  const few = ALL_FAULTS.filter(() => between(0, 3) === 0);
  return few.length > 0 ? few : ALL_FAULTS;
}

/** All slaves, or two of them: some bugs take several things that happen to the same few. */
function aimsOf(between: Between): readonly number[] {
  if (between(0, 2) > 0) return [1, 2, 3, 4, 5, 6, 7];
  return [between(1, 7), between(1, 7)];
}

interface Mix {
  readonly kinds: readonly FaultKind[];
  readonly aims: readonly number[];
}

function faultOf(at: number, { kinds, aims }: Mix, between: Between): Fault {
  const total = kinds.reduce((sum, kind) => sum + MIX[kind][0], 0);
  let dice = between(1, total);
  const kind = kinds.find((candidate) => (dice -= MIX[candidate][0]) <= 0) ?? 'crash';
  const [, least, most] = MIX[kind];
  const slave = oneOf(aims, between);
  return { at, kind, slave, other: between(1, 7 * 17), ms: between(least, most) };
}
