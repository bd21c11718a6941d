/**
 * A slave that was a member, was left out, and comes back: it lacks only what changed, and nothing that was
 * deleted or overwritten meanwhile reappears.
 */
import { expect } from 'chai';

import { epoch } from '../../src/common/ids.ts';
import type { Position } from '../../src/slave/replication/position.ts';
import { isRetired } from '../../src/slave/replication/replica.ts';
import { lookup } from '../../src/slave/tables.ts';
import { cluster, configuration, exchange, K1, K2, K3, P, type SlaveBench } from '../support/slave-bench.ts';

const KEEP = { logKeepBytes: 1 << 20 };

/** `a` owns and `c` copies; then `c` is left out, and the world goes on without it. */
function separated(options = KEEP): readonly [SlaveBench, SlaveBench] {
  const [a, c] = cluster(configuration(3, 'ac'), options, 'ac') as [SlaveBench, SlaveBench];
  for (const name of [K1, K2]) a.ask(`SET ${name} old`);
  exchange([a, c]);
  told(a);
  exchange([a, c]);
  a.fence(4);
  a.persist();
  a.announce(configuration(4, 'a'));
  exchange([a, c]);
  expect(a.run(`DEL ${K1}`)).to.equal('1');
  expect(a.run(`SET ${K2} new`)).to.equal('OK');
  expect(a.run(`SET ${K3} new`)).to.equal('OK');
  return [a, c];
}

/** Copies hear of commits with the tick. */
function told(bench: SlaveBench): void {
  bench.wait(50);
  bench.tick();
}

function leftOut(bench: SlaveBench): SlaveBench {
  bench.announce(configuration(4, 'a'));
  bench.persist();
  return bench;
}

function grow(owner: SlaveBench, number = 5): void {
  const { members } = configuration(number, 'ac');
  owner.control({
    kind: 'grow',
    epoch: epoch(number),
    partition: P,
    base: epoch(4),
    members,
    ownerNonce: 'a.1',
  });
}

/** Lets the two talk, and counts the parts of a snapshot that were sent. */
function talk(a: SlaveBench, c: SlaveBench): number {
  let parts = 0;
  exchange([a, c], (_, { message }) => {
    if (message.kind === 'copy-part') parts += 1;
    return false;
  });
  return parts;
}

/** `a` has asked `c` what it has, and nothing that `c` says has arrived. */
function asked(): readonly [SlaveBench, SlaveBench] {
  const [a, c] = separated();
  leftOut(c);
  grow(a);
  exchange([a, c], (from) => from === 'c');
  return [a, c];
}

/** What `c` says it has, whenever that reaches the owner. */
function offer(owner: SlaveBench, has: Position): void {
  owner.from('c', { kind: 'copy-offer', partition: P, epoch: epoch(4), grow: epoch(5), has });
}

/** So much later it has given up what it kept. */
function giveUp(former: SlaveBench): void {
  former.wait(400_000);
  told(former);
  former.persist();
  expect(isRetired(former.replica)).to.equal(false);
}

const valueAt = ({ tables, replica }: SlaveBench, name: typeof K1): string | undefined =>
  lookup(tables, replica.table, name)?.value.toString();

function expectWhole(a: SlaveBench, c: SlaveBench): void {
  expect(a.replica.configuration.epoch).to.equal(5);
  told(a);
  talk(a, c);
  expect([K1, K2, K3].map((name) => valueAt(c, name))).to.deep.equal([undefined, 'new', 'new']);
  expect(c.replica).to.include({ role: 'copy', committed: a.replica.committed });
}

function fillAndTrim(bench: SlaveBench): void {
  for (let round = 0; round < 3; round += 1) bench.fill();
}

describe('a slave that comes back to a partition', () => {
  it('is sent only what changed since it was left out', () => {
    const [a, c] = separated();
    leftOut(c);
    expect(isRetired(c.replica)).to.equal(true);
    grow(a);
    expect(talk(a, c)).to.equal(0);
    expectWhole(a, c);
  });

  it('also when it was down meanwhile', () => {
    const [a, gone] = separated();
    fillAndTrim(gone);
    const c = gone.restart();
    c.open('a');
    c.register(configuration(4, 'a'));
    grow(a);
    expect(talk(a, c)).to.equal(0);
    expectWhole(a, c);
  });

  it('keeps nothing of what it had logged and what never became history', () => {
    const [a, c] = cluster(configuration(3, 'ac'), KEEP, 'ac') as [SlaveBench, SlaveBench];
    a.ask(`SET ${K1} old`);
    exchange([a, c]);
    a.ask(`SET ${K2} lost`);
    exchange([a, c], (_, { message }) => message.kind === 'ack');
    leftOut(c);
    expect(c.replica.log.end.seq).to.equal(c.replica.committed);
    expect(valueAt(c, K2)).to.equal(undefined);
  });

  it('is copied anew when the log does not reach back so far', () => {
    const [a, c] = separated({ logKeepBytes: 0 });
    leftOut(c);
    fillAndTrim(a);
    expect(a.replica.log.base.seq).to.be.above(c.replica.committed);
    grow(a);
    expect(talk(a, c)).to.equal(1);
    expectWhole(a, c);
  });

  it('is copied anew when what it has is no part of the history', () => {
    const [a, c] = asked();
    const { seq } = c.replica.table.applied;
    offer(a, { epoch: epoch(2), seq });
    expect(a.lastSent('copy-begin')).to.include({ mode: 'anew' });
    expect(talk(a, c)).to.equal(1);
    expectWhole(a, c);
  });

  it('begins from what it then has, if it gave up what it had offered', () => {
    const [a, c] = asked();
    const { applied } = c.replica.table;
    giveUp(c);
    offer(a, applied);
    expect(a.lastSent('copy-begin')).to.include({ mode: 'onward' });
    expect(talk(a, c)).to.equal(1);
    expectWhole(a, c);
  });

  it('is copied anew when it began so, whatever its owner had decided since', () => {
    const [a, c] = asked();
    const { applied } = c.replica.table;
    giveUp(c);
    offer(a, { epoch: epoch(0), seq: 0 });
    for (const { message } of a.sent.splice(0)) c.from('a', message);
    // The same offer as before, for a second time, and late.
    offer(a, applied);
    expect(a.lastSent('copy-begin')).to.include({ mode: 'onward' });
    expect(talk(a, c)).to.be.above(0);
    expectWhole(a, c);
  });

  it('says nothing before what it had is in its store: half a return is none', () => {
    const [a, c] = separated();
    leftOut(c);
    grow(a);
    for (const message of a.sent.splice(0)) if (message.to === 'c') c.from('a', message.message);
    c.persist();
    for (const message of c.sent.splice(0)) a.from('c', message.message);
    for (const message of a.sent.splice(0)) if (message.to === 'c') c.from('a', message.message);
    while (c.disk.pending > 0) c.disk.completeNext();
    expect(c.sentOf('copy-state')).to.deep.equal([]);
    c.persist();
    expect(c.sentOf('copy-state')).to.have.length(1);
  });

  it('never offers half a copy', () => {
    const [a, c] = cluster(configuration(4, 'a'), KEEP, 'ac') as [SlaveBench, SlaveBench];
    a.run(`SET ${K1} old`);
    grow(a, 5);
    exchange([a, c], (_, { message }) => message.kind === 'copy-state' && message.next === 1);
    expect(c.replica.role).to.equal('learner');
    c.announce(configuration(6, 'a'));
    c.persist();
    expect(isRetired(c.replica)).to.equal(false);
    expect(valueAt(c, K1)).to.equal(undefined);
  });

  it('keeps what it held for five minutes, and not while its disk is short of room', () => {
    const [, c] = separated();
    const [, poor] = separated();
    leftOut(c).wait(290_000);
    c.tick();
    expect(isRetired(c.replica)).to.equal(true);
    c.wait(20_000);
    c.tick();
    c.persist();
    expect(isRetired(c.replica)).to.equal(false);
    expect(valueAt(c, K2)).to.equal(undefined);
    leftOut(poor).feed({ kind: 'space', isLow: true });
    poor.tick();
    expect(isRetired(poor.replica)).to.equal(false);
  });

  it('is told a long log a piece at a time', () => {
    const [a, c] = separated();
    leftOut(c);
    const value = 'v'.repeat(1 << 20);
    for (let count = 0; count < 12; count += 1) a.run(`SET ${K3} ${value}`);
    a.run(`SET ${K3} new`);
    grow(a);
    let most = 0;
    exchange([a, c], (_, { message }) => {
      if (message.kind === 'append') most = Math.max(most, message.items.length);
      return false;
    });
    expect(most).to.be.within(1, 8);
    expectWhole(a, c);
  });
});
