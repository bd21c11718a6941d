import { expect } from 'chai';

import { hash32 } from '../../src/common/hash.ts';

describe('the 32-bit hash', () => {
  // The tokens of every cluster come from these values. A change here moves all data of all clusters.
  const kept = [
    { text: '', hash: 2872998923 },
    { text: 's1#0', hash: 2499075141 },
    { text: 's1#1', hash: 3582026925 },
    { text: 'hash of a longer text, with ümlaut', hash: 1282078915 },
  ];
  for (const { text, hash } of kept) {
    it(`keeps its value of "${text}"`, () => {
      expect(hash32(text)).to.equal(hash);
    });
  }

  it('spreads names that differ only in their last digits evenly over the circle', () => {
    const buckets = new Array<number>(64).fill(0);
    for (let counter = 0; counter < 64_000; counter += 1) {
      const bucket = Math.floor(hash32(`s1#${counter}`) / 2 ** 26);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    // A thousand each, give or take four standard deviations.
    expect(Math.min(...buckets)).to.be.above(870);
    expect(Math.max(...buckets)).to.be.below(1_130);
  });

  it('moves about half of its bits when one character changes', () => {
    let moved = 0;
    for (let counter = 0; counter < 1_000; counter += 1) {
      let differing = hash32(`s1#${counter}`) ^ hash32(`s2#${counter}`);
      for (; differing !== 0; differing &= differing - 1) moved += 1;
    }
    expect(moved / 1_000).to.be.within(15, 17);
  });
});
