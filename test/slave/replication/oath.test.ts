/** Oaths: durable before they are spoken of, and never taken back. */
import { expect } from 'chai';

import { epoch } from '../../../src/common/ids.ts';
import { Bug } from '../../../src/common/invariant.ts';
import { BrokenStore } from '../../../src/common/sealed.ts';
import type { FenceAnswer } from '../../../src/common/message/control.ts';
import { stamp } from '../../../src/common/time.ts';
import { lookup } from '../../../src/slave/tables.ts';
import { adopt, decodeOath, peersOf } from '../../../src/slave/replication/oath.ts';
import { swornKey } from '../../../src/slave/store-layout.ts';
import type { Configuration } from '../../../src/common/view.ts';
import {
  cluster,
  configuration,
  exchange,
  FILL_MS,
  K1,
  K2,
  P,
  type SlaveBench,
} from '../../support/slave-bench.ts';

const lastAnswer = (bench: SlaveBench): FenceAnswer | undefined => bench.toldOf('fenced').at(-1)?.answers[0];

function pair(): readonly [SlaveBench, SlaveBench] {
  const [a, b] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
  return [a, b];
}

/** An owner whose learner has copied everything, and which has adopted it; the learner has not heard of that. */
function unheardAdoption(): readonly [SlaveBench, SlaveBench] {
  const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
  a.run(`SET ${K1} one`);
  const { members } = configuration(4, 'ac');
  a.control({ kind: 'grow', epoch: epoch(4), partition: P, base: epoch(3), members, ownerNonce: 'a.1' });
  exchange([a, c], (_from, { message }) => message.kind === 'probe');
  expect(a.toldOf('grown')).to.have.length(1);
  expect(c.replica.role).to.equal('learner');
  return [a, c];
}

describe('a fence', () => {
  it('is answered only when it is durable', () => {
    const [a] = pair();
    a.fence(7);
    expect(a.toldOf('fenced')).to.deep.equal([]);
    a.persist();
    expect(a.toldOf('fenced')[0]?.epoch).to.equal(7);
    expect(decodeOath(a.disk.get(swornKey(P)) ?? Buffer.alloc(0)).fence).to.equal(7);
  });

  it('holds at once: nothing is answered, proposed or taken from then on (F1, F2)', () => {
    const [a, b] = pair();
    a.fence(7);
    b.fence(7);
    expect(a.run(`GET ${K1}`)).to.equal('TRYAGAIN');
    expect(a.run(`SET ${K1} x`)).to.equal('TRYAGAIN');
    expect(a.replica).to.include({ phase: 'closed', isLevel: false });
    expect(a.replica.log.end.seq).to.equal(0);
  });

  it('is kept through a restart (N2)', () => {
    const [a] = pair();
    a.fence(7);
    a.persist();
    const again = a.restart();
    again.register(configuration(3, 'ab', 'a.2'));
    again.fence(6);
    expect(again.replica).to.include({ fence: 7, phase: 'closed' });
    expect(again.toldOf('outdated')).to.deep.equal([{ kind: 'outdated', partition: P, epoch: 7 }]);
  });

  it('that comes twice is answered twice, the same', () => {
    const [a] = pair();
    for (let time = 0; time < 2; time += 1) {
      a.fence(7);
      a.persist();
    }
    const [first, second] = a.toldOf('fenced');
    expect(second).to.deep.equal(first);
  });

  it('that comes again behind its own result is not answered, and calls nothing durable', () => {
    const [a] = cluster(configuration(3, 'a'), {}, 'a') as [SlaveBench];
    a.fence(7);
    a.persist();
    a.announce(configuration(7, 'a'));
    a.persist();
    a.ask(`SET ${K1} x`);
    a.fence(7);
    expect(a.replica.durable, 'the disk has not said so').to.equal(0);
    a.persist();
    expect(a.toldOf('fenced')).to.have.length(1);
    expect(a.replica.phase).to.equal('open');
  });

  it('overtaken by a newer one before it was durable is not answered', () => {
    const [a] = pair();
    a.fence(7);
    a.fence(8);
    a.persist();
    expect(a.toldOf('fenced').map((told) => told.epoch)).to.deep.equal([8]);
  });

  it('tells where the log durably ends, and the newest configuration', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x`);
    exchange([a, b]);
    a.fence(7);
    a.persist();
    expect(lastAnswer(a)).to.deep.include({
      partition: P,
      end: { epoch: 3, seq: 1 },
      adopted: configuration(3, 'ab'),
    });
  });

  it('tells whom this slave has promised, under any epoch, and for how long that runs (F1)', () => {
    const [a, b] = pair();
    a.from('b', { kind: 'ping', sentAt: 0, items: [{ partition: P, epoch: epoch(3), stamp: stamp(0) }] });
    a.wait(100);
    a.fence(7);
    a.persist();
    expect(lastAnswer(a)?.promised).to.deep.equal([{ slave: 'b', ms: 400 }]);
    a.announce(configuration(7, 'a'));
    a.persist();
    a.wait(100);
    a.fence(8);
    a.persist();
    expect(lastAnswer(a)?.promised, 'b is no member any more').to.deep.equal([{ slave: 'b', ms: 300 }]);
    expect(b.replica.role).to.equal('copy');
  });

  it('tells, soon after a start, that everybody may have been promised something', () => {
    const [a] = pair();
    a.persist();
    const again = a.restart();
    again.register(configuration(3, 'ab'));
    again.wait(200);
    again.fence(7);
    again.persist();
    expect(lastAnswer(again)?.promisedAllMs).to.equal(300);
    again.wait(400);
    again.fence(8);
    again.persist();
    expect(lastAnswer(again)?.promisedAllMs).to.equal(0);
  });

  it('leaves those who wait waiting: their writes may yet become history', () => {
    const [a] = pair();
    const [ticket = 0] = a.ask(`SET ${K1} x`);
    a.persist();
    a.fence(7);
    a.persist();
    expect(a.answers.has(ticket)).to.equal(false);
    a.announce(configuration(7, 'a'));
    a.persist();
    expect(a.answers.get(ticket)).to.equal('OK');
  });
});

describe('a configuration', () => {
  it('makes its first member the owner and the others copies', () => {
    const [a, b] = pair();
    expect([a.replica.role, b.replica.role]).to.deep.equal(['owner', 'copy']);
    expect([...b.replica.peers.keys()]).to.deep.equal(['a']);
  });

  it('older than the fence is not adopted', () => {
    const [a] = pair();
    a.fence(7);
    a.announce(configuration(6, 'ab'));
    a.persist();
    expect(a.replica.configuration.epoch).to.equal(3);
    expect(() => {
      adopt(a.replica, configuration(6, 'ab'), a.state.host);
    }).to.throw(Bug);
  });

  it('is adopted once, whoever tells it again', () => {
    const [a] = pair();
    a.effects = [];
    a.announce(configuration(3, 'ab'));
    expect(a.effects.map(({ kind }) => kind)).to.deep.equal(['view-changed']);
  });

  it('cannot have the same slave twice', () => {
    const [a] = pair();
    expect(() => peersOf(configuration(9, 'bb'), a.state.host)).to.throw(Bug);
  });

  it('without this slave wipes what it held, durably, and keeps the fence', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x`);
    exchange([a, b]);
    b.announce(configuration(7, 'a'));
    b.persist();
    expect(b.replica).to.include({ role: 'none', fence: 7, committed: 0, durable: 0 });
    const again = b.restart();
    expect(again.replica).to.include({ role: 'none', fence: 7 });
    expect(again.replica.log.end.seq).to.equal(0);
  });

  it('without this slave answers those who wait: uncertain if it was logged, and else definitely not', () => {
    const [a] = pair();
    const [logged = 0, unlogged = 0] = a.ask(`SET ${K1} x`, `GETDEL ${K2}`);
    a.announce(configuration(7, 'b'));
    expect(a.answers.get(logged)).to.equal('UNCERTAIN');
    expect(a.answers.get(unlogged)).to.equal('TRYAGAIN');
  });
});

describe('a learner', () => {
  it('keeps what it has copied when it is fenced: its owner may have adopted it already', () => {
    const [, c] = unheardAdoption();
    c.fence(5);
    c.persist();
    expect(lastAnswer(c)?.end).to.deep.equal({ epoch: 3, seq: 1 });
    c.announce(configuration(5, 'c'));
    c.persist();
    expect(c.run(`GET ${K1}`)).to.equal('one');
  });

  it('keeps what it has copied when it restarts', () => {
    const [a, c] = unheardAdoption();
    const again = c.restart();
    again.register(configuration(3, 'a'));
    again.fence(5);
    again.persist();
    again.announce(configuration(5, 'c', 'c.2'));
    again.persist();
    expect(again.run(`GET ${K1}`)).to.equal('one');
    expect(a.replica.configuration.epoch).to.equal(4);
  });

  it('takes nothing more once it is fenced', () => {
    const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
    const { members } = configuration(4, 'ac');
    a.control({ kind: 'grow', epoch: epoch(4), partition: P, base: epoch(3), members, ownerNonce: 'a.1' });
    exchange([a, c], (_from, { message }) => message.kind === 'copy-part');
    c.fence(5);
    c.persist();
    a.ask(`SET ${K1} late`);
    a.wait(600);
    a.tick();
    exchange([a, c]);
    expect(c.replica.log.end.seq).to.equal(0);
    expect(a.replica.grow?.stage, 'its first part is still not taken').to.equal('copying');
  });

  it('goes when a later configuration leaves it out, and not for an earlier one', () => {
    const [, c] = unheardAdoption();
    c.announce(configuration(3, 'a'));
    expect(c.replica.role).to.equal('learner');
    c.announce(configuration(5, 'a'));
    expect(c.replica.role).to.equal('none');
    expect(lookup(c.tables, c.replica.table, K1)).to.equal(undefined);
  });
});

/** As after an order to forfeit: what was written before `since` is no part of it. */
const forfeited = (
  number: number,
  names: string,
  { since = 7, owner = `${names.charAt(0)}.1` } = {},
): Configuration => ({
  ...configuration(number, names, owner),
  since: epoch(since),
});

/** Two members that both hold a key, in their tables' stores. */
function filledPair(): readonly [SlaveBench, SlaveBench] {
  const [a, b] = pair();
  a.ask(`SET ${K1} before`);
  exchange([a, b]);
  for (const bench of [a, b]) {
    bench.wait(FILL_MS);
    bench.tick();
    bench.persist();
  }
  exchange([a, b]);
  for (const bench of [a, b]) expect(held(bench), bench.name).to.equal('before');
  return [a, b];
}

const held = (bench: SlaveBench, name = K1): string | undefined =>
  lookup(bench.tables, bench.replica.table, name)?.value.toString();

describe('what was forfeited', () => {
  it('is wiped by its members when they take up the new history, whoever tells them of it', () => {
    const [a, b] = filledPair();
    a.announce(forfeited(7, 'ab'));
    exchange([a, b]);
    expect(b.replica.configuration, 'its owner’s probe told it').to.deep.equal(forfeited(7, 'ab'));
    for (const bench of [a, b]) {
      expect(held(bench), bench.name).to.equal(undefined);
      expect(bench.replica.log.end.seq, bench.name).to.equal(0);
    }
    const [ticket = 0] = a.ask(`GET ${K1}`);
    exchange([a, b]);
    expect(a.answers.get(ticket)).to.equal('(absent)');
  });

  it('stays wiped after a restart', () => {
    const [a, b] = filledPair();
    a.announce(forfeited(7, 'ab'));
    exchange([a, b]);
    for (const bench of [a, b]) {
      const again = bench.restart();
      expect(again.replica.configuration, bench.name).to.deep.equal(forfeited(7, 'ab'));
      expect(held(again), bench.name).to.equal(undefined);
    }
  });

  it('is wiped by a slave that crashed before it had taken up the new history', () => {
    const [a] = filledPair();
    const again = a.restart();
    expect(held(again)).to.equal('before');
    again.register(forfeited(8, 'a', { owner: 'a.2' }));
    expect(again.run(`GET ${K1}`)).to.equal('(absent)');
    expect(held(again.restart())).to.equal(undefined);
  });

  it('is wiped by a slave that crashed while it took up the new history', () => {
    const [a] = filledPair();
    a.announce(forfeited(7, 'a'));
    expect(held(a)).to.equal(undefined);
    const again = a.restart();
    expect(again.replica.configuration.epoch, 'nothing of it was durable').to.equal(3);
    again.register(forfeited(8, 'a', { owner: 'a.2' }));
    expect(again.run(`GET ${K1}`)).to.equal('(absent)');
  });

  it('is wiped by a learner that is a member of the new history', () => {
    const [, c] = unheardAdoption();
    expect(held(c)).to.equal('one');
    c.announce(forfeited(7, 'c'));
    c.persist();
    expect(c.run(`GET ${K1}`)).to.equal('(absent)');
  });

  it('is not what a former member is led on from when it learns the new history', () => {
    const [a, b] = filledPair();
    a.announce(forfeited(7, 'a'));
    a.persist();
    b.announce(forfeited(7, 'a'));
    b.persist();
    expect(held(b), 'it is kept, for it may learn again').to.equal('before');
    a.run(`SET ${K2} since`);
    const { members } = configuration(8, 'ab');
    a.control({ kind: 'grow', epoch: epoch(8), partition: P, base: epoch(7), members, ownerNonce: 'a.1' });
    exchange([a, b]);
    expect(a.toldOf('grown').map((told) => told.configuration)).to.deep.equal([forfeited(8, 'ab')]);
    expect([held(b), held(b, K2)]).to.deep.equal([undefined, 'since']);
  });

  it('leaves those who waited for it without a certain outcome', () => {
    const [a] = pair();
    const [logged = 0, unlogged = 0] = a.ask(`SET ${K1} x`, `GETDEL ${K2}`);
    a.announce(forfeited(7, 'a'));
    expect([logged, unlogged].map((ticket) => a.answers.get(ticket))).to.deep.equal([
      'UNCERTAIN',
      'TRYAGAIN',
    ]);
  });
});

describe('what was written since a partition was forfeited', () => {
  /** A key is written in the new history, and both hold it. */
  function begunAnew(): readonly [SlaveBench, SlaveBench] {
    const [a, b] = filledPair();
    a.announce(forfeited(7, 'ab'));
    exchange([a, b]);
    const [ticket = 0] = a.ask(`SET ${K2} since`);
    exchange([a, b]);
    expect(a.answers.get(ticket)).to.equal('OK');
    return [a, b];
  }

  it('is kept by every later configuration of that history', () => {
    const [a, b] = begunAnew();
    for (const bench of [a, b]) bench.fence(8);
    exchange([a, b]);
    for (const bench of [a, b]) bench.announce(forfeited(8, 'ba'));
    exchange([a, b]);
    expect(b.replica.phase).to.equal('open');
    expect([a, b].map((bench) => held(bench, K2))).to.deep.equal(['since', 'since']);
  });

  it('is kept by a slave that restarts', () => {
    const [a] = begunAnew();
    const again = a.restart();
    again.register(forfeited(8, 'a', { owner: 'a.2' }));
    expect([again.run(`GET ${K2}`), again.run(`GET ${K1}`)]).to.deep.equal(['since', '(absent)']);
  });

  it('is given up when the partition is forfeited once more', () => {
    const [a] = begunAnew();
    a.announce(forfeited(9, 'a', { since: 9 }));
    a.persist();
    expect(a.run(`GET ${K2}`)).to.equal('(absent)');
  });
});

describe('what was sworn', () => {
  it('is broken when it does not match its checksum', () => {
    expect(() => decodeOath(Buffer.from('nonsense'))).to.throw(BrokenStore);
  });
});
