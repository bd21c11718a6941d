/**
 * More than two copies: two slaves die in the same instant, others die in the middle of a join, and nothing is lost;
 * and where everybody is to hold everything, a newcomer does.
 */
import { expect } from 'chai';

import { loadedCluster } from '../support/loaded-cluster.ts';
import { pause } from '../support/program.ts';
import { isWholeWith } from '../support/wholeness.ts';

const STEADY_MS = 1_000;

describe('a cluster with three copies, under load', function () {
  this.timeout(120_000);
  const start = loadedCluster({ coordination: ['--replicas', '3'] });

  it('loses nothing and stays in service when two slaves are killed at the same instant', async () => {
    const { cluster, load } = await start();
    load.start();
    await pause(STEADY_MS);
    await Promise.all(['s1', 's3'].map((id) => cluster.kill(id)));
    await cluster.reach('as whole as two can be', ({ state, slaves }) => {
      const dead = slaves.filter((slave) => slave.state === 'dead');
      return state === 'degraded' && dead.length === 2;
    });
    await pause(STEADY_MS);
    await Promise.all(['s1', 's3'].map((id) => cluster.startSlave(id)));
    await cluster.reach('healthy with all four', isWholeWith('s1', 's2', 's3', 's4'));
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });

  it('heals when an owner, the newcomer and the coordination server die in the middle of a join', async () => {
    const { cluster, load } = await start();
    load.start();
    await pause(STEADY_MS);
    const newcomer = await cluster.addSlave();
    await cluster.reach('it holds something', ({ slaves }) =>
      slaves.some(({ id, previous }) => id === newcomer && previous.partitions > 0),
    );
    await Promise.all([cluster.kill(newcomer), cluster.kill('s2'), cluster.killCoordination()]);
    await pause(STEADY_MS);
    await cluster.startCoordination();
    await cluster.reach('healthy without the two', isWholeWith('s1', 's3', 's4'));
    await Promise.all([newcomer, 's2'].map((id) => cluster.startSlave(id)));
    await cluster.reach('healthy with all five', isWholeWith('s1', 's2', 's3', 's4', newcomer));
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});

describe('a cluster in which everybody holds everything', function () {
  this.timeout(120_000);
  const start = loadedCluster({ slaves: 3, coordination: ['--replicas', 'all'] });

  it('gives a newcomer all of it, and serves from the last one that is left', async () => {
    const { cluster, load } = await start();
    const newcomer = await cluster.addSlave();
    await cluster.reach('healthy with four', ({ state, slaves }) => {
      const held = slaves.map(({ own, previous }) => own.partitions + previous.partitions);
      return state === 'healthy' && held.length === 4 && held.every((count) => count === 256);
    });
    load.start();
    await pause(STEADY_MS);
    await Promise.all(['s1', 's2', 's3'].map((id) => cluster.kill(id)));
    await cluster.reach('served by the last', ({ state, slaves }) => {
      const last = slaves.find(({ id }) => id === newcomer);
      return state !== 'unavailable' && last?.own.partitions === 256;
    });
    await load.stop();
    await load.readAll();
    expect(load.ledger.violations, load.summary).to.deep.equal([]);
  });
});
