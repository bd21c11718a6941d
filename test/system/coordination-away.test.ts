/** The coordination server is killed under load: cluster clients do not notice, and it comes back to a healthy cluster. */
import { expect } from 'chai';

import { ClusterProcesses } from '../support/cluster-processes.ts';
import { Load } from '../support/load.ts';
import { pause } from '../support/program.ts';

const KEYS = 5_000;
const AWAY_MS = 10_000;
const STEADY_MS = 1_000;

describe('without its coordination server a cluster', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses | undefined;
  let load: Load | undefined;

  afterEach(async () => {
    load?.end();
    await cluster?.end();
  });

  it('serves cluster clients without an error, and is healthy as soon as it is back', async () => {
    cluster = await ClusterProcesses.start({ slaves: 4 });
    const { epoch: before } = await cluster.status();
    load = new Load({ port: cluster.ports.port, keys: KEYS });
    await load.fill();
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
