/** Peer messages of every kind, for the laws of their codec. */
import fc from 'fast-check';

import { key } from '../../src/common/ids.ts';
import { type AppendItem, COPY_MODES, type PeerMessage } from '../../src/slave/peer-message.ts';
import type { Effect } from '../../src/slave/commands/evaluation.ts';
import { encodePeer } from '../../src/slave/peer-codec.ts';
import { type Draft, encodeDrafts, type Entry, entryBytes } from '../../src/slave/replication/entry.ts';
import { configurations, counts, epochs, finite, partitions, stamps } from './wire-values.ts';

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

const effects: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key: bytes(20).map(key),
    value: bytes(60),
    expiresAt: finite,
  }),
  fc.record({ kind: fc.constant('delete' as const), key: bytes(20).map(key) }),
);

const drafts: fc.Arbitrary<Draft> = fc.record({
  partition: partitions,
  epoch: epochs,
  seq: counts,
  previousEpoch: epochs,
  stamp: stamps,
  effects: fc.array(effects, { maxLength: 3 }),
});

/** In one buffer, as a turn leaves them, or each in its own, as they come together in a log. */
const entriesOf = (list: fc.Arbitrary<readonly Draft[]>): fc.Arbitrary<readonly Entry[]> =>
  fc
    .tuple(list, fc.boolean())
    .map(([all, isTogether]) =>
      isTogether ? encodeDrafts(all) : all.flatMap((draft) => encodeDrafts([draft])),
    );

const lists = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> => fc.array(item, { maxLength: 5 });

const epochItem = { partition: partitions, epoch: epochs };
const position = fc.record({ epoch: epochs, seq: counts });

export const appends: fc.Arbitrary<PeerMessage & { kind: 'append' }> = fc.record({
  kind: fc.constant('append' as const),
  sentAt: finite,
  items: entriesOf(lists(drafts)).chain((entries) =>
    fc.tuple(
      ...entries.map((entry): fc.Arbitrary<AppendItem> =>
        fc.record({
          partition: fc.constant(entry.partition),
          epoch: epochs,
          committed: counts,
          entry: fc.constant(entry),
        }),
      ),
    ),
  ),
});

/** Entries of the partition that the message is about. */
const fromOne = partitions.chain((partition) =>
  fc.record({
    partition: fc.constant(partition),
    entries: entriesOf(lists(drafts.map((draft) => ({ ...draft, partition })))),
  }),
);

const level = fc
  .tuple(fromOne, epochs, counts, finite, fc.option(position, { nil: undefined }))
  .map(([one, epoch, round, sentAt, end]) => ({
    kind: 'level' as const,
    item: { ...one, epoch, round, sentAt, end },
  }));

const fetched = fc.tuple(fromOne, epochs, counts, fc.boolean()).map(([one, epoch, after, isTooOld]) => ({
  kind: 'fetched' as const,
  item: { ...one, epoch, after, isTooOld },
}));

const copyPart = fc.record({
  kind: fc.constant('copy-part' as const),
  part: fc.record({
    ...epochItem,
    grow: epochs,
    number: counts,
    committed: counts,
    records: lists(effects),
    isLast: fc.boolean(),
  }),
});

const withItems: readonly fc.Arbitrary<PeerMessage>[] = [
  appends,
  fc.record({
    kind: fc.constant('ack' as const),
    items: lists(fc.record({ ...epochItem, seq: counts, echo: finite, isGap: fc.boolean() })),
  }),
  fc.record({
    kind: fc.constant('ping' as const),
    sentAt: finite,
    items: lists(fc.record({ ...epochItem, stamp: stamps })),
  }),
  fc.record({ kind: fc.constant('pong' as const), echo: finite, items: lists(fc.record(epochItem)) }),
  fc.record({
    kind: fc.constant('commit' as const),
    items: lists(fc.record({ ...epochItem, committed: counts })),
  }),
  fc.record({
    kind: fc.constant('probe' as const),
    sentAt: finite,
    items: lists(fc.record({ partition: partitions, configuration: configurations, stamp: stamps })),
  }),
  fc.record({
    kind: fc.constant('position' as const),
    echo: finite,
    items: lists(fc.record({ ...epochItem, round: counts, end: position, committed: counts })),
  }),
];

const ofOne: readonly fc.Arbitrary<PeerMessage>[] = [
  level,
  fetched,
  copyPart,
  fc.record({ kind: fc.constant('fetch' as const), ...epochItem, after: counts }),
  fc.record({
    kind: fc.constant('copy-begin' as const),
    ...epochItem,
    grow: epochs,
    mode: fc.constantFrom(...COPY_MODES),
    base: position,
  }),
  fc.record({ kind: fc.constant('copy-offer' as const), ...epochItem, grow: epochs, has: position }),
  fc.record({
    kind: fc.constant('copy-state' as const),
    ...epochItem,
    grow: epochs,
    next: counts,
    isOnward: fc.boolean(),
    base: position,
  }),
];

/** By the order of their type bytes it does not matter; every kind is here. */
export const peerMessages: fc.Arbitrary<PeerMessage> = fc.oneof(...withItems, ...ofOne);

export const frameOf = (message: PeerMessage): Buffer => Buffer.concat(encodePeer(message));

/** The same, with each entry as its bytes: where they lie is nobody's business. */
export function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map(comparable);
  const { buffer, offset, length, ...rest } = value as Partial<Entry>; // Only entries have a buffer.
  if (buffer !== undefined && offset !== undefined && length !== undefined) {
    return { ...rest, bytes: entryBytes(value as Entry).toString('hex') };
  }
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, comparable(field)]));
}
