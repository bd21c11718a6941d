/** The director: a number is journaled before anybody hears of it, a result before it is announced. */
import { expect } from 'chai';

import { epoch, type Partition } from '../../src/common/ids.ts';
import { CoordinatorBench, founded } from '../support/coordinator-bench.ts';
import { fenced, growing, larger } from '../support/coordinator-scenes.ts';
import { configuration, member, P, SETTINGS } from '../support/slave-bench.ts';

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

  it('is one of thirty-two at a time for each owner and learner while copies are missing', () => {
    const { bench, owner } = joined(2);
    expect(bench.sent(owner, 'grow')).to.have.length(32);
  });

  it('is the only one of its owner and its learner where it could wait', () => {
    const { bench, owner } = joined(1);
    expect(bench.sent(owner, 'grow')).to.have.length(1);
  });
});

describe('a hand-over', () => {
  it('is the only one in the cluster', () => {
    const { bench, owner } = joined(1);
    for (let count = 0; count < 2; count += 1) {
      const { epoch: number, partition, members, ownerNonce } = bench.lastSent(owner, 'grow');
      bench.says(owner, { kind: 'grown', partition, configuration: { epoch: number, members, ownerNonce } });
      bench.persist();
    }
    expect(bench.sent(owner, 'grow'), 'the second was adopted as well').to.have.length(3);
    expect(bench.sent(owner, 'calm').flatMap(({ partitions }) => partitions)).to.have.length(1);
  });
});

/** `a` serves 64 partitions alone, and `b` comes. */
function joined(replicas: number) {
  const { bench, roles } = founded('a', { ...SETTINGS, partitions: 64, replicas });
  const [owner = ''] = roles;
  const items = Array.from({ length: 64 }, (_, index) => ({
    partition: index as Partition,
    epoch: bench.configuration.epoch,
  })); // Below 64.
  bench.says(owner, { kind: 'serving', items });
  bench.register('b');
  bench.persist();
  return { bench, owner };
}

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
