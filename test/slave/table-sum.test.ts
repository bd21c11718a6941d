/** The sum beside a table: whole, or broken. */
import { expect } from 'chai';

import { epoch } from '../../src/common/ids.ts';
import { BrokenStore } from '../../src/common/sealed.ts';
import { stamp } from '../../src/common/time.ts';
import { decodeSum, encodeSum } from '../../src/slave/table-sum.ts';

const SUM = {
  filled: { epoch: epoch(2 ** 40), seq: 2 ** 48 - 1 },
  stamp: stamp(1_700_000_000_000.5),
  count: 2 ** 33,
  digest: 0xffffffff,
  incarnation: 2 ** 47,
};

describe('the sum of a table', () => {
  it('comes back as it was written, large numbers too', () => {
    expect(decodeSum(encodeSum(SUM))).to.deep.equal(SUM);
  });

  it('is broken by any flipped bit, and by every other length', () => {
    const bytes = encodeSum(SUM);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeSum(flipped), `bit ${bit}`).to.throw(BrokenStore);
    }
    expect(() => decodeSum(bytes.subarray(1))).to.throw(BrokenStore);
    expect(() => decodeSum(Buffer.alloc(0))).to.throw(BrokenStore);
  });
});
