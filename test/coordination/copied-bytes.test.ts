import { expect } from 'chai';

import { instant } from '../../src/common/time.ts';
import { addReport, beginCopying, bytesPerSecond, noneCopied } from '../../src/coordination/copied-bytes.ts';

describe('what was copied', () => {
  it('is what each report has more than the one before', () => {
    const copied = noneCopied();
    addReport(copied, instant(0), 0, 100);
    addReport(copied, instant(500), 100, 250);
    addReport(copied, instant(600), 0, 7);
    expect(copied.bytes).to.equal(257);
  });

  it('is measured over the last seconds, and none when nothing comes any more', () => {
    const copied = noneCopied();
    for (let ms = 0; ms <= 10_000; ms += 500) addReport(copied, instant(ms), 2 * ms, 2 * ms + 1_000);
    expect(bytesPerSecond(copied, instant(10_000))).to.be.within(1_900, 2_400);
    expect(copied.samples.length).to.be.below(10);
    expect(bytesPerSecond(copied, instant(20_000))).to.equal(0);
  });

  it('begins at nothing with each healing', () => {
    const copied = noneCopied();
    addReport(copied, instant(0), 0, 100);
    beginCopying(copied);
    expect([copied.bytes, bytesPerSecond(copied, instant(1_000))]).to.deep.equal([0, 0]);
  });

  it('never goes back, whatever a slave says', () => {
    const copied = noneCopied();
    addReport(copied, instant(0), 500, 100);
    expect(copied.bytes).to.equal(0);
  });
});
