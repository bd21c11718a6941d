/** Reading a slave back: what was sworn, what was stored, what was logged; and everything that must stop it. */
import { expect } from 'chai';

import { epoch, type Epoch } from '../../src/common/ids.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import { BrokenStore, seal } from '../../src/common/sealed.ts';
import { stamp } from '../../src/common/time.ts';
import { encodeMark, type Entry, entryBytes } from '../../src/slave/replication/entry.ts';
import type { Replica } from '../../src/slave/replication/replica.ts';
import { logKey, sumKey, swornKey } from '../../src/slave/store-layout.ts';
import { encodeSum } from '../../src/slave/table-sum.ts';
import { entries, entry, put } from '../support/entries.ts';
import {
  configuration,
  exchange,
  FILL_MS,
  K1,
  K2,
  P,
  SlaveBench,
  WALL_AT_START,
} from '../support/slave-bench.ts';

/** A disk on which things are laid by hand. */
class Disk {
  readonly store: MemoryStore = createMemoryStore();
  readonly tables = createMemoryStore();
  #records = 0;

  put(key: Buffer, value: Buffer): this {
    return this.lay(this.store, key, value);
  }

  lay(store: MemoryStore, key: Buffer, value: Buffer): this {
    store.commit([{ kind: 'put', key, value }], () => undefined);
    store.completeNext();
    return this;
  }

  sworn(number: number, names: string, { fence = number, learns = 0, incarnation = 0 } = {}): this {
    return this.put(
      swornKey(P),
      seal({ fence, configuration: configuration(number, names), learns, incarnation }),
    );
  }

  filled(seq: number, number: number, incarnation = 0): this {
    return this.lay(
      this.tables,
      sumKey(P),
      encodeSum({
        filled: { epoch: epoch(number), seq },
        stamp: stamp(WALL_AT_START + 70),
        count: 0,
        digest: 0,
        incarnation,
      }),
    );
  }

  /** One record with these items. */
  logged(...items: readonly (Entry | Buffer)[]): this {
    this.#records += 1;
    return this.put(
      logKey(this.#records),
      Buffer.concat(items.map((item) => (Buffer.isBuffer(item) ? item : entryBytes(item)))),
    );
  }

  recover(): Replica {
    return new SlaveBench('b', { disk: this.store, tables: this.tables }).replica;
  }
}

const mark = (kind: 'cut' | 'reset', number: number, seq: number): Buffer =>
  encodeMark(kind, { partition: P, epoch: epoch(number) satisfies Epoch, seq });
const sworn = (): Disk => new Disk().sworn(3, 'ab');

describe('a slave that comes back', () => {
  it('holds what it had sworn, and serves nothing', () => {
    const replica = new Disk().sworn(3, 'ba', { fence: 7 }).recover();
    expect(replica).to.include({ fence: 7, swornFence: 7, role: 'owner', phase: 'closed', isLevel: false });
    expect(replica.configuration.epoch).to.equal(3);
    expect([...replica.peers.keys()]).to.deep.equal(['a']);
  });

  it('has its log again, durable to the end, and history only as far as its table is filled', () => {
    const replica = sworn()
      .filled(2, 3)
      .logged(...entries('3 3'))
      .logged(entry(3, 3, 3))
      .recover();
    expect(replica.log.end.seq).to.equal(3);
    expect(replica).to.include({ durable: 3, committed: 2, committedTold: 2 });
  });

  it('heeds a cut: what came behind it never became history', () => {
    const replica = sworn()
      .logged(...entries('1 1 1'))
      .logged(mark('cut', 1, 1))
      .logged(entry(2, 3, 1))
      .recover();
    expect(replica.log.end).to.include({ epoch: 3, seq: 2 });
    expect(replica.log.epochAt(2)).to.equal(3);
  });

  it('heeds a cut behind which nothing was written', () => {
    expect(
      sworn()
        .logged(...entries('1 1 1'))
        .logged(mark('cut', 1, 1))
        .recover().log.end,
    ).to.include({ epoch: 1, seq: 1 });
  });

  it('passes over the rest of what was cut off, when its beginning is dropped already', () => {
    const replica = sworn()
      .filled(1, 1)
      .logged(entry(3, 2, 2))
      .logged(mark('cut', 1, 1))
      .logged(entry(2, 3, 1))
      .recover();
    expect(replica.log.base).to.include({ epoch: 1, seq: 1 });
    expect(replica.log.end).to.include({ epoch: 3, seq: 2 });
  });

  it('begins at the last reset: what is older is of another life', () => {
    const replica = sworn()
      .filled(9, 3)
      .logged(entry(20, 1, 1), entry(21, 1, 1))
      .logged(mark('reset', 2, 8))
      .logged(entry(9, 3, 2), entry(10, 3, 3))
      .recover();
    expect(replica.log.base).to.deep.equal({ epoch: 2, seq: 8 });
    expect(replica.log.end.seq).to.equal(10);
  });

  it('goes on from its table when the whole log was let go', () => {
    const replica = sworn().filled(40, 3).recover();
    expect(replica.log.end).to.deep.equal({ epoch: 3, seq: 40 });
    expect(replica.committed).to.equal(40);
  });

  it('takes up the partition’s clock at its last stamp', () => {
    expect(
      sworn()
        .logged(...entries('3 3 3'))
        .recover().clock.stamp,
    ).to.equal(WALL_AT_START + 3);
    expect(sworn().filled(40, 3).recover().clock.stamp).to.equal(WALL_AT_START + 70);
  });

  it('wipes what it had only sworn to learn, durably, and keeps the fence', () => {
    const disk = new Disk()
      .sworn(0, '', { fence: 2, learns: 8 })
      .logged(mark('reset', 3, 50))
      .logged(entry(51, 3, 3));
    const bench = new SlaveBench('b', { disk: disk.store, tables: disk.tables });
    expect(bench.replica).to.include({ role: 'none', fence: 2, learns: 0 });
    bench.tick();
    bench.persist();
    expect(bench.restart().replica).to.include({ role: 'none', fence: 2 });
  });

  it('keeps what it has learnt: its owner may have adopted it without its knowing', () => {
    const disk = new Disk()
      .sworn(0, '', { fence: 2, learns: 8 })
      .logged(mark('reset', 3, 50))
      .logged(entry(51, 3, 3))
      .filled(50, 3);
    const replica = disk.recover();
    expect(replica).to.include({
      role: 'learner',
      learns: 8,
      learning: undefined,
      durable: 51,
      committed: 50,
    });
  });

  it('clears what a table that was wiped has left, before anything new is put there', () => {
    const laid = new Disk()
      .sworn(3, 'ba')
      .filled(5, 3)
      .logged(mark('reset', 0, 0));
    laid.put(
      swornKey(P),
      seal({ fence: 3, configuration: configuration(3, 'ba'), learns: 0, incarnation: 1 }),
    );
    const bench = new SlaveBench('b', { disk: laid.store, tables: laid.tables });
    expect(bench.replica.table).to.deep.include({ hasLeftovers: true, incarnation: 1, count: 0 });
    bench.tick();
    bench.persist();
    expect(bench.replica.table.hasLeftovers).to.equal(false);
    expect(laid.tables.size).to.equal(0);
  });

  const broken: readonly (readonly [string, (disk: Disk) => Disk, RegExp])[] = [
    ['an entry is missing', (disk) => disk.logged(entry(1, 3, 0)).logged(entry(3, 3, 3)), /gap before 3/],
    [
      'an entry does not follow its predecessor',
      (disk) => disk.logged(entry(1, 1, 0)).logged(entry(2, 3, 2)),
      /gap before 2/,
    ],
    ['the front of the log is missing', (disk) => disk.logged(entry(2, 3, 3)), /gap before 2/],
    ['the log ends before the table', (disk) => disk.filled(5, 3).logged(...entries('3 3')), /ends before/],
    [
      'the log ends at its reset, before the table',
      (disk) => disk.filled(9, 3).logged(mark('reset', 2, 8)),
      /ends before/,
    ],
    [
      'the table is of another history',
      (disk) => disk.filled(2, 2).logged(...entries('3 3 3')),
      /does not lead to/,
    ],
    [
      'a record of the log is damaged',
      (disk) => disk.put(logKey(1), Buffer.alloc(60)),
      /record 1 of the log/,
    ],
    ['its oath is damaged', (disk) => disk.put(swornKey(P), Buffer.alloc(60)), /sworn/],
  ];
  for (const [what, damage, message] of broken) {
    it(`stops when ${what} (I5)`, () => {
      expect(() => damage(sworn()).recover()).to.throw(BrokenStore, message);
    });
  }

  it('stops when the log tells of a partition of which nothing was sworn', () => {
    expect(() => new Disk().logged(entry(1, 3, 0)).recover()).to.throw(BrokenStore, 'nothing was sworn');
  });
});

describe('a slave that crashed in the middle of its work', () => {
  /** An owner with a copy; the first key is stored, the second only logged. */
  function worked(): SlaveBench {
    const [a, b] = ['a', 'b'].map((name) => new SlaveBench(name)) as [SlaveBench, SlaveBench];
    for (const bench of [a, b]) bench.open(bench === a ? 'b' : 'a');
    for (const bench of [a, b]) bench.register(configuration(3, 'ab'));
    exchange([a, b]);
    a.ask(`SET ${K1} one`);
    exchange([a, b]);
    a.wait(FILL_MS);
    a.tick();
    exchange([a, b]);
    a.ask(`SET ${K2} two`);
    exchange([a, b]);
    return a;
  }

  it('has what was acknowledged, as history or as log', () => {
    const again = worked().restart();
    expect(again.replica.committed).to.equal(1);
    expect(again.replica.log.end.seq).to.equal(2);
  });

  it('serves it all when it is made the owner again', () => {
    const again = worked().restart();
    again.register(configuration(5, 'a', 'a.2'));
    expect(again.run(`GET ${K1}`)).to.equal('one');
    expect(again.run(`GET ${K2}`)).to.equal('two');
  });

  it('is no owner under the epoch of its earlier start (F5)', () => {
    const again = worked().restart();
    again.register(configuration(3, 'ab'));
    expect(again.replica.phase).to.equal('closed');
    expect(again.run(`GET ${K1}`)).to.equal('TRYAGAIN');
  });

  it('reads entries back that came as effects', () => {
    const disk = new Disk().sworn(3, 'b').logged(entry(1, 3, 0, [put(K1, 'x')]));
    const bench = new SlaveBench('b', { disk: disk.store, tables: disk.tables, boot: 2 });
    bench.register(configuration(5, 'b', 'b.2'));
    expect(bench.run(`GET ${K1}`)).to.equal('x');
  });
});
