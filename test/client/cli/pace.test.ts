import { expect } from 'chai';

import { Pace } from '../../../src/client/cli/pace.ts';

describe('a pace', () => {
  it('is not known before something was seen to go', () => {
    const pace = new Pace();
    expect([pace.perSecond, pace.leftMs]).to.deep.equal([undefined, undefined]);
    pace.add(0, 10);
    pace.add(1_000, 10);
    expect([pace.perSecond, pace.leftMs]).to.deep.equal([undefined, undefined]);
  });

  it('says when nothing will be left', () => {
    const pace = new Pace();
    pace.add(0, 100);
    pace.add(2_000, 80);
    expect([pace.perSecond, pace.leftMs]).to.deep.equal([10, 8_000]);
  });

  it('is that of the last moments, and begins anew when there is more to do', () => {
    const pace = new Pace();
    pace.add(0, 1_000);
    pace.add(10_000, 100);
    pace.add(20_000, 90);
    expect(pace.perSecond).to.equal(1);
    pace.add(21_000, 500);
    expect(pace.perSecond).to.equal(undefined);
  });
});
