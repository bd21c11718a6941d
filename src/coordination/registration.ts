/**
 * Registration: who may be a slave of this cluster, and as whom (protocol I1 to I4).
 *
 *     another cluster's store        turned away
 *     a store whose disk failed      turned away
 *     an id in use by another store  turned away while that one lives
 *     same store, same start         a reconnection
 *     same store, later start        a restart: an owner needs a new epoch, a copy goes on
 *     same store, earlier start      an old copy was put back: turned away
 *     another store, id free         a stranger without data
 */
import type { Partition, SlaveId, StoreId } from '../common/ids.ts';
import type { FromSlave, Registration } from '../common/message/control.ts';
import { type SlaveRecord, wireOf } from '../common/view.ts';
import { onGrown, orderGrow } from './director.ts';
import { askFence } from './fencing.ts';
import { step as stepTally } from './heartbeat-tally.ts';
import { slaveChange } from './journal.ts';
import { next } from './membership.ts';
import { noteReturn } from './grace.ts';
import { handOver } from './operator.ts';
import { headChangeOf } from './results.ts';
import {
  isAlive,
  type LinkId,
  note,
  noteSeldom,
  sendTo,
  setRecord,
  settingsOf,
  type State,
} from './state.ts';
import { after } from '../common/time.ts';

/** So many windows after the first slave it begins, whoever may still come. */
const GATHERING_WINDOWS_MAX = 5;

interface Refusal {
  readonly why: string;
  /** Asking again is of no use. */
  readonly isFinal: boolean;
}

export function onRegister(state: State, link: LinkId, message: Registration): void {
  if (message.clusterId === state.view.clusterId && message.epoch > state.lastNumber) {
    state.effects.push({
      kind: 'stop',
      why: `${message.slave} has sworn to epoch ${message.epoch}, and this journal ends at ${state.lastNumber}: it is an old one. Put back the newest copy of the journal's directory`,
    });
    return;
  }
  const refusal = refusalOf(state, message);
  if (refusal !== undefined) return refuse(state, link, message, refusal);
  // It had handed everything over, and did not hear that this is known.
  if (message.isLeaving && !state.view.slaves.has(message.slave))
    return void state.effects.push({ kind: 'send', link, message: { kind: 'drained' } });
  gather(state, message.slave);
  const record = recordOf(state, message);
  const before = state.view.slaves.get(message.slave);
  const isStart = before?.boot.nonce !== message.boot.nonce;
  if (before !== undefined && (isStart || before.stage === 'dead'))
    noteReturn(state.grace, message.slave, state.now);
  setRecord(state, record);
  open(state, link, message);
  if (isStart) doubt(state, message);
  state.changes.push(slaveChange(record));
  state.continuations.push(() => {
    if (welcome(state, link, message)) noteRegistered(state, message, before?.stage === 'dead');
  });
}

function refuse(state: State, link: LinkId, { slave }: Registration, refusal: Refusal): void {
  state.effects.push({ kind: 'send', link, message: { kind: 'refused', ...refusal } });
  if (!refusal.isFinal) return;
  noteSeldom(state, 'refused', `${slave} turned away: ${refusal.why}`, { level: 'warn', slave });
}

function noteRegistered(state: State, { slave, host, port, pid }: Registration, isReturn: boolean): void {
  const where = `${slave} registered (${host}:${port}, pid ${pid})`;
  if (isReturn) note(state, 'returned', `${where}: it has returned`, { slave });
  else note(state, 'registered', where, { slave });
}

/**
 * Slaves that come to a cluster without any come one after the other: it is waited a window for the
 * next, but not for ever. Who plans with the first alone gives it everything, and copies it all back.
 */
function gather(state: State, slave: SlaveId): void {
  const { windowMs } = settingsOf(state);
  const others = [...state.view.slaves.keys()].filter((id) => id !== slave);
  const isFirst = others.every((id) => !state.sessions.has(id));
  if (isFirst) state.gatherBy = after(state.now, GATHERING_WINDOWS_MAX * windowMs);
  if (!isFirst && state.now >= state.planFrom) return;
  const isComplete = isFounded(state) && others.every((id) => state.sessions.has(id));
  const next = after(state.now, windowMs);
  state.planFrom = isComplete ? state.now : next < state.gatherBy ? next : state.gatherBy;
}

const isFounded = (state: State): boolean => state.view.configurations.some(({ epoch }) => epoch > 0);

function refusalOf(state: State, message: Registration): Refusal | undefined {
  const store = message.store as StoreId; // The codec has checked its form.
  if (state.parting.has(message.slave)) return { why: 'it is just leaving the cluster', isFinal: false };
  if (message.clusterId !== undefined && message.clusterId !== state.view.clusterId) {
    return {
      why: `its directory belongs to another cluster (${message.clusterId}): give it an empty one with --dir`,
      isFinal: true,
    };
  }
  if (state.failedStores.has(store)) {
    return {
      why: 'the disk below its directory has failed before: give it an empty directory with --dir',
      isFinal: true,
    };
  }
  const known = state.view.slaves.get(message.slave);
  if (known === undefined) return undefined;
  return known.store === store ? refusalOfBoot(known, message) : refusalOfStranger(state, known, message);
}

function refusalOfBoot(known: SlaveRecord, { boot }: Registration): Refusal | undefined {
  const isReconnection = boot.count === known.boot.count && boot.nonce === known.boot.nonce;
  if (isReconnection || boot.count > known.boot.count) return undefined;
  return {
    why: 'its directory is an old copy that was put back: what it lacks is not known. Give it an empty one with --dir',
    isFinal: true,
  };
}

function refusalOfStranger(state: State, known: SlaveRecord, { slave }: Registration): Refusal | undefined {
  if (!isAlive(state, slave)) return undefined;
  const isConnected = state.sessions.get(slave)?.link !== undefined;
  if (isConnected)
    return {
      why: `the id ${slave} is in use by the slave at ${known.host}:${known.port}: choose another with --id`,
      isFinal: true,
    };
  return {
    why: `the id ${slave} is not free yet: the slave that had it is being waited for`,
    isFinal: false,
  };
}

function recordOf(state: State, message: Registration): SlaveRecord {
  const { slave: id, boot, host, port, peerPort, pid, zone } = message;
  const known = state.view.slaves.get(id);
  const isReconnection = known?.boot.nonce === boot.nonce && known.stage !== 'dead';
  // It is heard again: whoever was in doubt, or was only read from the journal, is no longer.
  const stage = isReconnection
    ? (next(known.stage, 'heard') ?? known.stage)
    : known?.stage === 'dead'
      ? (next('dead', 'returned') ?? 'joining')
      : 'joining';
  return {
    id,
    store: message.store as StoreId,
    boot,
    host,
    port,
    peerPort,
    pid,
    zone,
    stage: stage === 'gone' ? 'joining' : stage,
  }; // The codec has checked the store's form.
}

function open(state: State, link: LinkId, { slave, store, boot }: Registration): void {
  const before = state.sessions.get(slave);
  if (before?.link !== undefined && before.link !== link) {
    state.effects.push({ kind: 'close-link', link: before.link });
    state.links.delete(before.link);
  }
  const session = {
    link,
    slave,
    store: store as StoreId, // As above.
    nonce: boot.nonce,
    report: before?.nonce === boot.nonce ? before.report : undefined,
    isWelcome: false,
  };
  state.sessions.set(slave, session);
  state.links.set(link, slave);
  stepTally(state.tally, {
    kind: 'enrolled',
    slave,
    store: session.store,
    bootNonce: boot.nonce,
    now: state.now,
  });
  stepTally(state.tally, { kind: 'link-opened', slave });
}

/**
 * Its machine went down, and what it had acknowledged may not have reached the disk (I4). That is so once,
 * when it starts: what it has been given since is in its memory, also when it registers again.
 */
function doubt(state: State, { slave, store, durability, isSameKernelBoot }: Registration): void {
  if (durability !== 'os' || isSameKernelBoot) return;
  state.view.configurations.forEach(({ members }, index) => {
    if (!members.some((member) => member.slave === slave && member.store === store)) return;
    const partition = index as Partition; // An index of configurations is a partition.
    state.unfit.set(partition, (state.unfit.get(partition) ?? new Set()).add(slave));
  });
}

/** Its record is durable: it hears the view, and what is wanted of it. False: it is gone already. */
function welcome(state: State, link: LinkId, message: Registration): boolean {
  const { slave } = message;
  const session = state.sessions.get(slave);
  if (session?.link !== link) return false;
  session.isWelcome = true;
  sendTo(state, slave, { kind: 'registered', clusterId: state.view.clusterId, view: wireOf(state.view) });
  for (const { partition, configuration } of message.adopted) {
    if (configuration.epoch > (state.view.configurations[partition]?.epoch ?? Infinity))
      onGrown(state, slave, partition, configuration);
  }
  goOnDraining(state, message);
  askFence(state, slave);
  for (const [partition, intention] of state.intentions) {
    if (intention.kind === 'grow' && intention.members[0]?.slave === slave) orderGrow(state, partition);
  }
  return true;
}

/** Of a slave that is to leave, both sides know so. */
function goOnDraining(state: State, { slave, isLeaving }: Registration): void {
  if (!isLeaving) {
    if (state.view.slaves.get(slave)?.stage === 'draining') sendTo(state, slave, { kind: 'drain' });
    return;
  }
  handOver(state, slave);
}

/** A slave says that its disk failed: its store is a stranger's from now on (I3). */
export function onFailed(state: State, slave: SlaveId, { why }: FromSlave & { kind: 'failed' }): void {
  const store = state.sessions.get(slave)?.store;
  if (store === undefined) return;
  state.failedStores.add(store);
  state.changes.push(headChangeOf(state));
  note(state, 'disk-failed', `${slave} stops: ${why}`, { level: 'warn', slave });
}
