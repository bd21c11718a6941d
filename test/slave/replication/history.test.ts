/** How what is prepared becomes history, or does not, and who is told what. */
import { expect } from 'chai';

import { Bug } from '../../../src/common/invariant.ts';
import type { Reply } from '../../../src/common/reply.ts';
import { after, instant } from '../../../src/common/time.ts';
import {
  advance,
  cutAfter,
  giveUpBeyond,
  giveUpLate,
  merge,
} from '../../../src/slave/replication/history.ts';
import { decodeItems } from '../../../src/slave/replication/entry.ts';
import { FOREVER, type Waiting } from '../../../src/slave/replication/replica.ts';
import { lookup } from '../../../src/slave/tables.ts';
import { entries, entry, put, remove } from '../../support/entries.ts';
import { K1, K2, SlaveBench, textOf } from '../../support/slave-bench.ts';

/** A replica with a log of these epochs, of which so much is history. */
class Desk {
  readonly bench = new SlaveBench('a');
  readonly replica = this.bench.replica;
  readonly host = this.bench.state.host;
  #tickets = 0;

  constructor(log: string, committed = 0) {
    for (const one of entries(log)) this.replica.log.append(one);
    this.replica.durable = this.replica.log.end.seq;
    advance(this.replica, committed, this.host);
    // An authority, so that answers tell of state.
    Object.assign(this.replica, { role: 'owner', phase: 'open', authorityUntil: FOREVER });
  }

  wait(seq: number, more: Partial<Waiting> = {}): number {
    this.#tickets += 1;
    const deadline = after(this.host.now, 1_000);
    this.replica.waiting.push({
      ticket: this.#tickets,
      seq,
      reply: 1,
      read: undefined,
      isLogged: true,
      deadline,
      ...more,
    });
    return this.#tickets;
  }

  get answers(): readonly (readonly [number, string])[] {
    return this.host.out.answers.map(({ ticket, reply }) => [ticket, textOf(reply)]);
  }

  get logged(): readonly string[] {
    return this.host.out.logItems
      .flatMap((bytes) => decodeItems(bytes) ?? [])
      .map((item) =>
        item.kind === 'entry'
          ? `${item.entry.epoch}.${item.entry.seq}`
          : `${item.kind} ${item.epoch}.${item.seq}`,
      );
  }

  get end(): string {
    const { end } = this.replica.log;
    return `${end.epoch}.${end.seq}`;
  }
}

describe('advancing', () => {
  it('applies in order, up to what is there, and never goes back', () => {
    const desk = new Desk('3 3');
    desk.replica.log.append(entry(3, 3, 3, [put(K1, 'x')]));
    desk.replica.log.append(entry(4, 3, 3, [remove(K1), put(K2, 'y')]));
    advance(desk.replica, 99, desk.host);
    expect(desk.replica.committed).to.equal(4);
    expect(desk.replica.table.applied).to.deep.equal({ epoch: 3, seq: 4 });
    expect(
      [K1, K2].map((name) => lookup(desk.host.tables, desk.replica.table, name)?.value.toString()),
    ).to.deep.equal([undefined, 'y']);
    advance(desk.replica, 1, desk.host);
    expect(desk.replica.committed).to.equal(4);
  });

  it('answers those whose entry it reaches, in order, and leaves the others', () => {
    const desk = new Desk('3 3 3');
    for (const seq of [1, 1, 2, 3]) desk.wait(seq);
    advance(desk.replica, 2, desk.host);
    expect(desk.answers.map(([ticket]) => ticket)).to.deep.equal([1, 2, 3]);
  });

  it('forgets what was prepared, but not what was prepared on top of it', () => {
    const desk = new Desk('3');
    const { prepared, log } = desk.replica;
    for (const seq of [2, 3]) log.append(entry(seq, 3, 3, [put(K1, `${seq}`)]));
    prepared.set(K1, { stored: undefined, seq: 3 });
    advance(desk.replica, 2, desk.host);
    expect(prepared.has(K1)).to.equal(true);
    advance(desk.replica, 3, desk.host);
    expect(prepared.has(K1)).to.equal(false);
  });

  it('runs a read that waited only now', () => {
    const desk = new Desk('3');
    const read = (): Reply => 'ready'.length;
    desk.wait(1, { read, isLogged: false });
    advance(desk.replica, 1, desk.host);
    expect(desk.answers).to.deep.equal([[1, '5']]);
  });

  it('tells a write that it happened, whoever the authority is now; but nothing of state without authority (P4)', () => {
    const desk = new Desk('3');
    desk.wait(1);
    desk.wait(1, { isLogged: false });
    desk.replica.authorityUntil = instant(-1);
    advance(desk.replica, 1, desk.host);
    expect(desk.answers).to.deep.equal([
      [1, '1'],
      [2, 'TRYAGAIN'],
    ]);
  });
});

describe('cutting', () => {
  it('leaves a mark that outlives a restart', () => {
    const desk = new Desk('1 2 2');
    cutAfter(desk.replica, 1, desk.host);
    expect(desk.end).to.equal('1.1');
    expect(desk.replica.durable).to.equal(1);
    expect(desk.logged).to.deep.equal(['cut 1.1']);
  });

  it('never touches history', () => {
    const desk = new Desk('3 3 3', 2);
    expect(() => {
      cutAfter(desk.replica, 1, desk.host);
    }).to.throw(Bug, '1 is history up to 2 and must not be cut');
    cutAfter(desk.replica, 2, desk.host);
    expect(desk.end).to.equal('3.2');
  });

  it('does nothing behind the end', () => {
    const desk = new Desk('3');
    cutAfter(desk.replica, 1, desk.host);
    expect(desk.logged).to.deep.equal([]);
  });

  it('answers those who waited for what is gone: uncertain if it was logged', () => {
    const desk = new Desk('3 3');
    desk.wait(1);
    desk.wait(2);
    desk.wait(2, { isLogged: false });
    cutAfter(desk.replica, 1, desk.host);
    expect(desk.answers).to.deep.equal([
      [2, 'UNCERTAIN'],
      [3, 'TRYAGAIN'],
    ]);
    expect(desk.replica.waiting.length).to.equal(1);
  });

  it('forgets what was prepared', () => {
    const desk = new Desk('3 3');
    desk.replica.prepared.set(K1, { stored: undefined, seq: 2 });
    cutAfter(desk.replica, 1, desk.host);
    expect(desk.replica.prepared.size).to.equal(0);
  });
});

describe('merging', () => {
  it('passes over what is there and takes what follows', () => {
    const desk = new Desk('2 2');
    expect(merge(desk.replica, entries('2 2 2'), desk.host)).to.equal(true);
    expect(desk.end).to.equal('2.3');
    expect(desk.logged).to.deep.equal(['2.3']);
  });

  it('cuts off what contradicts, once, before it takes the other', () => {
    const desk = new Desk('1 2 2 2');
    expect(merge(desk.replica, [entry(2, 3, 1), entry(3, 3, 3)], desk.host)).to.equal(true);
    expect(desk.end).to.equal('3.3');
    expect(desk.logged).to.deep.equal(['cut 1.1', '3.2', '3.3']);
  });

  it('refuses a gap, and entries of another history', () => {
    const desk = new Desk('2 2');
    expect(merge(desk.replica, [entry(4, 2, 2)], desk.host)).to.equal(false);
    expect(merge(desk.replica, [entry(3, 3, 1)], desk.host)).to.equal(false);
    expect(desk.end).to.equal('2.2');
  });

  it('refuses what contradicts what is only in the table', () => {
    const desk = new Desk('2 2 2', 3);
    desk.replica.log.dropUpTo(2);
    expect(merge(desk.replica, [entry(2, 3, 2)], desk.host)).to.equal(false);
    expect(desk.end).to.equal('2.3');
  });

  it('never contradicts history', () => {
    const desk = new Desk('2 2', 2);
    expect(() => merge(desk.replica, [entry(2, 3, 2)], desk.host)).to.throw(Bug);
  });
});

describe('giving up', () => {
  it('ends a wait at its deadline: uncertain for what was logged, a definite no for what was not (W2)', () => {
    const desk = new Desk('3');
    desk.wait(1);
    desk.wait(1, { isLogged: false });
    desk.wait(1, { deadline: after(desk.host.now, 2_000) });
    desk.host.now = after(desk.host.now, 999);
    giveUpLate(desk.replica, desk.host);
    expect(desk.answers).to.deep.equal([]);
    desk.host.now = after(desk.host.now, 1);
    giveUpLate(desk.replica, desk.host);
    expect(desk.answers).to.deep.equal([
      [1, 'UNCERTAIN'],
      [2, 'CLUSTERDOWN'],
    ]);
    expect(desk.replica.waiting.length).to.equal(1);
  });

  it('keeps those in order who wait for what is left', () => {
    const desk = new Desk('3 3 3');
    for (const seq of [1, 3, 2, 3]) desk.wait(seq);
    giveUpBeyond(desk.replica, 2, desk.host);
    expect([...desk.replica.waiting].map(({ ticket }) => ticket)).to.deep.equal([1, 3]);
  });
});
