/**
 * The gateway's invariants, all of them: for tests and the simulator. A step in production checks what it touches.
 */
import { invariant } from '../../common/invariant.ts';
import { ownerLink } from './lane.ts';
import { DEADLINE_GRAIN_MS } from './overdue.ts';
import { AT_OWNERS, type Forward, type Lane, queuedOf, type Reader, type State } from './state.ts';

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
      checkNotAtCopy(state, forward);
      const { lane } = forward;
      if (lane === undefined) continue;
      invariant(lane.link === link, () => `partition ${lane.partition} is in flight on two links`);
      inflight.set(lane, (inflight.get(lane) ?? 0) + 1);
    }
  }
  for (const link of state.readLinks.values())
    for (const { forward } of link.inflight) if (forward) see(forward);
  checkReaders(state);
  for (const lane of state.lanes) {
    checkLane(lane, inflight.get(lane) ?? 0);
    if (queuedOf(lane) > 0) checkQueues(state, lane, see);
  }
  for (const whole of state.parked) see(whole);
  invariant(live === state.live, () => `${live} commands are unanswered, not ${state.live}`);
  invariant(live <= state.config.commandsMax, 'more commands are unanswered than may be');
}

function checkLane(lane: Lane, inflight: number): void {
  const { partition: index, open, sent } = lane;
  invariant(sent === inflight, () => `partition ${index} has ${inflight} in flight, not ${sent}`);
  invariant(!open || lane.link?.open === true, () => `partition ${index} is open towards a closed link`);
}

/** Of a lane in which something waits. */
function checkQueues(state: State, lane: Lane, see: (forward: Forward) => void): void {
  const name = `partition ${lane.partition}`;
  invariant(!lane.open, () => `${name} is open and has something queued`);
  invariant(!lane.lost, () => `${name} is lost and has something queued`);
  invariant(state.troubled.has(lane), () => `${name} has something queued that nobody will find`);
  if (lane.sent === 0) checkReason(state, lane);
  const { returned, waiting } = lane;
  invariant(isInOrder([...returned]) && isInOrder([...waiting]), () => `${name} has a queue out of order`);
  const queued = [...returned, ...waiting];
  for (const forward of queued) {
    see(forward);
    checkNotAtCopy(state, forward);
  }
  for (const client of new Set(queued.map((forward) => forward.client))) {
    const theirs = queued.filter((forward) => forward.client === client);
    invariant(isInOrder(theirs), () => `${name} has commands of client ${client} out of order`);
  }
}

/** What came first has the first deadline. */
const isInOrder = (queued: readonly Forward[]): boolean =>
  queued.every((forward, place) => place === 0 || (queued[place - 1]?.deadline ?? 0) <= forward.deadline);

/** What a client has unanswered in a partition is all at one place. */
function checkReaders(state: State): void {
  const sent = new Map<Reader, number>();
  for (const link of state.readLinks.values()) {
    invariant(link.open, () => `the read link to ${link.slave} is kept though it is closed`);
    for (const { reader, forward, until } of link.inflight) {
      const isWatched = state.deadlineAt !== undefined && state.deadlineAt <= until + DEADLINE_GRAIN_MS;
      invariant(isWatched || forward === undefined, 'a copy may be silent for ever');
      if (forward === undefined) continue;
      invariant(
        !forward.write && !forward.answered,
        'a copy is asked nothing but reads, which it answers once',
      );
      invariant(reader.link === link, 'a read is at a copy where its client reads no more');
      sent.set(reader, (sent.get(reader) ?? 0) + 1);
    }
  }
  let count = 0;
  for (const places of state.readers.values()) {
    if (places === AT_OWNERS) continue;
    count += places.size;
    for (const reader of places.values())
      invariant(reader.sent === (sent.get(reader) ?? 0), 'a reader knows what it has asked');
  }
  invariant(count === state.readersCount, 'readers are counted');
  invariant(count <= state.config.readersMax, 'more readers are remembered than may be');
}

/** A command in a lane, of a client whose reads of the partition a copy answers, would be overtaken. */
function checkNotAtCopy(state: State, { client, answered, lane }: Forward): void {
  const places = state.readers.get(client);
  if (answered || lane === undefined || places === undefined || places === AT_OWNERS) return;
  invariant(
    places.get(lane.partition)?.link === undefined,
    'a client has commands at the owner and at a copy',
  );
}

/** Nothing in flight and nothing sent: then there is something to wait for, and it will come. */
function checkReason(state: State, lane: Lane): void {
  const { retryAt } = lane;
  const isWatched = retryAt !== undefined && state.retryAt !== undefined && state.retryAt <= retryAt;
  const isCutOff = ownerLink(state, lane)?.open !== true;
  invariant(isWatched || isCutOff, () => `partition ${lane.partition} waits for nothing`);
}
