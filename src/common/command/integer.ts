/**
 * Redis' integers: 64 bits, signed, in the one spelling that Redis takes for a number.
 *
 * A plain number carries those that a double holds exactly; only beyond that a bigint does, so
 * that counters cost no allocation. No leading zero, no plus, no blank, no `-0`.
 *
 * Invariant: an `Integer` is a bigint only if it is not safe as a number.
 */

/** A whole number of 64 bits. */
export type Integer = number | bigint;

export const INTEGER_MAX = 2n ** 63n - 1n;
export const INTEGER_MIN = -(2n ** 63n);

/** Digits that a number holds exactly, whatever they are. */
const SAFE_DIGITS = 15;
const DIGITS_MAX = 19;

const MINUS = 0x2d;
const ZERO = 0x30;

/** The integer that these bytes spell, or undefined. */
export function integerOf(bytes: Buffer): Integer | undefined {
  const negative = bytes[0] === MINUS;
  const from = negative ? 1 : 0;
  const digits = bytes.length - from;
  if (digits < 1 || digits > DIGITS_MAX) return undefined;
  if (bytes[from] === ZERO) return bytes.length === 1 ? 0 : undefined;
  let value = 0;
  for (let index = from; index < bytes.length; index += 1) {
    const digit = (bytes[index] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (digits <= SAFE_DIGITS) return negative ? -value : value;
  return inRange(BigInt(bytes.toString('latin1')));
}

/** The sum, or undefined where it needs more than 64 bits. */
export function add(a: Integer, b: Integer): Integer | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return inRange(BigInt(a) + BigInt(b));
}

/** The same with the other sign, or undefined: the smallest integer has no opposite. */
export function negate(a: Integer): Integer | undefined {
  if (typeof a === 'number') return a === 0 ? 0 : -a;
  return inRange(-a);
}

function inRange(value: bigint): Integer | undefined {
  if (value > INTEGER_MAX || value < INTEGER_MIN) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
