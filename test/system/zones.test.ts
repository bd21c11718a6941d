/** A whole zone dies at once: every partition had a copy elsewhere, so nothing is lost and every key answers. */
import { expect } from 'chai';

import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause } from '../support/program.ts';
import { isWholeWith } from '../support/wholeness.ts';

const STEADY_MS = 500;

const ZONES: Readonly<Record<string, string>> = { s1: 'east', s2: 'east', s3: 'west', s4: 'west' };

describe('four slaves in two zones', function () {
  this.timeout(120_000);
  const start = loadedCluster({ slaveOf: (id) => ['--zone', ZONES[id] ?? 'nowhere'] });

  it('lose nothing when all of one zone are killed at once', async () => {
    const { cluster, load } = await start();
    const { slaves } = await cluster.status();
    expect(Object.fromEntries(slaves.map(({ id, zone }) => [id, zone]))).to.deep.equal(ZONES);

    load.start();
    await pause(STEADY_MS);
    await Promise.all(['s1', 's2'].map((id) => cluster.kill(id)));
    await cluster.reach('healthy with the other zone', isWholeWith('s3', 's4'));
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});
