/**
 * A replica: all that one slave knows and has sworn about one partition.
 *
 *     none ── a learner's snapshot ──► learner ── adopted ──► copy ── configured ──► owner
 *       ▲     or what changed since                            │                      │
 *       └────────────── a configuration without it ────────────┴──────────────────────┘
 *
 * An owner is `closed` until a configuration names its present start, `levelling` while it brings
 * every member to the best log, and `open` from then on. A copy is `level` once the owner of its
 * epoch has told it where the log ends; before that it takes no append and answers no read.
 *
 * Invariants
 *   1. `fence` is at least the epoch of the adopted configuration; the two are equal, or the replica is fenced.
 *   2. applied ≤ committed ≤ durable end ≤ log end, and nothing at or below `committed` is ever cut.
 *   3. Only an open owner proposes. Only under the epoch of its own configuration.
 */
import { type Epoch, epoch, type Key, type Partition, type SlaveId } from '../../common/ids.ts';
import { Deque } from '../../common/deque.ts';
import { invariant } from '../../common/invariant.ts';
import type { OrderedStore } from '../../common/ordered-store.ts';
import type { Reply } from '../../common/reply.ts';
import { instant, type Instant, type Stamp, stamp } from '../../common/time.ts';
import type { Configuration, Member } from '../../common/view.ts';
import type { StoredValue } from '../record.ts';
import { emptyTable, type Table } from '../tables.ts';
import { PartitionLog } from './log.ts';
import type { Outbox } from './outbox.ts';
import type { CopyMode } from '../peer-message.ts';
import type { Position } from './position.ts';

/** What a step lends to those who decide in it. */
export interface Host {
  readonly self: Member;
  /** Of this start of the process; a configuration for an earlier start does not make an owner (F5). */
  readonly nonce: string;
  /** For reading; what is written to it goes through `out`. */
  readonly tables: OrderedStore;
  readonly startedAt: Instant;
  /** When the machine was last seen to have slept: what was asked before that is answered too late (P5). */
  sleptAt: Instant;
  promiseMs: number;
  requestTimeoutMs: number;
  minCopies: number;
  now: Instant;
  wall: Stamp;
  readonly out: Outbox<Continuation>;
  /** Commits that were handed to the store and are not durable yet. */
  commitsUnderWay: number;
  /** Bytes of committed records that are not in the tables' store yet, as of the last tick. */
  heldBytes: number;
  readonly pace: CopyPace;
  /** Bytes of keys and values that were sent to learners as parts of snapshots. */
  copiedBytes: number;
  /** Replicas whose parked requests may go on. */
  readonly released: Set<Replica>;
}

/** What is on its way to learners (`migration/pace.ts`). */
export interface CopyPace {
  /** 0: no limit. */
  readonly bytesPerSecond: number;
  /** When what was sent is paid for. */
  freeAt: Instant;
  readonly out: Map<Grow, Replica>;
  readonly waiting: Deque<Replica>;
}

export type Continuation = (host: Host) => void;

/** What a member knows of another member of the same configuration. */
export interface Progress {
  readonly member: Member;
  /** At the owner: the member holds the log up to here, durably. */
  acked: number;
  /** Appends are sent only while streaming; otherwise its position is asked for first (W3). */
  state: 'probing' | 'streaming';
  /** When it was last probed, or had something to answer for the first time since. */
  probedAt: Instant;
  /** The last probe: when it left, and what the member had acknowledged by then. */
  probe: { readonly sentAt: Instant; readonly acked: number };
  position: { readonly end: Position; readonly committed: number; readonly round: number } | undefined;
  heardAt: Instant;
  /** Until when its promise to us holds (P1, our clock, drift counted off). */
  heldUntil: Instant;
}

/** A request that is answered once everything it was evaluated on top of is committed (W1). */
export interface Waiting {
  readonly ticket: number;
  readonly seq: number;
  readonly reply: Reply;
  /** A read behind a write of its own connection: it is run when that one is committed. */
  readonly read: ((host: Host) => Reply) | undefined;
  /** Whether anything was logged for it; if not, its refusal is definite. */
  readonly isLogged: boolean;
  readonly deadline: Instant;
}

/** A grow that this owner carries out (`migration/sender.ts`). */
export interface Grow {
  readonly epoch: Epoch;
  readonly base: Epoch;
  readonly configuration: Configuration;
  readonly learner: Progress;
  mode: CopyMode;
  /** Where the learner's log begins. */
  begin: Position;
  /** While it is not yet sent what is written as it is written: the log was sent up to here. */
  sent: number;
  stage: 'copying' | 'levelling' | 'adopting';
  /** The number of the part that is under way; -1: the learner has not begun. */
  part: number;
  from: Buffer | undefined;
  next: Buffer | undefined;
  isLastPart: boolean;
  /** Its next part waits for its turn. */
  isWaiting: boolean;
  askedAt: Instant;
  /** When the learner last had more than before. */
  progressAt: Instant;
  /** New writes are held back until then, so that a steady stream cannot keep the learner from being level (G1). */
  heldBackUntil: Instant | undefined;
  /** After a moment that was too short, writes go on undisturbed until then. */
  restUntil: Instant;
}

/** A partition that this slave is learning (`migration/receiver.ts`). */
export interface Learning {
  readonly grow: Epoch;
  readonly base: Epoch;
  readonly owner: Member;
  /** Whether it leads on from what it held, and where its log begins. */
  readonly isOnward: boolean;
  readonly begin: Position;
  /** The part to be taken in next, and the one up to which all is in the store, durably; -1: not even what was here before. */
  next: number;
  saved: number;
}

export interface Replica {
  readonly partition: Partition;
  readonly log: PartitionLog;
  table: Table;
  fence: Epoch;
  /** The fence that is durable; what depends on an oath waits until this has caught up. */
  swornFence: Epoch;
  configuration: Configuration;
  role: 'none' | 'learner' | 'copy' | 'owner';
  phase: 'closed' | 'levelling' | 'open';
  isLevel: boolean;
  /** How many positions this copy has told; each has its own number, also if a probe came twice. */
  rounds: number;
  /** The position that is still to be answered with a level. */
  levelRound: number | undefined;
  durable: number;
  committed: number;
  /** What the copies have been told of `committed`. */
  committedTold: number;
  /** The latest effect on each key that is proposed and not history yet; `stored` undefined: deleted. */
  readonly prepared: Map<Key, { readonly stored: StoredValue | undefined; readonly seq: number }>;
  readonly waiting: Deque<Waiting>;
  /** The other members of the configuration. */
  peers: Map<SlaveId, Progress>;
  /** Promises to others, under any epoch, until when (F1). */
  readonly given: Map<SlaveId, Instant>;
  /** Until when the promises of all other members hold together. */
  authorityUntil: Instant;
  clock: { readonly stamp: Stamp; readonly at: Instant };
  /** When it adopted a larger list: the new promises are on their way. */
  adoptedAt: Instant;
  fetchingFrom: SlaveId | undefined;
  grow: Grow | undefined;
  /** It is about to be handed over under this number: no new write is taken until then, and then it is fenced. */
  calm: { readonly number: Epoch; readonly until: Instant } | undefined;
  /** Undefined at a learner that was fenced or restarted: it takes no more, and keeps what it has. */
  learning: Learning | undefined;
  /** The grow for which a learner's data was copied; 0: it is no learner. */
  learns: Epoch;
  /** Since when it is no member any more, and what it holds is kept in case it becomes one again. */
  retiredAt: Instant;
  /** When its table was last filled by the tick. */
  filledAt: Instant;
  /** Runs when its table may be filled again. */
  afterFill: Continuation | undefined;
}

export const NEVER_FOUNDED: Configuration = { epoch: epoch(0), members: [], ownerNonce: '' };

const BEFORE = instant(-1);
export const FOREVER = instant(Number.MAX_SAFE_INTEGER);

export function emptyReplica(partition: Partition): Replica {
  return {
    partition,
    log: new PartitionLog(),
    table: emptyTable(partition),
    fence: epoch(0),
    swornFence: epoch(0),
    configuration: NEVER_FOUNDED,
    role: 'none',
    phase: 'closed',
    isLevel: false,
    rounds: 0,
    levelRound: undefined,
    durable: 0,
    committed: 0,
    committedTold: 0,
    prepared: new Map(),
    waiting: new Deque(),
    peers: new Map(),
    given: new Map(),
    authorityUntil: BEFORE,
    clock: { stamp: stamp(0), at: BEFORE },
    adoptedAt: BEFORE,
    fetchingFrom: undefined,
    grow: undefined,
    calm: undefined,
    learning: undefined,
    learns: epoch(0),
    retiredAt: BEFORE,
    filledAt: BEFORE,
    afterFill: undefined,
  };
}

export const progressOf = (member: Member, now: Instant): Progress => ({
  member,
  acked: 0,
  state: 'probing',
  probedAt: BEFORE,
  probe: { sentAt: BEFORE, acked: 0 },
  position: undefined,
  heardAt: now,
  heldUntil: BEFORE,
});

/** Whether it holds, whole, what was committed when it was last a member: a half copy is never kept (`oath.ts`). */
export const isRetired = ({ role, table }: Replica): boolean => role === 'none' && table.applied.seq > 0;

export const isFenced = (replica: Replica): boolean => replica.fence !== replica.configuration.epoch;

/** Whether this slave may read and write for the partition at this instant (P4). */
export const isAuthority = (replica: Replica, now: Instant): boolean =>
  replica.phase === 'open' && now < replica.authorityUntil;

/** Whether a copy may answer a client that asked for READONLY (W5). */
export function mayReadCopy(replica: Replica, now: Instant): boolean {
  if (replica.role !== 'copy' || !replica.isLevel || isFenced(replica)) return false;
  const owner = replica.configuration.members[0];
  const progress = owner && replica.peers.get(owner.slave);
  return progress !== undefined && now < progress.heldUntil;
}

/** The partition's clock (W4): the highest stamp heard, advanced by monotonic time; it never goes back. */
export const clockOf = (replica: Replica, now: Instant): Stamp =>
  stamp(replica.clock.stamp + Math.max(0, now - replica.clock.at));

export function hearStamp(replica: Replica, heard: Stamp, now: Instant): void {
  if (heard > clockOf(replica, now)) replica.clock = { stamp: heard, at: now };
}

/** The authority's own time: the wall's, unless the partition is ahead of it. */
export function stampNow(replica: Replica, host: Host): Stamp {
  hearStamp(replica, host.wall, host.now);
  return clockOf(replica, host.now);
}

/** Runs it when everything handed to the store so far is durable; at once if it is already. */
export function whenDurable(host: Host, then: Continuation): void {
  const isIdle =
    host.commitsUnderWay === 0 &&
    host.out.changes.length === 0 &&
    host.out.logItems.length === 0 &&
    host.out.continuations.length === 0;
  if (isIdle) then(host);
  else host.out.afterDurable(then);
}

export function checkReplica(replica: Replica): void {
  const { table, log, committed, durable, fence, configuration } = replica;
  invariant(fence >= configuration.epoch, 'nothing is adopted beyond the fence');
  invariant(table.filled.seq <= table.applied.seq, 'nothing is filled before it is applied');
  invariant(table.applied.seq <= committed, 'nothing is applied before it is committed');
  invariant(committed <= log.end.seq, 'nothing is committed beyond the log');
  invariant(durable <= log.end.seq, 'nothing is durable beyond the log');
  invariant(replica.phase === 'closed' || replica.role === 'owner', 'only an owner levels or is open');
}
