/** The coordination server is killed under load: cluster clients do not notice, and it comes back to a healthy cluster. */
import { expect } from 'chai';

import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause } from '../support/program.ts';

const AWAY_MS = 10_000;
const STEADY_MS = 1_000;

describe('without its coordination server a cluster', function () {
  this.timeout(120_000);
  const start = loadedCluster();

  it('serves cluster clients without an error, and is healthy as soon as it is back', async () => {
    const { cluster, load } = await start();
    const { epoch: before } = await cluster.status();
    load.start();
    await pause(STEADY_MS);
    await cluster.killCoordination();
    const { acknowledged } = load.ledger.counts;
    await pause(AWAY_MS);
    expect(load.ledger.counts.acknowledged - acknowledged, load.summary).to.be.above(100);
    await cluster.startCoordination();
    await cluster.reach('healthy again', ({ state, slaves }) => {
      return state === 'healthy' && slaves.every((slave) => slave.state === 'alive');
    });
    await pause(STEADY_MS);
    await load.stop();
    expect(load.troublesOf('cluster'), cluster.story).to.deep.equal([]);
    expect((await cluster.status()).epoch, 'nobody had to be fenced').to.equal(before);
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});
