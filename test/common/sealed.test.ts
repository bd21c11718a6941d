/** Sealed records: what was written is read, and nothing else is. */
import { expect } from 'chai';
import fc from 'fast-check';

import { checksum } from '../../src/common/checksum.ts';
import { BrokenStore, seal, unseal } from '../../src/common/sealed.ts';

describe('a sealed record', () => {
  it('opens to what was sealed', () => {
    const value = { fence: 7, members: [{ slave: 'a' }], text: 'é' };
    expect(unseal(seal(value), 'a record')).to.deep.equal(value);
  });

  it('is broken by any flipped bit', () => {
    const bytes = seal({ epoch: 12, name: 'x' });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => unseal(flipped, 'a record')).to.throw(
          BrokenStore,
          'a record does not match its checksum',
        );
      }),
    );
  });

  it('is broken when it is cut short, down to nothing', () => {
    const bytes = seal({ epoch: 12 });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => unseal(bytes.subarray(0, length), 'a record')).to.throw(BrokenStore);
    }
  });
});

describe('a checksum', () => {
  it('of two pieces, one continued from the other, is that of the whole', () => {
    const [front, back] = [Buffer.from('123'), Buffer.from('456789')];
    expect(checksum(back, checksum(front))).to.equal(checksum(Buffer.from('123456789')));
  });

  it('is CRC-32 as everybody counts it', () => {
    expect(checksum(Buffer.from('123456789'))).to.equal(0xcbf43926);
  });
});
