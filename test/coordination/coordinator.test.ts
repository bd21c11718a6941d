/** The trunk of the coordination server: deaths, returns, restarts, and who hears of what. */
import { expect } from 'chai';

import { epoch, slaveId } from '../../src/common/ids.ts';
import { Bug } from '../../src/common/invariant.ts';
import type { Heartbeat } from '../../src/common/wire/datagram.ts';
import { checkInvariants, wakeAt } from '../../src/coordination/coordinator.ts';
import { CLUSTER_ID, type CoordinatorBench, founded } from '../support/coordinator-bench.ts';
import { cast, growing } from '../support/coordinator-scenes.ts';
import { configuration, P, SETTINGS, storeOf } from '../support/slave-bench.ts';

function heartbeat(bench: CoordinatorBench, name: string, more: Partial<Heartbeat> = {}): string | undefined {
  const beat: Heartbeat = {
    ...{
      clusterId: CLUSTER_ID,
      slave: slaveId(name),
      store: storeOf(name),
      bootNonce: `${name}.1`,
      sequence: 10_000,
    },
    ...{
      viewEpoch: epoch(0),
      loopCounter: 10_000,
      commands: 0,
      lastCommit: 0,
      loopLagMs: 0,
      commitHung: false,
      unheard: [],
    },
    ...more,
  };
  bench.effects = [];
  bench.feed({ kind: 'heartbeat', heartbeat: beat, from: { address: 'x', port: 1 } });
  return bench.of('answer-heartbeat')[0]?.answer.verdict;
}

describe('a slave that falls silent', () => {
  it('is suspected, then declared dead after a window; its partitions are fenced', () => {
    const { bench, owner, copy } = cast();
    bench.beating.delete(copy);
    bench.wait(SETTINGS.windowMs / 2 + 100);
    expect(bench.stageOf(copy)).to.equal('suspect');
    bench.wait(SETTINGS.windowMs + 100);
    expect(bench.stageOf(copy)).to.equal('dead');
    expect(bench.sent(owner, 'fence')).to.have.length(1);
  });

  it('and is heard again in time is alive as before', () => {
    const { bench, copy } = cast();
    bench.beating.delete(copy);
    bench.wait(SETTINGS.windowMs / 2 + 100);
    bench.beating.add(copy);
    bench.wait(100);
    expect(bench.stageOf(copy)).to.equal('alive');
  });

  it('is told that it was buried, and nothing that it says counts until it registers afresh', () => {
    const { bench, owner, copy } = cast();
    bench.beating.delete(copy);
    bench.wait(2 * SETTINGS.windowMs);
    expect(bench.sent(copy, 'buried')).to.have.length(1);
    bench.answers(owner);
    bench.persist();
    bench.says(copy, { kind: 'grown', partition: P, configuration: configuration(99, copy) });
    expect(bench.members).to.equal(owner);
    bench.register(copy);
    bench.persist();
    expect(bench.stageOf(copy)).to.equal('joining');
  });
});

describe('a control link that closes', () => {
  it('proves nothing by itself: the peer port is asked', () => {
    const { bench, copy } = cast();
    bench.feed({ kind: 'link-closed', link: bench.links.get(copy) ?? 0 });
    expect(bench.of('probe').map(({ record }) => record.id)).to.deep.equal([copy]);
    expect(bench.stageOf(copy)).to.equal('suspect');
  });

  it('is a death when the peer port refuses', () => {
    const { bench, copy } = cast();
    bench.kill(copy);
    expect(bench.stageOf(copy)).to.equal('dead');
  });

  it('is none when the slave is back before the answer comes, or it was of an earlier start', () => {
    const { bench, copy } = cast();
    bench.feed({ kind: 'link-closed', link: bench.links.get(copy) ?? 0 });
    bench.feed({ kind: 'probe-refused', slave: slaveId(copy), store: storeOf(copy), nonce: 'other' });
    expect(bench.stageOf(copy)).to.equal('suspect');
    bench.register(copy);
    bench.feed({
      kind: 'probe-refused',
      slave: slaveId(copy),
      store: storeOf(copy),
      nonce: bench.nonceOf(copy),
    });
    expect(bench.stageOf(copy)).to.equal('alive');
  });

  it('that was replaced before is no news', () => {
    const { bench, copy } = cast();
    const old = bench.links.get(copy) ?? 0;
    bench.register(copy);
    bench.effects = [];
    bench.feed({ kind: 'link-closed', link: old });
    expect(bench.effects).to.deep.equal([]);
  });
});

describe('a slave that joins', () => {
  it('is joining until it holds all that the placement gives it', () => {
    const { bench, roles } = founded('a');
    const [owner = ''] = roles;
    bench.register('b');
    bench.persist();
    expect(bench.stageOf('b')).to.equal('joining');
    const { epoch: number, members, ownerNonce } = bench.lastSent(owner, 'grow');
    bench.says(owner, { kind: 'grown', partition: P, configuration: { epoch: number, members, ownerNonce } });
    bench.persist();
    expect(bench.stageOf('b')).to.equal('alive');
  });

  it('and is given nothing is alive at once', () => {
    const { bench, other } = cast('abc');
    expect(bench.stageOf(other)).to.equal('alive');
  });
});

describe('a slave that leaves', () => {
  it('is dead at once when it was stopped', () => {
    const { bench, copy } = cast();
    bench.says(copy, { kind: 'leaving' });
    expect(bench.stageOf(copy)).to.equal('dead');
  });
});

/** Whom the fence that is intended leaves out. */
function withoutOf(bench: CoordinatorBench): readonly string[] | undefined {
  const intention = bench.journal.intentions[0]?.[1];
  return intention?.kind === 'fence' ? intention.without : undefined;
}

describe('a heartbeat', () => {
  it('of a slave that is known is answered as heard', () => {
    const { bench, owner } = cast();
    expect(heartbeat(bench, owner)).to.equal('heard');
  });

  const strangers: readonly (readonly [string, Partial<Heartbeat>])[] = [
    ['a slave that nobody knows', { slave: slaveId('z') }],
    ['another store', { store: storeOf('z') }],
    ['another start', { bootNonce: 'other' }],
  ];
  for (const [what, more] of strangers) {
    it(`of ${what} is told to register afresh`, () => {
      const { bench, owner } = cast();
      expect(heartbeat(bench, owner, more)).to.equal('register-afresh');
    });
  }

  it('of a slave that was buried is told to register afresh', () => {
    const { bench, copy } = cast();
    bench.kill(copy);
    expect(heartbeat(bench, copy)).to.equal('register-afresh');
  });

  it('of another cluster is not answered', () => {
    const { bench, owner } = cast();
    expect(heartbeat(bench, owner, { clusterId: 'd'.repeat(32) })).to.equal(undefined);
  });

  it('that complains of a peer, who says nothing of the kind, makes that one go', () => {
    const { bench, owner, copy } = cast('ab');
    bench.beat(owner, [slaveId(copy)]);
    bench.persist();
    expect(withoutOf(bench)).to.deep.equal([copy]);
  });

  it('that complains of a peer who complains as well makes the later name go', () => {
    const { bench } = cast('ab');
    const again = bench.restart();
    for (const name of ['a', 'b']) again.register(name);
    again.persist();
    again.serves(again.members.charAt(0));
    for (const name of ['a', 'b']) again.beat(name, [slaveId(name === 'a' ? 'b' : 'a')]);
    again.now += SETTINGS.windowMs;
    again.tick();
    again.persist();
    expect(withoutOf(again)).to.deep.equal(['b']);
  });

  it('that complains of a peer of whom others complain too makes that one go, whatever its name', () => {
    const { bench } = founded('abc', { ...SETTINGS, partitions: 1, replicas: 3 });
    const again = bench.restart();
    for (const name of ['a', 'b', 'c']) again.register(name);
    again.persist();
    for (const name of ['b', 'c']) again.beat(name, [slaveId('a')]);
    again.beat('a', ['b', 'c'].map(slaveId));
    again.now += SETTINGS.windowMs;
    again.tick();
    again.persist();
    expect(withoutOf(again)).to.deep.equal(['a']);
  });
});

describe('a coordination server that restarts', () => {
  it('reads back what it knew, and plans nothing before it has listened for a window', () => {
    const { bench, owner, copy } = cast();
    const again = bench.restart();
    expect(again.state.view.configurations).to.deep.equal(bench.state.view.configurations);
    expect(again.state.lastNumber).to.equal(bench.state.lastNumber);
    for (const name of [owner, copy]) again.register(name);
    again.wait(SETTINGS.windowMs - 100);
    expect(again.state.intentions.size).to.equal(0);
    expect(again.members).to.equal(bench.members);
  });

  it('counts those as dead who do not come back in it', () => {
    const { bench, owner, copy, other } = cast();
    const again = bench.restart();
    for (const name of [owner, other]) {
      again.register(name);
      again.beating.add(name);
    }
    again.wait(3 * SETTINGS.windowMs);
    expect(again.stageOf(copy)).to.equal('dead');
    expect(again.sent(owner, 'fence')).to.not.deep.equal([]);
  });

  it('takes a fence up again under a new number, and asks all whom it asked (N1)', () => {
    const { bench, owner, copy } = cast('abc');
    bench.says(owner, { kind: 'unfit', partition: P, epoch: epoch(1), slave: slaveId(copy) });
    bench.persist();
    const number = bench.lastSent(owner, 'fence').epoch;
    const again = bench.restart();
    for (const name of [owner, copy]) {
      again.register(name);
      again.beating.add(name);
    }
    again.wait(SETTINGS.windowMs - 100);
    expect(again.sent(owner, 'fence'), 'it listens first').to.deep.equal([]);
    again.wait(200);
    for (const name of [owner, copy]) expect(again.lastSent(name, 'fence').epoch).to.be.above(number);
    for (const name of [owner, copy]) again.answers(name);
    again.persist();
    expect(again.members, 'and keeps in mind who was to go').to.equal(owner);
  });

  it('uses no number again that was journaled, though nobody heard of it', () => {
    const { bench, owner, copy } = cast();
    bench.kill(copy);
    bench.disk.completeNext();
    const number = bench.journal.lastNumber;
    const again = bench.restart();
    again.register(owner);
    again.beating.add(owner);
    again.wait(3 * SETTINGS.windowMs);
    expect(again.lastSent(owner, 'fence').epoch).to.be.above(number);
  });

  it('takes a grow back that it had begun', () => {
    const { bench, owner, other } = growing();
    const { epoch: number } = bench.lastSent(owner, 'grow');
    const again = bench.restart();
    for (const name of [owner, other]) {
      again.register(name);
      again.beating.add(name);
    }
    again.wait(SETTINGS.windowMs + 100);
    expect(again.lastSent(owner, 'drop-grow').epoch).to.equal(number);
    expect(again.sent(owner, 'grow')).to.deep.equal([]);
  });

  it('hears of a grow that was adopted meanwhile when the owner registers', () => {
    const { bench, owner, other } = growing();
    const { epoch: number, members, ownerNonce } = bench.lastSent(owner, 'grow');
    const again = bench.restart();
    again.register(owner, {
      epoch: number,
      adopted: [{ partition: P, configuration: { epoch: number, members, ownerNonce } }],
    });
    again.persist();
    expect(again.members).to.include(other);
  });
});

describe('a view', () => {
  it('is told to everybody who keeps a copy, as what is different', () => {
    const { bench, owner, copy, other } = cast();
    bench.kill(copy);
    for (const name of [owner, other]) {
      expect(
        bench.sent(name, 'view').flatMap(({ slaves }) => slaves.map(({ id, stage }) => `${id} ${stage}`)),
      ).to.include(`${copy} dead`);
    }
    expect(bench.of('view-changed')).to.not.deep.equal([]);
  });

  it('is not told when nothing is different', () => {
    const { bench } = cast();
    bench.effects = [];
    bench.tick();
    expect(bench.of('view-changed')).to.deep.equal([]);
  });
});

describe('a coordinator', () => {
  it('wants to be woken seldom while all is well, and soon when something waits', () => {
    const { bench, copy } = cast();
    bench.tick();
    const idle = wakeAt(bench.state) - bench.now;
    bench.kill(copy);
    const busy = wakeAt(bench.state) - bench.now;
    expect(busy).to.be.above(0);
    expect(idle).to.be.above(busy);
  });

  it('notices when its state does not hold together', () => {
    const { bench } = cast();
    bench.state.lastNumber = epoch(0);
    expect(() => {
      checkInvariants(bench.state);
    }).to.throw(Bug);
  });
});
