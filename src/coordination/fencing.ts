/**
 * Fences, from the intention to the configuration that comes of it.
 *
 *     intention ─► durable ─► fence to all asked ─► answers, promises run out ─► result          (somebody is gone)
 *     intention ─► durable ─► the owner finishes what is under way ─► fence to the others ─► …   (a hand-over)
 *
 * Before a hand-over the owner is asked alone, and takes no more writes until it is fenced: no client is left
 * without an outcome. It has a bounded time for that; then everybody is asked as after a death.
 */
import { addTo } from '../common/add-to.ts';
import type { Epoch, Partition, SlaveId } from '../common/ids.ts';
import type { FenceAnswer } from '../common/message/control.ts';
import { after, DRIFT, type Instant } from '../common/time.ts';
import { type Configuration, historyOf, type Member } from '../common/view.ts';
import { chooseMembers, type Step } from './replicate.ts';
import { conclude, journal } from './results.ts';
import {
  configurationAt,
  type FenceRound,
  type HeardAnswer,
  isAlive,
  nextNumber,
  sendTo,
  settingsOf,
  type State,
} from './state.ts';
import { sumFenced } from './summary.ts';

/** For so long an owner may finish what is under way before a hand-over. */
const CALM_MS = 250;

export function startFences(state: State, steps: readonly (Step & { kind: 'fence' })[]): void {
  if (steps.length === 0) return;
  const number = nextNumber(state);
  for (const { partition, ask, want, without, urgency } of steps) {
    const intention = { kind: 'fence', epoch: number, ask, want, without } as const;
    state.intentions.set(partition, intention);
    state.grows.delete(partition);
    // Nobody is left out before all had a whole window to answer.
    const until = after(state.now, settingsOf(state).windowMs);
    // Closed from here on, until the owner of the new configuration says that it has opened it.
    state.serving.delete(partition);
    const isCalm = urgency === 'balance';
    const calmUntil = after(state.now, CALM_MS);
    state.fences.set(partition, { epoch: number, intention, answers: new Map(), isCalm, calmUntil, until });
  }
  const partitions = steps.map(({ partition }) => partition);
  const healing = steps.filter(({ urgency }) => urgency === 'heal').length;
  if (healing > 0) sumFenced(state, healing, number);
  journal(state, partitions, () => {
    for (const slave of new Set(steps.flatMap(({ ask }) => ask.map((member) => member.slave))))
      askFence(state, slave, number);
  });
}

/** Sends a slave every durable fence that it is asked for and has not answered; with a number, those under it alone. */
export function askFence(state: State, slave: SlaveId, only?: Epoch): void {
  const asked = { fence: new Map<Epoch, Partition[]>(), calm: new Map<Epoch, Partition[]>() };
  for (const [partition, round] of state.fences) {
    const { epoch, isCalm } = round;
    if (epoch > state.durableNumber || (only !== undefined && epoch !== only)) continue;
    if (!isAsked(state, round, slave) || (isCalm && ownerOf(state, partition) !== slave)) continue;
    const byNumber = asked[isCalm ? 'calm' : 'fence'];
    addTo(byNumber, epoch, partition);
  }
  for (const kind of ['fence', 'calm'] as const) {
    for (const [epoch, partitions] of asked[kind]) sendTo(state, slave, { kind, epoch, partitions });
  }
}

function isAsked(state: State, { intention, answers }: FenceRound, slave: SlaveId): boolean {
  const store = state.sessions.get(slave)?.store;
  const isMember = intention.ask.some((member) => member.slave === slave && member.store === store);
  return isMember && !answers.has(slave);
}

const ownerOf = (state: State, partition: Partition): SlaveId | undefined =>
  configurationAt(state, partition).members[0]?.slave;

/** Its owner has finished what was under way, or had its time for it: the others are asked. */
function endCalm(state: State, rounds: readonly FenceRound[]): void {
  const slaves = new Set<SlaveId>();
  for (const round of rounds) {
    round.isCalm = false;
    // The others hear of it only now: their window begins here.
    round.until = after(state.now, settingsOf(state).windowMs);
    for (const { slave } of round.intention.ask) slaves.add(slave);
  }
  for (const slave of slaves) askFence(state, slave);
}

export function onFenced(state: State, slave: SlaveId, epoch: Epoch, answers: readonly FenceAnswer[]): void {
  const session = state.sessions.get(slave);
  if (session === undefined) return;
  const { store, nonce } = session;
  const calm: FenceRound[] = [];
  for (const answer of answers) {
    const round = state.fences.get(answer.partition);
    if (round?.epoch !== epoch || round.answers.has(slave)) continue;
    round.answers.set(slave, { answer, at: state.now, store, nonce });
    if (round.isCalm) calm.push(round);
  }
  if (calm.length > 0) endCalm(state, calm);
  concludeFences(state);
}

/** Ends every fence for which all that can be heard was heard, and no promise can mislead anybody (F3). */
export function concludeFences(state: State): void {
  const late = [...state.fences.values()].filter(({ isCalm, calmUntil }) => isCalm && calmUntil <= state.now);
  if (late.length > 0) endCalm(state, late);
  const results = new Map<Partition, Configuration>();
  for (const [partition, round] of state.fences) {
    if (state.intentions.get(partition)?.epoch !== round.epoch || state.concluding.has(partition)) continue;
    const isWaiting = round.intention.ask.some(
      (member) => isAwaited(state, member) && !round.answers.has(member.slave),
    );
    if ((isWaiting && state.now < round.until) || round.answers.size === 0) continue;
    if (state.now < promisesEnd(round.answers)) continue;
    const result = resultOf(state, partition);
    if (result === undefined) giveUp(state, partition);
    else results.set(partition, result);
  }
  conclude(state, results);
}

export const isAwaited = (state: State, { slave, store }: Member): boolean =>
  isAlive(state, slave) && state.view.slaves.get(slave)?.store === store;

/**
 * When the last promise of a slave that has not answered is over. Those who answered rely on none
 * any more (F2); the giver's time counts from the answer's arrival, plus drift.
 */
function promisesEnd(answers: ReadonlyMap<SlaveId, HeardAnswer>): Instant {
  let end = 0;
  for (const { answer, at } of answers.values()) {
    end = Math.max(end, at + answer.promisedAllMs * (1 + DRIFT));
    for (const { slave, ms } of answer.promised) {
      if (!answers.has(slave)) end = Math.max(end, at + ms * (1 + DRIFT));
    }
  }
  return end as Instant; // A sum of an instant and a duration.
}

/** The configuration that these answers make; undefined: none of those who answered has everything. */
function resultOf(state: State, partition: Partition): Configuration | undefined {
  const round = state.fences.get(partition);
  if (round === undefined) return undefined;
  const effective = effectiveOf(configurationAt(state, partition), round.answers);
  const full = effective.members.filter(
    ({ slave, store }) => round.answers.get(slave)?.store === store && isAlive(state, slave),
  );
  if (full.length === 0) return undefined;
  const members = chooseMembers(full, round.intention);
  const ownerNonce = (members[0] && round.answers.get(members[0].slave)?.nonce) ?? '';
  return { epoch: round.epoch, members, ownerNonce, ...historyOf(effective) };
}

/** The newest list that anybody has adopted: a grow that the journal never heard of is in force all the same. */
function effectiveOf(journaled: Configuration, answers: ReadonlyMap<SlaveId, HeardAnswer>): Configuration {
  let effective = journaled;
  for (const { answer } of answers.values())
    if (answer.adopted.epoch > effective.epoch) effective = answer.adopted;
  return effective;
}

/** This attempt came to nothing; the planner sees the intention and asks again, under a new number. */
function giveUp(state: State, partition: Partition): void {
  state.fences.delete(partition);
  state.resting.set(partition, after(state.now, settingsOf(state).windowMs));
  state.mustPlan = true;
}
