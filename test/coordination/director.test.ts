/** The director: a number is journaled before anybody hears of it, a result before it is announced. */
import { expect } from 'chai';

import { epoch, partition, slaveId, type Partition } from '../../src/common/ids.ts';
import { DRIFT } from '../../src/common/time.ts';
import type { Configuration } from '../../src/common/view.ts';
import { CoordinatorBench, founded } from '../support/coordinator-bench.ts';
import { configuration, member, P, SETTINGS } from '../support/slave-bench.ts';

interface Cast {
  readonly bench: CoordinatorBench;
  readonly owner: string;
  readonly copy: string;
  /** Of neither. */
  readonly other: string;
}

/** Owner, copy, and with three slaves one more. */
function cast(names = 'abc'): Cast {
  const { bench, roles } = founded(names);
  const [owner = '', copy = '', other = ''] = roles;
  return { bench, owner, copy, other };
}

/** The copy died, and the owner is fenced: it has not answered yet. */
function fenced(names = 'abc'): Cast {
  const actors = cast(names);
  actors.bench.kill(actors.copy);
  actors.bench.persist();
  return actors;
}

/** The owner restarted: it and its copy are fenced, both alive. */
function restarted(): Cast {
  const actors = cast('ab');
  actors.bench.reboot(actors.owner);
  actors.bench.register(actors.owner);
  actors.bench.persist();
  return actors;
}

/** The copy died, the owner goes on alone, and a third slave is to learn. */
function growing(): Cast {
  const actors = fenced();
  actors.bench.answers(actors.owner);
  actors.bench.persist();
  actors.bench.serves(actors.owner);
  actors.bench.persist();
  return actors;
}

const larger = ({ bench, owner }: Cast): Configuration => {
  const { epoch: number, members, ownerNonce } = bench.lastSent(owner, 'grow');
  return { epoch: number, members, ownerNonce };
};

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

describe('a grow', () => {
  it('is journaled, with its number and its learner, before the owner hears of it (N1)', () => {
    const { bench, owner, other } = fenced();
    bench.answers(owner);
    bench.persist();
    bench.serves(owner);
    expect(bench.sent(owner, 'grow')).to.deep.equal([]);
    bench.persist();
    expect(bench.lastSent(owner, 'grow')).to.deep.include({ epoch: 3, base: 2, ownerNonce: `${owner}.1` });
    expect(bench.journal.intentions[0]?.[1]).to.deep.include({
      kind: 'grow',
      epoch: 3,
      learner: member(other),
      learnerNonce: `${other}.1`,
    });
  });

  it('is in force when the owner says so, and announced when that is journaled (G3)', () => {
    const actors = growing();
    const { bench, owner, other } = actors;
    bench.says(owner, { kind: 'grown', partition: P, configuration: larger(actors) });
    expect(bench.members).to.equal(owner);
    bench.persist();
    expect(bench.members).to.include(other);
    expect(bench.journal.configurations[0]?.epoch).to.equal(3);
  });

  it('is believed of nobody but the owner, and under no other number', () => {
    const actors = growing();
    const { bench, owner, other } = actors;
    const grown = { kind: 'grown', partition: P, configuration: larger(actors) } as const;
    bench.says(other, grown);
    bench.says(owner, { ...grown, configuration: { ...grown.configuration, epoch: epoch(2) } });
    bench.persist();
    expect(bench.members).to.equal(owner);
  });

  it('is ordered again, under its number, from an owner that comes back in the middle of it', () => {
    const { bench, owner } = growing();
    bench.register(owner);
    bench.persist();
    expect(bench.sent(owner, 'grow').map(({ epoch: number }) => number)).to.deep.equal([3]);
  });

  it('that the owner dropped is planned anew, under a new number', () => {
    const { bench, owner } = growing();
    bench.says(owner, { kind: 'grow-dropped', partition: P, epoch: epoch(3), why: 'because' });
    bench.persist();
    expect(bench.lastSent(owner, 'grow').epoch).to.equal(4);
  });

  it('is taken back when the learner restarts; the owner says which it was', () => {
    for (const isAdopted of [false, true]) {
      const actors = growing();
      const { bench, owner, other } = actors;
      bench.reboot(other);
      bench.register(other);
      bench.persist();
      expect(bench.lastSent(owner, 'drop-grow').epoch).to.equal(3);
      if (isAdopted) bench.says(owner, { kind: 'grown', partition: P, configuration: larger(actors) });
      else
        bench.says(owner, { kind: 'grow-dropped', partition: P, epoch: epoch(3), why: 'it was taken back' });
      bench.persist();
      expect(bench.members.includes(other)).to.equal(isAdopted);
    }
  });

  it('is not ordered before it is journaled of an owner that is welcomed just then (N1)', () => {
    const { bench, owner } = fenced();
    bench.answers(owner);
    bench.persist();
    bench.register(owner);
    bench.serves(owner);
    bench.disk.completeNext();
    expect(bench.sent(owner, 'grow'), 'its commit is still under way').to.deep.equal([]);
    bench.persist();
    expect(bench.sent(owner, 'grow').map(({ epoch: number }) => number)).to.deep.equal([3]);
  });

  it('whose result is on its way to the journal is not overtaken there by a fence', () => {
    const actors = growing();
    const { bench, owner } = actors;
    bench.says(owner, { kind: 'grown', partition: P, configuration: larger(actors) });
    bench.reboot(owner);
    bench.register(owner);
    const journaled: (number | undefined)[] = [];
    while (bench.disk.pending > 0) {
      bench.disk.completeNext();
      journaled.push(bench.journal.configurations[0]?.epoch);
    }
    expect(new Set(journaled), 'it never goes back').to.deep.equal(new Set([3]));
    expect(bench.lastSent(owner, 'fence').epoch).to.equal(4);
  });

  it('is one of thirty-two at a time for each owner and learner', () => {
    const settings = { ...SETTINGS, partitions: 64, replicas: 2 };
    const { bench, roles } = founded('a', settings);
    const [owner = ''] = roles;
    const items = Array.from({ length: 64 }, (_, index) => ({
      partition: index as Partition,
      epoch: bench.configuration.epoch,
    })); // Below 64.
    bench.says(owner, { kind: 'serving', items });
    bench.register('b');
    bench.persist();
    expect(bench.sent(owner, 'grow')).to.have.length(32);
  });
});

describe('a first configuration', () => {
  it('is journaled before anybody hears of it', () => {
    const bench = new CoordinatorBench();
    bench.register('a');
    bench.persist();
    bench.now += 2 * SETTINGS.windowMs;
    bench.beat('a');
    bench.tick();
    expect(bench.configuration.epoch).to.equal(0);
    bench.persist();
    expect(bench.configuration).to.deep.equal(configuration(1, 'a'));
  });

  it('waits for slaves that come one after the other, but not for ever', () => {
    const bench = new CoordinatorBench();
    for (let count = 0; count < 3; count += 1) {
      const name = 'abc'.charAt(count);
      bench.register(name);
      bench.beating.add(name);
      bench.wait(SETTINGS.windowMs - 100);
      expect(bench.configuration.epoch).to.equal(0);
    }
    bench.wait(200);
    expect(bench.members).to.have.length(2);
  });
});
