/** What an observer may see: `healthy` is a strong word, and `lost` names who could bring it back. */
import { expect } from 'chai';

import { slaveId } from '../../src/common/ids.ts';
import { healthOf, meaningOf, ringPictureOf, statusOf, whereOf } from '../../src/coordination/status.ts';
import { viewOf } from '../../src/common/view.ts';
import { CLUSTER_ID, CoordinatorBench, founded } from '../support/coordinator-bench.ts';
import { configuration, P, SETTINGS, wireView } from '../support/slave-bench.ts';

describe('the health of a cluster', () => {
  it('is unavailable before its partitions were ever founded', () => {
    const bench = new CoordinatorBench();
    expect(healthOf(bench.state)).to.equal('unavailable');
    bench.register('a');
    bench.persist();
    expect(healthOf(bench.state)).to.equal('unavailable');
  });

  it('is healthy when every partition is open and has all its copies', () => {
    expect(healthOf(founded('abc').bench.state)).to.equal('healthy');
  });

  it('is healing while a partition is not open yet', () => {
    const bench = new CoordinatorBench();
    bench.register('a');
    bench.beating.add('a');
    bench.wait(2 * SETTINGS.windowMs);
    expect(healthOf(bench.state)).to.equal('healing');
  });

  it('is healing while copies are being made, and healthy when they are', () => {
    const { bench, roles } = founded('abc');
    const [owner = '', copy = ''] = roles;
    bench.kill(copy);
    bench.persist();
    expect(healthOf(bench.state)).to.equal('healing');
    bench.answers(owner);
    bench.persist();
    bench.serves(owner);
    bench.persist();
    expect(healthOf(bench.state)).to.equal('healing');
    const { epoch, members, ownerNonce } = bench.lastSent(owner, 'grow');
    bench.says(owner, { kind: 'grown', partition: P, configuration: { epoch, members, ownerNonce } });
    bench.persist();
    expect(healthOf(bench.state)).to.equal('healthy');
  });

  it('is degraded when it serves with fewer copies, and there is nobody to make more on', () => {
    const { bench, roles } = founded('ab');
    const [owner = '', copy = ''] = roles;
    bench.kill(copy);
    bench.persist();
    bench.answers(owner);
    bench.persist();
    bench.serves(owner);
    expect(healthOf(bench.state)).to.equal('degraded');
  });

  it('is degraded with a single slave where two copies are asked for', () => {
    expect(healthOf(founded('a').bench.state)).to.equal('degraded');
  });

  it('is unavailable while a partition has no live full copy; who could bring it back is named', () => {
    const { bench, roles } = founded('abc');
    const [owner = '', copy = ''] = roles;
    for (const name of [owner, copy]) bench.kill(name);
    bench.wait(100);
    expect(healthOf(bench.state)).to.equal('unavailable');
    expect(statusOf(bench.state).lost).to.deep.equal([{ partition: P, slaves: [owner, copy] }]);
    expect(bench.of('view-changed').at(-1)?.unavailable).to.deep.equal(new Set([P]));
  });

  it('is told to the log when it changes, and only then', () => {
    const { bench } = founded('ab');
    bench.wait(500);
    expect(bench.of('event').filter(({ text }) => text.includes('the cluster is'))).to.deep.equal([]);
    expect(meaningOf('healthy')).to.include('all its copies');
  });
});

describe('the status', () => {
  it('lists slaves as people count them, whoever came first', () => {
    const bench = new CoordinatorBench();
    for (const name of ['s10', 's2', 's1']) bench.register(name);
    bench.persist();
    expect(statusOf(bench.state).slaves.map(({ id }) => id)).to.deep.equal(['s1', 's2', 's10']);
  });

  it('counts the partitions of each slave, and the keys that it reported', () => {
    const { bench, roles } = founded('ab');
    const [owner = '', copy = ''] = roles;
    bench.says(owner, {
      kind: 'report',
      ownPartitions: 1,
      ownKeys: 5,
      previousPartitions: 0,
      previousKeys: 0,
      isLowOnSpace: true,
      commands: 9,
      copiedBytes: 0,
    });
    const status = statusOf(bench.state);
    expect(status).to.deep.include({
      replicas: 2,
      partitions: 1,
      state: 'healthy',
      healing: { partitions: 0, copiedBytes: 0, bytesPerSecond: 0 },
    });
    const slaves = new Map(status.slaves.map((slave) => [slave.id, slave]));
    expect(slaves.get(owner)).to.deep.include({
      own: { partitions: 1, keys: 5 },
      previous: { partitions: 0, keys: 0 },
      space: 'low',
      commands: 9,
    });
    expect(slaves.get(copy)).to.deep.include({
      own: { partitions: 0, keys: 0 },
      previous: { partitions: 1, keys: 0 },
    });
  });

  it('says so where everybody is to hold everything', () => {
    expect(
      statusOf(founded('ab', { ...SETTINGS, partitions: 1, replicas: 0 }).bench.state).replicas,
    ).to.equal('all');
  });
});

describe('what an observer sees of the view', () => {
  const view = viewOf(CLUSTER_ID, wireView(configuration(3, 'ab')));

  it('tells where a key lives', () => {
    expect(whereOf(view, Buffer.from('f'))).to.deep.include({
      key: 'f',
      partition: 0,
      epoch: 3,
      owner: 'a',
      copies: ['b'],
    });
    expect(whereOf(view, Buffer.from('a'))).to.not.have.property('owner');
  });

  it('draws the ring of those who are not dead', () => {
    const dead = viewOf(CLUSTER_ID, {
      ...wireView(configuration(3, 'ab')),
      slaves: wireView(configuration(3, 'ab')).slaves.map((slave) =>
        slave.id === slaveId('b') ? { ...slave, stage: 'dead' } : slave,
      ),
    });
    const picture = ringPictureOf(dead);
    expect(picture.owners).to.deep.equal([0, -1]);
    expect(new Set(picture.tokens.map(({ slave }) => slave))).to.deep.equal(new Set(['a', 'c', 'd']));
  });
});
