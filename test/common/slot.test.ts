import { expect } from 'chai';
import fc from 'fast-check';

import { key, keyBytes, partition, slot, SLOTS } from '../../src/common/ids.ts';
import { isPartitionCount, partitionOf, slotOf, slotsOf } from '../../src/common/slot.ts';

/** Bit by bit, as the definition has it. */
function crcByDefinition(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

describe('slot', () => {
  const known = [
    { key: '', slot: 0, why: 'an empty key is a key' },
    { key: '123456789', slot: 0x31c3, why: 'the value by which XMODEM is known' },
    { key: 'foo', slot: 12_182, why: 'as CLUSTER KEYSLOT says' },
    { key: 'foo{hash_tag}', slot: 2_515, why: 'only the tag counts' },
    { key: '{user1000}.following', slot: slotOf('user1000'), why: 'the tag may stand first' },
    { key: 'foo{}{bar}', slot: 8_363, why: 'an empty first tag means none' },
    { key: 'foo{{bar}}zap', slot: slotOf('{bar'), why: 'the tag ends at the first brace that closes' },
    { key: 'foo{bar}{zap}', slot: slotOf('bar'), why: 'only the first tag counts' },
    { key: '{}', slot: crcByDefinition(Buffer.from('{}')) % SLOTS, why: 'nothing but an empty tag' },
    { key: '}a{', slot: crcByDefinition(Buffer.from('}a{')) % SLOTS, why: 'braces the wrong way round' },
    { key: 'a{b', slot: crcByDefinition(Buffer.from('a{b')) % SLOTS, why: 'a brace that is never closed' },
  ];
  for (const { key: name, slot: expected, why } of known) {
    it(`puts "${name}" into ${expected}: ${why}`, () => {
      expect(slotOf(name)).to.equal(expected);
    });
  }

  it('is the checksum of any bytes without a tag', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const name = key(Buffer.from(bytes.filter((byte) => byte !== 0x7b)));
        expect(slotOf(name)).to.equal(crcByDefinition(keyBytes(name)) % SLOTS);
      }),
    );
  });
});

describe('partition', () => {
  const slots = Array.from({ length: SLOTS }, (_, index) => slot(index));

  for (const partitions of [1, 2, 256, SLOTS]) {
    it(`of ${partitions} is a run of slots that belongs to it and to no other`, () => {
      const met = new Set<number>();
      for (const at of slots) {
        const found = partitionOf(at, partitions);
        const { first, last } = slotsOf(found, partitions);
        if (at < first || at > last) expect.fail(`slot ${at} lies outside ${first} to ${last}`);
        met.add(found);
      }
      expect(met.size).to.equal(partitions);
    });
  }

  it('ranges follow one another from the first slot to the last', () => {
    const ranges = Array.from({ length: 8 }, (_, index) => slotsOf(partition(index), 8));
    expect(ranges[0]?.first).to.equal(0);
    expect(ranges[7]?.last).to.equal(SLOTS - 1);
    for (let index = 1; index < 8; index += 1) {
      expect(ranges[index]?.first).to.equal((ranges[index - 1]?.last ?? 0) + 1);
    }
  });

  it('counts are powers of two', () => {
    expect([1, 2, 256, 16_384].every(isPartitionCount)).to.equal(true);
    expect([0, -1, 3, 1.5, 32_768, NaN].some(isPartitionCount)).to.equal(false);
  });
});
