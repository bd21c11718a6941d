import { expect } from 'chai';

import { closingLine, noCounts, sumOf, withSkipsAsFailures } from './counts.ts';

describe('counts', () => {
  it('are said in one line, skips only if there are any', () => {
    expect(closingLine({ ...noCounts, passed: 12, failed: 1 })).to.equal('12 passed, 1 failed');
    expect(closingLine({ ...noCounts, passed: 12, skipped: 3 })).to.equal('12 passed, 0 failed, 3 skipped');
  });

  it('add up over suites', () => {
    const sum = sumOf({ ...noCounts, passed: 10, skipped: 1 }, { ...noCounts, passed: 5, failed: 2 });
    expect(closingLine(sum)).to.equal('15 passed, 2 failed, 1 skipped');
  });

  it('take a skip for a failure where every tool is there', () => {
    expect(closingLine(withSkipsAsFailures({ ...noCounts, passed: 1, skipped: 2 }))).to.equal(
      '1 passed, 2 failed',
    );
  });
});
