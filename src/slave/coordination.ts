/**
 * What the coordination server says, at a slave.
 *
 * A configuration in the view is an announcement: it is adopted by its members and makes everyone
 * else let go. It may come twice, late, or beside a probe that told the same; only a higher epoch
 * than what was sworn moves anything.
 */
import { addTo } from '../common/add-to.ts';
import { unreachable } from '../common/invariant.ts';
import type { Epoch, Partition } from '../common/ids.ts';
import type { FenceAnswer, ToSlave } from '../common/message/control.ts';
import { after } from '../common/time.ts';
import { changeView, type Configuration, hasMember, viewOf } from '../common/view.ts';
import { onDropGrow, onGrow, tellGrown } from './migration/sender.ts';
import { adopt, fence, release } from './replication/oath.ts';
import { startLevelling } from './replication/owner.ts';
import { isFenced, type Replica, whenDurable } from './replication/replica.ts';
import { isPartition, replicaAt, replicasOf, type State } from './state.ts';

export function onControl(state: State, message: ToSlave): void {
  switch (message.kind) {
    case 'registered':
      return onRegistered(state, message);
    case 'refused':
      state.extra.push({ kind: 'refused', why: message.why, isFinal: message.isFinal });
      return;
    case 'view':
      return onView(state, message);
    case 'fence':
      return onFence(state, message.epoch, message.partitions);
    case 'calm':
      return onCalm(state, message.epoch, message.partitions);
    case 'grow':
    case 'drop-grow':
      return onGrowOrder(state, message);
    case 'drain':
    case 'drain-refused':
    case 'drained':
      return onDrain(state, message);
    case 'buried':
      state.isRegistered = false;
      state.extra.push({ kind: 'buried' });
      return;
    default:
      return unreachable(message);
  }
}

function onGrowOrder(state: State, order: ToSlave & { kind: 'grow' | 'drop-grow' }): void {
  if (!isPartition(state, order.partition)) return;
  const replica = replicaAt(state, order.partition);
  if (order.kind === 'grow') onGrow(replica, order, state.host);
  else onDropGrow(replica, order.epoch, state.host);
}

function onDrain(state: State, message: ToSlave & { kind: 'drain' | 'drain-refused' | 'drained' }): void {
  state.isLeaving = message.kind !== 'drain-refused';
  if (message.kind === 'drain-refused') state.extra.push({ kind: 'stays', why: message.why });
  if (message.kind === 'drained') state.extra.push({ kind: 'drained' });
}

/** It is to end, and asks to hand over what it holds; where nobody hears it, the next registration says it. */
export function onLeave(state: State): void {
  if (state.isLeaving) return;
  state.isLeaving = true;
  if (state.isRegistered) state.host.out.tell({ kind: 'hand-over' });
}

function onRegistered(state: State, { clusterId, view }: ToSlave & { kind: 'registered' }): void {
  const { settings } = view;
  state.view = viewOf(clusterId, view);
  state.isRegistered = true;
  state.host.promiseMs = settings.promiseMs;
  state.host.requestTimeoutMs = settings.requestTimeoutMs;
  state.host.minCopies = settings.minCopies;
  view.configurations.forEach((configuration, index) => {
    onConfiguration(state, index as Partition, configuration); // An index of configurations is a partition.
  });
  tellWhatIs(state);
  state.extra.push({ kind: 'view-changed', view: state.view });
}

/** A coordination server that was away learns what became of its orders. */
function tellWhatIs(state: State): void {
  const { out } = state.host;
  const open = replicasOf(state).filter(({ phase }) => phase === 'open');
  const items = open.map(({ partition, configuration }) => ({ partition, epoch: configuration.epoch }));
  if (items.length > 0) out.tell({ kind: 'serving', items });
  for (const replica of open) {
    const known = state.view?.configurations[replica.partition]?.epoch ?? 0;
    if (replica.configuration.epoch > known) tellGrown(replica, state.host);
  }
}

function onView(state: State, change: ToSlave & { kind: 'view' }): void {
  if (state.view === undefined) return;
  state.view = changeView(state.view, change);
  for (const { partition, configuration } of change.configurations)
    onConfiguration(state, partition, configuration);
  state.extra.push({ kind: 'view-changed', view: state.view });
}

function onConfiguration(state: State, index: Partition, configuration: Configuration): void {
  if (configuration.epoch === 0) return;
  const isMine = hasMember(configuration, state.host.self);
  const replica = isMine ? replicaAt(state, index) : state.replicas[index];
  if (replica === undefined) return;
  if (isMine) takeUp(replica, configuration, state);
  else letGo(replica, configuration, state);
}

/** A configuration without us: what we hold is of the past, unless we are learning for one to come. */
function letGo(replica: Replica, configuration: Configuration, { host }: State): void {
  const isLearning = replica.learns > configuration.epoch;
  const isOlder = configuration.epoch > replica.configuration.epoch;
  if (replica.role !== 'none' && !isLearning && isOlder) release(replica, configuration.epoch, host);
}

function takeUp(replica: Replica, configuration: Configuration, { host }: State): void {
  if (configuration.epoch < replica.fence || configuration.epoch <= replica.configuration.epoch) return;
  adopt(replica, configuration, host);
  if (replica.role !== 'owner' || configuration.ownerNonce !== host.nonce) return;
  whenDurable(host, (later) => {
    if (replica.configuration.epoch !== configuration.epoch || isFenced(replica)) return;
    // Everything that was appended before the oath is durable with it.
    replica.durable = replica.log.end.seq;
    startLevelling(replica, later);
  });
}

function onFence(state: State, number: Epoch, partitions: readonly Partition[]): void {
  const answers: FenceAnswer[] = [];
  const { host } = state;
  for (const index of partitions) {
    if (!isPartition(state, index)) continue;
    const replica = replicaAt(state, index);
    if (number < replica.fence) host.out.tell({ kind: 'outdated', partition: index, epoch: replica.fence });
    else fence(replica, number, host, (answer) => answers.push(answer));
  }
  // Behind the fences' own continuations, so that all answers are in.
  whenDurable(host, (later) => {
    if (answers.length > 0) later.out.tell({ kind: 'fenced', epoch: number, answers });
  });
}

/** How long an owner may take to finish what is under way before it is handed over. */
const CALM_MS = 200;

function onCalm(state: State, number: Epoch, partitions: readonly Partition[]): void {
  const { host } = state;
  const until = after(host.now, CALM_MS);
  const ready: Partition[] = [];
  for (const index of partitions) {
    const replica = isPartition(state, index) ? replicaAt(state, index) : undefined;
    const mayWait = replica?.phase === 'open' && !isFenced(replica) && number > replica.fence;
    if (!mayWait || isAtRest(replica)) ready.push(index);
    else {
      replica.calm = { number, until };
      state.calming.add(replica);
    }
  }
  if (ready.length > 0) onFence(state, number, ready);
}

/** Whether nobody waits for anything that a fence would leave open. */
const isAtRest = ({ log, committed, waiting, grow }: Replica): boolean =>
  committed >= log.end.seq && waiting.length === 0 && grow?.stage !== 'adopting';

/** Those that have finished, or have had their time, are fenced: nothing is left of which nobody knows the outcome. */
export function endCalm(state: State): void {
  if (state.calming.size === 0) return;
  const ready = new Map<Epoch, Partition[]>();
  for (const replica of state.calming) {
    const { calm, partition } = replica;
    if (calm !== undefined && !isAtRest(replica) && state.host.now < calm.until) continue;
    state.calming.delete(replica);
    // Fenced for another reason meanwhile: that has been answered.
    if (calm !== undefined) addTo(ready, calm.number, partition);
  }
  for (const [number, partitions] of ready) onFence(state, number, partitions);
}
