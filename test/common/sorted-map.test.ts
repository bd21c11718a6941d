/** The sorted map against an array that is sorted anew each time. */
import { expect } from 'chai';
import fc from 'fast-check';

import { SortedMap } from '../../src/common/sorted-map.ts';

const name = fc.nat(3_000).map((number) => String(number).padStart(4, '0'));

const change = fc.oneof(
  // Runs of keys, upwards and downwards, are what fills and splits chunks.
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      start: fc.nat(2_999),
      step: fc.constantFrom(1, -1, 7),
      count: fc.nat(1_500),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete-range' as const), from: name, to: name }) },
);

describe('a sorted map', () => {
  it('agrees with a sorted array', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), name, name, (changes, from, to) => {
        const map = new SortedMap<number>();
        const twin = new Map<string, number>();
        let clock = 0;
        for (const one of changes) {
          if (one.kind === 'run') {
            for (let index = 0; index < one.count; index += 1) {
              const key = String(Math.abs(one.start + index * one.step) % 3_001).padStart(4, '0');
              clock += 1;
              map.set(key, clock);
              twin.set(key, clock);
            }
          } else if (one.kind === 'delete') {
            map.delete(one.name);
            twin.delete(one.name);
          } else {
            const shown: string[] = [];
            map.deleteRange(one.from, one.to, (key) => shown.push(key));
            const gone = [...twin.keys()].filter((key) => key >= one.from && key < one.to).sort();
            for (const key of gone) twin.delete(key);
            expect(shown).to.deep.equal(gone);
          }
        }
        const sorted = [...twin].sort(([a], [b]) => (a < b ? -1 : 1));
        expect([...map]).to.deep.equal(sorted);
        expect(map.size).to.equal(sorted.length);
        expect([...map.entries(from, to)]).to.deep.equal(sorted.filter(([key]) => key >= from && key < to));
        for (const [key, value] of sorted.slice(0, 5)) expect(map.get(key)).to.equal(value);
      }),
      { numRuns: 150 },
    );
  });

  it('walks over what is empty', () => {
    const map = new SortedMap<number>();
    expect([...map]).to.deep.equal([]);
    expect([...map.entries('a', 'z')]).to.deep.equal([]);
    map.delete('a');
    map.deleteRange('a', 'z', () => expect.fail('nothing is there'));
  });

  it('tells a value of undefined from none when it is walked', () => {
    const map = new SortedMap<undefined>();
    map.set('a', undefined);
    map.set('a', undefined);
    expect([...map]).to.deep.equal([['a', undefined]]);
  });
});
