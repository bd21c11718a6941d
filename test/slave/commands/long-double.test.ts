/** The 80-bit floats: what is read, how sums are rounded, how they are printed. */
import { expect } from 'chai';
import fc from 'fast-check';

import {
  addLongDoubles,
  formatLongDouble,
  longDoubleOf,
  ZERO,
} from '../../../src/slave/commands/long-double.ts';

function printed(text: string): string | undefined {
  const read = longDoubleOf(Buffer.from(text));
  if (read === undefined) return undefined;
  return read.kind === 'finite' ? formatLongDouble(read) : `infinite, negative: ${read.negative}`;
}

function sum(a: string, b: string): string | undefined {
  const [left = ZERO, right = ZERO] = [a, b].map((text) => longDoubleOf(Buffer.from(text)));
  const total = addLongDoubles(left, right);
  return total && formatLongDouble(total);
}

describe('a long double', () => {
  it('is read in all the ways C reads one', () => {
    const table: readonly (readonly [string, string | undefined])[] = [
      ['3', '3'],
      ['+3.50', '3.5'],
      ['-.5', '-0.5'],
      ['1.', '1'],
      ['1e-3', '0.001'],
      ['0x1p3', '8'],
      ['0x.8', '0.5'],
      ['-0', '0'],
      ['-INF', 'infinite, negative: true'],
      ['Infinity', 'infinite, negative: false'],
    ];
    for (const [text, expected] of table) expect(printed(text), text).to.equal(expected);
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      ' 1',
      '1 ',
      '1,5',
      'e5',
      '.',
      '1e',
      '0x',
      'nan',
      '--1',
      '1\0',
      '9'.repeat(6000),
    ]) {
      expect(printed(text), text).to.equal(undefined);
    }
  });

  it('is refused where it overflows or vanishes', () => {
    expect(printed('1e4932')).to.have.lengthOf(4933);
    expect(['1e4933', '-1e4933', '1e999999999999', '1e-4960', '0x1p-16500'].map(printed)).to.deep.equal(
      Array.from({ length: 5 }, () => undefined),
    );
    expect(['0e99999', '1e-4940'].map(printed)).to.deep.equal(['0', '0']);
  });

  it('holds 64 bits and rounds what lies between to the even one', () => {
    expect(printed('18446744073709551615')).to.equal('18446744073709551615');
    expect(printed('18446744073709551617')).to.equal('18446744073709551616');
    expect(printed('18446744073709551619')).to.equal('18446744073709551620');
    expect(sum('18446744073709551614', '1.5')).to.equal('18446744073709551616');
  });

  it('forgets what is too small beside the other, and is not a number no more', () => {
    expect(sum('1e30', '1e-30')).to.equal(sum('1e30', '0'));
    expect([sum('1e4932', '1e4932'), sum('inf', '1'), sum('inf', '-inf')]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('adds integers of 62 bits exactly', () => {
    const integer = fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n });
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(sum(a.toString(), b.toString())).to.equal((a + b).toString());
      }),
    );
  });

  it('prints a small number as it was typed', () => {
    // Five bits before the point leave 59 behind it: room for the 17 digits that are printed.
    const whole = fc.nat({ max: 31 });
    const fraction = fc.stringMatching(/^[0-9]{0,16}[1-9]$/);
    fc.assert(
      fc.property(whole, fraction, (before, behind) => {
        expect(printed(`${before}.${behind}`)).to.equal(`${before}.${behind}`);
      }),
    );
  });
});
