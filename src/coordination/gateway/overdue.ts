/**
 * Overdue commands: who has waited for the request timeout is answered, whatever happens later.
 *
 *    arrived ───── requestTimeout ─────► answered; in flight it leaves a tombstone ───── the same again ─────► drop
 *
 * What waits gets its last refusal, or CLUSTERDOWN: nothing was done. In flight, that is true of a read only; a write
 * is UNCERTAIN. The search goes over everything there is, so it is made once for a grain of time and not for each
 * deadline; between two searches `deadlineAt` names the next.
 */
import type { Deque } from '../../common/deque.ts';
import { after, type Instant, later } from '../../common/time.ts';
import { expire, giveUp } from './lane.ts';
import { expireReadLinks } from './readers.ts';
import { earlier, type Forward, type Link, type State } from './state.ts';

/** Overdue commands are looked for at most this often, so that a burst of deadlines costs one search and not a thousand. */
export const DEADLINE_GRAIN_MS = 10;

export function expireOverdue(state: State, now: Instant): void {
  // First, since what was asked at a silent copy goes on to the lanes.
  let next = expireReadLinks(state, now);
  for (const lane of state.troubled) {
    for (const queue of [lane.returned, lane.waiting]) next = expireQueue(state, queue, next, now);
  }
  next = expireQueue(state, state.parked, next, now);
  for (const link of state.links.values()) next = expireInflight(state, link, next, now);
  state.deadlineAt = next === undefined ? undefined : later(next, after(now, DEADLINE_GRAIN_MS));
}

/** Deadlines are in the order of arrival, and so is a queue: only its front can be overdue. */
function expireQueue(
  state: State,
  queue: Deque<Forward>,
  next: Instant | undefined,
  now: Instant,
): Instant | undefined {
  for (let front = queue.at(0); front !== undefined; front = queue.at(0)) {
    if (now < front.deadline) return earlier(next, front.deadline);
    queue.shift();
    giveUp(state, front);
  }
  return next;
}

/**
 * In flight there is no such order: what waited in a lane was sent behind younger commands. A tombstone that is
 * still there after the same time again ends the link: what a stuck slave is sent must have a bound.
 */
function expireInflight(
  state: State,
  link: Link,
  soonest: Instant | undefined,
  now: Instant,
): Instant | undefined {
  let next = soonest;
  let stuck = false;
  for (let place = 0; place < link.inflight.length; place += 1) {
    const forward = link.inflight.at(place);
    if (forward === undefined) break;
    if (now >= forward.deadline && !forward.answered) expire(state, forward);
    const end = forward.answered ? after(forward.deadline, state.config.requestTimeoutMs) : forward.deadline;
    if (now >= end) stuck = true;
    else next = earlier(next, end);
  }
  if (stuck) state.effects.push({ kind: 'drop', slave: link.slave });
  return next;
}
