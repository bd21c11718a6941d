/**
 * What a slave's process remembers: its replicas, its links, its place in the cluster.
 *
 * Only the state and how it begins; what happens to it is `slave.ts` and the files that it calls.
 */
import { Deque } from '../common/deque.ts';
import { epoch, type Epoch, type Partition, type SlaveId, type StoreId } from '../common/ids.ts';
import type { AdoptedConfiguration, FromSlave, ToSlave } from '../common/message/control.ts';
import type { Change, OrderedStore } from '../common/ordered-store.ts';
import { type Instant, instant, type Stamp } from '../common/time.ts';
import type { Member, View } from '../common/view.ts';
import type { Request } from './request.ts';
import { newPace } from './migration/pace.ts';
import type { PeerMessage } from './peer-message.ts';
import { emptyRecordLog, type RecordLog } from './record-log.ts';
import { type Answer, Outbox } from './replication/outbox.ts';
import { type Continuation, emptyReplica, type Host, type Replica } from './replication/replica.ts';

export interface Config {
  readonly self: Member;
  readonly nonce: string;
  /** Bytes of log to keep for those who return. */
  readonly logKeepBytes: number;
  /** Bytes per second that are copied to learners at most; 0: no limit. */
  readonly copyRate: number;
}

export interface Timed {
  readonly now: Instant;
  readonly wall: Stamp;
}

/** Somebody waits for every commit of the first; the other is filled in bulk. */
export type StoreName = 'log' | 'tables';

export type Input = Timed &
  (
    | { readonly kind: 'requests'; readonly requests: readonly Request[] }
    | { readonly kind: 'peer'; readonly from: SlaveId; readonly messages: readonly PeerMessage[] }
    | { readonly kind: 'peer-opened'; readonly slave: SlaveId; readonly store: StoreId }
    | { readonly kind: 'peer-closed'; readonly slave: SlaveId }
    | { readonly kind: 'control'; readonly message: ToSlave }
    | { readonly kind: 'control-closed' }
    /** The oldest commit of this store that was not yet reported is durable. */
    | { readonly kind: 'durable'; readonly store: StoreName }
    /** The machine slept, or a wall clock jumped: what was promised us may be over (P5). */
    | { readonly kind: 'slept' }
    | { readonly kind: 'space'; readonly isLow: boolean }
    /** The process is to end, and would hand over first. */
    | { readonly kind: 'leave' }
    | { readonly kind: 'tick' }
  );

export type Effect =
  | { readonly kind: 'commit'; readonly store: StoreName; readonly changes: readonly Change[] }
  | { readonly kind: 'send'; readonly to: SlaveId; readonly messages: readonly PeerMessage[] }
  | { readonly kind: 'answer'; readonly answers: readonly Answer[] }
  | { readonly kind: 'tell'; readonly message: FromSlave }
  /** The view is another one: whom to dial, what to tell clients. */
  | { readonly kind: 'view-changed'; readonly view: View }
  /** It was declared dead: clients look elsewhere, and it registers afresh. */
  | { readonly kind: 'buried' }
  | { readonly kind: 'refused'; readonly why: string; readonly isFinal: boolean }
  /** It asked to hand over, and may not. */
  | { readonly kind: 'stays'; readonly why: string }
  /** It has handed everything over, and is no slave of the cluster any more. */
  | { readonly kind: 'drained' };

export interface State {
  readonly config: Config;
  readonly host: Host;
  view: View | undefined;
  readonly replicas: (Replica | undefined)[];
  /** Peers whose link is open, and the store at its other end. */
  readonly links: Map<SlaveId, StoreId>;
  readonly records: RecordLog;
  /** What is to be done when each commit of the log under way is durable, in their order. */
  readonly underWay: Deque<readonly Continuation[]>;
  /** The same for the tables. */
  readonly tablesUnderWay: Deque<Continuation>;
  readonly parked: Map<Replica, Request[]>;
  /** Those that finish what is under way before they are handed over. */
  readonly calming: Set<Replica>;
  isLowOnSpace: boolean;
  isRegistered: boolean;
  /** It is to hand over what it holds. */
  isLeaving: boolean;
  commands: number;
  nextTick: Instant;
  pingedAt: Instant;
  reportedAt: Instant;
  /** Where the search for expired keys stands, among the owned partitions. */
  sweptTo: number;
  sweptAt: Instant;
  filledAt: Instant;
  /** Effects that are no replica's. */
  extra: Effect[];
}

/** How often the slave looks after what nobody asks for. Copies hear of commits within two of these. */
export const TICK_MS = 20;

/** The same while there is nothing to wait for: promises are renewed, tables filled, expired keys swept. */
export const IDLE_TICK_MS = 250;

export function init(config: Config, tables: OrderedStore, { now, wall }: Timed): State {
  const host: Host = {
    self: config.self,
    nonce: config.nonce,
    tables,
    startedAt: now,
    sleptAt: instant(-1),
    // Until the coordination server tells the cluster's own: the largest that a cluster may have.
    promiseMs: 60_000,
    requestTimeoutMs: 3_000,
    minCopies: 1,
    now,
    wall,
    out: new Outbox<Continuation>(),
    commitsUnderWay: 0,
    heldBytes: 0,
    pace: newPace(config.copyRate, now),
    copiedBytes: 0,
    released: new Set(),
  };
  return {
    config,
    host,
    view: undefined,
    replicas: [],
    links: new Map(),
    records: emptyRecordLog(),
    underWay: new Deque(),
    tablesUnderWay: new Deque(),
    parked: new Map(),
    calming: new Set(),
    isLowOnSpace: false,
    isRegistered: false,
    isLeaving: false,
    commands: 0,
    nextTick: now,
    pingedAt: now,
    reportedAt: now,
    sweptTo: 0,
    sweptAt: now,
    filledAt: now,
    extra: [],
  };
}

/** The replica of a partition, made empty when it is first spoken of. */
export function replicaAt(state: State, index: Partition): Replica {
  return (state.replicas[index] ??= emptyReplica(index));
}

export const replicasOf = (state: State): readonly Replica[] =>
  state.replicas.filter((replica) => replica !== undefined);

/** Whether a number from the wire is a partition of this cluster. */
export const isPartition = (state: State, index: number): boolean =>
  state.view !== undefined && index >= 0 && index < state.view.settings.partitions;

/** What a registration tells of this store: the highest epoch that it has sworn to, and what it has adopted. */
export function oathsOf(state: State): {
  readonly epoch: Epoch;
  readonly adopted: readonly AdoptedConfiguration[];
} {
  const replicas = replicasOf(state);
  const adopted = replicas.filter(({ configuration }) => configuration.epoch > 0);
  return {
    epoch: replicas.reduce((highest, { fence }) => (fence > highest ? fence : highest), epoch(0)),
    adopted: adopted.map(({ partition, configuration }) => ({ partition, configuration })),
  };
}
