/**
 * The director: carries the planner's steps out, a number journaled before anybody hears of it.
 *
 *     fence    intention ─► durable ─► … (`fencing.ts`) ─► result ─► durable ─► announced
 *     grow     intention ─► durable ─► order to the owner ─► it has adopted ─► result ─► durable ─► announced
 *     found    result ─► durable ─► announced
 *
 * One commit of the journal and one frame for each slave serve all partitions of a step. Nothing
 * here is needed after a crash: what was intended is in the journal, what was done is at the data.
 */
import type { Epoch, Partition, SlaveId } from '../common/ids.ts';
import { after } from '../common/time.ts';
import { type Configuration, historyOf, type Member } from '../common/view.ts';
import { isAwaited, startFences } from './fencing.ts';
import { complaints } from './heartbeat-tally.ts';
import { replicate, type Situation, type Step } from './replicate.ts';
import { conclude, journal } from './results.ts';
import {
  configurationAt,
  isAlive,
  nextNumber,
  note,
  partitionsText,
  sendTo,
  settingsOf,
  type State,
} from './state.ts';
import { sumCopying, sumNotCopied } from './summary.ts';

/**
 * Partitions that one owner copies out at a time, and one learner takes in. Where a copy is missing, as many as help;
 * where it could wait, clients go first.
 */
const GROWS_PER_SLAVE_MAX = { heal: 32, balance: 1 };

/** A plan looks at every partition. Up to so many it is cheap enough for every step; beyond, it rests in between. */
const PLANNED_EACH_STEP_MAX = 1_024;
const PLANNED_PER_MS = 256;

const restMsOf = (partitions: number): number =>
  partitions <= PLANNED_EACH_STEP_MAX ? 0 : partitions / PLANNED_PER_MS;

export function plan(state: State): void {
  if (!state.mustPlan || state.now < state.planFrom || state.now < state.planAgainFrom) return;
  state.mustPlan = false;
  state.planAgainFrom = after(state.now, restMsOf(settingsOf(state).partitions));
  // A partition whose result is on its way to the journal is planned for when it is there: a record written
  // behind it would still tell the configuration before.
  const steps = replicate(situationOf(state)).filter(({ partition }) => !state.concluding.has(partition));
  noteLost(state, steps);
  found(
    state,
    steps.filter((step) => step.kind === 'found'),
  );
  const fences = steps.filter((step) => step.kind === 'fence');
  const balancing = aFew(
    state,
    fences.filter(({ urgency }) => urgency === 'balance'),
  );
  startFences(state, [...fences.filter(({ urgency }) => urgency === 'heal'), ...balancing]);
  startGrows(
    state,
    steps.filter((step) => step.kind === 'grow'),
  );
  for (const step of steps) if (step.kind === 'drop-grow') dropGrow(state, step.partition, step.epoch);
}

/**
 * Hand-overs at a time: while one lasts, its partition takes no writes, and who waits for that waits with all that
 * it has sent behind. One in the whole cluster; of an owner that is to leave two, for it must not dawdle.
 */
const HAND_OVERS_MAX = 1;
const HAND_OVERS_OF_LEAVING_MAX = 2;

function aFew(
  state: State,
  steps: readonly (Step & { kind: 'fence' })[],
): readonly (Step & { kind: 'fence' })[] {
  const ofOwner = new Map<SlaveId | undefined, number>();
  const add = (partition: Partition): number => {
    const owner = configurationAt(state, partition).members[0]?.slave;
    const count = (ofOwner.get(owner) ?? 0) + 1;
    ofOwner.set(owner, count);
    return count;
  };
  for (const partition of state.fences.keys()) add(partition);
  let inAll = state.fences.size;
  return steps.filter(({ partition, ask }) => {
    const isOfLeaving = ask.some(({ slave }) => state.view.slaves.get(slave)?.stage === 'draining');
    if (isOfLeaving) return add(partition) <= HAND_OVERS_OF_LEAVING_MAX;
    inAll += 1;
    return inAll <= HAND_OVERS_MAX;
  });
}

function situationOf(state: State): Situation {
  const { view, target, intentions, unfit } = state;
  const alive = new Set([...view.slaves.keys()].filter((slave) => isAlive(state, slave)));
  const full = new Set(
    [...state.sessions.values()].filter(({ report }) => report?.isLowOnSpace).map(({ slave }) => slave),
  );
  const underWay = new Set([...state.fences.keys(), ...state.grows.keys(), ...state.concluding]);
  return {
    view,
    alive,
    target,
    intentions,
    underWay,
    cut: yielding(state),
    unfit,
    resting: restingOf(state),
    serving: new Set(state.serving.keys()),
    full,
  };
}

/** Asking again is of use when some time has passed, and a member that the journal names is there to answer. */
function restingOf(state: State): ReadonlySet<Partition> {
  const resting = new Set<Partition>();
  for (const [partition, until] of state.resting) {
    const canAnswer = configurationAt(state, partition).members.some((member) => isAwaited(state, member));
    if (until > state.now || !canAnswer) resting.add(partition);
  }
  return resting;
}

/** Of each cut pair, the one of whom more complain gives way; between equals the later name does. */
function yielding(state: State): ReadonlyMap<SlaveId, ReadonlySet<SlaveId>> {
  const heard = complaints(state.tally);
  const accused = new Map<SlaveId, number>();
  for (const peers of heard.values())
    for (const peer of peers) accused.set(peer, (accused.get(peer) ?? 0) + 1);
  const yields = new Map<SlaveId, Set<SlaveId>>();
  for (const [by, peers] of heard) {
    for (const peer of peers) {
      const [most, least] =
        weight(accused, by) > weight(accused, peer) ||
        (weight(accused, by) === weight(accused, peer) && by > peer)
          ? [by, peer]
          : [peer, by];
      yields.set(most, (yields.get(most) ?? new Set()).add(least));
    }
  }
  return yields;
}

const weight = (accused: ReadonlyMap<SlaveId, number>, slave: SlaveId): number => accused.get(slave) ?? 0;

function noteLost(state: State, steps: readonly Step[]): void {
  const lost = new Map(
    steps.flatMap((step) => (step.kind === 'lost' ? [[step.partition, step.slaves] as const] : [])),
  );
  const isSame =
    lost.size === state.lost.size && [...lost.keys()].every((partition) => state.lost.has(partition));
  if (isSame) return;
  state.lost.clear();
  for (const [partition, slaves] of lost) state.lost.set(partition, slaves);
  const slaves = [...new Set([...lost.values()].flat())].sort();
  if (lost.size > 0)
    note(
      state,
      'lost',
      `no live full copy of ${partitionsText(lost.size)}; bring back any of ${slaves.join(', ')}`,
      { level: 'warn' },
    );
  else note(state, 'found-again', 'every partition has a live full copy again');
  // Clients of a lost partition are answered at once instead of waiting.
  state.effects.push({ kind: 'view-changed', view: state.view, unavailable: new Set(lost.keys()) });
}

/** Lost partitions begin anew, empty, on who is there: what their members held is given up for good. */
export function forfeit(state: State, partitions: readonly Partition[]): void {
  const number = nextNumber(state);
  const anyone = [...state.view.slaves.keys()].flatMap((slave) => liveMember(state, slave) ?? []).slice(0, 1);
  const results = partitions.map((partition) => {
    const wanted = (state.target[partition] ?? []).flatMap((slave) => liveMember(state, slave) ?? []);
    const members = wanted.length > 0 ? wanted : anyone;
    return [partition, { ...configurationOf(state, number, members), since: number }] as const;
  });
  conclude(state, new Map(results));
  const text = `forfeited ${partitionsText(partitions.length)}: what was in them is given up, and they begin empty`;
  note(state, 'forfeited', text, { level: 'warn' });
}

const liveMember = (state: State, slave: SlaveId): Member | undefined => {
  const record = state.view.slaves.get(slave);
  return record !== undefined && isAlive(state, slave) ? { slave, store: record.store } : undefined;
};

function found(state: State, steps: readonly (Step & { kind: 'found' })[]): void {
  if (steps.length === 0) return;
  const number = nextNumber(state);
  conclude(
    state,
    new Map(steps.map(({ partition, members }) => [partition, configurationOf(state, number, members)])),
  );
  note(state, 'founded', `first owners for ${partitionsText(steps.length)}`);
}

const configurationOf = (state: State, number: Epoch, members: readonly Member[]): Configuration => ({
  epoch: number,
  members,
  ownerNonce: (members[0] && state.view.slaves.get(members[0].slave)?.boot.nonce) ?? '',
});

function startGrows(state: State, steps: readonly (Step & { kind: 'grow' })[]): void {
  const busy = busySlaves(state);
  const started: (Step & { kind: 'grow' })[] = [];
  const byUrgency = [...steps].sort(
    (a, b) => Number(a.urgency === 'balance') - Number(b.urgency === 'balance'),
  );
  for (const step of byUrgency) {
    const owner = step.members[0];
    const most = GROWS_PER_SLAVE_MAX[step.urgency];
    if (owner === undefined || !take(busy, [owner.slave, step.learner.slave], most)) continue;
    started.push(step);
  }
  if (started.length === 0) return;
  const number = nextNumber(state);
  for (const { partition, members, learner } of started) {
    const learnerNonce = state.view.slaves.get(learner.slave)?.boot.nonce ?? '';
    state.intentions.set(partition, { kind: 'grow', epoch: number, members, learner, learnerNonce });
    state.grows.set(partition, { epoch: number, isDropping: false });
  }
  sumCopying(
    state,
    started.map(({ learner }) => learner),
  );
  journal(
    state,
    started.map(({ partition }) => partition),
    () => {
      for (const { partition } of started) orderGrow(state, partition);
    },
  );
}

function take(busy: Map<SlaveId, number>, slaves: readonly SlaveId[], most: number): boolean {
  if (slaves.some((slave) => (busy.get(slave) ?? 0) >= most)) return false;
  for (const slave of slaves) busy.set(slave, (busy.get(slave) ?? 0) + 1);
  return true;
}

function busySlaves(state: State): Map<SlaveId, number> {
  const busy = new Map<SlaveId, number>();
  for (const intention of state.intentions.values()) {
    if (intention.kind !== 'grow') continue;
    for (const member of [intention.members[0], intention.learner]) {
      if (member !== undefined) busy.set(member.slave, (busy.get(member.slave) ?? 0) + 1);
    }
  }
  return busy;
}

/** Tells the owner what to grow into. It may hear it twice: the number tells. */
export function orderGrow(state: State, partition: Partition): void {
  const intention = state.intentions.get(partition);
  const grow = state.grows.get(partition);
  if (intention?.kind !== 'grow' || grow?.epoch !== intention.epoch) return;
  // It is ordered when the journal has it: until then a crash would give its number to something else.
  if (intention.epoch > state.durableNumber) return;
  const { epoch: base, members, ownerNonce } = configurationAt(state, partition);
  const owner = members[0];
  if (owner === undefined) return;
  if (grow.isDropping) sendTo(state, owner.slave, { kind: 'drop-grow', partition, epoch: intention.epoch });
  else
    sendTo(state, owner.slave, {
      kind: 'grow',
      epoch: intention.epoch,
      partition,
      base,
      members: intention.members,
      ownerNonce,
    });
}

function dropGrow(state: State, partition: Partition, epoch: Epoch): void {
  const grow = state.grows.get(partition);
  if (grow?.isDropping === true) return;
  // What nobody here has ordered stands in the journal.
  state.grows.set(partition, { epoch, isDropping: true });
  orderGrow(state, partition);
}

/** The owner has adopted the larger list: the result is journaled, then announced (G3). */
export function onGrown(
  state: State,
  slave: SlaveId,
  partition: Partition,
  configuration: Configuration,
): void {
  const intention = state.intentions.get(partition);
  const isOurs = intention?.kind === 'grow' && intention.epoch === configuration.epoch;
  const isByOwner = configurationAt(state, partition).members[0]?.slave === slave;
  if (!isOurs || !isByOwner || state.concluding.has(partition)) return;
  const history = historyOf(configurationAt(state, partition));
  conclude(state, new Map([[partition, { ...configuration, ...history, members: intention.members }]]));
}

export function onGrowDropped(state: State, partition: Partition, epoch: Epoch, why: string): void {
  const intention = state.intentions.get(partition);
  if (intention?.kind !== 'grow' || intention.epoch !== epoch || state.concluding.has(partition)) return;
  const isTakenBack = state.grows.get(partition)?.isDropping === true;
  if (!isTakenBack) sumNotCopied(state, intention.learner.slave, why);
  state.intentions.delete(partition);
  state.grows.delete(partition);
  journal(state, [partition], () => {
    state.mustPlan = true;
  });
}

export function onUnfit(state: State, partition: Partition, epoch: Epoch, slave: SlaveId): void {
  const configuration = configurationAt(state, partition);
  if (configuration.epoch !== epoch || !configuration.members.some((member) => member.slave === slave))
    return;
  state.unfit.set(partition, (state.unfit.get(partition) ?? new Set()).add(slave));
  state.mustPlan = true;
}
