/** Tables: fills, copies of them, and what is noticed when the disk lies. The laws are next door. */
import { expect } from 'chai';

import { epoch, key, type Key, partition } from '../../src/common/ids.ts';
import { Bug } from '../../src/common/invariant.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';
import { BrokenStore } from '../../src/common/sealed.ts';
import { stamp } from '../../src/common/time.ts';
import type { Effect } from '../../src/slave/commands/evaluation.ts';
import { encodeRecord } from '../../src/slave/record.ts';
import { dataKey, sumKey } from '../../src/slave/store-layout.ts';
import {
  apply,
  countKeys,
  emptyTable,
  expiredKeys,
  fill,
  type Fill,
  filled,
  isDirty,
  leftovers,
  lookup,
  nextIncarnation,
  recoverTable,
  snapshotPart,
  type Table,
  takeIn,
} from '../../src/slave/tables.ts';
import { encodeSum } from '../../src/slave/table-sum.ts';
import { put, remove } from '../support/entries.ts';
import { K1, K2, K3, P } from '../support/slave-bench.ts';

const LIMIT = { records: 100, bytes: 1 << 20 };

/** A table and its store; `write` is one entry. */
class Desk {
  readonly store: MemoryStore = createMemoryStore();
  readonly table: Table = emptyTable(P);

  write(...effects: readonly Effect[]): void {
    const seq = this.table.applied.seq + 1;
    apply(this.table, effects, { epoch: epoch(3), seq }, stamp(seq * 10));
  }

  begin(): Fill {
    const begun = fill(this.store, this.table);
    this.store.commit(begun.changes, () => {
      filled(begun);
    });
    return begun;
  }

  fill(): void {
    this.begin();
    this.store.completeNext();
  }

  commit(...changes: readonly Change[]): void {
    this.store.commit(changes, () => undefined);
    this.store.completeNext();
  }

  read(name: Key): string | undefined {
    return lookup(this.store, this.table, name)?.value.toString();
  }
}

/** One with all three keys on the disk. */
function stored(): Desk {
  const desk = new Desk();
  desk.write(put(K1, 'one'), put(K2, 'two'), put(K3, 'three', 500));
  desk.fill();
  return desk;
}

function recordOf(index: Table['partition'], name: Key, value: string): Change {
  const storeKey = dataKey(index, name);
  return {
    kind: 'put',
    key: storeKey,
    value: encodeRecord(storeKey, { value: Buffer.from(value), expiresAt: 0 }),
  };
}

const namesIn = (desk: Desk, after?: Buffer, limit = LIMIT): readonly string[] =>
  snapshotPart(desk.store, desk.table, after, limit).records.map(({ key }) => key);

describe('a table', () => {
  it('gives the later of two writes before either is stored, and stores it once', () => {
    const desk = new Desk();
    desk.write(put(K1, 'old'));
    desk.write(put(K1, 'new'));
    expect(desk.read(K1)).to.equal('new');
    desk.fill();
    expect(desk.read(K1)).to.equal('new');
    expect(countKeys(desk.store, desk.table)).to.equal(1);
  });

  it('takes its entries in order and only once', () => {
    const desk = new Desk();
    desk.write(put(K1, 'one'));
    expect(() => {
      apply(desk.table, [], { epoch: epoch(3), seq: 1 }, stamp(10));
    }).to.throw(Bug, 'entry 1 is applied after 1');
  });

  it('remembers the highest stamp, whatever the last one was', () => {
    const { table } = new Desk();
    apply(table, [], { epoch: epoch(3), seq: 1 }, stamp(90));
    apply(table, [], { epoch: epoch(3), seq: 2 }, stamp(80));
    expect(table.stamp).to.equal(90);
  });

  it('hides a deleted key while the disk still holds it', () => {
    const desk = stored();
    desk.write(remove(K1));
    desk.begin();
    expect(desk.read(K1)).to.equal(undefined);
    expect(namesIn(desk)).to.not.include(K1);
  });

  it('keeps, behind a fill under way, what was written since it began', () => {
    const desk = new Desk();
    desk.write(put(K1, 'first'), put(K2, 'two'));
    desk.begin();
    desk.write(put(K1, 'second'));
    desk.store.completeNext();
    expect([...desk.table.overlay.keys()]).to.deep.equal([K1]);
    expect(desk.read(K1)).to.equal('second');
    expect(desk.table.filled.seq).to.equal(1);
    expect(isDirty(desk.table)).to.equal(true);
  });

  it('has one fill under way at a time', () => {
    const desk = new Desk();
    desk.write(put(K1, 'one'));
    desk.begin();
    expect(() => desk.begin()).to.throw(Bug);
  });

  it('is clean when all that was applied is stored, also when an entry changed nothing', () => {
    const desk = stored();
    expect(isDirty(desk.table)).to.equal(false);
    desk.write();
    expect(isDirty(desk.table)).to.equal(true);
    desk.fill();
    expect(recoverTable(desk.store, P, 0).applied).to.deep.equal({ epoch: 3, seq: 2 });
  });

  it('takes in the records of a snapshot without moving its place in the log', () => {
    const table = emptyTable(P, { epoch: epoch(3), seq: 40 });
    takeIn(table, [put(K1, 'one')]);
    expect(table.applied).to.deep.equal({ epoch: 3, seq: 40 });
    expect(lookup(createMemoryStore(), table, K1)?.value.toString()).to.equal('one');
  });

  it('knows what it holds in memory to the byte, also when a key was written again during a fill', () => {
    const desk = new Desk();
    desk.write(put(K1, 'one'), put(K2, 'two'));
    desk.begin();
    desk.write(put(K1, 'longer'));
    desk.store.completeNext();
    const { overlayBytes } = desk.table;
    const fresh = new Desk();
    fresh.write(put(K1, 'longer'));
    expect(overlayBytes).to.equal(fresh.table.overlayBytes);
    desk.fill();
    expect(desk.table.overlayBytes).to.equal(0);
  });

  it('counts its keys also while a fill is already visible and not yet reported', () => {
    const desk = new Desk();
    desk.write(put(K1, 'one'), put(K2, 'two'));
    const begun = fill(desk.store, desk.table);
    desk.commit(...begun.changes);
    expect(countKeys(desk.store, desk.table)).to.equal(2);
    filled(begun);
    expect(countKeys(desk.store, desk.table)).to.equal(2);
  });

  it('is gone from the store when it was wiped, and others are not', () => {
    const desk = stored();
    const other = partition(1);
    desk.commit(recordOf(other, K1, 'x'));
    desk.commit(...leftovers(desk.table));
    expect(recoverTable(desk.store, P, 0)).to.deep.equal(emptyTable(P));
    expect(expiredKeys(desk.store, emptyTable(P), stamp(1_000), 10)).to.deep.equal([]);
    expect(desk.store.get(dataKey(other, K1))).to.not.equal(undefined);
  });
});

describe('the index of what expires', () => {
  it('tells the keys whose time is over, the longest over first, up to so many', () => {
    const desk = new Desk();
    desk.write(put(K1, 'one', 300), put(K2, 'two', 100), put(K3, 'three', 200));
    desk.fill();
    expect(expiredKeys(desk.store, desk.table, stamp(250), 10)).to.deep.equal([K2, K3]);
    expect(expiredKeys(desk.store, desk.table, stamp(250), 1)).to.deep.equal([K2]);
  });

  it('hears of a key that is on its way to the store while nothing was to come', () => {
    const desk = new Desk();
    desk.write(put(K1, 'for good'));
    desk.fill();
    expect(expiredKeys(desk.store, desk.table, stamp(50), 10)).to.deep.equal([]);
    desk.write(put(K2, 'not for long', 100));
    desk.begin();
    expect(expiredKeys(desk.store, desk.table, stamp(150), 10)).to.deep.equal([]);
    desk.store.completeNext();
    expect(expiredKeys(desk.store, desk.table, stamp(150), 10)).to.deep.equal([K2]);
  });

  it('forgets the time of a key that was written again', () => {
    const desk = stored();
    desk.write(put(K3, 'for good'));
    desk.fill();
    expect(expiredKeys(desk.store, desk.table, stamp(10_000), 10)).to.deep.equal([]);
  });
});

describe('a part of a snapshot', () => {
  it('merges what is stored with what is not yet, in the order of the store', () => {
    const desk = new Desk();
    const names = ['f', 'j', 'g', 'n', 'b'].map((text) => key(Buffer.from(text)));
    desk.write(...names.slice(0, 3).map((name) => put(name, 'stored')));
    desk.fill();
    desk.write(...names.slice(3).map((name) => put(name, 'fresh')));
    const { records, next } = snapshotPart(desk.store, desk.table, undefined, LIMIT);
    const inOrder = [...names].sort((a, b) => Buffer.compare(dataKey(P, a), dataKey(P, b)));
    expect(records.map(({ key }) => key)).to.deep.equal(inOrder);
    expect(next).to.equal(undefined);
  });

  it('goes on behind the last stored record of the one before', () => {
    const desk = stored();
    const first = snapshotPart(desk.store, desk.table, undefined, { records: 2, bytes: 1 << 20 });
    expect(first.records).to.have.length(2);
    const rest = snapshotPart(desk.store, desk.table, first.next, LIMIT);
    expect(rest.records).to.have.length(1);
    expect(rest.next).to.equal(undefined);
  });

  it('ends early when its bytes are enough', () => {
    const desk = stored();
    expect(
      snapshotPart(desk.store, desk.table, undefined, { records: 100, bytes: 1 }).records,
    ).to.have.length(1);
  });
});

describe('a table that was wiped', () => {
  it('shows nothing of the one before, whatever of that still lies in the store', () => {
    const { store, table: before } = stored();
    const table = nextIncarnation(before, { epoch: epoch(5), seq: 9 });
    expect(lookup(store, table, K1)).to.equal(undefined);
    expect(countKeys(store, table)).to.equal(0);
    expect(snapshotPart(store, table, undefined, LIMIT).records).to.deep.equal([]);
    expect(expiredKeys(store, table, stamp(10_000), 10)).to.deep.equal([]);
    takeIn(table, [put(K1, 'new')]);
    expect(lookup(store, table, K1)?.value.toString()).to.equal('new');
    expect(countKeys(store, table)).to.equal(1);
  });

  it('is not filled before what the one before left is cleared', () => {
    const { store, table: before } = stored();
    const table = nextIncarnation(before, { epoch: epoch(5), seq: 9 });
    takeIn(table, [put(K1, 'new')]);
    expect(() => fill(store, table)).to.throw(Bug);
  });

  it('leaves nothing to clear if nothing was ever stored', () => {
    const table = nextIncarnation(nextIncarnation(emptyTable(P), { epoch: epoch(5), seq: 9 }), {
      epoch: epoch(5),
      seq: 9,
    });
    expect(table.hasLeftovers).to.equal(false);
    expect(table.incarnation).to.equal(2);
  });

  it('is empty after a restart, and what lies there is not believed, cleared in part or not at all', () => {
    for (const gone of [[], [K1], [K1, K2, K3]]) {
      const desk = stored();
      desk.commit(...gone.map((name) => ({ kind: 'delete', key: dataKey(P, name) }) as const));
      const table = recoverTable(desk.store, P, 1);
      expect(table).to.deep.include({ count: 0, hasLeftovers: true, isStored: false, incarnation: 1 });
      expect(lookup(desk.store, table, K1)).to.equal(undefined);
    }
  });
});

describe('a table that was down', () => {
  const broken: readonly (readonly [string, (desk: Desk) => Change])[] = [
    ['a record is missing', () => ({ kind: 'delete', key: dataKey(P, K1) })],
    ['a record is one too many', () => recordOf(P, key(Buffer.from('n')), 'x')],
    ['a record is an old one', () => recordOf(P, K1, 'old')],
    ['a record was damaged', () => ({ kind: 'put', key: dataKey(P, K1), value: Buffer.alloc(20) })],
    [
      'a record lies under a foreign key',
      ({ store }) => ({
        kind: 'put',
        key: dataKey(P, K1),
        value: store.get(dataKey(P, K2)) ?? Buffer.alloc(0),
      }),
    ],
    ['its sum is missing', () => ({ kind: 'delete', key: sumKey(P) })],
    ['its sum was damaged', () => ({ kind: 'put', key: sumKey(P), value: Buffer.alloc(34) })],
  ];
  for (const [what, damage] of broken) {
    it(`is broken when ${what} (I5)`, () => {
      const desk = stored();
      desk.commit(damage(desk));
      expect(() => recoverTable(desk.store, P, 0)).to.throw(BrokenStore);
    });
  }

  it('is broken when nobody swore to it (I5)', () => {
    const desk = stored();
    desk.commit({
      kind: 'put',
      key: sumKey(P),
      value: encodeSum({ ...desk.table, incarnation: 1 }),
    });
    expect(() => recoverTable(desk.store, P, 0)).to.throw(BrokenStore, 'never sworn');
  });

  it('is empty and at its start when nothing was ever stored', () => {
    expect(recoverTable(createMemoryStore(), P, 0)).to.deep.equal(emptyTable(P));
  });

  it('goes on with the stamp that it had', () => {
    expect(recoverTable(stored().store, P, 0).stamp).to.equal(10);
  });
});
