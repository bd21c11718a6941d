/**
 * The gateway's invariants, all of them: for tests and the simulator. A step in production checks what it touches.
 */
import { invariant } from '../../common/invariant.ts';
import { ownerLink } from './lane.ts';
import { type Forward, type Lane, queuedOf, type State } from './state.ts';

export function checkInvariants(state: State): void {
  const inflight = new Map<Lane, number>();
  let live = 0;
  const see = (forward: Forward): void => {
    if (forward.answered) return;
    live += 1;
    invariant(state.deadlineAt !== undefined, 'an unanswered command has somebody who watches the clock');
  };
  for (const link of state.links.values()) {
    invariant(link.open, () => `the link to ${link.slave} is kept though it is closed`);
    for (const forward of link.inflight) {
      see(forward);
      const { lane } = forward;
      if (lane === undefined) continue;
      invariant(lane.link === link, () => `partition ${lane.partition} is in flight on two links`);
      inflight.set(lane, (inflight.get(lane) ?? 0) + 1);
    }
  }
  for (const lane of state.lanes) {
    for (const forward of [...lane.returned, ...lane.waiting]) see(forward);
    checkLane(state, lane, inflight.get(lane) ?? 0);
  }
  for (const whole of state.parked) see(whole);
  invariant(live === state.live, () => `${live} commands are unanswered, not ${state.live}`);
  invariant(live <= state.config.commandsMax, 'more commands are unanswered than may be');
}

function checkLane(state: State, lane: Lane, inflight: number): void {
  const name = `partition ${lane.partition}`;
  invariant(lane.sent === inflight, () => `${name} has ${inflight} in flight, not ${lane.sent}`);
  invariant(!lane.open || lane.link?.open === true, () => `${name} is open towards a closed link`);
  invariant(!lane.open || queuedOf(lane) === 0, () => `${name} is open and has something queued`);
  invariant(!lane.lost || queuedOf(lane) === 0, () => `${name} is lost and has something queued`);
  invariant(
    queuedOf(lane) === 0 || state.troubled.has(lane),
    () => `${name} has something queued that nobody will find`,
  );
  if (queuedOf(lane) > 0 && lane.sent === 0) checkReason(state, lane);
  const queued = [...lane.returned, ...lane.waiting];
  const inOrder = queued.every(
    (forward, place) => place === 0 || (queued[place - 1]?.deadline ?? 0) <= forward.deadline,
  );
  invariant(inOrder, () => `${name} has its queue out of order`);
}

/** Nothing in flight and nothing sent: then there is something to wait for, and it will come. */
function checkReason(state: State, lane: Lane): void {
  const { retryAt } = lane;
  const isWatched = retryAt !== undefined && state.retryAt !== undefined && state.retryAt <= retryAt;
  const isCutOff = ownerLink(state, lane)?.open !== true;
  invariant(isWatched || isCutOff, () => `partition ${lane.partition} waits for nothing`);
}
