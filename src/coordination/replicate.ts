/**
 * `replicate()`: the planner. Join, leave, death, several deaths, a death during recovery, a return:
 * all are a difference between the configurations that are and the placement that should be.
 *
 *     is:  {A B}   should be: {C A}      grow C ─► {A B C}      fence, reorder ─► {C A}
 *     is:  {A B}   A died               fence ─► {B}           grow D ─► {B D}
 *     is:  {A B}   both died            lost: wait for either. Never empty, never guessed.
 *
 * It answers with the next *safe* step of each partition and remembers nothing that the situation
 * does not say, so it can be asked again after anything. It asks nobody; carrying out is the director's.
 *
 * Order of concern: a partition without its owner, then copies that are missing, then balance.
 */
import type { Epoch, Partition, SlaveId } from '../common/ids.ts';
import { type Configuration, type Member, sameMember, type View } from '../common/view.ts';
import type { Placement } from './placement.ts';

/** What is journaled before anybody hears of a step (protocol N1). */
export type Intention =
  | {
      readonly kind: 'fence';
      readonly epoch: Epoch;
      /** All who may have sworn anything that matters: members, and learners of grows that nobody concluded. */
      readonly ask: readonly Member[];
      readonly want: readonly SlaveId[];
      readonly without: readonly SlaveId[];
    }
  | {
      readonly kind: 'grow';
      readonly epoch: Epoch;
      readonly members: readonly Member[];
      readonly learner: Member;
      readonly learnerNonce: string;
    };

export type Step =
  /** Its first configuration: nothing was ever written to it. */
  | { readonly kind: 'found'; readonly partition: Partition; readonly members: readonly Member[] }
  | {
      readonly kind: 'fence';
      readonly partition: Partition;
      readonly ask: readonly Member[];
      readonly want: readonly SlaveId[];
      readonly without: readonly SlaveId[];
      /** `heal`: somebody who must answer is gone; `balance`: it could wait. */
      readonly urgency: 'heal' | 'balance';
    }
  | {
      readonly kind: 'grow';
      readonly partition: Partition;
      readonly members: readonly Member[];
      readonly learner: Member;
      readonly urgency: 'heal' | 'balance';
    }
  /** A grow that leads nowhere any more: the owner is asked to forget it, or to say that it has adopted it. */
  | { readonly kind: 'drop-grow'; readonly partition: Partition; readonly epoch: Epoch }
  /** No full member lives. Nothing to do but to say who could bring it back. */
  | { readonly kind: 'lost'; readonly partition: Partition; readonly slaves: readonly SlaveId[] };

export interface Situation {
  readonly view: View;
  /** Slaves that are not dead. */
  readonly alive: ReadonlySet<SlaveId>;
  readonly target: Placement;
  readonly intentions: ReadonlyMap<Partition, Intention>;
  /** Partitions whose intention somebody is carrying out; the others' are of a life before. */
  readonly underWay: ReadonlySet<Partition>;
  /** Two live slaves that cannot reach each other: which of the two is to give way. */
  readonly cut: ReadonlyMap<SlaveId, ReadonlySet<SlaveId>>;
  /** Members that cannot be brought level, or whose machine went down under `--durability os` (I4). */
  readonly unfit: ReadonlyMap<Partition, ReadonlySet<SlaveId>>;
  /** Partitions whose last fence found nobody who has everything: not asked again before long. */
  readonly resting: ReadonlySet<Partition>;
  /** Partitions whose owner has opened them: only those can be copied. */
  readonly serving: ReadonlySet<Partition>;
  /** Too little room to learn anything. */
  readonly full: ReadonlySet<SlaveId>;
}

export function replicate(situation: Situation): readonly Step[] {
  const steps: Step[] = [];
  situation.view.configurations.forEach((configuration, index) => {
    const partition = index as Partition; // An index of configurations is a partition.
    const step = stepOf(situation, partition, configuration);
    if (step !== undefined) steps.push(step);
  });
  return steps;
}

function stepOf(situation: Situation, partition: Partition, configuration: Configuration): Step | undefined {
  const wanted = situation.target[partition] ?? [];
  if (configuration.epoch === 0)
    return situation.underWay.has(partition) ? undefined : found(situation, partition, wanted);
  const intention = situation.intentions.get(partition);
  if (intention !== undefined) return onward(situation, partition, configuration, intention);
  const live = configuration.members.filter((member) => isLive(situation, member));
  if (live.length === 0)
    return { kind: 'lost', partition, slaves: configuration.members.map(({ slave }) => slave) };
  const without = excluded(situation, partition, live);
  const isWhole = live.length === configuration.members.length && without.length === 0;
  if (!isWhole || isOwnerNew(situation, configuration)) {
    return fenceStep(partition, configuration.members, { want: wanted, without, urgency: 'heal' });
  }
  return toward(situation, partition, configuration, wanted);
}

function found(situation: Situation, partition: Partition, wanted: readonly SlaveId[]): Step | undefined {
  const members = wanted.flatMap((slave) => memberOf(situation, slave) ?? []);
  return members.length === 0 ? undefined : { kind: 'found', partition, members };
}

function memberOf({ view, alive }: Situation, slave: SlaveId): Member | undefined {
  const record = view.slaves.get(slave);
  return record !== undefined && alive.has(slave) ? { slave, store: record.store } : undefined;
}

/** Alive, and with the store that the configuration names: another store is a stranger (N3). */
const isLive = ({ view, alive }: Situation, { slave, store }: Member): boolean =>
  alive.has(slave) && view.slaves.get(slave)?.store === store;

/** An owner that restarted is none until a fence has given it a new epoch (F5). */
function isOwnerNew({ view }: Situation, { members, ownerNonce }: Configuration): boolean {
  const owner = members[0] && view.slaves.get(members[0].slave);
  return owner?.boot.nonce !== ownerNonce;
}

/** Live members that must go all the same: unfit, or cut off from another; never all of them. */
function excluded(situation: Situation, partition: Partition, live: readonly Member[]): readonly SlaveId[] {
  const unfit = situation.unfit.get(partition);
  const slaves = live.map(({ slave }) => slave);
  const gone = new Set(slaves.filter((slave) => unfit?.has(slave)));
  for (const slave of slaves) {
    const yields = [...(situation.cut.get(slave) ?? [])].some(
      (other) => slaves.includes(other) && !gone.has(other),
    );
    if (yields) gone.add(slave);
  }
  return gone.size < slaves.length ? [...gone] : [];
}

/** There is an intention: let it go on, take it back, or take it up again under a new number. */
function onward(
  situation: Situation,
  partition: Partition,
  configuration: Configuration,
  intention: Intention,
): Step | undefined {
  const isUnderWay = situation.underWay.has(partition);
  if (intention.kind === 'fence') {
    const step = takeUp(situation, partition, configuration, {
      ask: intention.ask,
      without: intention.without,
    });
    return isUnderWay && step.kind !== 'lost' ? undefined : step;
  }
  // While it lacks a member, or must lose one, it answers nobody: that does not wait for a copy to be made.
  const live = configuration.members.filter((member) => isLive(situation, member));
  const without = excluded(situation, partition, live);
  const isWhole = live.length === configuration.members.length && without.length === 0;
  if (!isWhole || isOwnerNew(situation, configuration))
    return takeUp(situation, partition, configuration, { ask: intention.members, without });
  const { learner, learnerNonce } = intention;
  const isLearning =
    isLive(situation, learner) && situation.view.slaves.get(learner.slave)?.boot.nonce === learnerNonce;
  return isUnderWay && isLearning ? undefined : { kind: 'drop-grow', partition, epoch: intention.epoch };
}

/** A new attempt asks everyone whom an earlier one may have made a member. */
function takeUp(
  situation: Situation,
  partition: Partition,
  { members }: Configuration,
  { ask, without }: { readonly ask: readonly Member[]; readonly without: readonly SlaveId[] },
): Step {
  const asked = union(members, ask);
  const canAnswer = !situation.resting.has(partition) && asked.some((member) => isLive(situation, member));
  if (!canAnswer) return { kind: 'lost', partition, slaves: members.map(({ slave }) => slave) };
  return fenceStep(partition, asked, { want: situation.target[partition] ?? [], without, urgency: 'heal' });
}

interface Fence {
  readonly want: readonly SlaveId[];
  readonly without: readonly SlaveId[];
  readonly urgency: 'heal' | 'balance';
}

const fenceStep = (partition: Partition, ask: readonly Member[], fence: Fence): Step => ({
  kind: 'fence',
  partition,
  ask,
  ...fence,
});

function union(members: readonly Member[], more: readonly Member[]): readonly Member[] {
  return [...members, ...more.filter((one) => !members.some((other) => sameMember(one, other)))];
}

/** All members live: grow at the data until everyone wanted is in, then shrink and reorder at the journal. */
function toward(
  situation: Situation,
  partition: Partition,
  { members }: Configuration,
  wanted: readonly SlaveId[],
): Step | undefined {
  const holds = new Set(members.map(({ slave }) => slave));
  const missing = wanted.filter((slave) => !holds.has(slave));
  const urgency = members.length < wanted.length ? 'heal' : 'balance';
  if (!situation.serving.has(partition)) return undefined;
  for (const slave of missing) {
    const learner = mayLearn(situation, slave, members) ? memberOf(situation, slave) : undefined;
    if (learner !== undefined)
      return { kind: 'grow', partition, learner, members: [...members, learner], urgency };
  }
  const isSurplus = missing.length === 0 && members.length > wanted.length;
  const isOwnerElsewhere = missing.length === 0 && wanted[0] !== undefined && wanted[0] !== members[0]?.slave;
  return isSurplus || isOwnerElsewhere
    ? fenceStep(partition, members, { want: wanted, without: [], urgency: 'balance' })
    : undefined;
}

function mayLearn({ cut, full }: Situation, slave: SlaveId, members: readonly Member[]): boolean {
  const isCut = members.some(
    (member) => cut.get(slave)?.has(member.slave) === true || cut.get(member.slave)?.has(slave) === true,
  );
  return !isCut && !full.has(slave);
}

/**
 * The members of the configuration that ends a fence: those who answered and are full, in the order
 * of the placement. Whoever is too many goes only when everyone wanted is there.
 */
export function chooseMembers(
  full: readonly Member[],
  { want, without }: Pick<Fence, 'want' | 'without'>,
): readonly Member[] {
  const fit = full.filter(({ slave }) => !without.includes(slave));
  const chosen = fit.length > 0 ? fit : full;
  const wanted = want.flatMap((slave) => chosen.find((member) => member.slave === slave) ?? []);
  if (wanted.length === want.length && wanted.length > 0) return wanted;
  return [...wanted, ...chosen.filter(({ slave }) => !want.includes(slave))];
}
