/**
 * What the gateway remembers: a record for each command on its way, a lane for each partition, a link for each slave.
 *
 *    clients ──► lane of partition 0 ──┐
 *            ──► lane of partition 1 ──┼──► link of slave s1 ──► socket
 *            ──► lane of partition 2 ──┘
 *
 * A *lane* keeps the order of one partition's commands, whichever slave they go to; a *link* keeps the
 * order of what was sent to one slave, whichever partition it was for, because replies come in that order.
 * A *reader* is one client's reads of one partition, where copies may answer them; they travel on links of their own.
 * A `Forward` is its own answer effect: answering a command makes no further object.
 *
 * This file only says what there is. How it moves is told by `lane.ts`, `readers.ts`, `merge.ts`, `census.ts` and the trunk.
 */
import { Deque } from '../../common/deque.ts';
import { type Partition, partition, type SlaveId } from '../../common/ids.ts';
import type { Reply } from '../../common/reply.ts';
import type { Instant } from '../../common/time.ts';
import type { View } from '../../common/view.ts';

export interface Config {
  readonly partitions: number;
  /** What a command may wait for a failover, and a slave for its answer. */
  readonly requestTimeoutMs: number;
  /** So many commands may be unanswered at once, of all clients together; one more is refused with TRYAGAIN. */
  readonly commandsMax: number;
  /** Who answers reads: the owner, or any member; then each client's reads of a partition stay with one. */
  readonly readFrom: 'owner' | 'any';
  /** Of so many readers the place is remembered; a client beyond them reads at the owners. */
  readonly readersMax: number;
}

/**
 * Connections bound their commands (1,000 each) and the process bounds their bytes (64 MiB). This bounds what
 * those do not: many connections with tiny commands, and commands that are split into thousands of parts.
 */
export const COMMANDS_MAX = 500_000;

/** About a hundred bytes each: two thousand clients that read in all of 256 partitions. */
export const READERS_MAX = 500_000;

/** One command on its way: a client's, a part of one, or one of our own. Answered, it is the effect that says so. */
export interface Forward {
  readonly kind: 'answer';
  /** The shell's number for the client's request. */
  readonly request: number;
  readonly client: number;
  readonly write: boolean;
  /** Undefined for what belongs to no partition: RESUME, DBSIZE. */
  readonly lane: Lane | undefined;
  /** The larger command of which this is a part. */
  readonly merge: Merge | undefined;
  readonly deadline: Instant;
  /** What goes to the slave. Emptied when answered: a tombstone holds no bytes. */
  bytes: Buffer;
  /** The last definite refusal it got, for when its time is over. */
  refusal: Buffer | undefined;
  /** Once true it is never answered again; in a link's FIFO it is a tombstone that swallows the late reply. */
  answered: boolean;
  /** The answer as RESP2 bytes; if undefined, `reply` is the answer. */
  raw: Buffer | undefined;
  reply: Reply;
}

/** How the parts' answers become one. */
export type Form =
  | { readonly kind: 'values'; readonly count: number }
  | { readonly kind: 'sum' }
  | { readonly kind: 'page'; readonly partition: number; readonly partitions: number };

/** A command that travels in parts. */
export interface Merge {
  /** Never sent itself; its answer is the client's. */
  readonly whole: Forward;
  readonly form: Form;
  /** Parts that have no answer yet. */
  pending: number;
  /** For `values`: where each part's values belong. */
  readonly places: Map<Forward, readonly number[]>;
  readonly values: (Buffer | undefined)[];
  sum: number;
  page: Buffer | undefined;
  /** The first part that failed; its error is definite unless `uncertain`. */
  failed: Buffer | undefined;
  uncertain: boolean;
}

/** The commands of one partition, of all clients together, in the order in which they came. */
export interface Lane {
  readonly partition: Partition;
  /** Open: commands go straight to `link`. Blocked: they wait until nothing is in flight, and for a reason to try. */
  open: boolean;
  /** Where it sends, or sent last; what is in flight is all there. */
  link: Link | undefined;
  /** In flight on `link`, tombstones counted. */
  sent: number;
  /** Were in flight and came back, in order; they go before `waiting`. */
  readonly returned: Deque<Forward>;
  /** Never sent. */
  readonly waiting: Deque<Forward>;
  /** The configuration's epoch when the lane was opened last. */
  epoch: number;
  /** No live slave holds it whole: waiting will not help. */
  lost: boolean;
  /** Something was refused since it was opened last. */
  refused: boolean;
  /** How long the next refusal makes it wait. */
  pauseMs: number;
  /** Before this, only a new configuration is a reason to try again. */
  retryAt: Instant | undefined;
}

/** One client's reads of one partition. */
export interface Reader {
  readonly lane: Lane;
  /** The copy that answers them; undefined: the owner does, for good. */
  link: ReadLink | undefined;
  /** Asked there, neither answered nor taken back. */
  sent: number;
}

/** A read at a copy. */
export interface Asked {
  readonly reader: Reader;
  /** Undefined: it was taken back, and its reply means nothing. */
  forward: Forward | undefined;
  /** How long the copy may take. */
  readonly until: Instant;
}

/** Where a client stands for whom no more readers are remembered. */
export const AT_OWNERS = 'at the owners';

/** The connection to one slave, as far as thinking goes. */
export interface Link<Sent = Forward> {
  readonly slave: SlaveId;
  open: boolean;
  /** Handed to the shell and not answered, in the order of sending. */
  readonly inflight: Deque<Sent>;
  /** What this step hands over, and how many commands that is. */
  outgoing: Buffer[];
  outgoingCommands: number;
}

/** It carries nothing but reads, for the slave to answer also as a copy. */
export type ReadLink = Link<Asked>;

export type Effect =
  /** The answer to a client's request; each request gets exactly one. */
  | Forward
  /** Write these bytes, in order, to this slave; they are so many commands, with one reply each. */
  | {
      readonly kind: 'send';
      readonly slave: SlaveId;
      readonly parts: readonly Buffer[];
      readonly commands: number;
    }
  /** The same, on the read link. */
  | {
      readonly kind: 'ask';
      readonly slave: SlaveId;
      readonly parts: readonly Buffer[];
      readonly commands: number;
    }
  /** Close this slave's read link; what was asked there is asked elsewhere already. */
  | { readonly kind: 'hang-up'; readonly slave: SlaveId }
  /** Close this slave's link: it has been silent for too long, or has said what nobody asked. */
  | { readonly kind: 'drop'; readonly slave: SlaveId }
  /** A slave knows of a newer view than ours. */
  | { readonly kind: 'refresh' };

export interface State {
  readonly config: Config;
  view: View | undefined;
  unavailable: ReadonlySet<Partition>;
  /** Indexed by partition. */
  readonly lanes: readonly Lane[];
  readonly links: Map<SlaveId, Link>;
  /** Those that are open. */
  readonly readLinks: Map<SlaveId, ReadLink>;
  /** By client and partition. */
  readonly readers: Map<number, Map<Partition, Reader> | typeof AT_OWNERS>;
  readersCount: number;
  /** Blocked lanes with something in flight or queued. May hold an idle one until the next tick. */
  readonly troubled: Set<Lane>;
  /** Whole-ring counts that wait for a link. */
  readonly parked: Deque<Forward>;
  /** Unanswered forwards, parts counted one by one. */
  live: number;
  /** No deadline is before this, and no copy's patience ends. */
  deadlineAt: Instant | undefined;
  /** No lane wants to try again before this. */
  retryAt: Instant | undefined;
  /** What the step in progress has to say, the links it has written to, and whether it met a newer view. */
  effects: Effect[];
  touched: Link[];
  touchedReads: ReadLink[];
  behind: boolean;
}

/** After a refusal: 10 ms, doubling to 100, so that a short failover costs little more than itself and a long one no storm. */
export const PAUSE_MIN_MS = 10;
export const PAUSE_MAX_MS = 100;

export function newState(config: Config): State {
  const lanes = Array.from({ length: config.partitions }, (_, index) => newLane(partition(index)));
  return {
    config,
    view: undefined,
    unavailable: new Set(),
    lanes,
    links: new Map(),
    readLinks: new Map(),
    readers: new Map(),
    readersCount: 0,
    troubled: new Set(),
    parked: new Deque(),
    live: 0,
    deadlineAt: undefined,
    retryAt: undefined,
    effects: [],
    touched: [],
    touchedReads: [],
    behind: false,
  };
}

const newLane = (place: Partition): Lane => ({
  partition: place,
  open: false,
  link: undefined,
  sent: 0,
  returned: new Deque(),
  waiting: new Deque(),
  epoch: 0,
  lost: false,
  refused: false,
  pauseMs: PAUSE_MIN_MS,
  retryAt: undefined,
});

export const newLink = <Sent = Forward>(slave: SlaveId): Link<Sent> => ({
  slave,
  open: false,
  inflight: new Deque(),
  outgoing: [],
  outgoingCommands: 0,
});

interface Order {
  readonly request: number;
  readonly client: number;
  readonly write: boolean;
  readonly deadline: Instant;
  readonly bytes: Buffer;
}

/** Every forward is made here, so that all have one shape and the engine one hidden class. */
export function newForward(order: Order, lane: Lane | undefined, merge: Merge | undefined): Forward {
  return {
    kind: 'answer',
    request: order.request,
    client: order.client,
    write: order.write,
    lane,
    merge,
    deadline: order.deadline,
    bytes: order.bytes,
    refusal: undefined,
    answered: false,
    raw: undefined,
    reply: undefined,
  };
}

export const queuedOf = (lane: Lane): number => lane.returned.length + lane.waiting.length;

/** The earlier of two moments, of which the first may be missing. */
export const earlier = (a: Instant | undefined, b: Instant): Instant => (a === undefined || b < a ? b : a);
