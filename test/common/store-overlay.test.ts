/** The overlay: two of them over a base must read like one store that took all changes. */
import { expect } from 'chai';
import fc from 'fast-check';

import { createMemoryStore } from '../../src/common/memory-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';
import { laidOver, StoreOverlay, type OverlayEntry } from '../../src/common/store-overlay.ts';

const name = fc.stringMatching(/^[a-e]{1,2}$/);
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(name, fc.string({ maxLength: 2 }))
      .map(([key, value]) => ({ kind: 'put' as const, key: Buffer.from(key), value: Buffer.from(value) })),
  },
  { weight: 3, arbitrary: name.map((key) => ({ kind: 'delete' as const, key: Buffer.from(key) })) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(name, name)
      .map(([from, to]) => ({ kind: 'delete-range' as const, from: Buffer.from(from), to: Buffer.from(to) })),
  },
);
const changes = fc.array(change, { maxLength: 12 });

const overlayOf = (list: readonly Change[]): StoreOverlay => {
  const overlay = new StoreOverlay();
  overlay.apply(list);
  return overlay;
};

describe('an overlay', () => {
  it('reads, laid over another over a base, like a store that took all changes', () => {
    fc.assert(
      fc.property(fc.tuple(changes, changes, changes), name, name, ([below, middle, above], from, to) => {
        const base = createMemoryStore();
        base.commit(below, () => undefined);
        base.completeNext();
        const whole = createMemoryStore();
        whole.commit([...below, ...middle, ...above], () => undefined);
        whole.completeNext();
        const [lower, upper] = [overlayOf(middle), overlayOf(above)];
        const limit = { records: 1_000, bytes: 100_000 };
        const baseEntries = base
          .range(Buffer.from(from), Buffer.from(to), limit)
          .map(({ key, value }): OverlayEntry => [key.toString('latin1'), value]);

        const walk = laidOver(upper, laidOver(lower, baseEntries[Symbol.iterator](), { from, to }), {
          from,
          to,
        });
        const seen = [...walk].filter(([, known]) => known !== 'absent');
        const wanted = whole
          .range(Buffer.from(from), Buffer.from(to), limit)
          .map(({ key, value }) => [key.toString('latin1'), value]);
        expect(seen).to.deep.equal(wanted);

        const known = upper.find(from) ?? lower.find(from) ?? base.get(Buffer.from(from)) ?? 'absent';
        expect(known).to.deep.equal(whole.get(Buffer.from(from)) ?? 'absent');
      }),
    );
  });

  it('keeps its ranges sorted, and apart from each other', () => {
    fc.assert(
      fc.property(changes, (list) => {
        const { ranges } = overlayOf(list);
        ranges.forEach(({ from, to }, index) => {
          expect(from < to).to.equal(true);
          const next = ranges[index + 1];
          if (next) expect(to < next.from).to.equal(true);
        });
      }),
    );
  });

  it('grows with what it holds, and shrinks when a range takes that away', () => {
    const overlay = overlayOf([{ kind: 'put', key: Buffer.from('b'), value: Buffer.alloc(10_000) }]);
    expect(overlay.bytes).to.be.above(10_000);
    overlay.apply([{ kind: 'delete-range', from: Buffer.from('a'), to: Buffer.from('c') }]);
    expect(overlay.bytes).to.be.below(1_000);
    expect(overlay.isEmpty).to.equal(false);
  });
});
