/** Slaves are killed under load: whatever was acknowledged is there, and the copies come back by themselves. */
import { expect } from 'chai';

import { ClusterProcesses } from '../support/cluster-processes.ts';
import { Load } from '../support/load.ts';
import { pause } from '../support/program.ts';

const KEYS = 5_000;

/** Long enough that the load has met every slave. */
const STEADY_MS = 1_000;

describe('a cluster of four slaves under load', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses | undefined;
  let load: Load | undefined;

  afterEach(async () => {
    load?.end();
    await cluster?.end();
  });

  it('loses nothing that it acknowledged when a slave is killed, heals, and stands the next kill', async () => {
    cluster = await ClusterProcesses.start({ slaves: 4 });
    load = new Load({ port: cluster.ports.port, keys: KEYS });
    await load.fill();
    let living = 4;
    for (const victim of ['s2', 's3']) {
      load.start();
      await pause(STEADY_MS);
      await cluster.kill(victim);
      living -= 1;
      await cluster.reach(`healthy without ${victim}`, ({ state, slaves }) => {
        const alive = slaves.filter((slave) => slave.state === 'alive');
        return state === 'healthy' && alive.length === living;
      });
      await pause(STEADY_MS);
      await load.stop();
      await load.readAll();
      expect(load.ledger.violations, load.summary).to.deep.equal([]);
    }
  });
});
