/** Log entries for tests, of the partition that they are about. */
import type { Key } from '../../src/common/ids.ts';
import { epoch } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { stamp } from '../../src/common/time.ts';
import type { Effect } from '../../src/slave/commands/evaluation.ts';
import { encodeDrafts, type Entry } from '../../src/slave/replication/entry.ts';
import { P, WALL_AT_START } from './slave-bench.ts';

export const put = (name: Key, value: string, expiresAt = 0): Effect => ({
  kind: 'put',
  key: name,
  value: Buffer.from(value),
  expiresAt,
});

export const remove = (name: Key): Effect => ({ kind: 'delete', key: name });

export function entry(seq: number, number: number, previous: number, effects: readonly Effect[] = []): Entry {
  const [made] = encodeDrafts([
    {
      partition: P,
      seq,
      epoch: epoch(number),
      previousEpoch: epoch(previous),
      stamp: stamp(WALL_AT_START + seq),
      effects,
    },
  ]);
  invariant(made, 'one draft is one entry');
  return made;
}

/** A run of entries by their epochs: '2 2 4' are entries 1, 2 of epoch 2 and 3 of epoch 4. */
export function entries(
  epochs: string,
  after: { readonly epoch: number; readonly seq: number } = { epoch: 0, seq: 0 },
): readonly Entry[] {
  const numbers = epochs
    .split(' ')
    .filter((text) => text !== '')
    .map(Number);
  return numbers.map((number, index) =>
    entry(after.seq + index + 1, number, numbers[index - 1] ?? after.epoch),
  );
}
