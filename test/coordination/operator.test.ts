/** An operator's orders: what is turned down and why, and that nobody leaves who could still be needed. */
import { expect } from 'chai';

import { epoch, partition, slaveId } from '../../src/common/ids.ts';
import { type CoordinatorBench, obey } from '../support/coordinator-bench.ts';
import { cast, growing, type Cast } from '../support/coordinator-scenes.ts';
import { configuration, member, P, SETTINGS } from '../support/slave-bench.ts';

const ONE = { ...SETTINGS, partitions: 1 };

const drain = (bench: CoordinatorBench, name: string): string =>
  bench.order({ kind: 'drain', slave: slaveId(name) });

const forget = (bench: CoordinatorBench, name: string): string =>
  bench.order({ kind: 'forget', slave: slaveId(name) });

const forfeit = (bench: CoordinatorBench, ...partitions: readonly number[]): string =>
  bench.order({ kind: 'forfeit', partitions: partitions.map(partition) });

const isKnown = ({ journal }: CoordinatorBench, name: string): boolean =>
  journal.slaves.some(({ id }) => id === name);

/** It is back, with an empty directory. */
function registerEmpty(bench: CoordinatorBench, name: string): void {
  bench.reboot(name);
  bench.register(name, { store: 'f'.repeat(32), clusterId: undefined });
  bench.beating.add(name);
}

/** Both that held the only partition are dead; a third slave lives. */
function lost(): Cast {
  const actors = cast();
  const { bench, owner, copy } = actors;
  for (const name of [owner, copy]) bench.kill(name);
  bench.wait(100);
  expect([...bench.state.lost.keys()]).to.deep.equal([P]);
  return actors;
}

describe('an order to drain', () => {
  it('is taken, journaled, and told to the slave', () => {
    const { bench, owner } = cast();
    expect(drain(bench, owner)).to.equal('taken');
    bench.persist();
    expect(bench.sent(owner, 'drain')).to.have.length(1);
    expect(bench.journal.slaves.find(({ id }) => id === owner)?.stage).to.equal('draining');
  });

  it('that comes again is taken again, and begins nothing anew', () => {
    const { bench, owner } = cast();
    drain(bench, owner);
    bench.persist();
    expect(drain(bench, owner)).to.equal('taken');
    expect(bench.sent(owner, 'drain')).to.have.length(1);
  });

  it('is turned down for a slave that nobody knows', () => {
    const { bench } = cast();
    expect(drain(bench, 'z')).to.equal('there is no slave z');
  });

  it('is turned down for a dead slave: it cannot hand anything over', () => {
    const { bench, copy } = cast();
    bench.kill(copy);
    expect(drain(bench, copy)).to.contain(`${copy} is dead`);
    expect(bench.stageOf(copy)).to.equal('dead');
  });

  it('is turned down for the last slave, those who are leaving or dead not counted', () => {
    const { bench, owner, copy, other } = cast();
    bench.kill(other);
    expect(drain(bench, copy)).to.equal('taken');
    expect(drain(bench, owner)).to.contain(`${owner} is the last slave`);
    expect(bench.stageOf(owner)).to.equal('alive');
  });

  it('is turned down where too few would stay for a write', () => {
    const { bench, copy } = cast('ab', { ...ONE, minCopies: 2 });
    expect(drain(bench, copy)).to.contain('--min-copies 2');
    expect(bench.sent(copy, 'drain')).to.deep.equal([]);
  });

  it('is taken where just enough stay for a write', () => {
    const { bench, other } = cast('abc', { ...ONE, minCopies: 2 });
    expect(drain(bench, other)).to.equal('taken');
  });

  it('is turned down for a slave that may be the last to hold something', () => {
    const { bench, copy, other } = lost();
    registerEmpty(bench, copy);
    bench.wait(100);
    expect(drain(bench, copy)).to.contain(`${copy} may be the last that holds 1 partition`);
    expect(drain(bench, other)).to.equal('taken');
  });
});

describe('a draining slave', () => {
  it('stays as long as it holds anything, and leaves when it holds nothing', () => {
    const { bench, owner, copy, other } = cast();
    drain(bench, owner);
    bench.wait(2_000);
    expect(bench.stageOf(owner), 'nobody has taken over').to.equal('draining');
    expect(bench.lastSent(owner, 'grow').members.at(-1)).to.deep.equal(member(other));
    obey(bench);
    expect(bench.members.split('').sort()).to.deep.equal([copy, other].sort());
    expect(bench.stageOf(owner)).to.equal(undefined);
  });

  it('hears that it has left when that is durable, not earlier', () => {
    const { bench, other } = cast();
    drain(bench, other);
    expect(bench.sent(other, 'drained')).to.deep.equal([]);
    expect(bench.stageOf(other)).to.equal('draining');
    bench.persist();
    expect(bench.sent(other, 'drained')).to.have.length(1);
    expect(isKnown(bench, other)).to.equal(false);
  });

  it('leaves once, however often it is looked at while that is not durable', () => {
    const { bench, other } = cast();
    drain(bench, other);
    bench.tick();
    bench.persist();
    expect(bench.of('event').filter(({ text }) => text.includes('and left'))).to.have.length(1);
  });

  it('is gone from the view, and everybody hears so', () => {
    const { bench, owner, other } = cast();
    drain(bench, other);
    bench.persist();
    expect(bench.lastSent(owner, 'view').gone).to.deep.equal([other]);
    bench.wait(2 * SETTINGS.windowMs);
    expect(bench.stageOf(other), 'its heartbeats bring it back').to.equal(undefined);
    expect(bench.of('event').filter(({ text }) => text.includes('declared dead'))).to.deep.equal([]);
  });

  it('goes on draining when the coordination server begins anew', () => {
    const { bench, owner, copy, other } = cast();
    drain(bench, owner);
    bench.persist();
    const again = bench.restart();
    expect(again.stageOf(owner)).to.equal('draining');
    for (const name of [owner, copy, other]) {
      again.beating.add(name);
      again.register(name, { isLeaving: name === owner });
    }
    again.persist();
    again.serves(owner);
    obey(again);
    expect(again.members.split('').sort()).to.deep.equal([copy, other].sort());
    expect(again.sent(owner, 'drained')).to.have.length(1);
    expect(isKnown(again, owner)).to.equal(false);
  });

  it('that did not hear so is told when its link is back', () => {
    const { bench, owner } = cast();
    drain(bench, owner);
    bench.register(owner);
    bench.persist();
    expect(bench.sent(owner, 'drain')).to.have.length(1);
    expect(bench.stageOf(owner)).to.equal('draining');
  });

  it('that registers after it has left hears once more that it may end, and is no slave by that', () => {
    const { bench, other } = cast();
    drain(bench, other);
    bench.persist();
    bench.register(other, { isLeaving: true });
    bench.persist();
    expect(bench.sent(other, 'drained')).to.have.length(1);
    expect(bench.sent(other, 'registered')).to.deep.equal([]);
    expect(bench.stageOf(other)).to.equal(undefined);
  });

  it('is turned away for now while its leave is on its way to the journal', () => {
    const { bench, other } = cast();
    drain(bench, other);
    bench.register(other);
    expect(bench.lastSent(other, 'refused').isFinal).to.equal(false);
    bench.persist();
    bench.register(other);
    bench.persist();
    expect(isKnown(bench, other), 'then it is a new life').to.equal(true);
  });
});

describe('a slave that asks to hand over', () => {
  it('is drained', () => {
    const { bench, other } = cast();
    bench.says(other, { kind: 'hand-over' });
    bench.persist();
    expect(bench.sent(other, 'drained')).to.have.length(1);
  });

  it('hears why it will not be', () => {
    const { bench, owner } = cast('a');
    bench.says(owner, { kind: 'hand-over' });
    expect(bench.lastSent(owner, 'drain-refused').why).to.contain('the last slave');
    expect(bench.stageOf(owner)).to.equal('alive');
  });

  it('while the coordination server is away is drained when it registers, or hears why not', () => {
    const { bench, owner, other } = cast();
    bench.register(other, { isLeaving: true });
    bench.persist();
    expect(bench.sent(other, 'drained')).to.have.length(1);
    const alone = cast('a').bench;
    alone.register(owner === 'a' ? owner : 'a', { isLeaving: true });
    alone.persist();
    expect(alone.lastSent('a', 'drain-refused').why).to.contain('the last slave');
  });
});

describe('an order to forget', () => {
  it('is taken for a dead slave that holds nothing, and it is gone when that is durable', () => {
    const { bench, other } = cast();
    bench.kill(other);
    bench.persist();
    expect(forget(bench, other)).to.equal('taken');
    expect(bench.stageOf(other)).to.equal('dead');
    bench.persist();
    expect(bench.stageOf(other)).to.equal(undefined);
    expect(isKnown(bench, other)).to.equal(false);
  });

  it('that comes again before it is durable is taken again', () => {
    const { bench, other } = cast();
    bench.kill(other);
    bench.persist();
    for (let time = 0; time < 2; time += 1) expect(forget(bench, other)).to.equal('taken');
    bench.persist();
    expect(bench.of('event').filter(({ text }) => text.includes('is forgotten'))).to.have.length(1);
  });

  it('is turned down for a slave that nobody knows, and for one that lives', () => {
    const { bench, owner } = cast();
    expect(forget(bench, 'z')).to.equal('there is no slave z');
    expect(forget(bench, owner)).to.contain('not dead: drain it');
  });

  it('is turned down for a slave that could bring something back', () => {
    const { bench, copy } = lost();
    expect(forget(bench, copy)).to.contain(`${copy} could bring 1 partition back`);
    bench.persist();
    expect(isKnown(bench, copy)).to.equal(true);
  });

  it('is turned down for the only one that held something, of which nothing is intended', () => {
    const { bench, owner } = cast('a');
    bench.kill(owner);
    bench.wait(100);
    expect(bench.state.intentions.size).to.equal(0);
    expect(forget(bench, owner)).to.contain(`${owner} could bring 1 partition back`);
  });

  it('is turned down for a slave that may have been made a member without anybody’s hearing of it', () => {
    const { bench, owner, other } = growing();
    expect(bench.lastSent(owner, 'grow').members.at(-1)).to.deep.equal(member(other));
    bench.kill(other);
    expect(forget(bench, other)).to.contain('could bring 1 partition back');
  });
});

describe('an order to forfeit', () => {
  it('lets a lost partition begin anew on who is there, of a history of its own', () => {
    const { bench, other } = lost();
    expect(forfeit(bench, P)).to.equal('taken');
    expect(bench.configuration.since, 'it is not durable yet').to.equal(undefined);
    bench.persist();
    expect(bench.members).to.equal(other);
    expect(bench.configuration.since).to.equal(bench.configuration.epoch);
    expect(bench.journal.configurations[P]).to.deep.equal(bench.configuration);
    expect(bench.lastSent(other, 'view').configurations).to.deep.equal([
      { partition: P, configuration: bench.configuration },
    ]);
    bench.wait(100);
    expect(bench.state.lost.size).to.equal(0);
  });

  it('is turned down for what is not lost, and names it', () => {
    const { bench } = cast();
    expect(forfeit(bench, P)).to.equal('not lost, and so not to be forfeited: 1 partition (0)');
    expect(forfeit(bench)).to.equal('it was not said which partitions');
    bench.persist();
    expect(bench.configuration.since).to.equal(undefined);
  });

  it('is turned down where nobody lives', () => {
    const { bench, other } = lost();
    bench.kill(other);
    expect(forfeit(bench, P)).to.contain('no live slave');
  });

  it('is of a history that all later configurations are of: after a fence, and after a grow', () => {
    const { bench, copy, other } = lost();
    forfeit(bench, P);
    bench.persist();
    const { since } = bench.configuration;
    bench.reboot(other);
    bench.register(other);
    obey(bench);
    expect(bench.configuration, 'after a fence').to.include({ since });
    expect(bench.configuration.epoch).to.be.above(since ?? 0);
    const fenced = bench.configuration.epoch;
    bench.reboot(copy);
    bench.register(copy);
    bench.beating.add(copy);
    obey(bench);
    expect(bench.configuration, 'after a grow').to.include({ since });
    expect(bench.configuration.epoch).to.be.above(fenced);
    expect(bench.members).to.include(copy);
  });

  it('that comes twice at once does not give up what was written after the first', () => {
    const { bench } = lost();
    expect(forfeit(bench, P)).to.equal('taken');
    expect(forfeit(bench, P)).to.contain('not lost');
    bench.persist();
    const { since } = bench.configuration;
    bench.wait(100);
    expect(bench.configuration.since).to.equal(since);
  });

  it('does not bring back what its members held when they return', () => {
    const { bench, owner, other } = lost();
    forfeit(bench, P);
    bench.persist();
    bench.serves(other);
    const before = configuration(1, owner);
    bench.reboot(owner);
    bench.register(owner, { epoch: epoch(1), adopted: [{ partition: P, configuration: before }] });
    bench.beating.add(owner);
    bench.persist();
    expect(bench.members).to.equal(other);
    expect(bench.lastSent(other, 'grow').members.map(({ slave }) => slave)).to.deep.equal([other, owner]);
  });
});
