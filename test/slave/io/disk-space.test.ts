/** The rule of the reserve; the watching itself is tried in test/system/disk-space.test.ts. */
import { expect } from 'chai';

import { defaultReserve, isLowSpace } from '../../../src/slave/io/disk-space.ts';

const MIB = 1_048_576;

describe('the reserve of disk space', () => {
  it('is 1 % of the disk, within 128 MiB and 1 GiB', () => {
    expect(defaultReserve(1_024 * MIB)).to.equal(128 * MIB);
    expect(defaultReserve(50_000 * MIB)).to.equal(500 * MIB);
    expect(defaultReserve(10_000_000 * MIB)).to.equal(1_024 * MIB);
  });

  it('is touched below it, and left a quarter above it', () => {
    expect([101, 100, 99].map((free) => isLowSpace(free, 100, false))).to.deep.equal([false, false, true]);
    expect([99, 124, 125].map((free) => isLowSpace(free, 100, true))).to.deep.equal([true, true, false]);
  });
});
