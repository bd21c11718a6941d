/** Log entries: as they were written, or not at all. */
import { expect } from 'chai';
import fc from 'fast-check';

import { checksum } from '../../../src/common/checksum.ts';
import { epoch, key, partition, SLOTS } from '../../../src/common/ids.ts';
import { stamp } from '../../../src/common/time.ts';
import type { Effect } from '../../../src/slave/commands/evaluation.ts';
import {
  decodeItems,
  type Draft,
  draftBytes,
  effectsOf,
  encodeDrafts,
  encodeMark,
  entryBytes,
} from '../../../src/slave/replication/entry.ts';

const U48_MAX = 2 ** 48 - 1;
const number = fc.oneof(fc.constantFrom(0, 1, U48_MAX), fc.integer({ min: 0, max: 1_000_000 }));
const name = fc.uint8Array({ maxLength: 6 }).map((bytes) => key(Buffer.from(bytes)));
const value = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const effect: fc.Arbitrary<Effect> = fc.oneof(
  name.map((gone) => ({ kind: 'delete' as const, key: gone })),
  fc.record({
    kind: fc.constant('put' as const),
    key: name,
    value,
    expiresAt: fc.constantFrom(0, 1, 1_700_000_000_000.5),
  }),
);
const draft: fc.Arbitrary<Draft> = fc.record({
  partition: fc.constantFrom(0, 1, SLOTS - 1).map(partition),
  epoch: number.map(epoch),
  seq: number,
  previousEpoch: number.map(epoch),
  stamp: fc.double({ noNaN: true, noDefaultInfinity: true }).map(stamp),
  effects: fc.array(effect, { maxLength: 4 }),
});

const bytesOf = (drafts: readonly Draft[]): Buffer => Buffer.concat(encodeDrafts(drafts).map(entryBytes));

const SMALL: Draft = {
  ...{ partition: partition(3), epoch: epoch(9), seq: 4, previousEpoch: epoch(8), stamp: stamp(17.5) },
  effects: [
    { kind: 'put', key: key(Buffer.from('k')), value: Buffer.from('v'), expiresAt: 0 },
    { kind: 'delete', key: key(Buffer.from('gone')) },
  ],
};

/** Writes a sum that fits over bytes that were tampered with. */
const resealed = (bytes: Buffer): Buffer => {
  const sealed = Buffer.from(bytes);
  sealed.writeUInt32BE(checksum(sealed.subarray(8)), 4);
  return sealed;
};

describe('log entries', () => {
  it('come back from their bytes as they were drafted, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 4 }), (drafts) => {
        const items = decodeItems(bytesOf(drafts)) ?? [];
        const seen = items.map((item) => {
          if (item.kind !== 'entry') return item;
          const { partition: index, epoch: number, seq, previousEpoch, stamp: when } = item.entry;
          return {
            partition: index,
            epoch: number,
            seq,
            previousEpoch,
            stamp: when,
            effects: effectsOf(item.entry),
          };
        });
        expect(seen).to.deep.equal(drafts);
      }),
    );
  });

  it('hold values of 16 MiB and keys of 64 KiB', () => {
    const effects = [
      {
        kind: 'put' as const,
        key: key(Buffer.alloc(65_535, 'k')),
        value: Buffer.alloc(16 << 20, 'v'),
        expiresAt: 0,
      },
    ];
    const [item] = decodeItems(bytesOf([{ ...SMALL, effects }])) ?? [];
    const [effect] = (item?.kind === 'entry' ? effectsOf(item.entry) : undefined) ?? [];
    expect(effect?.key).to.equal(effects[0]?.key);
    expect(effect?.kind === 'put' && effect.value.equals(effects[0]?.value ?? Buffer.alloc(0))).to.equal(
      true,
    );
  });

  it('of one turn lie in one buffer, each as long as it was said to be', () => {
    const entries = encodeDrafts([SMALL, { ...SMALL, seq: 5, effects: [] }]);
    expect(new Set(entries.map(({ buffer }) => buffer)).size).to.equal(1);
    expect(entries.map(({ length }) => length)).to.deep.equal([draftBytes(SMALL.effects), draftBytes([])]);
    expect(entries.map(({ offset }) => offset)).to.deep.equal([0, draftBytes(SMALL.effects)]);
  });

  it('are refused when any bit of them is flipped', () => {
    const bytes = bytesOf([SMALL, { ...SMALL, seq: 5 }]);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeItems(flipped), `bit ${bit}`).to.equal(undefined);
    }
  });

  it('are refused when they are cut short anywhere', () => {
    const bytes = bytesOf([SMALL]);
    for (let length = 1; length < bytes.length; length += 1) {
      expect(decodeItems(bytes.subarray(0, length)), `${length} bytes`).to.equal(undefined);
    }
  });

  it('never make hostile bytes throw, with a sum that fits or without', () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        chunk,
        fc.integer({ min: 8, max: bytesOf([SMALL]).length }),
        fc.boolean(),
        (noise, at, isSealed) => {
          const bytes = bytesOf([SMALL]);
          bytes.set(noise.subarray(0, bytes.length - at), at);
          const items = decodeItems(isSealed ? resealed(bytes) : bytes);
          for (const item of items ?? [])
            if (item.kind === 'entry') expect(effectsOf(item.entry)).to.be.an('array');
        },
      ),
    );
  });

  it('never make noise throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
        const items = decodeItems(Buffer.from(noise));
        if (noise.length > 0) expect(items).to.equal(undefined);
      }),
    );
  });

  const lies: readonly (readonly [string, (bytes: Buffer) => void])[] = [
    ['a partition beyond the last slot', (bytes) => void bytes.writeUInt16BE(SLOTS, 9)],
    ['a kind that there is not', (bytes) => void bytes.writeUInt8(9, 8)],
    ['a stamp that is no number', (bytes) => void bytes.writeDoubleBE(NaN, 29)],
    ['more effects than fit', (bytes) => void bytes.writeUInt32BE(0xffffffff, 37)],
    ['fewer effects than there are', (bytes) => void bytes.writeUInt32BE(1, 37)],
    ['a key that runs over its end', (bytes) => void bytes.writeUInt16BE(60_000, 42)],
  ];
  for (const [lie, tell] of lies) {
    it(`are refused for ${lie}, though the sum fits`, () => {
      const bytes = bytesOf([SMALL]);
      tell(bytes);
      expect(decodeItems(resealed(bytes))).to.equal(undefined);
    });
  }
});

describe('marks in the log', () => {
  for (const kind of ['cut', 'reset'] as const) {
    it(`of a ${kind} come back with their place`, () => {
      const place = { partition: partition(7), epoch: epoch(U48_MAX), seq: U48_MAX };
      expect(decodeItems(encodeMark(kind, place))).to.deep.equal([{ kind, ...place }]);
    });
  }
});
