/** Slaves are killed under load: whatever was acknowledged is there, and the copies come back by themselves. */
import { expect } from 'chai';
import { Redis } from 'ioredis';

import { type ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause } from '../support/program.ts';
import { isWhole } from '../support/wholeness.ts';

/** Long enough that the load has met every slave. */
const STEADY_MS = 1_000;

describe('a cluster of four slaves under load', function () {
  this.timeout(120_000);
  const start = loadedCluster();

  it('loses nothing that it acknowledged when a slave is killed, heals, and stands the next kill', async () => {
    const { cluster, load } = await start();
    let living = 4;
    for (const victim of ['s2', 's3']) {
      load.start();
      await pause(STEADY_MS);
      await cluster.kill(victim);
      living -= 1;
      await cluster.reach(`healthy without ${victim}`, isWhole(living));
      await pause(STEADY_MS);
      await load.stop();
      await load.readAll();
      expect(load.ledger.violations, load.summary).to.deep.equal([]);
    }
  });

  it('says which keys it has lost while two are dead, never "absent", and has them when these return', async () => {
    const { cluster, load } = await start();
    await Promise.all([cluster.kill('s1'), cluster.kill('s2')]);
    await cluster.reach('unavailable', ({ state }) => state === 'unavailable');
    const { lost = [] } = await cluster.status();
    expect(lost.length).to.be.above(0);
    for (const { slaves } of lost) expect(slaves).to.have.members(['s1', 's2']);
    const { errors } = await load.readEach();
    expect(errors.length).to.be.above(0);
    for (const error of errors) expect(error).to.match(/^CLUSTERDOWN .*is lost/);
    expect(await answerOf(cluster, 'DBSIZE')).to.match(/^CLUSTERDOWN /);
    expect(load.ledger.violations, load.summary).to.deep.equal([]);

    await cluster.startAll();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});

async function answerOf({ ports }: ClusterProcesses, command: string): Promise<string> {
  const gateway = new Redis({ host: HOST, port: ports.port });
  try {
    return await gateway
      .call(command)
      .then(String, (error: unknown) => (error instanceof Error ? error.message : ''));
  } finally {
    gateway.disconnect();
  }
}
