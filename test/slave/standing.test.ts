/** Where a slave stands: what it registers with, and whether it is alone. */
import { expect } from 'chai';

import { instant } from '../../src/common/time.ts';
import { holdsAnyPromise, type Particulars, registrationOf } from '../../src/slave/standing.ts';
import { oathsOf } from '../../src/slave/state.ts';
import { cluster, configuration, P, SlaveBench, storeOf } from '../support/slave-bench.ts';

const PARTICULARS: Particulars = {
  ...{ clusterId: undefined, boot: { count: 1, nonce: 'a.1' }, kernelBoot: 'k', isSameKernelBoot: true },
  ...{ durability: 'fsync', host: 'host', port: 1, peerPort: 2, pid: 3 },
};

describe('a registration', () => {
  it('tells the highest epoch that was sworn to, and every configuration that was adopted', () => {
    const [a] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
    a.fence(9);
    expect(registrationOf(a.state, PARTICULARS)).to.deep.include({
      ...{ kind: 'register', slave: 'a', store: storeOf('a'), epoch: 9, port: 1 },
      adopted: [{ partition: P, configuration: configuration(3, 'ab') }],
    });
    expect(oathsOf(a.state).epoch).to.equal(9);
  });

  it('of a new store tells nothing', () => {
    expect(registrationOf(new SlaveBench('a').state, PARTICULARS)).to.deep.include({ epoch: 0, adopted: [] });
  });
});

describe('a slave that holds no promise from anybody', () => {
  it('is alone, unless it shares nothing', () => {
    const [a] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
    expect(holdsAnyPromise(a.state, instant(a.now))).to.equal(true);
    expect(holdsAnyPromise(a.state, instant(a.now + 1_000))).to.equal(false);
    expect(holdsAnyPromise(new SlaveBench('c').state, instant(0))).to.equal(true);
  });
});
