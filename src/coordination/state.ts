/**
 * What the coordination server remembers: the view, what it intends, who is connected, who beats.
 *
 * Only the state and how it begins. The view in here is what the journal holds; a change enters it
 * when it is durable, never before (rule 3: no epoch is announced before that).
 */
import { epoch, type Epoch, type Partition, type SlaveId, type StoreId } from '../common/ids.ts';
import { invariant } from '../common/invariant.ts';
import { Deque } from '../common/deque.ts';
import type { ClusterState, EventKind } from '../common/message/admin.ts';
import type { FenceAnswer, FromSlave, SlaveReport, ToSlave } from '../common/message/control.ts';
import type { Change } from '../common/ordered-store.ts';
import type { Instant, Stamp } from '../common/time.ts';
import type { Heartbeat, HeartbeatAnswer } from '../common/wire/datagram.ts';
import type { ClusterSettings, Configuration, SlaveRecord, Stage, View } from '../common/view.ts';
import { add, type Chronicle, chronicleOf } from './chronicle.ts';
import { type CopiedBytes, noneCopied } from './copied-bytes.ts';
import { CALM_POLICY, type Grace, newGrace, type Policy } from './grace.ts';
import { init as initTally, step as stepTally, type State as Tally } from './heartbeat-tally.ts';
import type { Journal } from './journal.ts';
import { next, type Turn } from './membership.ts';
import type { Order, Refusal } from './order.ts';
import type { Placement } from './placement.ts';
import type { Intention } from './replicate.ts';
import { emptyRing, type Ring } from './ring.ts';
import { noSums, type Sums } from './sums.ts';

/** Names one accepted control link; never used twice. */
export type LinkId = number;

export interface Timed {
  readonly now: Instant;
  /** For people who read what happened when; nothing is decided by it. */
  readonly wall: Stamp;
}

export type Input = Timed &
  (
    | { readonly kind: 'message'; readonly link: LinkId; readonly message: FromSlave }
    | { readonly kind: 'link-closed'; readonly link: LinkId }
    /** `from` names the sender's socket for the answer. */
    | {
        readonly kind: 'heartbeat';
        readonly heartbeat: Heartbeat;
        readonly from: { readonly address: string; readonly port: number };
      }
    /** What `read-heartbeats` asked for is done. */
    | { readonly kind: 'heartbeats-read' }
    /** A slave's peer port refused a connection: the process is gone. */
    | {
        readonly kind: 'probe-refused';
        readonly slave: SlaveId;
        readonly store: StoreId;
        readonly nonce: string;
      }
    /** The oldest commit of the journal that was not yet reported is durable. */
    | { readonly kind: 'durable' }
    /** An operator's; `request` names it for its answer. */
    | { readonly kind: 'order'; readonly request: number; readonly order: Order }
    | { readonly kind: 'tick' }
  );

export type Effect =
  | { readonly kind: 'journal'; readonly changes: readonly Change[] }
  | { readonly kind: 'send'; readonly link: LinkId; readonly message: ToSlave }
  | { readonly kind: 'close-link'; readonly link: LinkId }
  | {
      readonly kind: 'answer-heartbeat';
      readonly to: { readonly address: string; readonly port: number };
      readonly answer: HeartbeatAnswer;
    }
  | { readonly kind: 'read-heartbeats' }
  /** Dial the peer port once and say if it refuses. */
  | { readonly kind: 'probe'; readonly record: SlaveRecord }
  | { readonly kind: 'view-changed'; readonly view: View; readonly unavailable: ReadonlySet<Partition> }
  | { readonly kind: 'event'; readonly text: string; readonly level: 'info' | 'warn' }
  | { readonly kind: 'order-answer'; readonly request: number; readonly refusal: Refusal }
  /** The journal is an old one (N4), or something as bad: the process must not go on. */
  | { readonly kind: 'stop'; readonly why: string };

/** What happens when a commit of the journal is durable. */
export type Continuation = (state: State) => void;

export interface Session {
  /** Undefined: the control link is closed, and the slave is not dead yet. */
  link: LinkId | undefined;
  readonly slave: SlaveId;
  readonly store: StoreId;
  readonly nonce: string;
  report: SlaveReport | undefined;
  /** It has been told the whole view: from then on it hears what is different. */
  isWelcome: boolean;
}

/** One partition's fence under way. */
export interface FenceRound {
  readonly epoch: Epoch;
  readonly intention: Intention & { readonly kind: 'fence' };
  readonly answers: Map<SlaveId, HeardAnswer>;
  /** Until its owner has answered, or for so long, nobody else is asked: what is under way may still be finished. */
  isCalm: boolean;
  readonly calmUntil: Instant;
  /** When those who do not answer are left out. */
  until: Instant;
}

/** What the owner of one partition is told of a grow. */
export interface GrowOrder {
  readonly epoch: Epoch;
  readonly isDropping: boolean;
}

export interface HeardAnswer {
  readonly answer: FenceAnswer;
  readonly at: Instant;
  readonly store: StoreId;
  readonly nonce: string;
}

/** What the target was made of. */
export interface Seating {
  readonly ring: Ring;
  readonly zones: ReadonlyMap<SlaveId, string>;
}

export interface State {
  now: Instant;
  wall: Stamp;
  view: View;
  /** The last number given out (N1): at least the view's epoch. */
  lastNumber: Epoch;
  /** The last number that is durable, with what it was given to: nobody hears of a later one (N1). */
  durableNumber: Epoch;
  readonly intentions: Map<Partition, Intention>;
  /** Stores whose disk failed: strangers for ever (I3). */
  readonly failedStores: Set<StoreId>;
  readonly sessions: Map<SlaveId, Session>;
  readonly links: Map<LinkId, SlaveId>;
  readonly tally: Tally;
  readonly fences: Map<Partition, FenceRound>;
  /** Grows that were ordered in this life; whether they were taken back since. */
  readonly grows: Map<Partition, GrowOrder>;
  /** Partitions whose owner has opened them, and under which epoch. */
  readonly serving: Map<Partition, Epoch>;
  /** Partitions whose result is on its way to the journal. */
  readonly concluding: Set<Partition>;
  readonly unfit: Map<Partition, Set<SlaveId>>;
  /** Partitions that nobody full answered for, and when they are asked again. */
  readonly resting: Map<Partition, Instant>;
  readonly lost: Map<Partition, readonly SlaveId[]>;
  /** Who should hold what, as far as it is wanted now (`grace.ts`). */
  target: Placement;
  /** The same without regard to who has just come back. */
  placement: Placement;
  readonly grace: Grace;
  /** When the next grace ends. */
  graceEnd: Instant;
  /** Slaves whose leave is on its way to the journal. */
  readonly parting: Set<SlaveId>;
  seating: Seating;
  /** Nothing is planned before one full window was listened to. */
  planFrom: Instant;
  /** However many may still come, the first plan is not later than this. */
  gatherBy: Instant;
  mustPlan: boolean;
  /** With very many partitions, plans are some time apart: what must be planned waits for it. */
  planAgainFrom: Instant;
  /** As it was last told to the log. */
  health: ClusterState;
  readonly chronicle: Chronicle;
  /** What is told as one event, and not told yet. */
  readonly sums: Sums;
  readonly copied: CopiedBytes;
  nextTick: Instant;
  /** Changes of this step for the journal, and what is to follow. */
  changes: Change[];
  continuations: Continuation[];
  readonly underWay: Deque<readonly Continuation[]>;
  effects: Effect[];
  /** What changed in the view in this step, for everyone who keeps a copy. */
  readonly changedSlaves: Set<SlaveId>;
  readonly changedPartitions: Set<Partition>;
}

/** What the journal knows of a slave and a silence does not change. */
const KEPT_STAGES: ReadonlySet<Stage> = new Set(['dead', 'draining']);

export function init(journal: Journal, { now, wall }: Timed, policy: Policy = CALM_POLICY): State {
  const { settings, slaves, configurations, clusterId } = journal;
  invariant(
    configurations.length === settings.partitions,
    'the journal has a configuration for each partition',
  );
  // Whoever is in the journal may be alive: it is listened for, and judged after one full window.
  const records = slaves.map(
    (record) =>
      [record.id, { ...record, stage: KEPT_STAGES.has(record.stage) ? record.stage : 'suspect' }] as const,
  );
  const state: State = {
    now,
    wall,
    view: { clusterId, epoch: journal.lastNumber, settings, slaves: new Map(records), configurations },
    lastNumber: journal.lastNumber,
    durableNumber: journal.lastNumber,
    intentions: new Map(journal.intentions),
    failedStores: new Set(journal.failedStores),
    sessions: new Map(),
    links: new Map(),
    tally: initTally(settings, now),
    fences: new Map(),
    grows: new Map(),
    serving: new Map(),
    concluding: new Set(),
    unfit: new Map(),
    resting: new Map(),
    lost: new Map(),
    target: [],
    placement: [],
    grace: newGrace(policy),
    graceEnd: now,
    parting: new Set(),
    seating: { ring: emptyRing, zones: new Map() },
    planFrom: (now + settings.windowMs) as Instant,
    gatherBy: now,
    mustPlan: true,
    planAgainFrom: now,
    health: 'unavailable',
    chronicle: chronicleOf(journal.events),
    sums: noSums(),
    copied: noneCopied(),
    nextTick: now,
    changes: [],
    continuations: [],
    underWay: new Deque(),
    effects: [],
    changedSlaves: new Set(),
    changedPartitions: new Set(),
  };
  const text = `the coordination server has started, with the journal up to epoch ${journal.lastNumber}`;
  add(state.chronicle, { at: wall, level: 'info', kind: 'started', text });
  for (const { id: slave, store, boot, stage } of state.view.slaves.values()) {
    // Its heartbeats count before its link is back: it may still be waiting to dial again.
    if (stage === 'dead') continue;
    stepTally(state.tally, { kind: 'enrolled', slave, store, bootNonce: boot.nonce, now });
    stepTally(state.tally, { kind: 'link-closed', slave });
  }
  return state;
}

/** The next number; it is journaled with whatever it is given to. */
export function nextNumber(state: State): Epoch {
  state.lastNumber = epoch(state.lastNumber + 1);
  return state.lastNumber;
}

export const settingsOf = (state: State): ClusterSettings => state.view.settings;

export function configurationAt(state: State, partition: Partition): Configuration {
  const configuration = state.view.configurations[partition];
  invariant(configuration, () => `partition ${partition} is one of this cluster's`);
  return configuration;
}

/** A slave's record is another one: in the view at once, for everyone with this step's change. */
export function setRecord(state: State, record: SlaveRecord): void {
  const slaves = new Map(state.view.slaves);
  slaves.set(record.id, record);
  state.view = { ...state.view, slaves };
  state.changedSlaves.add(record.id);
  state.mustPlan = true;
}

/** Configurations that are durable now. */
export function setConfigurations(state: State, changed: ReadonlyMap<Partition, Configuration>): void {
  const configurations = [...state.view.configurations];
  for (const [partition, configuration] of changed) {
    invariant(configuration.epoch > (configurations[partition]?.epoch ?? 0), 'an epoch never goes back');
    configurations[partition] = configuration;
    state.changedPartitions.add(partition);
  }
  state.view = { ...state.view, configurations, epoch: state.lastNumber };
  state.mustPlan = true;
}

export const partitionsText = (count: number): string =>
  count === 1 ? '1 partition' : `${count} partitions`;

/** A line of the log, and no more than that. */
export function say(state: State, text: string, level: 'info' | 'warn' = 'info'): void {
  state.effects.push({ kind: 'event', text, level });
}

/** Where this turn of its life leads a slave; it must be a road that there is, or nothing happens. */
export function turn(state: State, slave: SlaveId, which: Turn): void {
  const record = state.view.slaves.get(slave);
  const stage = record && next(record.stage, which);
  if (record === undefined || stage === undefined || stage === 'gone') return;
  setRecord(state, { ...record, stage });
}

interface About {
  readonly level?: 'info' | 'warn';
  readonly slave?: SlaveId;
}

/** A line of the log, and an event that is kept. */
export function note(state: State, kind: EventKind, text: string, about: About = {}): void {
  const { level = 'info', slave } = about;
  say(state, text, level);
  add(state.chronicle, { at: state.wall, level, kind, text, ...(slave === undefined ? {} : { slave }) });
}

/** So many events back, and so long, the same one again is no news. */
const REPEATS_LOOKED_AT = 32;
const REPEAT_MS = 10_000;

/** The same, of what anybody can make happen again and again. */
export function noteSeldom(state: State, kind: EventKind, text: string, about: About = {}): void {
  const { wall, chronicle } = state;
  const isRepeat = chronicle.events
    .slice(-REPEATS_LOOKED_AT)
    .some((event) => event.kind === kind && event.text === text && wall - event.at < REPEAT_MS);
  if (!isRepeat) note(state, kind, text, about);
}

export function sendTo(state: State, slave: SlaveId, message: ToSlave): void {
  const link = state.sessions.get(slave)?.link;
  if (link !== undefined) state.effects.push({ kind: 'send', link, message });
}

/** Everything and everybody that may still come from it, or go to it, is done with. */
export function removeSlave(state: State, slave: SlaveId): void {
  const slaves = new Map(state.view.slaves);
  slaves.delete(slave);
  state.view = { ...state.view, slaves };
  state.changedSlaves.add(slave);
  state.mustPlan = true;
  stepTally(state.tally, { kind: 'withdrawn', slave });
  const link = state.sessions.get(slave)?.link;
  if (link !== undefined) state.links.delete(link);
  state.sessions.delete(slave);
}

export const isAlive = (state: State, slave: SlaveId): boolean => {
  const stage = state.view.slaves.get(slave)?.stage;
  return stage !== undefined && stage !== 'dead';
};
