/** A slave that merely restarts moves little: while its place is kept for it, nobody else is given what it held. */
import { expect } from 'chai';

import type { Status } from '../../src/common/message/admin.ts';
import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause } from '../support/program.ts';

const STEADY_MS = 1_000;
const VICTIM = 's2';

const isAlive = ({ slaves }: Status, id: string): boolean =>
  slaves.some((slave) => slave.id === id && slave.state === 'alive');

/** Partitions that each holds, as owner or as copy. */
const heldBy = ({ slaves }: Status): ReadonlyMap<string, number> =>
  new Map(slaves.map(({ id, own, previous }) => [id, own.partitions + previous.partitions]));

describe('a cluster that waits for a slave to come back, under load', function () {
  this.timeout(120_000);
  const start = loadedCluster({ coordination: ['--rejoin-grace', '100000', '--hand-back-grace', '0'] });

  it('has another owner at once, makes no copies elsewhere, and gives it back what it had', async () => {
    const { cluster, load } = await start();
    const before = heldBy(await cluster.status());
    load.start();
    await pause(STEADY_MS);
    await cluster.kill(VICTIM);
    await cluster.reach(
      'another owner',
      (status) => !isAlive(status, VICTIM) && (heldBy(status).get(VICTIM) ?? 0) === 0,
    );
    await pause(STEADY_MS);
    const without = heldBy(await cluster.status());
    for (const [id, held] of before) if (id !== VICTIM) expect(without.get(id), id).to.equal(held);

    await cluster.startSlave(VICTIM);
    await cluster.reach('healthy again', (status) => status.state === 'healthy' && isAlive(status, VICTIM));
    expect(heldBy(await cluster.status())).to.deep.equal(before);
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});
