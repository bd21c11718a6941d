/** What the coordination server says, at a slave: it may come twice, late, or beside a probe that told the same. */
import { expect } from 'chai';

import { epoch, partition } from '../../src/common/ids.ts';
import { cluster, configuration, exchange, K1, P, SETTINGS, SlaveBench } from '../support/slave-bench.ts';

const NEVER = { epoch: epoch(0), members: [], ownerNonce: '' };

describe('a slave that is welcomed', () => {
  it('takes the settings of its cluster', () => {
    const bench = new SlaveBench('a', {
      settings: { ...SETTINGS, promiseMs: 321, requestTimeoutMs: 7, minCopies: 2 },
    });
    bench.register(NEVER);
    expect(bench.state.host).to.include({ promiseMs: 321, requestTimeoutMs: 7, minCopies: 2 });
    expect(bench.state.isRegistered).to.equal(true);
  });

  it('tells again what it serves: a coordination server that was away does not know', () => {
    const [a] = cluster(configuration(3, 'a'), {}, 'a') as [SlaveBench];
    a.register(configuration(3, 'a'));
    expect(a.toldOf('serving')).to.deep.equal([{ kind: 'serving', items: [{ partition: P, epoch: 3 }] }]);
  });

  it('tells of a larger list that it has adopted and the view does not know', () => {
    const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
    a.control({
      kind: 'grow',
      epoch: epoch(4),
      partition: P,
      base: epoch(3),
      members: configuration(4, 'ac').members,
      ownerNonce: 'a.1',
    });
    exchange([a, c]);
    a.told = [];
    a.register(configuration(3, 'a'));
    expect(a.toldOf('grown').map((told) => told.configuration.epoch)).to.deep.equal([4]);
    expect(a.replica.configuration.epoch, 'and it goes on under it').to.equal(4);
  });

  it('does nothing with partitions that are not its own', () => {
    const bench = new SlaveBench('c');
    bench.register(configuration(3, 'ab'));
    expect(bench.state.replicas[P]).to.equal(undefined);
    expect(bench.pending).to.equal(0);
  });

  it('hears nothing of a view before it was welcomed', () => {
    const bench = new SlaveBench('a');
    bench.announce(configuration(3, 'a'));
    bench.fence(4);
    expect(bench.effects).to.deep.equal([]);
  });
});

describe('an announced configuration', () => {
  it('makes the start that it names the owner, and no other (F5)', () => {
    const bench = new SlaveBench('a', { boot: 2 });
    bench.register(configuration(3, 'a', 'a.1'));
    expect(bench.replica).to.include({ role: 'owner', phase: 'closed' });
    bench.announce(configuration(4, 'a', 'a.2'));
    bench.persist();
    expect(bench.replica.phase).to.equal('open');
  });

  it('opens its owner only when the oath is durable', () => {
    const bench = new SlaveBench('a');
    bench.control({
      kind: 'registered',
      clusterId: 'c'.repeat(32),
      view: {
        epoch: epoch(9),
        settings: SETTINGS,
        slaves: [],
        configurations: [configuration(3, 'a'), NEVER],
      },
    });
    expect(bench.replica.phase).to.equal('closed');
    bench.persist();
    expect(bench.replica.phase).to.equal('open');
  });

  it('that was overtaken by a fence before its oath was durable opens nothing', () => {
    const [a] = cluster(configuration(3, 'a'), {}, 'a') as [SlaveBench];
    a.announce(configuration(5, 'a'));
    a.fence(6);
    a.persist();
    expect(a.replica.phase).to.equal('closed');
    expect(a.replica.fence).to.equal(6);
  });

  it('that is older than what was adopted moves nothing, with this slave or without it', () => {
    const [a] = cluster(configuration(5, 'a'), {}, 'a') as [SlaveBench];
    a.run(`SET ${K1} x`);
    a.announce(configuration(4, 'ab'));
    a.announce(configuration(4, 'b'));
    expect(a.run(`GET ${K1}`)).to.equal('x');
  });

  it('of a fence is taken up by those who were fenced with its number', () => {
    const [a, b] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
    for (const bench of [a, b]) bench.fence(4);
    exchange([a, b]);
    for (const bench of [a, b]) bench.announce(configuration(4, 'ba'));
    exchange([a, b]);
    expect([a.replica.role, b.replica.role, b.replica.phase]).to.deep.equal(['copy', 'owner', 'open']);
  });
});

describe('a fence of many partitions', () => {
  it('is answered in one message, once all of it is durable', () => {
    const bench = new SlaveBench('a');
    bench.register(NEVER);
    bench.control({ kind: 'fence', epoch: epoch(4), partitions: [0, 1].map(partition) });
    expect(bench.told).to.deep.equal([]);
    bench.persist();
    expect(
      bench.toldOf('fenced').map(({ answers }) => answers.map((answer) => answer.partition)),
    ).to.deep.equal([[0, 1]]);
  });

  it('leaves out what is beyond this cluster', () => {
    const bench = new SlaveBench('a');
    bench.register(NEVER);
    bench.control({ kind: 'fence', epoch: epoch(4), partitions: [partition(9)] });
    bench.persist();
    expect(bench.told).to.deep.equal([]);
  });

  it('that comes too late is answered with what was sworn to since (N4)', () => {
    const bench = new SlaveBench('a');
    bench.register(NEVER);
    bench.fence(9);
    bench.persist();
    bench.fence(4);
    bench.persist();
    expect(bench.toldOf('outdated')).to.deep.equal([{ kind: 'outdated', partition: P, epoch: 9 }]);
    expect(bench.toldOf('fenced')).to.have.length(1);
  });
});

describe('a slave that is turned away or buried', () => {
  it('says why, and whether asking again is of use', () => {
    const bench = new SlaveBench('a');
    bench.control({ kind: 'refused', why: 'because', isFinal: true });
    expect(bench.effects).to.deep.equal([{ kind: 'refused', why: 'because', isFinal: true }]);
  });

  it('is not registered any more', () => {
    const bench = new SlaveBench('a');
    bench.register(NEVER);
    bench.effects = [];
    bench.control({ kind: 'buried' });
    expect(bench.effects).to.deep.equal([{ kind: 'buried' }]);
    expect(bench.state.isRegistered).to.equal(false);
  });
});
