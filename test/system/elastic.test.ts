/**
 * The ring grows and shrinks under load: a slave joins, is drained, ends by a signal, comes back; nothing is lost,
 * and clients at the gateway see no error. Data that nobody is left to bring back is given up only by order.
 */
import { expect } from 'chai';

import type { Status } from '../../src/common/message/admin.ts';
import { type ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause, Program } from '../support/program.ts';
import { isWhole } from '../support/wholeness.ts';

/** Long enough that the load has met every slave. */
const STEADY_MS = 1_000;

const stageOf = ({ slaves }: Status, id: string): string | undefined =>
  slaves.find((slave) => slave.id === id)?.state;

async function order(
  { ports }: ClusterProcesses,
  ...argv: readonly string[]
): Promise<{ readonly status: number | null | undefined; readonly errors: string }> {
  const program = new Program('piazza-client', ['--connect', `${HOST}:${ports.port}`, ...argv]);
  const { status } = await program.ended;
  return { status, errors: program.errors.join('\n') };
}

describe('an elastic cluster under load', function () {
  this.timeout(120_000);
  const start = loadedCluster();

  it('takes a fifth slave in and lets one go by order, and clients see no error at the gateway', async () => {
    const { cluster, load } = await start();
    load.start();
    await pause(STEADY_MS);
    const newcomer = await cluster.addSlave();
    await cluster.reach('healthy with five', isWhole(5));
    const owned = (await cluster.status()).slaves.find(({ id }) => id === newcomer)?.own.partitions ?? 0;
    expect(owned).to.be.above(0);
    await pause(STEADY_MS);
    const leaving = cluster.slave('s2');
    expect(await order(cluster, 'drain', 's2')).to.include({ status: 0 });
    expect(await leaving.ended).to.include({ status: 0 });
    expect(stageOf(await cluster.status(), 's2')).to.equal(undefined);
    await cluster.reach('healthy with four', isWhole(4));
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
    expect(load.troublesOf('gateway'), load.summary).to.deep.equal([]);
  });

  it('hands over before a slave ends by a signal, and takes it in again with what it had', async () => {
    const { cluster, load } = await start();
    load.start();
    await pause(STEADY_MS);
    const leaving = cluster.slave('s3');
    leaving.signal('SIGTERM');
    expect(await leaving.ended).to.include({ status: 0 });
    expect(stageOf(await cluster.status(), 's3')).to.equal(undefined);
    await cluster.reach('healthy with three', isWhole(3));
    await cluster.startSlave('s3');
    await cluster.reach('healthy with four', isWhole(4));
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
    expect(load.troublesOf('gateway'), load.summary).to.deep.equal([]);
  });

  it('forgets the dead only when they could bring nothing back, and forfeits only what is lost', async () => {
    const { cluster, load } = await start();
    await cluster.kill('s4');
    await cluster.reach('healthy with three', isWhole(3));
    expect(await order(cluster, 'forget', 's1')).to.include({ status: 1 });
    expect(await order(cluster, 'forget', 's4')).to.include({ status: 0 });
    expect(stageOf(await cluster.status(), 's4')).to.equal(undefined);
    expect((await order(cluster, 'forfeit', '3', '--yes-lose-data')).errors).to.contain('not lost');

    await Promise.all([cluster.kill('s1'), cluster.kill('s2')]);
    await cluster.reach('unavailable', ({ state }) => state === 'unavailable');
    const refused = await order(cluster, 'forget', 's1');
    expect(refused.status).to.equal(1);
    expect(refused.errors).to.contain('could bring');
    expect(await order(cluster, 'drain', 's3')).to.include({ status: 1 });
    const { lost = [] } = await cluster.status();
    const gone = lost.map(({ partition }) => String(partition));
    expect(await order(cluster, 'forfeit', ...gone, '--yes-lose-data')).to.include({ status: 0 });
    await cluster.reach('degraded', ({ state }) => state === 'degraded');
    const { errors } = await load.readEach();
    expect(errors).to.deep.equal([]);

    await cluster.startSlave('s1');
    await cluster.reach('healthy again', ({ state }) => state === 'healthy');
    const before = await load.readEach();
    expect(before.errors, 'what was forfeited stays so').to.deep.equal([]);
  });
});
