/** Growing, at the owner: nothing falls between the snapshot and the log, and nobody is adopted who lacks anything. */
import { expect } from 'chai';

import { START } from '../../../src/slave/replication/position.ts';
import { epoch, key, type Key } from '../../../src/common/ids.ts';
import type { FromSlave } from '../../../src/common/message/control.ts';
import { partitionOf, slotOf } from '../../../src/common/slot.ts';
import type { PeerMessage } from '../../../src/slave/peer-message.ts';
import { isHeldBack } from '../../../src/slave/migration/sender.ts';
import { lookup } from '../../../src/slave/tables.ts';
import {
  cluster,
  configuration,
  exchange,
  K1,
  K2,
  K3,
  P,
  type SlaveBench,
} from '../../support/slave-bench.ts';

function grow(owner: SlaveBench, { number = 4, base = 3, names = 'ac' } = {}): void {
  const { members } = configuration(number, names);
  owner.control({
    kind: 'grow',
    epoch: epoch(number),
    partition: P,
    base: epoch(base),
    members,
    ownerNonce: 'a.1',
  });
}

/** An owner alone, and a slave that is to learn from it. */
const pair = (): readonly [SlaveBench, SlaveBench] => {
  const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
  a.run(`SET ${K1} one`);
  return [a, c];
};

const but =
  (...kinds: readonly PeerMessage['kind'][]) =>
  (_from: string, { message }: { readonly message: PeerMessage }): boolean =>
    kinds.includes(message.kind);

const grown = (bench: SlaveBench): readonly FromSlave[] => bench.toldOf('grown');

const valueAt = ({ tables, replica }: SlaveBench, name: Key): string | undefined =>
  lookup(tables, replica.table, name)?.value.toString();

/** Names of keys of the first partition. */
const manyNames = (count: number): readonly string[] =>
  Array.from({ length: 3 * count }, (_, index) => `n${index}`)
    .filter((name) => partitionOf(slotOf(name), 2) === P)
    .slice(0, count);

/** Runs these commands, and lets what they did reach the table on disk. */
function fillTable(bench: SlaveBench, commands: readonly string[]): void {
  bench.ask(...commands);
  bench.persist();
  bench.fill();
}

describe('an owner that is told to grow', () => {
  it('makes the learner a member that holds everything, and says so', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c]);
    expect(a.replica.configuration).to.deep.equal(configuration(4, 'ac'));
    expect(grown(a)).to.deep.equal([{ kind: 'grown', partition: P, configuration: configuration(4, 'ac') }]);
    expect(c.replica).to.include({ role: 'copy', isLevel: true });
    expect(valueAt(c, K1)).to.equal('one');
  });

  it('goes on serving while it copies, and the learner gets what was written meanwhile', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('copy-part'));
    expect(a.run(`SET ${K2} two`)).to.equal('OK');
    expect(a.run(`SET ${K1} anew`)).to.equal('OK');
    exchange([a, c], but('copy-part'));
    a.wait(600);
    a.tick();
    exchange([a, c]);
    expect(a.replica.configuration.epoch).to.equal(4);
    expect([valueAt(c, K1), valueAt(c, K2)]).to.deep.equal(['anew', 'two']);
  });

  it('gives up a learner that gets no further, and says so', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('copy-part'));
    for (let time = 0; time < 20; time += 1) {
      a.wait(490);
      a.tick();
    }
    expect(a.toldOf('grow-dropped')).to.deep.equal([]);
    a.wait(490);
    a.tick();
    expect(a.toldOf('grow-dropped')).to.deep.equal([
      { kind: 'grow-dropped', partition: P, epoch: 4, why: 'c gets no further' },
    ]);
    expect(a.replica.grow).to.equal(undefined);
    expect(a.replica.phase).to.equal('open');
  });

  it('counts the bytes of keys and values that it sends', () => {
    const [a, c] = pair();
    expect(a.state.host.copiedBytes).to.equal(0);
    grow(a);
    exchange([a, c]);
    const sent = a.state.host.copiedBytes;
    expect(sent).to.be.above(0);
    a.wait(600);
    a.tick();
    expect(a.toldOf('report').at(-1)).to.include({ copiedBytes: sent });
  });

  it('takes no acknowledgement for one of this lesson before it has begun', () => {
    const [a] = pair();
    for (let count = 0; count < 3; count += 1) a.run(`SET ${K2} ${count}`);
    a.fill();
    grow(a);
    const item = { partition: P, epoch: epoch(3), seq: 1, echo: 0, isGap: false };
    a.from('c', { kind: 'ack', items: [item] });
    expect(a.replica.grow?.learner.acked).to.equal(0);
    expect(a.sentOf('append')).to.deep.equal([]);
  });

  it('sends the log before the first part, so that nothing falls between them', () => {
    const [a, c] = pair();
    grow(a);
    a.ask(`SET ${K2} two`);
    for (const { message } of a.sent.splice(0)) c.from('a', message);
    c.persist();
    for (const { message } of c.sent.splice(0)) a.from('c', message);
    expect(a.sent.map(({ message }) => message.kind)).to.deep.equal(['append', 'copy-part']);
  });

  it('needs the newcomer for every write that is not acknowledged yet, from the moment it has adopted it (G2)', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('probe'));
    expect(a.replica.configuration.epoch).to.equal(4);
    expect(a.run(`SET ${K2} two`)).to.equal('TRYAGAIN');
    a.wait(600);
    a.tick();
    exchange([a, c]);
    const [ticket = 0] = a.ask(`SET ${K2} two`);
    a.persist();
    expect(a.answers.has(ticket)).to.equal(false);
    exchange([a, c]);
    expect(a.answers.get(ticket)).to.equal('OK');
    expect(c.replica.log.end.seq).to.equal(2);
  });

  it('adopts the larger list only when that is durable', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('copy-part'));
    a.wait(600);
    a.tick();
    exchange([a, c], but('copy-state'));
    c.persist();
    for (const { message } of c.sent.splice(0)) a.from('c', message);
    const state = { partition: P, epoch: epoch(3), grow: epoch(4), next: 1 };
    a.from('c', { kind: 'copy-state', isOnward: false, base: START, ...state });
    expect(a.replica.configuration.epoch).to.equal(3);
    expect(grown(a)).to.deep.equal([]);
    a.persist();
    expect(grown(a)).to.have.length(1);
    expect(a.restart().replica.configuration.epoch).to.equal(4);
  });

  it('adopts nobody who has the snapshot and lacks a write', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('copy-part'));
    a.run(`SET ${K2} two`);
    a.sent = a.sent.filter(({ message }) => message.kind !== 'append');
    a.wait(600);
    a.tick();
    exchange([a, c], but('append'));
    expect(a.replica.grow?.stage).to.equal('levelling');
    expect(grown(a)).to.deep.equal([]);
  });

  it('sends again what was lost on the way, at most once in the time of a promise', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('append', 'copy-part'));
    a.ask(`SET ${K2} two`, `SET ${K3} three`);
    exchange([a, c], but('append', 'copy-part'));
    a.wait(600);
    a.tick();
    exchange([a, c]);
    for (let time = 0; time < 5; time += 1) a.tick();
    expect(a.sentOf('append', 'c')).to.have.length(1);
    exchange([a, c]);
    expect(grown(a)).to.have.length(1);
    expect(c.replica.log.end.seq).to.equal(2);
  });

  it('begins again when the first word was lost', () => {
    const [a, c] = pair();
    grow(a);
    a.sent = [];
    a.wait(600);
    a.tick();
    exchange([a, c]);
    expect(grown(a)).to.have.length(1);
  });

  it('copies many records in parts, one after the other', () => {
    const [a, c] = pair();
    const names = manyNames(4_200);
    fillTable(
      a,
      names.map((name) => `SET ${name} x`),
    );
    grow(a);
    const parts: number[] = [];
    exchange([a, c], (_from, { message }) => {
      if (message.kind === 'copy-part') parts.push(message.part.number);
      return false;
    });
    expect(parts).to.deep.equal([0, 1, 2]);
    expect(c.replica.table.count).to.equal(names.length + 1);
  });
});

describe('a part of a snapshot that is sent twice', () => {
  const stateOf = (next: number): PeerMessage => ({
    kind: 'copy-state',
    isOnward: false,
    base: START,
    partition: P,
    epoch: epoch(3),
    grow: epoch(4),
    next,
  });

  /** The first of two parts is read, keys of it are deleted, and it is read again: now it is the last. */
  function readTwice(): {
    readonly benches: readonly [SlaveBench, SlaveBench];
    readonly left: readonly string[];
    readonly parts: readonly PeerMessage[];
  } {
    const [a, c] = pair();
    const names = manyNames(2_600);
    fillTable(
      a,
      names.map((name) => `SET ${name} x`),
    );
    grow(a);
    exchange([a, c], but('copy-part', 'copy-state'));
    a.from('c', stateOf(0));
    fillTable(
      a,
      names.filter((_, index) => index % 3 === 0).map((name) => `DEL ${name}`),
    );
    a.wait(600);
    a.tick();
    const sent = a.sentOf('copy-part');
    const parts = [...sent.slice(0, 1), ...sent.slice(-1)];
    a.sent = a.sent.filter(({ message }) => message.kind !== 'copy-part');
    return { benches: [a, c], left: names.filter((_, index) => index % 3 !== 0), parts };
  }

  for (const [taken, which] of ['the first', 'the second'].entries()) {
    it(`leaves no gap behind it when the learner took ${which}`, () => {
      const { benches, left, parts } = readTwice();
      const [a, c] = benches;
      expect(parts.length).to.equal(2);
      exchange(benches);
      c.from('a', ...parts.slice(taken, taken + 1));
      exchange(benches);
      a.wait(600);
      a.tick();
      exchange(benches);
      expect(grown(a)).to.have.length(1);
      expect(left.filter((name) => valueAt(c, key(Buffer.from(name))) === undefined)).to.deep.equal([]);
    });
  }
});

describe('new writes, while a learner becomes level', () => {
  /** Nearly level: it lacks one write, whose acknowledgement does not come. */
  function nearly(): readonly [SlaveBench, SlaveBench] {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], but('copy-part'));
    a.run(`SET ${K2} two`);
    a.wait(600);
    a.tick();
    exchange([a, c], but('append'));
    a.wait(20);
    a.tick();
    return [a, c];
  }

  it('wait a moment, so that a steady stream cannot keep it from being level (G1)', () => {
    const [a] = nearly();
    expect(isHeldBack(a.replica)).to.equal(true);
    const [ticket = 0] = a.ask(`SET ${K3} three`);
    a.persist();
    expect(a.answers.has(ticket)).to.equal(false);
    expect(a.replica.log.end.seq).to.equal(2);
  });

  it('wait no longer than that moment, and then go on undisturbed for a while', () => {
    const [a] = nearly();
    const [ticket = 0] = a.ask(`SET ${K3} three`);
    a.wait(100);
    a.tick();
    a.persist();
    expect(a.answers.get(ticket)).to.equal('OK');
    a.wait(20);
    a.tick();
    expect(isHeldBack(a.replica)).to.equal(false);
    a.wait(500);
    a.tick();
    expect(isHeldBack(a.replica)).to.equal(true);
  });

  it('go on when the learner is a member', () => {
    const [a, c] = nearly();
    const [ticket = 0] = a.ask(`SET ${K3} three`);
    a.wait(600);
    a.tick();
    exchange([a, c]);
    a.tick();
    exchange([a, c]);
    expect(grown(a)).to.have.length(1);
    expect(a.answers.get(ticket)).to.be.oneOf(['OK', 'TRYAGAIN']);
  });

  it('are turned away when too many wait', () => {
    const [a] = nearly();
    const tickets = a.ask(...Array.from({ length: 10_001 }, () => `SET ${K3} x`));
    expect(tickets.filter((ticket) => a.answers.get(ticket) === 'TRYAGAIN')).to.deep.equal([tickets.at(-1)]);
  });

  it('are let go by a fence, with a definite answer', () => {
    const [a] = nearly();
    const [ticket = 0] = a.ask(`SET ${K3} three`);
    a.fence(9);
    expect(a.answers.get(ticket)).to.equal('TRYAGAIN');
  });
});
