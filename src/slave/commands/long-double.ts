/**
 * The 80-bit floats in which Redis adds for INCRBYFLOAT, so that 0.1 + 0.2 is 0.3 here too.
 *
 *     "10.50" ──longDoubleOf──► mantissa × 2^exponent ──addLongDoubles──► … ──formatLongDouble──► "10.6"
 *                               (64 bits, rounded half to even)                    (%.17Lf, zeros cut)
 *
 * Doubles would answer 0.30000000000000004: Redis prints 17 digits behind the point, which its
 * long doubles bear and doubles do not. So the three steps are done exactly in bigints, each
 * rounded once, as an x86-64 does. (Redis on ARM has wider long doubles and can differ from both.)
 *
 * Invariant: a finite value has at most 64 bits, and no exponent below the smallest.
 */
export type LongDouble =
  | { readonly kind: 'finite'; readonly mantissa: bigint; readonly exponent: number }
  | { readonly kind: 'infinite'; readonly negative: boolean };

type Finite = Extract<LongDouble, { kind: 'finite' }>;

export const ZERO: Finite = { kind: 'finite', mantissa: 0n, exponent: 0 };

const MANTISSA_BITS = 64;
/** The exponent of the last bit of the smallest value. */
const EXPONENT_MIN = -16_445;
/** A value has at most so many bits before its point. */
const EXPONENT_MAX = 16_384;
/** Redis reads no longer number. */
const TEXT_BYTES_MAX = 5 * 1024 - 1;
/** Beyond these magnitudes a number is certainly infinite, or certainly nothing. */
const DECIMAL_MAGNITUDE_MAX = 4_940;
const DECIMAL_MAGNITUDE_MIN = -4_960;
/** Digits behind the point that Redis prints. */
const FRACTION_DIGITS = 17;
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS);

const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX](?:([0-9a-fA-F]+)\.?([0-9a-fA-F]*)|\.([0-9a-fA-F]+))(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** What C's strtold reads, if it reads all of it; undefined for anything else, and for what overflows or vanishes. */
export function longDoubleOf(bytes: Buffer): LongDouble | undefined {
  if (bytes.length === 0 || bytes.length > TEXT_BYTES_MAX) return undefined;
  const text = bytes.toString('latin1');
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return { kind: 'infinite', negative: infinite[1] === '-' };
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return decimalOf(partsOf(decimal));
  const hexadecimal = HEXADECIMAL.exec(text);
  return hexadecimal === null ? undefined : hexadecimalOf(partsOf(hexadecimal));
}

interface Parts {
  readonly negative: boolean;
  /** All digits, before and behind the point. */
  readonly digits: string;
  readonly fractionDigits: number;
  readonly exponent: number;
}

function partsOf([, sign, whole, fraction, bareFraction, exponent]: RegExpExecArray): Parts {
  const behind = fraction ?? bareFraction ?? '';
  return {
    negative: sign === '-',
    // Leading zeros would make a small number look large to the checks of magnitude.
    digits: `${whole ?? ''}${behind}`.replace(/^0+/, ''),
    fractionDigits: behind.length,
    exponent: Number(exponent ?? 0),
  };
}

function decimalOf({ negative, digits, fractionDigits, exponent }: Parts): LongDouble | undefined {
  if (digits === '') return ZERO;
  const scale = exponent - fractionDigits;
  const magnitude = digits.length + scale;
  if (magnitude > DECIMAL_MAGNITUDE_MAX || magnitude < DECIMAL_MAGNITUDE_MIN) return undefined;
  const whole = BigInt(digits);
  const rounded =
    scale >= 0 ? round(whole * 10n ** BigInt(scale), 1n, 0) : round(whole, 10n ** BigInt(-scale), 0);
  return readable(rounded, negative);
}

function hexadecimalOf({ negative, digits, fractionDigits, exponent }: Parts): LongDouble | undefined {
  if (digits === '') return ZERO;
  const scale = exponent - 4 * fractionDigits;
  const magnitude = 4 * digits.length + scale;
  if (magnitude > 2 * EXPONENT_MAX || magnitude < 2 * EXPONENT_MIN) return undefined;
  return readable(round(BigInt(`0x${digits}`), 1n, scale), negative);
}

/** strtold calls it an error when digits that are not zero become nothing, or infinite. */
function readable(rounded: Finite | undefined, negative: boolean): Finite | undefined {
  if (rounded === undefined || rounded.mantissa === 0n) return undefined;
  return negative ? { ...rounded, mantissa: -rounded.mantissa } : rounded;
}

/** The sum, or undefined where it is infinite or not a number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): Finite | undefined {
  if (a.kind === 'infinite' || b.kind === 'infinite') return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const rounded = round(sum < 0n ? -sum : sum, 1n, exponent);
  return rounded && sum < 0n ? { ...rounded, mantissa: -rounded.mantissa } : rounded;
}

/** The nearest value to numerator / denominator × 2^exponent, not negative; undefined if that is infinite. */
function round(numerator: bigint, denominator: bigint, exponent: number): Finite | undefined {
  if (numerator === 0n) return ZERO;
  // One bit short at first, if anything: then the quotient has 64 bits or 65, and a second look tells.
  const guess = bitsOf(numerator) - bitsOf(denominator) - MANTISSA_BITS;
  let shift = Math.max(guess, EXPONENT_MIN - exponent);
  let mantissa = divideHalfEven(numerator, denominator, shift);
  if (bitsOf(mantissa) > MANTISSA_BITS) {
    shift += 1;
    mantissa = divideHalfEven(numerator, denominator, shift);
  }
  const infinite = mantissa !== 0n && bitsOf(mantissa) + shift + exponent > EXPONENT_MAX;
  return infinite ? undefined : { kind: 'finite', mantissa, exponent: shift + exponent };
}

/** numerator / (denominator × 2^shift), to the nearest whole number, ties to the even one. */
function divideHalfEven(numerator: bigint, denominator: bigint, shift: number): bigint {
  const top = shift < 0 ? numerator << BigInt(-shift) : numerator;
  const bottom = shift > 0 ? denominator << BigInt(shift) : denominator;
  const quotient = top / bottom;
  const twiceRest = 2n * (top % bottom);
  const up = twiceRest > bottom || (twiceRest === bottom && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

function bitsOf(value: bigint): number {
  const hex = value.toString(16);
  return 4 * (hex.length - 1) + (32 - Math.clz32(Number.parseInt(hex.charAt(0), 16)));
}

/** C's `%.17Lf`, less the zeros at its end, and less the point if nothing follows it. */
export function formatLongDouble({ mantissa, exponent }: Finite): string {
  const size = mantissa < 0n ? -mantissa : mantissa;
  const scaled = divideHalfEven(size * FRACTION_SCALE, 1n, -exponent);
  const digits = scaled.toString().padStart(FRACTION_DIGITS + 1, '0');
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  const whole = digits.slice(0, -FRACTION_DIGITS);
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return mantissa < 0n && text !== '0' ? `-${text}` : text;
}
