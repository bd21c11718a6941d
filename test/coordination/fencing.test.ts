/** Fences: who is asked and when, and what comes of the answers. */
import { expect } from 'chai';

import { epoch, partition, slaveId } from '../../src/common/ids.ts';
import { DRIFT } from '../../src/common/time.ts';
import { founded } from '../support/coordinator-bench.ts';
import { cast, fenced, growing, handingOver, larger, restarted } from '../support/coordinator-scenes.ts';
import { configuration, member, P, SETTINGS } from '../support/slave-bench.ts';

describe('a fence', () => {
  it('is journaled, with its number, before anybody hears of it (N1)', () => {
    const { bench, owner, copy } = cast();
    bench.kill(copy);
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
    bench.persist();
    expect(bench.lastSent(owner, 'fence')).to.deep.equal({ kind: 'fence', epoch: 2, partitions: [P] });
    expect(bench.journal.lastNumber).to.equal(2);
    expect(bench.journal.intentions[0]?.[1]).to.deep.include({
      kind: 'fence',
      epoch: 2,
      ask: bench.configuration.members,
    });
  });

  it('is not heard of by who registers while its number is on its way to the journal (N1)', () => {
    const { bench, owner, copy } = cast();
    bench.register(owner);
    bench.kill(copy);
    bench.disk.completeNext();
    expect(bench.sent(owner, 'registered')).to.have.length(1);
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
    bench.persist();
    expect(bench.lastSent(owner, 'fence').epoch).to.equal(2);
  });

  it('is not sent again because another partition is fenced', () => {
    const { bench, roles } = founded('ab', { ...SETTINGS, partitions: 2 });
    const [owner = '', copy = ''] = roles;
    const number = bench.configuration.epoch;
    for (const index of [0, 1]) {
      bench.says(owner, { kind: 'unfit', partition: partition(index), epoch: number, slave: slaveId(copy) });
      bench.persist();
    }
    const asked = bench.sent(owner, 'fence').flatMap(({ partitions }) => partitions);
    expect(asked).to.deep.equal([0, 1]);
  });

  it('goes to every member, those that are to go too (F1)', () => {
    const { bench, owner, copy } = cast('ab');
    bench.says(owner, { kind: 'unfit', partition: P, epoch: epoch(1), slave: slaveId(copy) });
    bench.persist();
    expect([owner, copy].map((name) => bench.sent(name, 'fence').length)).to.deep.equal([1, 1]);
  });

  it('ends with those who answered; the result is journaled before it is announced (F3)', () => {
    const { bench, owner } = fenced();
    bench.answers(owner);
    expect(bench.configuration.epoch).to.equal(1);
    expect(bench.sent(owner, 'view').flatMap(({ configurations }) => configurations)).to.deep.equal([]);
    bench.persist();
    expect(bench.configuration).to.deep.equal({ ...configuration(2, owner), ownerNonce: `${owner}.1` });
    expect(bench.journal.configurations[0]).to.deep.equal(bench.configuration);
    expect(bench.journal.intentions).to.deep.equal([]);
    expect(bench.lastSent(owner, 'view').configurations).to.deep.equal([
      { partition: P, configuration: bench.configuration },
    ]);
  });

  it('waits for a promise to a slave that did not answer, with drift (F3)', () => {
    const { bench, owner, copy } = fenced();
    bench.answers(owner, { promised: [{ slave: slaveId(copy), ms: 400 }] });
    bench.wait(400);
    expect(bench.configuration.epoch).to.equal(1);
    bench.wait(400 * DRIFT + 1);
    expect(bench.configuration.epoch).to.equal(2);
  });

  it('waits for a promise that was given to somebody who is no member any more', () => {
    const { bench, owner } = fenced();
    bench.answers(owner, { promised: [{ slave: slaveId('z'), ms: 300 }] });
    bench.wait(300);
    expect(bench.configuration.epoch).to.equal(1);
    bench.wait(50);
    expect(bench.configuration.epoch).to.equal(2);
  });

  it('waits for everybody where a slave has forgotten whom it promised, whoever answers (F1)', () => {
    const { bench, owner, copy } = restarted();
    bench.answers(copy);
    bench.answers(owner, { promisedAllMs: 200 });
    bench.wait(200);
    expect(bench.configuration.epoch).to.equal(1);
    bench.wait(50);
    expect(bench.configuration.epoch).to.equal(2);
  });

  it('does not wait for a promise to who has answered: it relies on none any more (F2)', () => {
    const { bench, owner, copy } = restarted();
    bench.answers(copy, { promised: [{ slave: slaveId(owner), ms: 400 }] });
    bench.persist();
    expect(bench.configuration.epoch).to.equal(1);
    bench.answers(owner, { promised: [{ slave: slaveId(copy), ms: 400 }] });
    bench.persist();
    expect(bench.configuration.epoch).to.equal(2);
    expect(bench.configuration.ownerNonce).to.equal(bench.nonceOf(owner));
  });

  it('leaves out a live member that does not answer for a whole window', () => {
    const { bench, owner, copy } = restarted();
    bench.answers(owner);
    bench.wait(SETTINGS.windowMs - 50);
    expect(bench.configuration.epoch).to.equal(1);
    bench.wait(100);
    expect(bench.members).to.equal(owner);
    expect(bench.stageOf(copy)).to.equal('alive');
  });

  it('takes no answer of another number, and each slave’s only once', () => {
    const { bench, owner, copy } = restarted();
    const end = { epoch: epoch(0), seq: 0 };
    const answer = { partition: P, end, adopted: bench.configuration, promised: [], promisedAllMs: 0 };
    bench.says(copy, { kind: 'fenced', epoch: epoch(1), answers: [answer] });
    bench.answers(owner);
    bench.answers(owner, { promisedAllMs: 10_000 });
    bench.persist();
    expect(bench.configuration.epoch, 'the copy has not answered').to.equal(1);
    bench.answers(copy);
    bench.persist();
    expect(bench.configuration.epoch).to.equal(2);
  });

  it('finds a larger list that was adopted and never journaled (F1)', () => {
    const actors = growing();
    const { bench, owner, other } = actors;
    const adopted = larger(actors);
    bench.reboot(owner);
    bench.register(owner);
    bench.persist();
    expect(bench.lastSent(other, 'fence').partitions).to.deep.equal([P]);
    bench.answers(owner, { adopted });
    bench.answers(other, { adopted: configuration(0, '') });
    bench.persist();
    expect(bench.configuration.members).to.have.deep.members([owner, other].map(member));
  });

  it('makes nobody a member of what nobody adopted', () => {
    const actors = growing();
    const { bench, owner, other } = actors;
    bench.reboot(owner);
    bench.register(owner);
    bench.persist();
    bench.answers(owner);
    bench.answers(other, { adopted: configuration(0, '') });
    bench.persist();
    expect(bench.members).to.equal(owner);
  });

  it('for which nobody full answers says that the partition is lost, and asks again under a new number', () => {
    const actors = growing();
    const { bench, owner, other } = actors;
    bench.kill(owner);
    bench.persist();
    bench.answers(other, { adopted: configuration(0, '') });
    bench.wait(SETTINGS.windowMs + 100);
    expect([...bench.state.lost.keys()]).to.deep.equal([P]);
    const number = bench.state.lastNumber;
    bench.wait(1_000);
    expect(bench.state.lastNumber, 'asking is of no use while its members are away').to.equal(number);
    bench.reboot(owner);
    bench.register(owner);
    bench.wait(100);
    expect(bench.lastSent(owner, 'fence').epoch).to.be.above(number);
    bench.answers(owner);
    bench.answers(other, { adopted: configuration(0, '') });
    bench.persist();
    expect(bench.members).to.equal(owner);
    expect(bench.state.lost.size).to.equal(0);
  });

  it('is sent again to who comes back in the middle of it', () => {
    const { bench, owner } = fenced();
    bench.register(owner);
    bench.persist();
    expect(bench.sent(owner, 'fence').map(({ epoch: number }) => number)).to.deep.equal([2]);
  });

  it('is not sent to another store under the same name (N3)', () => {
    const { bench, owner } = fenced();
    bench.kill(owner);
    bench.persist();
    bench.register(owner, { store: 'f'.repeat(32), clusterId: undefined, boot: { count: 1, nonce: 'new' } });
    bench.persist();
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
  });

  it('lets an unfit member go, and copies to it anew', () => {
    const { bench, owner, copy } = cast('ab');
    bench.says(owner, { kind: 'unfit', partition: P, epoch: epoch(1), slave: slaveId(copy) });
    bench.persist();
    for (const name of [owner, copy]) bench.answers(name);
    bench.persist();
    expect(bench.members).to.equal(owner);
    bench.serves(owner);
    bench.persist();
    expect(bench.lastSent(owner, 'grow').members.at(-1)).to.deep.equal(member(copy));
  });

  it('does not heed an unfit member of another epoch', () => {
    const { bench, owner, copy } = cast('ab');
    bench.says(owner, { kind: 'unfit', partition: P, epoch: epoch(9), slave: slaveId(copy) });
    bench.persist();
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
  });
});

/** As in `fencing.ts`: a hand-over's bound for finishing what is under way. */
const CALM_MS = 250;

describe('a fence of a hand-over', () => {
  it('asks the owner alone, calmly', () => {
    const { bench, owner, copy } = handingOver();
    expect(bench.sent(owner, 'calm')).to.deep.equal([{ kind: 'calm', epoch: 2, partitions: [P] }]);
    expect([owner, copy].flatMap((name) => bench.sent(name, 'fence'))).to.deep.equal([]);
    expect(bench.sent(copy, 'calm')).to.deep.equal([]);
  });

  it('asks nobody before its number is journaled (N1), however long that takes', () => {
    const { bench, owner, copy } = cast('ab');
    bench.order({ kind: 'drain', slave: slaveId(owner) });
    bench.now += CALM_MS + 50;
    bench.tick();
    expect(bench.sent(owner, 'calm')).to.deep.equal([]);
    expect([owner, copy].flatMap((name) => bench.sent(name, 'fence'))).to.deep.equal([]);
    bench.persist();
    expect([owner, copy].map((name) => bench.sent(name, 'fence').length)).to.deep.equal([1, 1]);
  });

  it('asks the others when the owner has answered, and the owner no more', () => {
    const { bench, owner, copy } = handingOver();
    bench.answers(owner);
    expect(bench.lastSent(copy, 'fence')).to.deep.equal({ kind: 'fence', epoch: 2, partitions: [P] });
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
    bench.persist();
    expect(bench.configuration.epoch, 'the copy has not answered').to.equal(1);
    bench.answers(copy);
    bench.persist();
    expect(bench.configuration).to.deep.equal({ ...configuration(2, copy), ownerNonce: `${copy}.1` });
  });

  it('asks everybody when the owner has had its time', () => {
    const { bench, owner, copy } = handingOver();
    bench.wait(CALM_MS - 50);
    expect([owner, copy].flatMap((name) => bench.sent(name, 'fence'))).to.deep.equal([]);
    bench.wait(50);
    expect([owner, copy].map((name) => bench.sent(name, 'fence').length)).to.deep.equal([1, 1]);
    for (const name of [owner, copy]) bench.answers(name);
    bench.persist();
    expect(bench.members).to.equal(copy);
  });

  it('leaves nobody out before they had a whole window to answer, also when the owner took its time', () => {
    const { bench, owner, copy } = handingOver();
    bench.wait(CALM_MS);
    bench.answers(owner);
    bench.wait(SETTINGS.windowMs - 50);
    expect(bench.configuration.epoch, 'the copy may still answer').to.equal(1);
    bench.answers(copy);
    bench.persist();
    expect(bench.members).to.equal(copy);
  });

  it('goes calmly again to an owner whose link is back', () => {
    const { bench, owner, copy } = handingOver();
    bench.register(owner);
    bench.persist();
    expect(bench.sent(owner, 'calm').map(({ epoch: number }) => number)).to.deep.equal([2]);
    expect([owner, copy].flatMap((name) => bench.sent(name, 'fence'))).to.deep.equal([]);
  });

  it('goes on without an owner that dies of it', () => {
    const { bench, owner, copy } = handingOver();
    bench.kill(owner);
    bench.wait(CALM_MS);
    bench.answers(copy);
    bench.wait(100);
    expect(bench.members).to.equal(copy);
  });

  it('is one of everybody at once, under a new number, when the coordination server begins anew in the middle', () => {
    const { bench, owner, copy } = handingOver();
    const again = bench.restart();
    for (const name of [owner, copy]) {
      again.beating.add(name);
      again.register(name, { isLeaving: name === owner });
    }
    again.wait(100);
    expect(again.sent(owner, 'calm')).to.deep.equal([]);
    for (const name of [owner, copy]) expect(again.lastSent(name, 'fence').epoch, name).to.equal(3);
    for (const name of [owner, copy]) again.answers(name);
    again.persist();
    expect(again.members).to.equal(copy);
  });
});

describe('a fence that heals', () => {
  it('asks everybody at once: nobody is spared who could be gone', () => {
    const { bench, owner, copy } = restarted();
    expect([owner, copy].map((name) => bench.sent(name, 'fence').length)).to.deep.equal([1, 1]);
    expect(bench.sent(owner, 'calm')).to.deep.equal([]);
  });
});
