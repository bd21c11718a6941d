/**
 * What an observer asks a cluster about itself, and the exact shape of the answers.
 *
 * All of it goes over RESP, under one command word, and comes back as one bulk string of JSON:
 *
 *   PIAZZA STATUS           → Status          the gateway only
 *   PIAZZA WHERE key        → Where           any process that knows the view
 *   PIAZZA KEYRANGE         → KeyRange[]      merged where neighbours have the same owner; no copies
 *   PIAZZA KEYRANGE_READ    → KeyRange[]      merged where neighbours have the same members
 *                                             (KEYRANGE and KEYRANGE_READ alone: for a person, at slaves too)
 *   PIAZZA RING             → RingPicture     the gateway only
 *   PIAZZA EVENTS [since]   → ClusterEvent[]  the gateway only; those with a number above `since`, oldest first
 *
 * and one that is not JSON, because values are bytes:
 *
 *   PIAZZA SCAN cursor count → [cursor, [key, value, expiresAtMs, key, value, expiresAtMs, …]]
 *
 * A cursor is an opaque string; "0" begins, and "0" as the answer's cursor ends. Keys come ordered by
 * partition. A page has about `count` keys, may have none, and ends early rather than pass 16 MiB by more
 * than one value: a client takes no reply above 65 MiB. `expiresAtMs` is an integer, milliseconds since 1970; 0 means that the key never expires.
 * It is an error while a partition is lost: a picture of the whole with a hole in it would be a lie.
 *
 * And an operator's orders, of the gateway only. `+OK`: it is taken, and goes on by itself, which the status and
 * the events show; `-ERR` and the reason: it is turned down, and nothing was done:
 *
 *   PIAZZA DRAIN id         the slave hands over everything it holds, leaves the cluster and ends
 *   PIAZZA FORGET id        a dead slave that will not return is listed no more
 *   PIAZZA FORFEIT partition [partition …] YES-LOSE-DATA
 *                           lost partitions begin anew, empty
 *
 * This file knows neither who asks nor how the answers are found. The decoders are total: any text
 * gives a value or undefined. Fields they do not know they leave alone, so an older client can read
 * the answer of a newer server.
 */

export type ClusterState = 'healthy' | 'healing' | 'degraded' | 'unavailable';

export type SlaveState = 'joining' | 'alive' | 'suspect' | 'dead' | 'draining';

/** One of a slave's two tables, counted. */
export interface TableCount {
  readonly partitions: number;
  readonly keys: number;
}

export interface SlaveStatus {
  readonly id: string;
  readonly pid: number;
  /** host:port where clients reach it. */
  readonly address: string;
  /** host:port where slaves reach it. */
  readonly peerAddress: string;
  readonly state: SlaveState;
  /** Left out: its operator named none. */
  readonly zone?: string;
  /** What it answers for. */
  readonly own: TableCount;
  /** What it holds a copy of, for another slave that answers. */
  readonly previous: TableCount;
  /** Milliseconds that its event loop was late when it last spoke. */
  readonly lag?: number;
  /** Commands it has answered since it started. */
  readonly commands?: number;
  readonly durability?: 'fsync' | 'os';
  /** `low`: its disk is near its reserve, and it refuses writes that grow. */
  readonly space?: 'ok' | 'low';
}

/** A partition without any live full copy, and who could bring it back. */
export interface LostPartition {
  readonly partition: number;
  readonly slaves: readonly string[];
}

export interface Healing {
  /** How many partitions are getting a copy, or changing hands, at this moment. */
  readonly partitions: number;
  /** Keys and values that were copied to whom they are given, since this healing began, as the slaves last reported. */
  readonly copiedBytes?: number;
  /** The same for each second, over the last few. */
  readonly bytesPerSecond?: number;
}

/** The answer to `PIAZZA STATUS`, to HTTP `/status`, and what `piazza-client status --json` prints. */
export interface Status {
  readonly epoch: number;
  readonly replication: string;
  /** How many slaves should hold each key, its owner counted. */
  readonly replicas: number | 'all';
  readonly partitions: number;
  readonly state: ClusterState;
  readonly slaves: readonly SlaveStatus[];
  readonly healing: Healing;
  /** Present and not empty when `state` is `unavailable`, unless nothing was given out yet. */
  readonly lost?: readonly LostPartition[];
  readonly coordination?: { readonly pid: number; readonly uptimeMs: number };
}

/** Where one key lives: the answer to `PIAZZA WHERE key`. */
export interface Where {
  /** The key, as UTF-8 text. */
  readonly key: string;
  readonly slot: number;
  readonly partition: number;
  /** The epoch of the partition's configuration. */
  readonly epoch: number;
  /** Undefined (left out) while nobody may answer for the partition. */
  readonly owner?: string;
  /** The other members, in ring order. */
  readonly copies: readonly string[];
}

export interface Place {
  readonly id: string;
  /** host:port where clients reach it. */
  readonly address: string;
}

/** A run of slots that one slave answers for: an element of `PIAZZA KEYRANGE` and `KEYRANGE_READ`. */
export interface KeyRange {
  readonly firstSlot: number;
  /** Inclusive. */
  readonly lastSlot: number;
  /** How many partitions the run is made of. */
  readonly partitions: number;
  /** Both are left out for a run that nobody may answer for. */
  readonly owner?: string;
  readonly address?: string;
  /** KEYRANGE_READ: who else may be read, after READONLY, in ring order. KEYRANGE: empty. */
  readonly copies: readonly Place[];
}

export interface RingSeat {
  /** A point on the ring, 0 ≤ token < 2³². */
  readonly token: number;
  readonly slave: string;
}

export interface RingSlave extends Place {
  readonly state: SlaveState;
}

/** The ring as a picture needs it: the answer to `PIAZZA RING`. */
export interface RingPicture {
  readonly epoch: number;
  readonly partitions: number;
  readonly replicas: number | 'all';
  /** Sorted by id. */
  readonly slaves: readonly RingSlave[];
  /** Sorted by token. */
  readonly tokens: readonly RingSeat[];
  /** For each partition, in order, the index in `slaves` of its owner; -1 where nobody may answer. */
  readonly owners: readonly number[];
}

/** One thing that happened, and why. */
export interface ClusterEvent {
  /** Events are numbered from 1, without a gap; a number is never given to another event. */
  readonly number: number;
  /** Milliseconds since 1970, by the coordination server's clock. */
  readonly at: number;
  readonly level: 'info' | 'warn';
  /** One of `EventKind`; a newer server may have others. */
  readonly kind: string;
  /** A sentence for people. */
  readonly text: string;
  /** Left out where it concerns no slave in particular. */
  readonly slave?: string;
}

/** What happens to a cluster, one word each: stable, meant for programs. */
export type EventKind =
  | 'started'
  | 'founded'
  | 'registered'
  | 'returned'
  | 'refused'
  | 'suspected'
  | 'heard'
  | 'declared-dead'
  | 'disk-failed'
  | 'fenced'
  | 'promoted'
  | 'handed-over'
  | 'copying'
  | 'copied'
  | 'not-copied'
  | ClusterState
  | 'lost'
  | 'found-again'
  | 'draining'
  | 'drained'
  | 'forgotten'
  | 'forfeited';

type Shape = (value: unknown) => boolean;

const isText: Shape = (value) => typeof value === 'string';
const isCount: Shape = (value) => typeof value === 'number' && Number.isFinite(value);
const isReplicas: Shape = (value) => value === 'all' || isCount(value);
const oneOf =
  (...words: readonly string[]): Shape =>
  (value) =>
    typeof value === 'string' && words.includes(value);
const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
const maybe =
  (shape: Shape): Shape =>
  (value) =>
    value === undefined || shape(value);
const record =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const given = new Map<string, unknown>(Object.entries(value));
    return Object.entries(fields).every(([name, shape]) => shape(given.get(name)));
  };

const isSlaveState = oneOf('joining', 'alive', 'suspect', 'dead', 'draining');
const isTable = record({ partitions: isCount, keys: isCount });
const isSlave = record({
  id: isText,
  pid: isCount,
  address: isText,
  peerAddress: isText,
  state: isSlaveState,
  zone: maybe(isText),
  own: isTable,
  previous: isTable,
});
const isLost = record({ partition: isCount, slaves: listOf(isText) });
const isStatus = record({
  epoch: isCount,
  replication: isText,
  replicas: isReplicas,
  partitions: isCount,
  state: oneOf('healthy', 'healing', 'degraded', 'unavailable'),
  slaves: listOf(isSlave),
  healing: record({ partitions: isCount, copiedBytes: maybe(isCount), bytesPerSecond: maybe(isCount) }),
  lost: maybe(listOf(isLost)),
});
const isWhere = record({
  key: isText,
  slot: isCount,
  partition: isCount,
  epoch: isCount,
  owner: maybe(isText),
  copies: listOf(isText),
});
const isKeyRange = record({
  firstSlot: isCount,
  lastSlot: isCount,
  partitions: isCount,
  owner: maybe(isText),
  address: maybe(isText),
  copies: listOf(record({ id: isText, address: isText })),
});
const isRing = record({
  epoch: isCount,
  partitions: isCount,
  replicas: isReplicas,
  slaves: listOf(record({ id: isText, address: isText, state: isSlaveState })),
  tokens: listOf(record({ token: isCount, slave: isText })),
  owners: listOf(isCount),
});

const isEvent = record({
  number: isCount,
  at: isCount,
  level: oneOf('info', 'warn'),
  kind: isText,
  text: isText,
  slave: maybe(isText),
});

function decode(text: string, shape: Shape): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return shape(value) ? value : undefined;
}

// Each cast below names the type whose shape was checked in the same line.
export const decodeStatus = (text: string): Status | undefined =>
  decode(text, isStatus) as Status | undefined;

export const decodeWhere = (text: string): Where | undefined => decode(text, isWhere) as Where | undefined;

export const decodeKeyRanges = (text: string): readonly KeyRange[] | undefined =>
  decode(text, listOf(isKeyRange)) as readonly KeyRange[] | undefined;

export const decodeRing = (text: string): RingPicture | undefined =>
  decode(text, isRing) as RingPicture | undefined;

export const decodeEvents = (text: string): readonly ClusterEvent[] | undefined =>
  decode(text, listOf(isEvent)) as readonly ClusterEvent[] | undefined;

/** The names of the sub-commands, as they travel. */
export const admin = {
  word: 'PIAZZA',
  status: 'STATUS',
  where: 'WHERE',
  keyRange: 'KEYRANGE',
  keyRangeRead: 'KEYRANGE_READ',
  ring: 'RING',
  events: 'EVENTS',
  drain: 'DRAIN',
  forget: 'FORGET',
  forfeit: 'FORFEIT',
  yesLoseData: 'YES-LOSE-DATA',
  scan: 'SCAN',
} as const;
