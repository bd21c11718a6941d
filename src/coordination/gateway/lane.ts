/**
 * Lanes: how the order of a partition's commands survives refusals, broken links and a change of owner.
 *
 *              command: straight to the link, in flight
 *        ┌──────────────────────────────────────────────────────┐
 *        │  OPEN   ── refusal · link closed · owner changed ──► BLOCKED
 *        │   ▲                                                     │  in flight runs out: answered, or `returned`
 *        │   └── RESUME, returned, waiting ◄── a reason to try ◄───┘  new commands: `waiting`
 *
 * A slave that has refused a command of a partition refuses every later one on that link until it reads
 * `PIAZZA RESUME partition`. So whatever was in flight behind a refusal comes back too, in its order, and
 * nothing overtakes. RESUME is sent each time a lane opens, and only when nothing of it is in flight.
 *
 * What is in flight when a link breaks has an unknown fate. A read may be repeated, a write may not: it is
 * UNCERTAIN. Nor may a read that stands *before* such a write of its own client: repeated, it could see
 * the write that it came before.
 *
 * This file does not know how commands come to be or where answers go; a step's effects gather in the state.
 */
import type { Deque } from '../../common/deque.ts';
import { invariant } from '../../common/invariant.ts';
import { after, type Instant } from '../../common/time.ts';
import { ownerOf } from '../../common/view.ts';
import { encodeCommand } from '../../common/wire/resp-writer.ts';
import { mergePart } from './merge.ts';
import { failure, refusalForClient, refusalOf } from './refusal.ts';
import {
  earlier,
  type Forward,
  type Lane,
  type Link,
  newForward,
  PAUSE_MAX_MS,
  PAUSE_MIN_MS,
  queuedOf,
  type State,
} from './state.ts';

const EMPTY = Buffer.alloc(0);
const UNCERTAIN = failure('UNCERTAIN', 'the slave did not answer');

/** Nobody's: what the gateway sends of its own accord. */
const OWN = { request: -1, client: -1, write: false };

/** Gives a command its one answer. Of a part, the whole may thereby have its own. */
export function answer(state: State, forward: Forward, raw: Buffer): void {
  invariant(!forward.answered, 'a command is answered once');
  forward.answered = true;
  forward.bytes = EMPTY;
  state.live -= 1;
  invariant(state.live >= 0, 'no more commands are answered than came');
  const { merge } = forward;
  if (merge === undefined) {
    forward.raw = raw;
    state.effects.push(forward);
    return;
  }
  mergePart(merge, forward, raw);
  if (merge.pending === 0) state.effects.push(merge.whole);
}

/** Answers, with nothing done, a command that will not be sent any more. */
export function giveUp(state: State, forward: Forward): void {
  const lane = forward.lane;
  if (lane?.lost === true) answer(state, forward, lostPartition(lane.partition));
  else answer(state, forward, refusalForClient(forward.refusal ?? failure('CLUSTERDOWN', aboutLane(lane))));
}

export const lostPartition = (partition: number): Buffer =>
  failure('CLUSTERDOWN', `partition ${partition} is lost: no live slave holds it whole`);

const aboutLane = (lane: Lane | undefined): string | undefined =>
  lane === undefined ? undefined : `partition ${lane.partition}`;

/** A command, or a part of one, enters its lane. */
export function enter(state: State, lane: Lane, forward: Forward, now: Instant): void {
  state.live += 1;
  take(state, lane, forward, now);
}

/** One that was counted before, and may be older than what waits here; it keeps its deadline. */
export function reenter(state: State, lane: Lane, forward: Forward, now: Instant): void {
  if (now >= forward.deadline) giveUp(state, forward);
  else take(state, lane, forward, now);
}

function take(state: State, lane: Lane, forward: Forward, now: Instant): void {
  if (lane.open && lane.link !== undefined) {
    send(state, lane.link, forward);
    return;
  }
  if (lane.lost) {
    giveUp(state, forward);
    return;
  }
  queue(lane.waiting, forward);
  tryOpen(state, lane, now);
  if (lane.open) return;
  state.troubled.add(lane);
  // An idle lane is watched by no tick, though its pause goes on.
  if (lane.retryAt !== undefined) state.retryAt = earlier(state.retryAt, lane.retryAt);
}

/** In the order of arrival, which is that of deadlines, so that only the front can be overdue. */
const queue = (waiting: Deque<Forward>, forward: Forward): void =>
  waiting.insert(forward, ({ deadline }) => deadline > forward.deadline);

/** Hands a command to a link; it is in flight from now on. */
export function send(state: State, link: Link, forward: Forward): void {
  invariant(link.open, 'nothing is sent on a closed link');
  if (link.outgoingCommands === 0) state.touched.push(link);
  link.outgoing.push(forward.bytes);
  link.outgoingCommands += 1;
  link.inflight.push(forward);
  if (forward.lane !== undefined) forward.lane.sent += 1;
}

export const ownerLink = (state: State, lane: Lane): Link | undefined => {
  const owner = state.view === undefined ? undefined : ownerOf(state.view, lane.partition);
  return owner === undefined ? undefined : state.links.get(owner.slave);
};

/** Opens a blocked lane if nothing speaks against it, and sends all that is queued, in order. */
export function tryOpen(state: State, lane: Lane, now: Instant): void {
  if (lane.open || lane.lost || lane.sent > 0 || queuedOf(lane) === 0) return;
  if (lane.retryAt !== undefined && now < lane.retryAt) return;
  lane.retryAt = undefined;
  const link = ownerLink(state, lane);
  // Without a link there is no use in trying: its opening, or a new view, is what we wait for.
  if (link?.open !== true) return;

  lane.open = true;
  lane.refused = false;
  lane.link = link;
  lane.epoch = epochOf(state, lane);
  state.troubled.delete(lane);
  send(state, link, resume(state, lane, now));
  for (let next = lane.returned.shift(); next; next = lane.returned.shift()) send(state, link, next);
  for (let next = lane.waiting.shift(); next; next = lane.waiting.shift()) send(state, link, next);
}

/** Born answered: its reply means nothing and is swallowed like a tombstone's. */
function resume(state: State, lane: Lane, now: Instant): Forward {
  const bytes = encodeCommand(['PIAZZA', 'RESUME', `${lane.partition}`]);
  const deadline = after(now, state.config.requestTimeoutMs);
  const forward = newForward({ ...OWN, deadline, bytes }, undefined, undefined);
  forward.answered = true;
  return forward;
}

export const epochOf = (state: State, lane: Lane): number =>
  state.view?.configurations[lane.partition]?.epoch ?? 0;

/** Stops sending. What is in flight stays so until it is answered or its link closes. */
export function block(state: State, lane: Lane): void {
  lane.open = false;
  if (lane.sent > 0 || queuedOf(lane) > 0) state.troubled.add(lane);
}

/** A link's oldest command gets its reply. */
export function settle(state: State, forward: Forward, raw: Buffer, now: Instant): void {
  const { lane } = forward;
  if (lane === undefined) {
    if (!forward.answered) answer(state, forward, raw);
    return;
  }
  lane.sent -= 1;
  invariant(lane.sent >= 0, 'no more replies are settled than commands were sent');
  const refusal = refusalOf(raw, forward.write);
  if (refusal === undefined) {
    lane.pauseMs = PAUSE_MIN_MS;
    if (!forward.answered) answer(state, forward, raw);
  } else {
    if (refusal === 'MOVED') state.behind = true;
    lane.refused = true;
    block(state, lane);
    forward.refusal = raw;
    if (!forward.answered) comeBack(state, lane, forward, now);
  }
  if (!lane.open && lane.sent === 0) onDrained(state, lane, now);
}

function comeBack(state: State, lane: Lane, forward: Forward, now: Instant): void {
  if (lane.lost || now >= forward.deadline) {
    giveUp(state, forward);
    return;
  }
  queue(lane.returned, forward);
  state.troubled.add(lane);
}

/** Nothing of a blocked lane is in flight any more: is there a reason to try at once? */
export function onDrained(state: State, lane: Lane, now: Instant): void {
  const sameAsRefused =
    lane.refused && lane.epoch === epochOf(state, lane) && lane.link === ownerLink(state, lane);
  lane.refused = false;
  if (sameAsRefused) {
    lane.retryAt = after(now, lane.pauseMs);
    lane.pauseMs = Math.min(lane.pauseMs * 2, PAUSE_MAX_MS);
    state.retryAt = earlier(state.retryAt, lane.retryAt);
  }
  if (queuedOf(lane) === 0) state.troubled.delete(lane);
  else tryOpen(state, lane, now);
}

/** A link is gone, and with it what was in flight; its last `unsent` commands had never left. */
export function breakLink(state: State, link: Link, unsent: number, now: Instant): void {
  const broken = [...link.inflight];
  link.inflight.clear();
  link.open = false;
  const stranded = new Set(state.lanes.filter((lane) => lane.link === link));
  for (const lane of stranded) {
    block(state, lane);
    // A refusal by a link that is gone says nothing about the next one.
    lane.refused = false;
    lane.retryAt = undefined;
  }
  const left = Math.max(0, broken.length - unsent);
  const unrepeatable = unrepeatableOf(broken, left);
  for (const forward of broken) {
    const { lane } = forward;
    if (lane !== undefined) lane.sent -= 1;
    if (forward.answered) continue;
    if (unrepeatable.has(forward)) answer(state, forward, forward.write ? UNCERTAIN : failure('CLUSTERDOWN'));
    else if (lane === undefined) answer(state, forward, failure('CLUSTERDOWN'));
    else comeBack(state, lane, forward, now);
  }
  for (const lane of stranded) if (lane.sent === 0) onDrained(state, lane, now);
}

/** Writes that left, and the reads that their own clients sent before them to the same partition. */
function unrepeatableOf(broken: readonly Forward[], left: number): ReadonlySet<Forward> {
  const found = new Set<Forward>();
  const writers = new Map<Lane | undefined, Set<number>>();
  for (const [place, forward] of [...broken.entries()].reverse()) {
    if (place >= left) continue;
    const clients = writers.get(forward.lane) ?? new Set();
    if (forward.write) writers.set(forward.lane, clients.add(forward.client));
    if (forward.write || clients.has(forward.client)) found.add(forward);
  }
  return found;
}

/** In flight for too long: the client gets its answer, the FIFO keeps a tombstone. */
export const expire = (state: State, forward: Forward): void => {
  answer(state, forward, forward.write ? UNCERTAIN : failure('CLUSTERDOWN', aboutLane(forward.lane)));
};
