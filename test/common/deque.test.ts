/** A deque: the same as an array, whatever is done to it. */
import { expect } from 'chai';
import fc from 'fast-check';

import { Deque } from '../../src/common/deque.ts';
import { Bug } from '../../src/common/invariant.ts';

type Move =
  | { readonly kind: 'push' | 'shift'; readonly times: number }
  | { readonly kind: 'truncate'; readonly share: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('push' as const), times: fc.integer({ min: 1, max: 900 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('shift' as const), times: fc.integer({ min: 1, max: 900 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('truncate' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

describe('a deque', () => {
  it('holds what an array would hold, also when its empty front is cut off', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 12 }), (moves) => {
        const deque = new Deque<number>();
        const twin: number[] = [];
        const taken: (number | undefined)[] = [];
        const twinTaken: (number | undefined)[] = [];
        let next = 0;
        for (const one of moves) {
          if (one.kind === 'truncate') {
            const length = Math.floor(one.share * twin.length);
            deque.truncate(length);
            twin.length = length;
            continue;
          }
          for (let time = 0; time < one.times; time += 1) {
            if (one.kind === 'push') {
              deque.push((next += 1));
              twin.push(next);
            } else {
              taken.push(deque.shift());
              twinTaken.push(twin.shift());
            }
          }
        }
        expect(taken.join()).to.equal(twinTaken.join());
        expect([...deque].join()).to.equal(twin.join());
        expect(deque.length).to.equal(twin.length);
        expect(deque.last).to.equal(twin.at(-1));
        expect(deque.at(0)).to.equal(twin[0]);
        expect(deque.at(twin.length - 1)).to.equal(twin.at(-1));
      }),
    );
  });

  it('knows nothing before its front and behind its end', () => {
    const deque = new Deque<string>();
    deque.push('a');
    deque.push('b');
    deque.shift();
    expect(deque.at(-1)).to.equal(undefined);
    expect(deque.at(1)).to.equal(undefined);
  });

  it('gives nothing when it is empty', () => {
    const deque = new Deque<string>();
    expect(deque.shift()).to.equal(undefined);
    expect(deque.last).to.equal(undefined);
    deque.push('a');
    deque.clear();
    expect([...deque]).to.deep.equal([]);
  });

  it('cannot be cut to more than it holds', () => {
    expect(() => {
      new Deque<string>().truncate(1);
    }).to.throw(Bug);
  });

  it('puts what comes late where it belongs', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.nat(3), fc.nat(9), (values, taken, late) => {
        const deque = new Deque<readonly [number, string]>();
        const sorted = values.toSorted((a, b) => a - b);
        for (const value of sorted) deque.push([value, 'early']);
        for (let times = 0; times < taken; times += 1) deque.shift();
        deque.insert([late, 'late'], ([value]) => value > late);
        const left = sorted.slice(taken).map((value) => [value, 'early'] as readonly [number, string]);
        const behind = left.filter(([value]) => value <= late).length;
        expect([...deque]).to.deep.equal(left.toSpliced(behind, 0, [late, 'late']));
      }),
    );
  });
});
