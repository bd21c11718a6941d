/** The owner: it levels everybody to the best log before it serves, and a write is history only when all hold it. */
import { expect } from 'chai';

import { epoch, slaveId } from '../../../src/common/ids.ts';
import { Bug } from '../../../src/common/invariant.ts';
import type { AckItem, PeerMessage, PositionItem } from '../../../src/slave/peer-message.ts';
import type { Entry } from '../../../src/slave/replication/entry.ts';
import { propose } from '../../../src/slave/replication/owner.ts';
import type { Position } from '../../../src/slave/replication/position.ts';
import { entries, entry, put } from '../../support/entries.ts';
import { cluster, configuration, exchange, K1, K2, P, SlaveBench } from '../../support/slave-bench.ts';

const at = (number: number, seq: number): Position => ({ epoch: epoch(number), seq });

/** What peers of an owner say, in configurations of epoch 3 unless told otherwise. */
class Peers {
  readonly owner: SlaveBench;
  #rounds = 0;

  constructor(owner: SlaveBench) {
    this.owner = owner;
  }

  position(from: string, end: Position, { committed = 0, number = 3, echo = this.owner.now } = {}): void {
    this.#rounds += 1;
    const item: PositionItem = { partition: P, epoch: epoch(number), round: this.#rounds, end, committed };
    this.owner.from(from, { kind: 'position', echo, items: [item] });
  }

  ack(from: string, seq: number, more: Partial<AckItem> = {}): void {
    const item: AckItem = { partition: P, epoch: epoch(3), seq, echo: this.owner.now, isGap: false, ...more };
    this.owner.from(from, { kind: 'ack', items: [item] });
  }

  fetched(from: string, found: readonly Entry[], isTooOld = false): void {
    const item = { partition: P, epoch: epoch(3), after: 0, entries: found, isTooOld };
    this.owner.from(from, { kind: 'fetched', item });
  }
}

/** The owner of these slaves, with a log of these epochs that was laid by its earlier life, levelling. */
function levelling(names: string, log: string): readonly [SlaveBench, Peers] {
  const before = new SlaveBench('a', { logKeepBytes: 1 << 20 });
  before.register(configuration(2, 'ba'));
  before.open('b');
  const items = entries(log).map((one) => ({ partition: P, epoch: epoch(2), committed: 0, entry: one }));
  before.replica.isLevel = true;
  before.from('b', { kind: 'append', sentAt: 1, items });
  before.persist();
  const owner = before.restart({ boot: 1 });
  for (const name of names.slice(1)) owner.open(name);
  owner.register(configuration(3, names));
  return [owner, new Peers(owner)];
}

const phase = (bench: SlaveBench): string => bench.replica.phase;

describe('a new owner', () => {
  it('asks every member where it stands, and serves nobody meanwhile', () => {
    const [owner] = levelling('abc', '2');
    expect(owner.sentOf('probe').map(({ items }) => items[0]?.configuration.epoch)).to.deep.equal([3, 3]);
    expect(phase(owner)).to.equal('levelling');
    expect(owner.run(`SET ${K1} x`)).to.equal('TRYAGAIN');
  });

  it('alone in its configuration opens at once, and all that it had prepared is history', () => {
    const [owner] = levelling('a', '2 2');
    expect(phase(owner)).to.equal('open');
    expect(owner.replica.committed).to.equal(2);
    expect(owner.toldOf('serving')[0]?.items).to.deep.equal([{ partition: P, epoch: 3 }]);
  });

  it('opens when every member durably holds the best log, and not before', () => {
    const [owner, peers] = levelling('abc', '2 2');
    peers.position('b', at(2, 2));
    expect(owner.sentOf('level')).to.deep.equal([]);
    peers.position('c', at(2, 2));
    expect(owner.sentOf('level').map(({ item }) => item.end)).to.deep.equal([at(2, 2), at(2, 2)]);
    peers.ack('b', 2);
    expect(phase(owner)).to.equal('levelling');
    expect(owner.run(`GET ${K1}`), 'though it holds all promises').to.equal('TRYAGAIN');
    peers.ack('c', 2);
    expect(phase(owner)).to.equal('open');
    expect(owner.replica.committed).to.equal(2);
  });

  it('sends each what it lacks', () => {
    const [owner, peers] = levelling('abc', '1 2 2');
    peers.position('b', at(2, 2));
    peers.position('c', at(0, 0));
    expect(owner.lastSent('level', 'b').item.entries.map(({ seq }) => seq)).to.deep.equal([3]);
    expect(owner.lastSent('level', 'c').item.entries.map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
  });

  it('waits for who is asked again while it fetches the best log', () => {
    const [owner, peers] = levelling('abc', '2');
    peers.position('b', at(2, 3));
    peers.position('c', at(2, 2));
    owner.open('c');
    peers.fetched('b', entries('2 2 2'));
    owner.persist();
    expect(owner.sentOf('level')).to.deep.equal([]);
    peers.position('c', at(2, 2));
    expect(owner.sentOf('level').map(({ item }) => item.end)).to.deep.equal([at(2, 3), at(2, 3)]);
  });

  it('sends one with a foreign tail everything since its committed point', () => {
    const [owner, peers] = levelling('ab', '1 2 2');
    peers.position('b', at(1, 9), { committed: 1 });
    expect(owner.lastSent('level', 'b').item.entries.map(({ seq }) => seq)).to.deep.equal([2, 3]);
    expect(owner.lastSent('level', 'b').item.end).to.deep.equal(at(2, 3));
  });

  it('takes the log of the latest epoch for the best, not the longest (F4)', () => {
    const [owner, peers] = levelling('ab', '1 1 1 1 1');
    peers.position('b', at(2, 2));
    expect(owner.lastSent('fetch', 'b')).to.deep.include({ epoch: 3, after: 0 });
    peers.fetched('b', [entry(1, 1, 0), entry(2, 2, 1, [put(K1, 'theirs')])]);
    owner.persist();
    expect(owner.replica.log.end).to.include(at(2, 2));
    peers.ack('b', 2);
    expect(phase(owner)).to.equal('open');
    peers.position('b', at(2, 2));
    expect(owner.run(`GET ${K1}`)).to.equal('theirs');
  });

  it('keeps its own log though another is longer', () => {
    const [owner, peers] = levelling('ab', '1 2');
    peers.position('b', at(1, 9), { committed: 0 });
    expect(owner.sentOf('fetch')).to.deep.equal([]);
    expect(owner.lastSent('level', 'b').item.end).to.deep.equal(at(2, 2));
  });

  it('waits, between equal epochs, for the longer log', () => {
    const [owner, peers] = levelling('abc', '2');
    peers.position('b', at(2, 3));
    peers.position('c', at(2, 2));
    expect(owner.sentOf('fetch', 'b')).to.have.length(1);
    peers.fetched('b', entries('2 2 2').slice(0, 2));
    expect(owner.lastSent('fetch', 'b').after, 'there is more').to.equal(2);
    peers.fetched('b', entries('2 2 2').slice(2));
    expect(owner.sentOf('level'), 'it is not durable here yet').to.deep.equal([]);
    owner.persist();
    expect(owner.sentOf('level')).to.have.length(2);
  });

  it('tells that it is unfit itself when the best log does not reach back to its own (F6)', () => {
    const [owner, peers] = levelling('ab', '1');
    peers.position('b', at(2, 90));
    peers.fetched('b', [], true);
    expect(owner.toldOf('unfit')).to.deep.equal([{ kind: 'unfit', partition: P, epoch: 3, slave: 'a' }]);
    expect(phase(owner)).to.equal('levelling');
  });

  it('tells that a member is unfit which its own log does not reach', () => {
    const [owner, peers] = levelling('ab', '1 2 2');
    owner.replica.log.dropUpTo(2);
    peers.position('b', at(1, 1));
    expect(owner.toldOf('unfit')[0]?.slave).to.equal('b');
  });

  it('tells that a member is unfit whose store lacks what it had acknowledged (I2)', () => {
    const [owner, peers] = levelling('ab', '2 2');
    peers.position('b', at(2, 2));
    peers.ack('b', 2);
    owner.persist();
    expect(phase(owner)).to.equal('open');
    const before = owner.now;
    owner.wait(10);
    owner.open('b');
    peers.position('b', at(2, 1), { echo: before });
    expect(owner.toldOf('unfit'), 'it said so before it acknowledged the rest').to.deep.equal([]);
    expect(owner.sentOf('level')).to.have.length(2);
    peers.position('b', at(2, 1));
    expect(owner.toldOf('unfit')).to.deep.equal([{ kind: 'unfit', partition: P, epoch: 3, slave: 'b' }]);
    expect(owner.sentOf('level'), 'it is not brought level').to.have.length(2);
  });

  it('believes nothing that was said under another epoch', () => {
    const [owner, peers] = levelling('ab', '2');
    peers.position('b', at(2, 1), { number: 2 });
    expect(owner.sentOf('level')).to.deep.equal([]);
    peers.position('b', at(2, 1));
    peers.ack('b', 1, { epoch: epoch(2) });
    expect(phase(owner)).to.equal('levelling');
  });

  it('answers a position once, also when it comes twice', () => {
    const [owner, peers] = levelling('ab', '2');
    peers.position('b', at(2, 1));
    const [sent] = owner.sentOf('level');
    const item: PositionItem = {
      partition: P,
      epoch: epoch(3),
      round: sent?.item.round ?? 0,
      end: at(2, 1),
      committed: 0,
    };
    owner.from('b', { kind: 'position', echo: owner.now, items: [item] });
    expect(owner.sentOf('level')).to.have.length(1);
  });

  it('asks again where no answer comes', () => {
    const [owner] = levelling('ab', '2');
    owner.wait(600);
    owner.tick();
    expect(owner.sentOf('probe')).to.have.length(2);
  });

  it('asks anew when a link is new: what was under way may be lost (W3)', () => {
    const [owner] = levelling('ab', '2');
    owner.open('b');
    expect(owner.sentOf('probe', 'b')).to.have.length(2);
  });

  it('stops when it is fenced, and no answer opens it', () => {
    const [owner, peers] = levelling('ab', '2');
    peers.position('b', at(2, 1));
    owner.fence(4);
    peers.ack('b', 1);
    expect(phase(owner)).to.equal('closed');
  });
});

/** An open owner of two others whose answers are written by hand. */
function open(): readonly [SlaveBench, Peers] {
  const [owner, peers] = levelling('abc', '');
  for (const name of ['b', 'c']) peers.position(name, at(0, 0));
  owner.sent = [];
  return [owner, peers];
}

describe('an open owner', () => {
  it('sends a write to every member at once, before its own disk has it', () => {
    const [owner] = open();
    owner.ask(`SET ${K1} x`);
    expect(owner.pending).to.equal(1);
    expect(owner.sentOf('append', 'b')[0]?.items[0]?.entry.seq).to.equal(1);
    expect(owner.sentOf('append', 'c')).to.have.length(1);
  });

  it('answers a write when all hold it durably, itself too', () => {
    const [owner, peers] = open();
    const [ticket = 0] = owner.ask(`SET ${K1} x`);
    peers.ack('b', 1);
    peers.ack('c', 1);
    expect(owner.answers.has(ticket), 'its own disk is missing').to.equal(false);
    owner.persist();
    expect(owner.answers.get(ticket)).to.equal('OK');
  });

  it('waits for the last of its members', () => {
    const [owner, peers] = open();
    const [ticket = 0] = owner.ask(`SET ${K1} x`);
    owner.persist();
    peers.ack('b', 1);
    expect(owner.answers.has(ticket)).to.equal(false);
    peers.ack('c', 1);
    expect(owner.answers.get(ticket)).to.equal('OK');
  });

  it('believes nobody who holds what was never sent', () => {
    const [owner, peers] = open();
    const [ticket = 0] = owner.ask(`SET ${K1} x`);
    owner.persist();
    for (const name of ['b', 'c']) peers.ack(name, 99);
    expect(owner.answers.has(ticket)).to.equal(false);
    expect(owner.replica.committed).to.equal(0);
  });

  it('takes an acknowledgement that comes twice or late for what it is', () => {
    const [owner, peers] = open();
    owner.ask(`SET ${K1} x`);
    owner.ask(`SET ${K2} y`);
    owner.persist();
    for (const seq of [2, 2, 1]) peers.ack('b', seq);
    peers.ack('c', 1);
    expect(owner.replica.committed).to.equal(1);
    peers.ack('c', 2);
    expect(owner.replica.committed).to.equal(2);
  });

  it('asks a member where it stands when there is a gap, and sends it nothing meanwhile', () => {
    const [owner, peers] = open();
    owner.ask(`SET ${K1} x`);
    owner.sent = [];
    peers.ack('b', 0, { isGap: true });
    expect(owner.sentOf('probe', 'b')).to.have.length(1);
    owner.ask(`SET ${K2} y`);
    expect(owner.sentOf('append', 'b')).to.deep.equal([]);
    peers.position('b', at(0, 0));
    expect(owner.lastSent('level', 'b').item.entries.map(({ seq }) => seq)).to.deep.equal([1, 2]);
    expect(owner.sentOf('level', 'c'), 'the others are level').to.deep.equal([]);
  });

  it('takes no gap for an acknowledgement or a promise', () => {
    const [owner, peers] = open();
    owner.wait(1_000);
    peers.ack('b', 0, { isGap: true });
    expect(owner.replica.peers.get(slaveId('b'))?.heldUntil).to.be.below(owner.now);
  });

  it('tells its copies what became history, with the next write or at the next tick', () => {
    const [owner, peers] = open();
    owner.ask(`SET ${K1} x`);
    owner.persist();
    for (const name of ['b', 'c']) peers.ack(name, 1);
    owner.ask(`SET ${K2} y`);
    expect(owner.sentOf('append', 'b').at(-1)?.items[0]?.committed).to.equal(1);
    owner.tick();
    expect(owner.lastSent('commit', 'b').items).to.deep.equal([{ partition: P, epoch: 3, committed: 1 }]);
    owner.sent = [];
    owner.tick();
    expect(owner.sentOf('commit'), 'once is enough').to.deep.equal([]);
  });

  it('asks a silent member again, and leaves one alone that has everything', () => {
    const [owner, peers] = open();
    owner.ask(`SET ${K1} x`);
    owner.persist();
    peers.ack('c', 1);
    owner.wait(600);
    owner.tick();
    expect(owner.sentOf('probe').length).to.equal(1);
    expect(owner.sentOf('probe', 'b').length).to.equal(1);
  });

  it('proposes nothing once it is fenced', () => {
    const [owner] = open();
    owner.fence(4);
    expect(() => {
      propose(owner.replica, entry(1, 3, 0), owner.state.host);
    }).to.throw(Bug);
  });
});

describe('an owner and its copies', () => {
  it('lose nothing when frames are lost: the gap is found and filled', () => {
    const benches = cluster(configuration(3, 'abc')) as [SlaveBench, SlaveBench, SlaveBench];
    const [a, b, c] = benches;
    const [first = 0] = a.ask(`SET ${K1} x`);
    exchange(
      benches,
      (_from, { to, message }: { to: string; message: PeerMessage }) =>
        to === 'b' && message.kind === 'append',
    );
    const [second = 0] = a.ask(`SET ${K2} y`);
    exchange(benches);
    expect([first, second].map((ticket) => a.answers.get(ticket))).to.deep.equal(['OK', 'OK']);
    expect([b.replica.log.end.seq, c.replica.log.end.seq]).to.deep.equal([2, 2]);
  });
});
