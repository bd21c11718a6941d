/** Integers of 64 bits: the one spelling, and sums that notice when they no longer fit. */
import { expect } from 'chai';
import fc from 'fast-check';

import { add, INTEGER_MAX, INTEGER_MIN, integerOf, negate } from '../../../src/common/command/integer.ts';

const read = (text: string): number | bigint | undefined => integerOf(Buffer.from(text, 'latin1'));

const integer = fc.oneof(
  fc.bigInt({ min: INTEGER_MIN, max: INTEGER_MAX }),
  fc.maxSafeInteger().map(BigInt),
  fc.integer({ min: -3, max: 3 }).map(BigInt),
  fc.constantFrom(
    INTEGER_MIN,
    INTEGER_MAX,
    2n ** 53n,
    2n ** 53n - 1n,
    -(2n ** 53n),
    10n ** 15n,
    10n ** 15n - 1n,
  ),
);

const fits = (value: bigint): bigint | undefined =>
  value >= INTEGER_MIN && value <= INTEGER_MAX ? value : undefined;

const wide = (value: number | bigint | undefined): bigint | undefined =>
  value === undefined ? undefined : BigInt(value);

describe('integerOf', () => {
  it('reads what it printed, as a number wherever one is exact', () => {
    fc.assert(
      fc.property(integer, (value) => {
        const found = read(value.toString());
        expect(wide(found)).to.equal(value);
        expect(typeof found).to.equal(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint');
      }),
    );
  });

  it('reads no other spelling', () => {
    const others = [
      '',
      '-',
      '+1',
      '-0',
      '00',
      '01',
      '-01',
      ' 1',
      '1 ',
      '1.0',
      '1e3',
      '0x1',
      '1\0',
      'one',
      '1٢',
    ];
    const tooLarge = ['9223372036854775808', '-9223372036854775809', '99999999999999999999', '1'.repeat(50)];
    for (const text of [...others, ...tooLarge]) expect(read(text), text).to.equal(undefined);
  });
});

describe('add and negate', () => {
  it('are exact, or nothing when 64 bits are too few', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const [left = 0, right = 0] = [read(a.toString()), read(b.toString())];
        expect(wide(add(left, right))).to.equal(fits(a + b));
        expect(wide(negate(left))).to.equal(fits(-a));
      }),
    );
  });

  it('make no minus zero', () => {
    expect(Object.is(negate(0), 0)).to.equal(true);
  });
});
