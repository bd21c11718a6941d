/** Growing, at the learner: what it says it has, it has, and an older value never covers a newer one. */
import { expect } from 'chai';

import { epoch, type Key } from '../../../src/common/ids.ts';
import type { CopyPart, PeerMessage } from '../../../src/slave/peer-message.ts';
import type { Position } from '../../../src/slave/replication/position.ts';
import { dataKey } from '../../../src/slave/store-layout.ts';
import { lookup } from '../../../src/slave/tables.ts';
import { entry, put } from '../../support/entries.ts';
import { configuration, FILL_MS, K1, K2, P, SlaveBench } from '../../support/slave-bench.ts';

const BASE: Position = { epoch: epoch(3), seq: 40 };

const beginOf = (grow: number, base: Position): PeerMessage => ({
  kind: 'copy-begin',
  mode: 'ask',
  partition: P,
  epoch: epoch(3),
  grow: epoch(grow),
  base,
});

/** A slave `c` that learns from an owner `a` whose messages are written by hand. */
class Learner {
  readonly bench: SlaveBench;

  constructor(bench = new SlaveBench('c', { logKeepBytes: 1 << 20 })) {
    this.bench = bench;
    bench.open('a');
    bench.register(configuration(3, 'a'));
  }

  begin(grow = 4, base = BASE): this {
    this.bench.from('a', beginOf(grow, base));
    return this;
  }

  part(number: number, value: string, more: Partial<CopyPart> = {}): this {
    const part = {
      partition: P,
      epoch: epoch(3),
      grow: epoch(4),
      number,
      committed: 40,
      records: [put(K1, value)],
      isLast: false,
      ...more,
    };
    this.bench.from('a', { kind: 'copy-part', part });
    return this;
  }

  append(seq: number, value: string, committed: number): this {
    const item = { partition: P, epoch: epoch(3), committed, entry: entry(seq, 3, 3, [put(K1, value)]) };
    this.bench.from('a', { kind: 'append', sentAt: 9, items: [item] });
    return this;
  }

  persist(): this {
    this.bench.persist();
    return this;
  }

  /** What it has said that it has. */
  get said(): readonly number[] {
    return this.bench.sentOf('copy-state').map(({ next }) => next);
  }

  read(name: Key): string | undefined {
    return lookup(this.bench.tables, this.bench.replica.table, name)?.value.toString();
  }
}

describe('a learner', () => {
  it('is empty and ready when that is durable', () => {
    const learner = new Learner().begin();
    expect(learner.said).to.deep.equal([]);
    learner.persist();
    expect(learner.said).to.deep.equal([0]);
    expect(learner.bench.replica).to.include({ role: 'learner', learns: 4 });
    expect(learner.bench.replica.log.end).to.deep.equal(BASE);
  });

  it('says that it has a part when it is in the store, durably', () => {
    const learner = new Learner().begin().persist().part(0, 'x');
    expect(learner.said).to.deep.equal([0]);
    learner.persist();
    expect(learner.said).to.deep.equal([0, 1]);
    expect(learner.bench.restart().replica.table.count).to.equal(1);
  });

  it('refuses a part that is behind what it has applied: an older value must not cover a newer one', () => {
    const learner = new Learner()
      .begin()
      .persist()
      .append(41, 'new', 40)
      .persist()
      .append(42, 'newer', 41)
      .persist();
    expect(learner.bench.replica.table.applied.seq).to.equal(41);
    learner.part(0, 'old', { committed: 40 }).persist();
    expect(learner.read(K1)).to.equal('new');
    expect(learner.said.at(-1), 'it is to be read again').to.equal(0);
    learner.part(0, 'new', { committed: 41, records: [put(K1, 'new'), put(K2, 'two')] }).persist();
    expect(learner.said.at(-1)).to.equal(1);
    expect(learner.read(K2)).to.equal('two');
  });

  it('takes each part once and in order, and says where it stands to every other', () => {
    const learner = new Learner().begin().persist().part(1, 'second').persist();
    expect(learner.said.at(-1)).to.equal(0);
    learner.part(0, 'first').persist().part(0, 'again').persist();
    expect(learner.read(K1)).to.equal('first');
    expect(learner.said.at(-1)).to.equal(1);
  });

  it('does not say that it has a part which waits behind another fill', () => {
    const learner = new Learner().begin().persist().append(41, 'x', 40).persist().append(42, 'y', 41);
    learner.persist().bench.wait(FILL_MS);
    learner.bench.tick();
    expect(learner.bench.replica.table.filling, 'a fill is under way').to.not.equal(undefined);
    learner.part(0, 'z', { committed: 42, records: [put(K2, 'z')] }).part(0, 'z', { committed: 42 });
    while (learner.said.at(-1) === 0) learner.bench.tables.completeNext();
    expect(learner.bench.tables.get(dataKey(P, K2)), 'it is in the store').to.not.equal(undefined);
  });

  it('says nothing of a part that comes twice while the first is on its way to the store', () => {
    const learner = new Learner().begin().persist().part(0, 'x').part(0, 'x');
    expect(learner.said).to.deep.equal([0]);
    learner.persist();
    expect(learner.said).to.deep.equal([0, 1]);
  });

  it('acknowledges nothing that it had before it began anew, though that was of the same owner and epoch', () => {
    const learner = new Learner().begin().persist().append(41, 'x', 40);
    learner.begin(6);
    learner.persist();
    expect(learner.bench.sentOf('ack')).to.deep.equal([]);
    expect(learner.bench.replica.durable).to.equal(40);
  });

  it('acknowledges the log as a copy would, and promises nothing', () => {
    const learner = new Learner().begin().persist().append(41, 'x', 40);
    expect(learner.bench.sentOf('ack')).to.deep.equal([]);
    learner.persist();
    expect(learner.bench.lastSent('ack').items).to.deep.equal([
      { partition: P, epoch: 3, seq: 41, echo: 9, isGap: false },
    ]);
    expect(learner.bench.replica.given.size).to.equal(0);
  });

  it('tells of a gap in the log', () => {
    const learner = new Learner().begin().persist().append(43, 'x', 40);
    expect(learner.bench.lastSent('ack').items[0]).to.include({ seq: 40, isGap: true });
  });

  it('answers no client', () => {
    const learner = new Learner().begin().persist().part(0, 'x').persist();
    expect(learner.bench.run(`GET ${K1}`)).to.equal('MOVED');
  });

  it('takes nothing from who is not its teacher', () => {
    const learner = new Learner().begin().persist();
    learner.bench.open('b');
    const part = {
      partition: P,
      epoch: epoch(3),
      grow: epoch(4),
      number: 0,
      committed: 40,
      records: [put(K1, 'x')],
      isLast: true,
    };
    learner.bench.from('b', { kind: 'copy-part', part });
    learner.part(0, 'x', { grow: epoch(5) }).persist();
    expect(learner.read(K1)).to.equal(undefined);
    expect(learner.said).to.deep.equal([0]);
  });

  it('begins anew for a later grow, and not for an earlier one or the same', () => {
    const learner = new Learner().begin(6).persist().begin(5).persist();
    expect(learner.bench.replica.learns).to.equal(6);
    learner.begin(6).persist();
    expect(learner.said, 'asked again, it says again that it is ready').to.deep.equal([0, 0]);
    learner.begin(7, { epoch: epoch(3), seq: 90 }).persist();
    expect(learner.bench.replica.log.end.seq).to.equal(90);
    expect(learner.bench.replica.learns).to.equal(7);
  });

  it('does not begin under a fence that is newer (N2)', () => {
    const learner = new Learner();
    learner.bench.fence(9);
    learner.persist().begin(4).persist();
    expect(learner.bench.replica.role).to.equal('none');
  });

  it('is not made of a member that is as new', () => {
    const bench = new SlaveBench('c');
    bench.open('a');
    bench.register(configuration(3, 'ac'));
    bench.from('a', beginOf(4, BASE));
    expect(bench.replica.role).to.equal('copy');
  });

  it('takes up no configuration from before the one that it is to join: what it held then is gone', () => {
    const bench = new SlaveBench('c');
    bench.open('a');
    bench.register(configuration(2, 'bc'));
    bench.persist();
    bench.from('a', beginOf(4, BASE));
    // It was on its way for longer than the others.
    bench.announce(configuration(2, 'bc'));
    expect(bench.replica.role).to.equal('learner');
    bench.persist();
    const again = bench.restart();
    again.register(configuration(2, 'bc'));
    expect(again.replica.role).to.not.equal('copy');
  });

  it('does not begin the same grow again after a restart: what it has may have been adopted', () => {
    const learner = new Learner().begin().persist().part(0, 'x').persist();
    const again = new Learner(learner.bench.restart()).begin().persist();
    expect(again.read(K1)).to.equal('x');
    expect(again.said).to.deep.equal([]);
  });
});
