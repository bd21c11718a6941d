/**
 * KEYRANGE and KEYRANGE_READ: who owns which part of the ring, and who may be read for which part.
 *
 *     redis> KEYRANGE_READ
 *     1) 1) (integer) 0                  the first slot
 *        2) (integer) 8191               the last, which belongs to it
 *        3) "127.0.0.1:7001 s1"          the owner: where, and its id; nil while the part is nobody's
 *        4) "127.0.0.1:7002 s2"          KEYRANGE_READ: the copies, in ring order
 *
 * Every process that knows the view answers, and all slots are told: neighbours with the same owner are one range, with
 * copies only those with the same members. `PIAZZA KEYRANGE` and its like tell the same as JSON. A dead owner is named
 * until another takes its place, as in CLUSTER SLOTS.
 */
import { type SlaveId, SLOTS } from '../ids.ts';
import type { KeyRange, Place } from '../message/admin.ts';
import type { Reply } from '../reply.ts';
import type { View } from '../view.ts';
import { runsOf } from './cluster-ranges.ts';
import type { CommandSpec } from './registry.ts';

/** Answers KEYRANGE or KEYRANGE_READ. */
export const keyRangeCommand = ({ name }: CommandSpec, view: View): Reply =>
  keyRangesOf(view, name === 'keyrange_read').map(lineOf);

const lineOf = ({ firstSlot, lastSlot, owner, address = '', copies }: KeyRange): Reply => [
  firstSlot,
  lastSlot,
  owner === undefined ? undefined : textOf({ id: owner, address }),
  ...copies.map(textOf),
];

const textOf = ({ id, address }: Place): Buffer => Buffer.from(`${address} ${id}`.trimStart());

/** Runs of slots; with copies, neighbours are one run only if all their members are the same. */
export function keyRangesOf(view: View, withCopies: boolean): readonly KeyRange[] {
  const slotsEach = SLOTS / view.settings.partitions;
  return runsOf(view, withCopies ? Infinity : 1).map(({ first, last, slaves }) => {
    const [owner, ...copies] = slaves.map((id) => placeOf(view, id));
    return {
      firstSlot: first,
      lastSlot: last,
      partitions: (last - first + 1) / slotsEach,
      ...(owner === undefined ? {} : { owner: owner.id, address: owner.address }),
      copies,
    };
  });
}

function placeOf(view: View, id: SlaveId): Place {
  const record = view.slaves.get(id);
  return { id, address: record === undefined ? '' : `${record.host}:${record.port}` };
}
