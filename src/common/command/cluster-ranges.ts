/**
 * The view as Redis' cluster commands tell it: runs of slots, and who serves them.
 *
 *     partitions  0 [s1 s2] │ 1 [s1 s2] │ 2 [s1 s3] │ 3 nobody      (4,096 slots each)
 *     ranges      0–8191 [s1 s2] │ 8192–12287 [s1 s3]
 *     owned       s1: 0–12287
 *
 * A partition that was never founded is in no range. A dead owner keeps its slots, as in Redis:
 * it is where they will be, or be taken from.
 */
import { addTo } from '../add-to.ts';
import type { Partition, SlaveId } from '../ids.ts';
import { slotsOf } from '../slot.ts';
import { type Member, ownerOf, type SlaveRecord, type View } from '../view.ts';

export interface SlotSpan {
  readonly first: number;
  /** Belongs to it. */
  readonly last: number;
}

export interface Range extends SlotSpan {
  /** The owner first, then the copies in their order. */
  readonly slaves: readonly SlaveId[];
}

/** Neighbouring partitions with equal members as one range, in the order of slots. */
export const rangesOf = (view: View): readonly Range[] => runsOf(view, Infinity).filter(isSomebodys);

const isSomebodys = ({ slaves }: Range): boolean => slaves.length > 0;

/**
 * All slots as runs of which the first `shown` members are the same, in the order of slots; a run that nobody was
 * ever given is one too.
 */
export function runsOf(view: View, shown: number): readonly Range[] {
  const runs: Range[] = [];
  for (const partition of partitionsOf(view)) {
    const slaves = slavesOf(view, partition).slice(0, shown);
    const { first, last } = slotsOf(partition, view.settings.partitions);
    const before = runs.at(-1);
    if (before !== undefined && isSame(before.slaves, slaves)) runs[runs.length - 1] = { ...before, last };
    else runs.push({ first, last, slaves });
  }
  return runs;
}

const slavesOf = (view: View, partition: Partition): Slaves =>
  (view.configurations[partition]?.members ?? []).map(({ slave }) => slave);

const isSame = (a: Slaves, b: Slaves): boolean =>
  a.length === b.length && a.every((id, index) => id === b[index]);

/** What each slave owns, whoever holds the copies; a slave that owns nothing is not in it. */
export function ownedSpansOf(view: View): ReadonlyMap<SlaveId, readonly SlotSpan[]> {
  const spans = new Map<SlaveId, SlotSpan[]>();
  for (const { first, last, slaves } of runsOf(view, 1)) {
    for (const id of slaves) addTo(spans, id, { first, last });
  }
  return spans;
}

type Slaves = readonly SlaveId[];

/** Every index below `partitions` is a partition. */
const partitionsOf = (view: View): readonly Partition[] =>
  Array.from({ length: view.settings.partitions }, (_, index) => index as Partition);

/** The record of a member, if the slave of that name is still the one with that store. */
export function recordOf(view: View, member: Member): SlaveRecord | undefined {
  const record = view.slaves.get(member.slave);
  return record?.store === member.store ? record : undefined;
}

export interface SlotCounts {
  readonly assigned: number;
  /** Owned by a slave of which nothing bad is known. */
  readonly ok: number;
  readonly suspect: number;
  /** Owned by a slave that is dead, or whose store is not the one that was made owner. */
  readonly dead: number;
}

export function slotCountsOf(view: View): SlotCounts {
  const counts = { assigned: 0, ok: 0, suspect: 0, dead: 0 };
  for (const partition of partitionsOf(view)) {
    const owner = ownerOf(view, partition);
    if (owner === undefined) continue;
    const { first, last } = slotsOf(partition, view.settings.partitions);
    counts.assigned += last - first + 1;
    counts[healthOf(recordOf(view, owner))] += last - first + 1;
  }
  return counts;
}

function healthOf(record: SlaveRecord | undefined): 'ok' | 'suspect' | 'dead' {
  if (record === undefined || record.stage === 'dead') return 'dead';
  return record.stage === 'suspect' ? 'suspect' : 'ok';
}
