/** The copy: it takes what the owner of its epoch sends, in order, and says "durable" not a moment early. */
import { expect } from 'chai';

import { epoch } from '../../../src/common/ids.ts';
import { stamp } from '../../../src/common/time.ts';
import type { LevelItem, PeerMessage } from '../../../src/slave/peer-message.ts';
import type { Entry } from '../../../src/slave/replication/entry.ts';
import { entries, entry, put } from '../../support/entries.ts';
import { configuration, K1, P, SlaveBench } from '../../support/slave-bench.ts';

/** A copy `b` of an owner `a` whose messages are written by hand. */
class Copy {
  readonly bench: SlaveBench;

  constructor(bench = new SlaveBench('b', { logKeepBytes: 1 << 20 }), number = 3) {
    this.bench = bench;
    bench.open('a');
    bench.register(configuration(number, 'ab'));
  }

  probe(sentAt = 1, number = 3): void {
    const item = { partition: P, configuration: configuration(number, 'ab'), stamp: stamp(0) };
    this.bench.from('a', { kind: 'probe', sentAt, items: [item] });
  }

  level(found: readonly Entry[], more: Partial<LevelItem> = {}): void {
    const end = found.at(-1) ?? this.bench.replica.log.end;
    const round = this.bench.replica.rounds;
    const head = { partition: P, epoch: epoch(3), round, sentAt: this.bench.now };
    this.bench.from('a', {
      kind: 'level',
      item: { ...head, entries: found, end: { epoch: end.epoch, seq: end.seq }, ...more },
    });
  }

  append(one: Entry, { committed = 0, number = 3, from = 'a' } = {}): void {
    const item = { partition: P, epoch: epoch(number), committed, entry: one };
    this.bench.from(from, { kind: 'append', sentAt: 50, items: [item] });
  }

  get acks(): readonly string[] {
    return this.bench
      .sentOf('ack')
      .flatMap(({ items }) => items.map(({ seq, isGap }) => (isGap ? `gap ${seq}` : `${seq}`)));
  }

  get end(): string {
    const { end } = this.bench.replica.log;
    return `${end.epoch}.${end.seq}`;
  }
}

/** One that was probed and brought level to these entries, durably. */
function levelled(found: readonly Entry[] = []): Copy {
  const copy = new Copy();
  copy.probe();
  copy.bench.persist();
  copy.level(found);
  copy.bench.persist();
  copy.bench.sent = [];
  return copy;
}

describe('a copy that is probed', () => {
  it('tells where it stands when all that it has is durable', () => {
    const copy = levelled(entries('3 3'));
    copy.append(entry(3, 3, 3));
    copy.probe(2);
    expect(copy.bench.sentOf('position')).to.deep.equal([]);
    copy.bench.persist();
    const { echo, items } = copy.bench.lastSent('position');
    expect(echo).to.equal(2);
    expect(items[0]).to.deep.include({ epoch: 3, end: { epoch: 3, seq: 3 }, committed: 0 });
  });

  it('adopts the configuration that the probe tells, durably, before it answers', () => {
    const copy = levelled();
    copy.probe(2, 5);
    expect(copy.bench.replica.configuration.epoch).to.equal(5);
    expect(copy.bench.sentOf('position')).to.deep.equal([]);
    copy.bench.persist();
    expect(copy.bench.lastSent('position').items[0]?.epoch).to.equal(5);
    expect(copy.bench.restart().replica.configuration.epoch).to.equal(5);
  });

  it('refuses one older than its fence (N2)', () => {
    const copy = levelled();
    copy.bench.fence(6);
    copy.bench.persist();
    copy.probe(2, 5);
    copy.bench.persist();
    expect(copy.bench.replica.configuration.epoch).to.equal(3);
    expect(copy.bench.sentOf('position')).to.deep.equal([]);
  });

  it('refuses one from who is not its owner, or that names another store of its own (N3)', () => {
    const copy = levelled();
    copy.bench.open('c');
    const item = { partition: P, configuration: configuration(5, 'ab'), stamp: stamp(0) };
    copy.bench.from('c', { kind: 'probe', sentAt: 2, items: [item] });
    const strange = { epoch: epoch(5), members: configuration(5, 'ac').members, ownerNonce: 'a.1' };
    copy.bench.from('a', { kind: 'probe', sentAt: 2, items: [{ ...item, configuration: strange }] });
    expect(copy.bench.replica.configuration.epoch).to.equal(3);
  });

  it('takes no append until it is level again', () => {
    const copy = levelled();
    copy.probe(2);
    copy.append(entry(1, 3, 0));
    expect(copy.acks).to.deep.equal(['gap 0']);
    expect(copy.end).to.equal('0.0');
  });
});

describe('a copy that is levelled', () => {
  it('takes what it lacks, loses what it has too much, and says so when that is durable (F6)', () => {
    const copy = levelled(entries('1 1 1'));
    copy.probe(2);
    copy.bench.persist();
    copy.level([entry(2, 2, 1)]);
    expect(copy.end).to.equal('2.2');
    expect(copy.acks).to.deep.equal([]);
    copy.bench.persist();
    expect(copy.acks).to.deep.equal(['2']);
    expect(copy.bench.restart().replica.log.end).to.include({ epoch: 2, seq: 2 });
  });

  it('loses a tail that never became history, though nothing is sent in its stead', () => {
    const copy = levelled(entries('1 1 1'));
    copy.probe(2);
    copy.bench.persist();
    copy.level([], { end: { epoch: epoch(1), seq: 1 } });
    copy.bench.persist();
    expect(copy.end).to.equal('1.1');
    expect(copy.acks).to.deep.equal(['1']);
    expect(copy.bench.restart().replica.log.end.seq).to.equal(1);
  });

  it('is level only with the last message of a level that came in several', () => {
    const copy = levelled();
    copy.probe(2);
    copy.bench.persist();
    copy.level(entries('3 3'), { end: undefined });
    expect(copy.bench.replica.isLevel).to.equal(false);
    copy.level([entry(3, 3, 3)]);
    expect(copy.bench.replica.isLevel).to.equal(true);
    expect(copy.end).to.equal('3.3');
  });

  it('cuts nothing for a level that comes twice', () => {
    const copy = levelled(entries('3'));
    copy.append(entry(2, 3, 3));
    copy.level([], { end: { epoch: epoch(3), seq: 1 } });
    expect(copy.end).to.equal('3.2');
  });

  it('cuts nothing for an old level that comes behind a probe that came twice', () => {
    const copy = levelled(entries('3'));
    const { rounds } = copy.bench.replica;
    copy.append(entry(2, 3, 3));
    copy.bench.persist();
    copy.probe();
    copy.bench.persist();
    copy.level([], { round: rounds, end: { epoch: epoch(3), seq: 1 } });
    expect(copy.end).to.equal('3.2');
    expect(copy.bench.replica.isLevel).to.equal(false);
  });

  it('takes no level under another epoch, from another slave, or that nobody asked for', () => {
    const copy = new Copy();
    copy.level(entries('3'), { round: 0 });
    copy.probe();
    copy.bench.persist();
    copy.level(entries('3'), { epoch: epoch(2) });
    expect(copy.bench.replica.isLevel).to.equal(false);
    expect(copy.end).to.equal('0.0');
  });

  it('takes no level whose entries do not reach its log', () => {
    const copy = levelled(entries('3'));
    copy.probe(2);
    copy.bench.persist();
    copy.level([entry(5, 3, 3)]);
    expect(copy.bench.replica.isLevel).to.equal(false);
    expect(copy.end).to.equal('3.1');
  });
});

describe('a copy that is sent a write', () => {
  it('acknowledges it when it is durable, and that is a promise too (P3)', () => {
    const copy = levelled();
    copy.bench.replica.given.clear();
    copy.append(entry(1, 3, 0));
    expect(copy.acks).to.deep.equal([]);
    copy.bench.persist();
    expect(copy.bench.lastSent('ack').items).to.deep.equal([
      { partition: P, epoch: 3, seq: 1, echo: 50, isGap: false },
    ]);
    expect([...copy.bench.replica.given.keys()]).to.deep.equal(['a']);
  });

  it('answers one that it has already as if it were new', () => {
    const copy = levelled();
    copy.append(entry(1, 3, 0));
    copy.bench.persist();
    copy.append(entry(1, 3, 0));
    copy.bench.persist();
    expect(copy.acks).to.deep.equal(['1', '1']);
    expect(copy.end).to.equal('3.1');
  });

  it('says that there is a gap, and what it durably has', () => {
    const copy = levelled(entries('3'));
    copy.append(entry(3, 3, 3));
    expect(copy.acks).to.deep.equal(['gap 1']);
  });

  it('takes none from who is not the owner, nor under another epoch', () => {
    const copy = levelled();
    copy.bench.open('c');
    copy.append(entry(1, 3, 0), { from: 'c' });
    copy.append(entry(1, 2, 0), { number: 2 });
    copy.append(entry(1, 4, 0), { number: 4 });
    expect(copy.end).to.equal('0.0');
  });

  it('takes none once it is fenced, and does not acknowledge what becomes durable behind the fence', () => {
    const copy = levelled();
    copy.append(entry(1, 3, 0));
    copy.bench.fence(6);
    copy.append(entry(2, 3, 3));
    copy.bench.persist();
    expect(copy.acks).to.deep.equal([]);
    expect(copy.bench.toldOf('fenced')[0]?.answers[0]?.end).to.deep.equal({ epoch: 3, seq: 1 });
  });

  it('applies only what the owner calls history, and only what is durable here', () => {
    const copy = levelled();
    copy.append(entry(1, 3, 0, [put(K1, 'x')]), { committed: 1 });
    expect(copy.bench.replica.committed).to.equal(0);
    copy.bench.persist();
    copy.bench.from('a', { kind: 'commit', items: [{ partition: P, epoch: epoch(3), committed: 1 }] });
    expect(copy.bench.replica.committed).to.equal(1);
    expect(copy.bench.replica.table.applied.seq).to.equal(1);
  });

  it('does not believe a commit of another epoch, or beyond its own disk', () => {
    const copy = levelled(entries('3'));
    const commit = (number: number, committed: number): PeerMessage => ({
      kind: 'commit',
      items: [{ partition: P, epoch: epoch(number), committed }],
    });
    copy.bench.from('a', commit(2, 1));
    expect(copy.bench.replica.committed).to.equal(0);
    copy.append(entry(2, 3, 3));
    copy.bench.from('a', commit(3, 2));
    expect(copy.bench.replica.committed).to.equal(1);
  });
});

describe('a copy that is asked for its log', () => {
  const fetch = (copy: Copy, after: number, number = 3): void => {
    copy.bench.from('a', { kind: 'fetch', partition: P, epoch: epoch(number), after });
  };

  it('gives what lies behind a place', () => {
    const copy = levelled(entries('3 3 3'));
    fetch(copy, 1);
    const { item } = copy.bench.lastSent('fetched');
    expect(item.entries.map(({ seq }) => seq)).to.deep.equal([2, 3]);
    expect(item.isTooOld).to.equal(false);
  });

  it('says when it does not reach back so far', () => {
    const copy = levelled(entries('3 3 3'));
    copy.bench.replica.log.dropUpTo(2);
    fetch(copy, 1);
    expect(copy.bench.lastSent('fetched').item).to.deep.include({ isTooOld: true, entries: [] });
  });

  it('gives nothing to who is not its owner, or under another epoch', () => {
    const copy = levelled(entries('3'));
    fetch(copy, 0, 2);
    copy.bench.fence(6);
    fetch(copy, 0);
    expect(copy.bench.sentOf('fetched')).to.deep.equal([]);
  });
});
