/** Tables: through any sequence of writes and fills they read like a dumb map, on disk and off it. */
import { expect } from 'chai';
import fc from 'fast-check';

import { epoch, key, type Key, keyBytes } from '../../src/common/ids.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import { stamp } from '../../src/common/time.ts';
import type { Effect } from '../../src/slave/commands/evaluation.ts';
import {
  apply,
  countKeys,
  emptyTable,
  expiredKeys,
  fill,
  filled,
  isDirty,
  lookup,
  recoverTable,
  snapshotPart,
  type Table,
} from '../../src/slave/tables.ts';
import { put, remove } from '../support/entries.ts';
import { P } from '../support/slave-bench.ts';

const NAMES = ['', 'a', 'b', 'bb', 'c', '\0', '\xff', 'long'.repeat(9)].map((text) =>
  key(Buffer.from(text, 'latin1')),
);
const name = fc.constantFrom(...NAMES);
const effect: fc.Arbitrary<Effect> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(name, fc.string({ maxLength: 3 }), fc.constantFrom(0, 0, 5, 9))
      .map(([written, value, at]) => put(written, value, at)),
  },
  { weight: 2, arbitrary: name.map(remove) },
);

type Move =
  | { readonly kind: 'write'; readonly effects: readonly Effect[] }
  /** A fill goes through in two moves: it is begun, and it is durable. */
  | { readonly kind: 'fill' | 'durable' };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(effect, { maxLength: 4 }).map((effects) => ({ kind: 'write' as const, effects })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'fill' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'durable' as const }) },
);

class Twin {
  readonly store: MemoryStore = createMemoryStore();
  readonly table: Table = emptyTable(P);
  readonly map = new Map<Key, { readonly value: string; readonly expiresAt: number }>();

  take(one: Move): void {
    if (one.kind === 'write') this.#write(one.effects);
    else if (one.kind === 'fill') this.#begin();
    else if (this.store.pending > 0) this.store.completeNext();
  }

  #write(effects: readonly Effect[]): void {
    const seq = this.table.applied.seq + 1;
    apply(this.table, effects, { epoch: epoch(1), seq }, stamp(seq));
    for (const one of effects) {
      if (one.kind === 'put')
        this.map.set(one.key, { value: one.value.toString('latin1'), expiresAt: one.expiresAt });
      else this.map.delete(one.key);
    }
  }

  #begin(): void {
    if (this.table.filling !== undefined) return;
    const begun = fill(this.store, this.table);
    this.store.commit(begun.changes, () => {
      filled(begun);
    });
  }

  settle(): void {
    for (let round = 0; round < 2; round += 1) {
      while (this.store.pending > 0) this.store.completeNext();
      if (isDirty(this.table)) this.#begin();
    }
  }
}

const seenIn = (store: MemoryStore, table: Table): Record<string, unknown> =>
  Object.fromEntries(
    NAMES.flatMap((asked) => {
      const stored = lookup(store, table, asked);
      return stored === undefined
        ? []
        : [[asked, { value: stored.value.toString('latin1'), expiresAt: stored.expiresAt }]];
    }),
  );

const walked = ({ store, table }: Twin, records: number): readonly string[] => {
  const found: string[] = [];
  for (let after: Buffer | undefined, isOver = false; !isOver;) {
    const part = snapshotPart(store, table, after, { records, bytes: 1_000 });
    found.push(...part.records.map((one) => `${one.key}=${one.stored.value.toString('latin1')}`));
    after = part.next;
    isOver = after === undefined;
  }
  return found;
};

describe('a table', () => {
  it('reads, counts and is copied like a map at every moment of its fills', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 14 }), fc.integer({ min: 1, max: 4 }), (moves, records) => {
        const twin = new Twin();
        for (const one of moves) {
          twin.take(one);
          expect(seenIn(twin.store, twin.table)).to.deep.equal(Object.fromEntries(twin.map));
          expect(countKeys(twin.store, twin.table)).to.equal(twin.map.size);
          const wanted = [...twin.map].map(([held, { value }]) => `${held}=${value}`);
          expect(walked(twin, records)).to.have.members(wanted).and.have.length(wanted.length);
        }
      }),
    );
  });

  it('is read back from the disk as the map, with a sum that fits, after any sequence of writes and fills', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 14 }), (moves) => {
        const twin = new Twin();
        for (const one of moves) twin.take(one);
        twin.settle();
        const table = recoverTable(twin.store, P, 0);
        expect(seenIn(twin.store, table)).to.deep.equal(Object.fromEntries(twin.map));
        expect(table.count).to.equal(twin.map.size);
        expect(table.applied).to.deep.equal(twin.table.applied);
        expect({ count: table.count, digest: table.digest }).to.deep.equal({
          count: twin.table.count,
          digest: twin.table.digest,
        });
        const expiring = [...twin.map]
          .filter(([, { expiresAt }]) => expiresAt === 5)
          .map(([held]) => keyBytes(held));
        const found = expiredKeys(twin.store, table, stamp(6), 100).map(keyBytes);
        expect(found).to.have.deep.members(expiring).and.have.length(expiring.length);
      }),
    );
  });

  it('tells what has expired, whatever it was asked before', () => {
    const moment = fc.constantFrom(0, 5, 6, 7).map((ms) => stamp(ms));
    fc.assert(
      fc.property(fc.array(fc.tuple(move, moment), { maxLength: 14 }), (moves) => {
        const twin = new Twin();
        for (const [one, now] of moves) {
          twin.take(one);
          const asked = expiredKeys(twin.store, twin.table, now, 100);
          expect(asked).to.deep.equal(
            expiredKeys(twin.store, { ...twin.table, nextExpiry: undefined }, now, 100),
          );
        }
      }),
    );
  });

  it('is, after a crash at any moment, what it was at the last fill that reached the disk', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 14 }), (moves) => {
        const twin = new Twin();
        let begun = {};
        let durable = {};
        for (const one of moves) {
          if (one.kind === 'fill' && twin.table.filling === undefined) begun = Object.fromEntries(twin.map);
          if (one.kind === 'durable' && twin.store.pending > 0) durable = begun;
          twin.take(one);
        }
        const survivor = twin.store.crash();
        expect(seenIn(survivor, recoverTable(survivor, P, 0))).to.deep.equal(durable);
      }),
    );
  });
});
