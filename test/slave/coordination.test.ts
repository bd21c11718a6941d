/** What the coordination server says, at a slave: it may come twice, late, or beside a probe that told the same. */
import { expect } from 'chai';

import { epoch, partition } from '../../src/common/ids.ts';
import { slotOf } from '../../src/common/slot.ts';
import { instant } from '../../src/common/time.ts';
import { refusalOf } from '../../src/slave/requests.ts';
import { registrationOf } from '../../src/slave/standing.ts';
import {
  cluster,
  configuration,
  exchange,
  K1,
  K2,
  K3,
  P,
  SETTINGS,
  SlaveBench,
} from '../support/slave-bench.ts';

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

/** As in `coordination.ts`: the time that an owner has to finish what is under way. */
const CALM_MS = 200;

function calm(bench: SlaveBench, number: number): void {
  bench.control({ kind: 'calm', epoch: epoch(number), partitions: [P] });
}

const fencedAs = (bench: SlaveBench): readonly number[] => bench.toldOf('fenced').map((told) => told.epoch);

/** An owner with a write under way that its copy has not acknowledged, and which is to be calm. */
function calming(): { readonly a: SlaveBench; readonly b: SlaveBench; readonly underWay: number } {
  const [a, b] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
  const [underWay = 0] = a.ask(`SET ${K1} one`);
  a.persist();
  calm(a, 4);
  a.persist();
  return { a, b, underWay };
}

const mayRead = (bench: SlaveBench): boolean =>
  refusalOf(bench.state, P, slotOf(K1), instant(bench.now)) === undefined;

describe('an owner that is to be handed over', () => {
  it('finishes what is under way, and is fenced then', () => {
    const { a, b, underWay } = calming();
    expect(fencedAs(a)).to.deep.equal([]);
    exchange([a, b]);
    expect(a.answers.get(underWay)).to.equal('OK');
    expect(fencedAs(a)).to.deep.equal([4]);
    expect(a.toldOf('fenced')[0]?.answers[0]?.end).to.deep.equal({ epoch: 3, seq: 1 });
    expect(a.replica).to.include({ fence: 4, phase: 'closed' });
  });

  it('is fenced at once where nothing is under way', () => {
    const [a] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench];
    calm(a, 4);
    expect(a.replica.fence).to.equal(4);
    expect(fencedAs(a), 'it is not durable yet').to.deep.equal([]);
    a.persist();
    expect(fencedAs(a)).to.deep.equal([4]);
  });

  it('takes no new write, and refuses those that came definitely when it is fenced', () => {
    const { a, b } = calming();
    const tickets = a.ask(`SET ${K2} two`, `GETDEL ${K3}`);
    a.persist();
    expect(tickets.map((ticket) => a.answers.get(ticket))).to.deep.equal([undefined, undefined]);
    expect(a.replica.log.end.seq).to.equal(1);
    exchange([a, b]);
    expect(tickets.map((ticket) => a.answers.get(ticket))).to.deep.equal(['TRYAGAIN', 'TRYAGAIN']);
    expect(a.replica.log.end.seq).to.equal(1);
  });

  it('goes on answering reads until it is fenced', () => {
    const { a, b } = calming();
    expect(mayRead(a)).to.equal(true);
    exchange([a, b]);
    expect(mayRead(a)).to.equal(false);
  });

  it('has a bounded time for it; then those behind are refused, and what is under way may yet become history', () => {
    const { a, underWay } = calming();
    const [behind = 0] = a.ask(`SET ${K2} two`);
    a.wait(CALM_MS - 1);
    a.tick();
    a.persist();
    expect(fencedAs(a)).to.deep.equal([]);
    a.wait(1);
    a.tick();
    a.persist();
    expect(fencedAs(a)).to.deep.equal([4]);
    expect([underWay, behind].map((ticket) => a.answers.get(ticket))).to.deep.equal([undefined, 'TRYAGAIN']);
  });

  it('is fenced at once by a fence that comes meanwhile, and answers that alone', () => {
    const { a, b } = calming();
    const [behind = 0] = a.ask(`SET ${K2} two`);
    a.fence(5);
    expect(a.answers.get(behind)).to.equal('TRYAGAIN');
    expect(a.replica.fence).to.equal(5);
    exchange([a, b]);
    a.wait(CALM_MS);
    a.tick();
    a.persist();
    expect(fencedAs(a)).to.deep.equal([5]);
    expect(a.toldOf('outdated')).to.deep.equal([]);
    expect(a.state.calming.size).to.equal(0);
  });

  it('waits for a larger list that is on its way to the disk, and tells of it', () => {
    const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
    const { members } = configuration(4, 'ac');
    a.control({ kind: 'grow', epoch: epoch(4), partition: P, base: epoch(3), members, ownerNonce: 'a.1' });
    for (let time = 0; a.replica.grow?.stage !== 'adopting' && time < 10; time += 1) {
      a.persist();
      for (const { message } of a.sent.splice(0)) c.from('a', message);
      c.persist();
      for (const { message } of c.sent.splice(0)) a.from('c', message);
    }
    expect(a.replica.grow?.stage).to.equal('adopting');
    calm(a, 5);
    a.persist();
    expect(a.toldOf('fenced')[0]?.answers[0]?.adopted).to.deep.equal(configuration(4, 'ac'));
  });

  it('does not wait for a copy that is being made', () => {
    const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
    const { members } = configuration(4, 'ac');
    a.control({ kind: 'grow', epoch: epoch(4), partition: P, base: epoch(3), members, ownerNonce: 'a.1' });
    exchange([a, c], (_from, { message }) => message.kind === 'copy-part');
    expect(a.replica.grow?.stage).to.equal('copying');
    calm(a, 5);
    a.persist();
    expect(fencedAs(a)).to.deep.equal([5]);
  });

  it('that is none is fenced like anybody', () => {
    const { b } = calming();
    calm(b, 4);
    b.persist();
    expect(fencedAs(b)).to.deep.equal([4]);
  });

  it('but has sworn to a later epoch says so, and holds nobody back', () => {
    const [a] = cluster(configuration(7, 'ab'), {}, 'ab') as [SlaveBench];
    a.ask(`SET ${K1} one`);
    calm(a, 4);
    expect(a.toldOf('outdated')).to.deep.equal([{ kind: 'outdated', partition: P, epoch: 7 }]);
    a.ask(`SET ${K2} two`);
    expect(a.replica.log.end.seq).to.equal(2);
    expect(a.replica).to.include({ fence: 7, phase: 'open' });
  });
});

describe('a slave that is to leave', () => {
  const isLeaving = (bench: SlaveBench): boolean =>
    registrationOf(bench.state, {
      ...{ clusterId: undefined, boot: { count: 1, nonce: 'a.1' }, kernelBoot: 'k', isSameKernelBoot: true },
      ...{ durability: 'fsync', host: 'host', port: 1, peerPort: 2, pid: 3 },
    }).isLeaving;

  function registered(): SlaveBench {
    const bench = new SlaveBench('a');
    bench.register(NEVER);
    bench.effects = [];
    return bench;
  }

  it('of its own asks to hand over, once', () => {
    const bench = registered();
    expect(isLeaving(bench)).to.equal(false);
    bench.feed({ kind: 'leave' });
    bench.feed({ kind: 'leave' });
    expect(bench.told).to.deep.equal([{ kind: 'hand-over' }]);
    expect(isLeaving(bench)).to.equal(true);
  });

  it('where nobody hears it says so when it registers', () => {
    const bench = new SlaveBench('a');
    bench.feed({ kind: 'leave' });
    expect(bench.told).to.deep.equal([]);
    expect(isLeaving(bench)).to.equal(true);
  });

  it('because an operator wants it says so from then on whenever it registers', () => {
    const bench = registered();
    bench.control({ kind: 'drain' });
    expect([bench.told, bench.effects]).to.deep.equal([[], []]);
    bench.feed({ kind: 'control-closed' });
    expect(isLeaving(bench)).to.equal(true);
  });

  it('and may not stays, says why, and may ask again', () => {
    const bench = registered();
    bench.feed({ kind: 'leave' });
    bench.effects = [];
    bench.control({ kind: 'drain-refused', why: 'because' });
    expect(bench.effects).to.deep.equal([{ kind: 'stays', why: 'because' }]);
    expect(isLeaving(bench)).to.equal(false);
    bench.feed({ kind: 'leave' });
    expect(bench.toldOf('hand-over')).to.have.length(2);
  });

  it('and has handed everything over says so', () => {
    const bench = registered();
    bench.feed({ kind: 'leave' });
    bench.effects = [];
    bench.control({ kind: 'drained' });
    expect(bench.effects).to.deep.equal([{ kind: 'drained' }]);
    expect(isLeaving(bench)).to.equal(true);
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
