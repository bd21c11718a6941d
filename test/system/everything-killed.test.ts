/** Every process is killed at once under load, as when the power goes: after a restart everything acknowledged is there. */
import { expect } from 'chai';

import { ClusterProcesses } from '../support/cluster-processes.ts';
import { Load } from '../support/load.ts';
import { pause } from '../support/program.ts';

const KEYS = 5_000;
const STEADY_MS = 2_000;

describe('a cluster whose processes are all killed at once', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses | undefined;
  let load: Load | undefined;

  afterEach(async () => {
    load?.end();
    await cluster?.end();
  });

  it('has everything that it acknowledged when it is started again', async () => {
    cluster = await ClusterProcesses.start({ slaves: 4 });
    load = new Load({ port: cluster.ports.port, keys: KEYS });
    await load.fill();
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
