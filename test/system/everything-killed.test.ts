/** Every process is killed at once under load, as when the power goes: after a restart everything acknowledged is there. */
import { expect } from 'chai';

import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause } from '../support/program.ts';

const STEADY_MS = 2_000;

describe('a cluster whose processes are all killed at once', function () {
  this.timeout(120_000);
  const start = loadedCluster();

  it('has everything that it acknowledged when it is started again', async () => {
    const { cluster, load } = await start();
    load.start();
    await pause(STEADY_MS);
    await cluster.killAll();
    await cluster.startAll();
    await pause(STEADY_MS);
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});
