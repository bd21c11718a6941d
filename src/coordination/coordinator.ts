/**
 * The coordinator: the trunk of the coordination server.
 *
 *     registrations, reports, answers ─┐            ┌─► journal, one commit a step
 *     heartbeats ──► tally ────────────┼─► step ────┼─► messages to slaves
 *     the clock ───────────────────────┘     │      └─► the view, for everyone who keeps a copy
 *                                     plan ──┘
 *
 * A death, a return, a join, a cut: each only changes what `replicate()` sees, and every step ends
 * by asking it again. What is announced is durable first.
 *
 * Invariants
 *   1. The view holds only what the journal holds, and stages, which are nobody's promise.
 *   2. A number is given out once; the journal has it before anybody else.
 */
import type { SlaveId } from '../common/ids.ts';
import { invariant, unreachable } from '../common/invariant.ts';
import type { FromSlave, ToSlave } from '../common/message/control.ts';
import { after, type Instant, sooner } from '../common/time.ts';
import type { SlaveRecord, ViewChange } from '../common/view.ts';
import { changesOf, checkInvariants as checkChronicle, isBehind } from './chronicle.ts';
import { addReport, beginCopying } from './copied-bytes.ts';
import { onGrowDropped, onGrown, onUnfit, plan } from './director.ts';
import { concludeFences, onFenced } from './fencing.ts';
import {
  type Effect as TallyEffect,
  complaints,
  step as stepTally,
  wakeAt as tallyWakeAt,
} from './heartbeat-tally.ts';
import { bent, isAwaitedBack, nextEnd, noteDeath } from './grace.ts';
import { handOver, onOrder, partIfEmpty } from './operator.ts';
import { onFailed, onRegister } from './registration.ts';
import { healthOf, meaningOf } from './status.ts';
import {
  configurationAt,
  type Effect,
  type Input,
  isAlive,
  type LinkId,
  note,
  noteSeldom,
  sendTo,
  type State,
  turn,
} from './state.ts';
import { tellSums } from './summary.ts';
import { aimAt } from './target.ts';

export { init } from './state.ts';
export type { Effect, Input, State } from './state.ts';

/** How often promises that run out, and partitions that wait, are looked at. */
const TICK_MS = 20;
/** How often anything is looked at while nobody waits for it. */
const IDLE_TICK_MS = 250;

export function step(state: State, input: Input): readonly Effect[] {
  state.now = input.now;
  state.wall = input.wall;
  dispatch(state, input);
  retarget(state);
  settle(state);
  plan(state);
  announce(state);
  if (input.kind === 'tick' || state.changes.length > 0) journalEvents(state);
  if (input.kind === 'tick' || isWaiting(state)) state.nextTick = nextTickOf(state, input.kind === 'tick');
  return effectsOf(state);
}

export const wakeAt = (state: State): Instant => state.nextTick;

/** Whether something goes on by time alone. */
const isWaiting = ({ fences, intentions, lost, health }: State): boolean =>
  fences.size > 0 || intentions.size > 0 || lost.size > 0 || health !== 'healthy';

/** A tick that is due is never put off, except by the tick itself. */
function nextTickOf(state: State, isTick: boolean): Instant {
  const look = after(state.now, isWaiting(state) ? TICK_MS : IDLE_TICK_MS);
  return sooner(sooner(isTick ? tallyWakeAt(state.tally) : state.nextTick, state.graceEnd), look);
}

function dispatch(state: State, input: Input): void {
  switch (input.kind) {
    case 'message':
      return onMessage(state, input.link, input.message);
    case 'link-closed':
      return onLinkClosed(state, input.link);
    case 'heartbeat':
      return onHeartbeat(state, input);
    case 'heartbeats-read':
      return heed(state, stepTally(state.tally, { kind: 'socket-read', now: input.now }));
    case 'probe-refused':
      return onProbeRefused(state, input);
    case 'durable':
      for (const then of state.underWay.shift() ?? []) then(state);
      return;
    case 'order':
      return onOrder(state, input.request, input.order);
    case 'tick':
      return onTick(state);
    default:
      return unreachable(input);
  }
}

function onMessage(state: State, link: LinkId, message: FromSlave): void {
  if (message.kind === 'register') return onRegister(state, link, message);
  const slave = state.links.get(link);
  // A link that never registered, or whose slave was buried: nothing it says counts.
  if (slave === undefined) return;
  onSlaveMessage(state, slave, message);
}

function onSlaveMessage(
  state: State,
  slave: SlaveId,
  message: Exclude<FromSlave, { kind: 'register' }>,
): void {
  switch (message.kind) {
    case 'fenced':
      return onFenced(state, slave, message.epoch, message.answers);
    case 'outdated':
      if (message.epoch > state.lastNumber) {
        state.effects.push({
          kind: 'stop',
          why: `${slave} has sworn to epoch ${message.epoch}, beyond this journal: it is an old one`,
        });
      }
      return;
    case 'serving':
      return onServing(state, message.items);
    case 'grown':
      return onGrown(state, slave, message.partition, message.configuration);
    case 'grow-dropped':
      return onGrowDropped(state, message.partition, message.epoch, message.why);
    case 'unfit':
      return onUnfit(state, message.partition, message.epoch, message.slave);
    case 'report':
      return onReport(state, slave, message);
    case 'hand-over':
      return handOver(state, slave);
    case 'leaving':
      return bury(state, slave, 'it was stopped');
    case 'failed':
      onFailed(state, slave, message);
      return bury(state, slave, 'its disk failed');
    default:
      return unreachable(message);
  }
}

function onServing(state: State, items: (FromSlave & { kind: 'serving' })['items']): void {
  for (const { partition, epoch } of items) {
    const fence = state.fences.get(partition);
    // Said before it was fenced: it is closed since.
    if (fence !== undefined && fence.epoch > epoch) continue;
    // Only what is open is copied or handed over: whatever is wanted of it has waited for this.
    if (!state.serving.has(partition)) state.mustPlan = true;
    state.serving.set(partition, epoch);
  }
}

function onReport(state: State, slave: SlaveId, report: FromSlave & { kind: 'report' }): void {
  const session = state.sessions.get(slave);
  if (session === undefined) return;
  if (session.report?.isLowOnSpace !== report.isLowOnSpace) state.mustPlan = true;
  addReport(state.copied, state.now, session.report?.copiedBytes ?? 0, report.copiedBytes);
  session.report = report;
}

function onLinkClosed(state: State, link: LinkId): void {
  const slave = state.links.get(link);
  state.links.delete(link);
  const session = slave === undefined ? undefined : state.sessions.get(slave);
  if (slave === undefined || session?.link !== link) return;
  session.link = undefined;
  heed(state, stepTally(state.tally, { kind: 'link-closed', slave }));
  const record = state.view.slaves.get(slave);
  // A refusal proves that the process is gone; silence proves nothing and waits for the window.
  if (record !== undefined) state.effects.push({ kind: 'probe', record });
}

function onProbeRefused(state: State, { slave, store, nonce }: Input & { kind: 'probe-refused' }): void {
  const record = state.view.slaves.get(slave);
  const isSameStart = record?.store === store && record.boot.nonce === nonce;
  if (!isSameStart || state.sessions.get(slave)?.link !== undefined) return;
  heed(state, stepTally(state.tally, { kind: 'refused', slave }));
}

function onHeartbeat(state: State, { heartbeat, from, now }: Input & { kind: 'heartbeat' }): void {
  if (heartbeat.clusterId !== state.view.clusterId) return;
  const complained = complaintsText(state);
  const { slave, store, bootNonce, sequence, loopCounter, commitHung, unheard } = heartbeat;
  const beat = {
    kind: 'beat',
    now,
    slave,
    store,
    bootNonce,
    sequence,
    loopCounter,
    commitHung,
    unheard,
  } as const;
  const effects = stepTally(state.tally, beat);
  heed(state, effects);
  if (complaintsText(state) !== complained) state.mustPlan = true;
  const isStranger = effects.some(({ kind }) => kind === 'stranger');
  const verdict = isStranger ? 'register-afresh' : 'heard';
  const answer = {
    clusterId: state.view.clusterId,
    epoch: state.view.epoch,
    sequence: heartbeat.sequence,
    verdict,
  } as const;
  state.effects.push({ kind: 'answer-heartbeat', to: from, answer });
}

/** Who complains of whom, to see whether it changed. */
function complaintsText(state: State): string {
  const heard = complaints(state.tally);
  return heard.size === 0 ? '' : [...heard].map(([by, peers]) => `${by}:${[...peers].join(',')}`).join(';');
}

function heed(state: State, effects: readonly TallyEffect[]): void {
  for (const effect of effects) {
    switch (effect.kind) {
      case 'suspect':
        turn(state, effect.slave, 'silent');
        noteSuspicion(state, effect.slave);
        break;
      case 'back':
        turn(state, effect.slave, 'heard');
        noteSeldom(state, 'heard', `${effect.slave} is heard again`, { slave: effect.slave });
        break;
      case 'dead':
        bury(state, effect.slave, effect.why === 'window' ? 'its window was missed' : 'its process is gone');
        break;
      case 'stranger':
        break;
      case 'read-socket-first':
        state.effects.push({ kind: 'read-heartbeats' });
        break;
      default:
        unreachable(effect);
    }
  }
}

function noteSuspicion(state: State, slave: SlaveId): void {
  const text = `${slave} is suspected: it has been silent for a while, or its link is closed`;
  noteSeldom(state, 'suspected', text, { slave });
}

/** A death: its partitions move on, and it must register afresh if it is heard again. */
function bury(state: State, slave: SlaveId, why: string): void {
  if (!isAlive(state, slave)) return;
  turn(state, slave, 'died');
  noteDeath(state.grace, slave, state.now);
  stepTally(state.tally, { kind: 'withdrawn', slave });
  sendTo(state, slave, { kind: 'buried' });
  const link = state.sessions.get(slave)?.link;
  if (link !== undefined) state.links.delete(link);
  state.sessions.delete(slave);
  note(state, 'declared-dead', `${slave} declared dead: ${why}`, { level: 'warn', slave });
}

function onTick(state: State): void {
  heed(state, stepTally(state.tally, { kind: 'tick', now: state.now }));
  concludeFences(state);
  // A plan that was held up by limits, or by a slave that was not there, goes on.
  if (state.intentions.size > 0 || state.lost.size > 0) state.mustPlan = true;
  tellHealth(state);
  tellSums(state, false);
}

function tellHealth(state: State): void {
  const health = healthOf(state);
  if (health === state.health) return;
  if (isSettledHealth(state.health) && !isSettledHealth(health)) beginCopying(state.copied);
  state.health = health;
  // What led there is told before it.
  if (isSettledHealth(health)) tellSums(state, true);
  const level = health === 'unavailable' ? 'warn' : 'info';
  note(state, health, `the cluster is ${health}: ${meaningOf(health)}`, { level });
}

const isSettledHealth = (health: State['health']): boolean => health === 'healthy' || health === 'degraded';

/** A slave that holds all that the placement gives it has settled; one that is to leave and holds nothing has left. */
function settle(state: State): void {
  for (const record of state.view.slaves.values()) {
    if (record.stage === 'joining' && isSettled(state, record)) turn(state, record.id, 'settled');
    else if (record.stage === 'draining') partIfEmpty(state, record);
  }
}

function isSettled(state: State, { id, store }: SlaveRecord): boolean {
  if (state.target.length === 0 || !state.sessions.has(id)) return false;
  return state.target.every((slaves, partition) => {
    if (!slaves.includes(id)) return true;
    const members = state.view.configurations[partition]?.members ?? [];
    return members.some((member) => member.slave === id && member.store === store);
  });
}

/** The placement follows who is alive. */
function retarget(state: State): void {
  const isGraceOver = state.now >= state.graceEnd;
  if (state.changedSlaves.size === 0 && !isGraceOver && state.target.length > 0) return;
  const { grace, now, view } = state;
  const alive = [...view.slaves.values()].filter(
    ({ id, stage }) => stage !== 'dead' || isAwaitedBack(grace, id, now),
  );
  const staying = alive.filter(({ stage }) => stage !== 'draining');
  // Those who leave keep what nobody is there to take.
  aimAt(
    state,
    (staying.length > 0 ? staying : alive).map(({ id }) => id),
  );
  state.target = bent(grace, state.placement, view.configurations, now);
  state.graceEnd = nextEnd(grace, now);
  if (isGraceOver) state.mustPlan = true;
}

/** Everyone who keeps a copy of the view hears what is different. */
function announce(state: State): void {
  const { changedSlaves, changedPartitions, view } = state;
  if (changedSlaves.size === 0 && changedPartitions.size === 0) return;
  // One message for all: it is put into bytes once.
  const message: ToSlave & ViewChange = {
    kind: 'view',
    epoch: view.epoch,
    slaves: [...changedSlaves].flatMap((id) => view.slaves.get(id) ?? []),
    gone: [...changedSlaves].filter((id) => !view.slaves.has(id)),
    configurations: [...changedPartitions].map((partition) => ({
      partition,
      configuration: configurationAt(state, partition),
    })),
  };
  for (const { slave, isWelcome } of state.sessions.values()) {
    if (isWelcome) sendTo(state, slave, message);
  }
  state.effects.push({ kind: 'view-changed', view, unavailable: new Set(state.lost.keys()) });
  changedSlaves.clear();
  changedPartitions.clear();
}

/** Events ride with the step's commit, or with a tick; they are shown when they are durable. */
function journalEvents(state: State): void {
  const { chronicle } = state;
  if (!isBehind(chronicle)) return;
  state.changes.push(...changesOf(chronicle));
  const { journaled } = chronicle;
  state.continuations.push(() => {
    chronicle.durable = journaled;
  });
}

function effectsOf(state: State): readonly Effect[] {
  const { effects, changes, continuations } = state;
  if (changes.length > 0 || continuations.length > 0) {
    effects.push({ kind: 'journal', changes });
    state.underWay.push(continuations);
    state.changes = [];
    state.continuations = [];
  }
  state.effects = [];
  return effects;
}

/** For tests and simulation: the whole state holds together. */
export function checkInvariants(state: State): void {
  for (const configuration of state.view.configurations) {
    invariant(configuration.epoch <= state.lastNumber, 'no configuration is beyond the last number');
    invariant(
      (configuration.epoch === 0) === (configuration.members.length === 0),
      'only what was never founded has no members',
    );
  }
  for (const { epoch } of state.intentions.values())
    invariant(epoch <= state.lastNumber, 'no intention is beyond the last number');
  checkChronicle(state.chronicle);
  for (const [link, slave] of state.links)
    invariant(state.sessions.get(slave)?.link === link, 'a link belongs to its session');
}
