/**
 * The slave: the trunk that holds all replicas of one process and hands each input to whom it concerns.
 *
 *     clients' requests ─┐                                   ┌─► one commit of the store
 *     peers' frames ─────┼─► step ─► replicas ─► outbox ─► ──┼─► one batch for each peer
 *     control messages ──┤                                   ├─► answers to clients
 *     "it is durable" ───┘                                   └─► messages to the coordination server
 *
 * One step is a batch: whatever a turn of the event loop brought. Reads do not pass through here;
 * they ask `isAuthority` and look into a table (`requests.ts`).
 *
 * It knows no sockets, no clock and no disk. Time comes with each input; the store is handed in
 * for reading, and its writes are effects.
 */
import { unreachable } from '../common/invariant.ts';
import { after, type Instant, sooner } from '../common/time.ts';
import { endCalm, onControl, onLeave } from './coordination.ts';
import { onPeer, onPeerOpened } from './conversation.ts';
import { nextTickOf, tick } from './housekeeping.ts';
import { addRecord } from './record-log.ts';
import { dropHeld } from './replication/promises.ts';
import { checkReplica } from './replication/replica.ts';
import { onRequests, resumeParked } from './requests.ts';
import { type Effect, type Input, replicasOf, type State, type StoreName, TICK_MS } from './state.ts';

export function step(state: State, input: Input): readonly Effect[] {
  state.host.now = input.now;
  state.host.wall = input.wall;
  if (input.kind === 'tick') {
    tick(state);
    state.nextTick = nextTickOf(state);
  } else dispatch(state, input);
  endCalm(state);
  resumeParked(state);
  if (!isQuiet(input)) state.nextTick = sooner(state.nextTick, after(input.now, TICK_MS));
  return effectsOf(state);
}

export const wakeAt = (state: State): Instant => state.nextTick;

function dispatch(state: State, input: Exclude<Input, { kind: 'tick' }>): void {
  switch (input.kind) {
    case 'requests':
      return onRequests(state, input.requests);
    case 'peer':
      return onPeer(state, input.from, input.messages);
    case 'peer-opened':
      return onPeerOpened(state, input.slave, input.store);
    case 'control':
      return onControl(state, input.message);
    case 'durable':
      return onDurable(state, input.store);
    case 'slept':
      state.host.sleptAt = input.now;
      for (const replica of replicasOf(state)) dropHeld(replica);
      return;
    case 'leave':
      return onLeave(state);
    case 'peer-closed':
      state.links.delete(input.slave);
      return;
    case 'control-closed':
      state.isRegistered = false;
      return;
    case 'space':
      state.isLowOnSpace = input.isLow;
      return;
    default:
      return unreachable(input);
  }
}

/** Whether nothing that it brings may want looking after before long. */
const isQuiet = (input: Input): boolean =>
  input.kind === 'tick' ||
  (input.kind === 'peer' && input.messages.every(({ kind }) => kind === 'ping' || kind === 'pong'));

function onDurable(state: State, store: StoreName): void {
  if (store === 'tables') return state.tablesUnderWay.shift()?.(state.host);
  const continuations = state.underWay.shift() ?? [];
  state.host.commitsUnderWay -= 1;
  for (const then of continuations) then(state.host);
}

function effectsOf(state: State): readonly Effect[] {
  const { host, extra } = state;
  const { out } = host;
  const effects = extra;
  state.extra = [];
  if (out.answers.length > 0) effects.push({ kind: 'answer', answers: out.answers });
  // Peers first: nothing in these messages speaks of what this step writes, and their disks are slower than ours.
  for (const [to, messages] of out.takeMessages()) {
    if (state.links.has(to)) effects.push({ kind: 'send', to, messages });
  }
  commitOf(state, effects);
  for (const { changes, then } of out.tableWrites) {
    state.tablesUnderWay.push(then);
    effects.push({ kind: 'commit', store: 'tables', changes });
  }
  for (const message of out.told) effects.push({ kind: 'tell', message });
  if (out.answers.length > 0) out.answers = [];
  if (out.told.length > 0) out.told = [];
  if (out.tableWrites.length > 0) out.tableWrites = [];
  return effects;
}

/** Everything that the step wrote, in one commit: the log's record first, so that it is never behind. */
function commitOf(state: State, effects: Effect[]): void {
  const { out } = state.host;
  if (out.changes.length === 0 && out.logItems.length === 0 && out.continuations.length === 0) return;
  const { changes } = out;
  addRecord(state.records, out.logItems, changes);
  state.underWay.push(out.continuations);
  state.host.commitsUnderWay += 1;
  effects.push({ kind: 'commit', store: 'log', changes });
  out.changes = [];
  out.logItems = [];
  out.continuations = [];
}

/** The full check, for tests and simulation: every replica's invariants. */
export function checkInvariants(state: State): void {
  for (const replica of state.replicas) if (replica !== undefined) checkReplica(replica);
}
