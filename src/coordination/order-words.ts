/**
 * An operator's order in the words of the wire, and what it means.
 *
 *     DRAIN id
 *     FORGET id
 *     FORFEIT partition [partition …] YES-LOSE-DATA
 *
 * Only the words are checked: whether such a slave is there, and whether a partition is lost, the machine knows.
 */
import { textOf, wrongArity } from '../common/command/errors.ts';
import { isName, partition, type Partition, slaveId } from '../common/ids.ts';
import { admin } from '../common/message/admin.ts';
import { Failure } from '../common/reply.ts';
import type { Order } from './order.ts';

/** What is behind `PIAZZA`; undefined: these words are no order. */
export function orderOf(words: readonly Buffer[], partitions: number): Order | Failure | undefined {
  const [name, ...rest] = words.map((word) => textOf(word));
  switch (name?.toUpperCase()) {
    case admin.drain:
      return aboutSlave('drain', rest);
    case admin.forget:
      return aboutSlave('forget', rest);
    case admin.forfeit:
      return forfeitOf(rest, partitions);
    default:
      return undefined;
  }
}

function aboutSlave(kind: 'drain' | 'forget', [id, ...more]: readonly string[]): Order | Failure {
  if (id === undefined || more.length > 0) return wrongArity(`piazza|${kind}`);
  return isName(id) ? { kind, slave: slaveId(id) } : new Failure('ERR this is no id of a slave');
}

function forfeitOf(words: readonly string[], partitions: number): Order | Failure {
  if (words.at(-1)?.toUpperCase() !== admin.yesLoseData) {
    return new Failure(
      `ERR what is in these partitions would be lost: say ${admin.yesLoseData} behind their numbers if it may be`,
    );
  }
  const named = words.slice(0, -1);
  if (named.length === 0) return wrongArity('piazza|forfeit');
  const found = new Set<Partition>();
  for (const word of named) {
    const number = /^\d{1,5}$/.test(word) ? Number(word) : Infinity;
    if (number >= partitions) {
      return new Failure(`ERR each partition is a number from 0 to ${partitions - 1}`);
    }
    found.add(partition(number));
  }
  return { kind: 'forfeit', partitions: [...found] };
}
