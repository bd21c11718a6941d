/**
 * The gateway: takes any key from any client and forwards it to the slave that owns it.
 *
 *    commands ──► route ──► lane ──► link ──► send        (one write for each slave in a step)
 *                     └───► reader ──► read link ──► ask  (reads, where copies may answer them)
 *    replies  ──► link's FIFO ──► answer, or back into the lane
 *    view · link opened · tick ──► blocked lanes try again, what is overdue is answered
 *
 * What it promises a client: one answer to each command, within the request timeout and a grain; the commands
 * of one client to one partition take effect in the order in which they were sent, also across a re-route; a
 * write is sent twice only after a definite refusal, or if it had never left (protocol W2). Where copies may answer
 * reads (`readers.ts`), a client's reads of a partition still do not go back, and it reads its own writes.
 *
 * It trusts the view and nothing else about who owns what: MOVED only makes it ask for a newer one. It does not
 * know sockets, how RESP is framed, or what a command means beyond its keys and whether it writes.
 *
 * Invariants
 *   1. All that is in flight of a lane is on one link, in the order of the lane.
 *   2. An open lane has nothing queued, and its link is open.
 *   3. A blocked lane with something queued has commands in flight, or a time to try again, or no link to its owner;
 *      and a tick, a link that opens, or a view finds it.
 *   4. No more commands are unanswered than `commandsMax`.
 *   5. No unanswered command has a deadline before `deadlineAt`.
 *   6. What a client has unanswered in a partition is in the lane, or all of it at one copy; and that is reads.
 */
import type { Deque } from '../common/deque.ts';
import type { Partition, SlaveId } from '../common/ids.ts';
import { invariant, unreachable } from '../common/invariant.ts';
import { after, instant, type Instant } from '../common/time.ts';
import type { View } from '../common/view.ts';
import { enterCensus, tryCensus } from './gateway/census.ts';
import {
  block,
  breakLink,
  epochOf,
  giveUp,
  lostPartition,
  ownerLink,
  settle,
  tryOpen,
} from './gateway/lane.ts';
import { newMerge } from './gateway/merge.ts';
import { expireOverdue } from './gateway/overdue.ts';
import {
  breakReadLink,
  enterOrAsk,
  forgetReaders,
  onReadLinkOpened,
  onReadReplies,
} from './gateway/readers.ts';
import { failure, TOO_MANY } from './gateway/refusal.ts';
import type { Routed } from './gateway/route.ts';
import {
  type Config,
  earlier,
  type Effect,
  type Form,
  type Forward,
  type Lane,
  type Link,
  newForward,
  newLink,
  newState,
  PAUSE_MIN_MS,
  queuedOf,
  type State,
} from './gateway/state.ts';

export type { Config, Effect, State } from './gateway/state.ts';
export { DEADLINE_GRAIN_MS } from './gateway/overdue.ts';
export { COMMANDS_MAX, READERS_MAX } from './gateway/state.ts';
export { checkInvariants } from './gateway/truths.ts';

export type Input =
  /** Commands of one client connection, in its order. Nothing else may use a client's number as long as it lives. */
  | {
      readonly kind: 'commands';
      readonly client: number;
      readonly commands: readonly Routed[];
      readonly now: Instant;
    }
  /** Its connection is gone: what was not sent yet is not sent any more. */
  | { readonly kind: 'client-closed'; readonly client: number }
  /** Whole replies, as bytes, in the order in which the slave sent them. */
  | {
      readonly kind: 'replies';
      readonly slave: SlaveId;
      readonly replies: readonly Buffer[];
      readonly now: Instant;
    }
  | { readonly kind: 'link-opened'; readonly slave: SlaveId; readonly now: Instant }
  /** `unsent`: so many of the last commands were never handed to the socket. */
  | { readonly kind: 'link-closed'; readonly slave: SlaveId; readonly unsent: number; readonly now: Instant }
  /** The same of the slave's read link; what was asked there may be asked again, so `unsent` does not matter. */
  | { readonly kind: 'read-link-opened'; readonly slave: SlaveId; readonly now: Instant }
  | { readonly kind: 'read-link-closed'; readonly slave: SlaveId; readonly now: Instant }
  | {
      readonly kind: 'read-replies';
      readonly slave: SlaveId;
      readonly replies: readonly Buffer[];
      readonly now: Instant;
    }
  /** `unavailable`: partitions whose members are all dead. */
  | {
      readonly kind: 'view';
      readonly view: View;
      readonly unavailable: ReadonlySet<Partition>;
      readonly now: Instant;
    }
  | { readonly kind: 'tick'; readonly now: Instant }
  /** The gateway is closing: whatever is unanswered gets the answer that it would get when its time is over. */
  | { readonly kind: 'stop'; readonly now: Instant };

export function init(config: Config): State {
  invariant(config.partitions >= 1, 'a cluster has a partition');
  invariant(config.requestTimeoutMs > 0, 'a client can wait');
  return newState(config);
}

export function step(state: State, input: Input): readonly Effect[] {
  dispatch(state, input);
  return takeEffects(state);
}

/** How many commands wait in lanes and not at slaves; with `state.live`, all there is to say about the load. */
export function waitingOf({ troubled, parked }: State): number {
  let waiting = parked.length;
  for (const lane of troubled) waiting += queuedOf(lane);
  return waiting;
}

/** When this machine next wants a tick, if nothing else happens first. */
export function wakeAt({ deadlineAt, retryAt }: State): Instant | undefined {
  if (deadlineAt === undefined || retryAt === undefined) return deadlineAt ?? retryAt;
  return deadlineAt < retryAt ? deadlineAt : retryAt;
}

function dispatch(state: State, input: Input): void {
  switch (input.kind) {
    case 'commands':
      return onCommands(state, input.client, input.commands, input.now);
    case 'client-closed':
      return onClientClosed(state, input.client);
    case 'replies':
      return onReplies(state, input.slave, input.replies, input.now);
    case 'link-opened':
      return onLinkOpened(state, input.slave, input.now);
    case 'link-closed':
      return onLinkClosed(state, input);
    case 'read-link-opened':
      return onReadLinkOpened(state, input.slave);
    case 'read-link-closed':
      return breakReadLink(state, input.slave, input.now);
    case 'read-replies':
      return onReadReplies(state, input.slave, input.replies, input.now);
    case 'view':
      return onView(state, input);
    case 'tick':
      return onTick(state, input.now);
    case 'stop':
      return expireOverdue(state, after(input.now, state.config.requestTimeoutMs));
    default:
      return unreachable(input);
  }
}

function onCommands(state: State, client: number, commands: readonly Routed[], now: Instant): void {
  const deadline = after(now, state.config.requestTimeoutMs);
  state.deadlineAt ??= deadline;
  for (const command of commands) {
    const room = state.config.commandsMax - state.live;
    if (room < (command.kind === 'split' ? command.parts.length : 1))
      refuseMore(state, command.request, client);
    else admit(state, command, { client, deadline, now });
  }
}

interface Arrival {
  readonly client: number;
  readonly deadline: Instant;
  readonly now: Instant;
}

function admit(state: State, command: Routed, { client, deadline, now }: Arrival): void {
  const { request } = command;
  switch (command.kind) {
    case 'single': {
      const { write, bytes } = command;
      const lane = laneOf(state, command.partition);
      return enterOrAsk(
        state,
        lane,
        newForward({ request, client, write, deadline, bytes }, lane, undefined),
        now,
      );
    }
    case 'split':
      return admitSplit(state, command, { client, deadline, now });
    case 'census':
      return enterCensus(state, { request, client, deadline });
    default:
      return unreachable(command);
  }
}

function admitSplit(state: State, command: Routed & { kind: 'split' }, arrival: Arrival): void {
  const { request, write, form, parts } = command;
  const { client, deadline, now } = arrival;
  const whole = newForward({ request, client, write, deadline, bytes: EMPTY }, undefined, undefined);
  const lost = lostAmong(state, form, parts);
  if (lost !== undefined) {
    // Nothing has been sent: so the answer is definite, which it would not be once a part was done.
    finish(state, whole, lostPartition(lost));
    return;
  }
  const merge = newMerge(whole, form, parts.length);
  for (const { partition, bytes, places } of parts) {
    const lane = laneOf(state, partition);
    const part = newForward({ request, client, write, deadline, bytes }, lane, merge);
    if (form.kind === 'values') merge.places.set(part, places);
    enterOrAsk(state, lane, part, now);
  }
}

const EMPTY = Buffer.alloc(0);

/** A lost partition that makes the command pointless; a walk over the whole ring minds each (protocol W6). */
function lostAmong(
  state: State,
  form: Form,
  parts: readonly { readonly partition: Partition }[],
): Partition | undefined {
  if (state.unavailable.size === 0) return undefined;
  if (form.kind === 'page') return [...state.unavailable][0];
  return parts.find(({ partition }) => state.unavailable.has(partition))?.partition;
}

function refuseMore(state: State, request: number, client: number): void {
  const refused = newForward(
    { request, client, write: false, deadline: instant(0), bytes: EMPTY },
    undefined,
    undefined,
  );
  finish(state, refused, failure('TRYAGAIN', TOO_MANY));
}

/** Answers what never counted as live. */
function finish(state: State, forward: Forward, raw: Buffer): void {
  forward.answered = true;
  forward.raw = raw;
  state.effects.push(forward);
}

function laneOf(state: State, partition: Partition): Lane {
  const lane = state.lanes[partition];
  invariant(lane !== undefined, () => `partition ${partition} is none of ours`);
  return lane;
}

function onClientClosed(state: State, client: number): void {
  // The answers reach nobody; what counts is that commands of those who left do not pile up here.
  const isTheirs = (forward: Forward): boolean => forward.client === client;
  for (const lane of state.troubled) {
    sweep(state, lane.returned, isTheirs);
    sweep(state, lane.waiting, isTheirs);
  }
  sweep(state, state.parked, isTheirs);
  forgetReaders(state, client);
}

/** Gives up those that match; the others keep their order. */
function sweep(state: State, queue: Deque<Forward>, matches: (forward: Forward) => boolean): void {
  for (let left = queue.length; left > 0; left -= 1) {
    const forward = queue.shift();
    if (forward === undefined) return;
    if (matches(forward)) giveUp(state, forward);
    else queue.push(forward);
  }
}

function onReplies(state: State, slave: SlaveId, replies: readonly Buffer[], now: Instant): void {
  const link = state.links.get(slave);
  if (link === undefined) return;
  for (const raw of replies) {
    const forward = link.inflight.shift();
    if (forward === undefined) {
      // It says what nobody asked: from here on its replies could be anybody's.
      state.effects.push({ kind: 'drop', slave });
      return;
    }
    settle(state, forward, raw, now);
  }
}

function onLinkOpened(state: State, slave: SlaveId, now: Instant): void {
  const link = state.links.get(slave) ?? newLink(slave);
  invariant(!link.open && link.inflight.length === 0, () => `the link to ${slave} is opened twice`);
  link.open = true;
  state.links.set(slave, link);
  for (const lane of state.troubled) tryOpen(state, lane, now);
  tryCensus(state);
}

function onLinkClosed(state: State, { slave, unsent, now }: Input & { kind: 'link-closed' }): void {
  const link = state.links.get(slave);
  if (link === undefined) return;
  breakLink(state, link, unsent, now);
  state.links.delete(slave);
}

function onView(state: State, { view, unavailable, now }: Input & { kind: 'view' }): void {
  invariant(view.configurations.length === state.config.partitions, 'the number of partitions never changes');
  state.view = view;
  state.unavailable = unavailable;
  for (const lane of state.lanes) {
    lane.lost = unavailable.has(lane.partition);
    if (lane.lost) loseLane(state, lane);
    else if (lane.open && ownerLink(state, lane) !== lane.link) block(state, lane);
    if (!lane.open && lane.epoch !== epochOf(state, lane)) {
      lane.retryAt = undefined;
      lane.pauseMs = PAUSE_MIN_MS;
    }
    if (!lane.open) tryOpen(state, lane, now);
  }
  tryCensus(state);
}

function loseLane(state: State, lane: Lane): void {
  block(state, lane);
  const all = (): boolean => true;
  sweep(state, lane.returned, all);
  sweep(state, lane.waiting, all);
}

function onTick(state: State, now: Instant): void {
  if (state.deadlineAt !== undefined && now >= state.deadlineAt) expireOverdue(state, now);
  if (state.retryAt === undefined || now < state.retryAt) return;
  state.retryAt = undefined;
  for (const lane of state.troubled) {
    tryOpen(state, lane, now);
    if (lane.retryAt !== undefined && !lane.open) state.retryAt = earlier(state.retryAt, lane.retryAt);
    if (lane.sent === 0 && queuedOf(lane) === 0) state.troubled.delete(lane);
  }
}

/** Hands out what the step has gathered; one write for each slave. */
function takeEffects(state: State): readonly Effect[] {
  const { effects } = state;
  for (const link of state.touched) effects.push({ kind: 'send', slave: link.slave, ...outgoingOf(link) });
  if (state.touched.length > 0) state.touched = [];
  for (const link of state.touchedReads)
    if (link.open) effects.push({ kind: 'ask', slave: link.slave, ...outgoingOf(link) });
  if (state.touchedReads.length > 0) state.touchedReads = [];
  if (state.behind) effects.push({ kind: 'refresh' });
  state.behind = false;
  state.effects = [];
  return effects;
}

function outgoingOf(link: Pick<Link, 'outgoing' | 'outgoingCommands'>): {
  readonly parts: readonly Buffer[];
  readonly commands: number;
} {
  const { outgoing: parts, outgoingCommands: commands } = link;
  link.outgoing = [];
  link.outgoingCommands = 0;
  return { parts, commands };
}
