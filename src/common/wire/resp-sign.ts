/**
 * The letters of RESP's answers, and what may stand on their first lines.
 *
 * Shared by the scanner, which finds where answers end, and the decoder, which reads them, so
 * that both call the same bytes malformed.
 */
const sign = (text: string): number => text.charCodeAt(0);

/** The first byte of an answer, which says what it is. */
export const SIGN = {
  simple: sign('+'),
  error: sign('-'),
  integer: sign(':'),
  bulk: sign('$'),
  array: sign('*'),
  null: sign('_'),
  boolean: sign('#'),
  double: sign(','),
  bigNumber: sign('('),
  bulkError: sign('!'),
  verbatim: sign('='),
  map: sign('%'),
  attribute: sign('|'),
  set: sign('~'),
  push: sign('>'),
} as const;

/** Redis' own answers nest to about eight. */
export const DEPTH_MAX = 32;

/** No status, error or number is longer; what has no end would otherwise be gathered for ever. */
export const LINE_BYTES_MAX = 64 * 1024;

/** More digits than any length that an answer may have. */
const LENGTH_DIGITS_MAX = 10;

const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;
const TRUE = 0x74;
const FALSE = 0x66;

/** Whether the line from its first byte at `at` to its carriage return at `stop` holds such a value. */
export function isLine(data: Buffer, at: number, stop: number): boolean {
  switch (data[at]) {
    case SIGN.integer:
    case SIGN.bigNumber:
      return isInteger(data, at + 1, stop);
    case SIGN.null:
      return stop === at + 1;
    case SIGN.boolean:
      return stop === at + 2 && (data[at + 1] === TRUE || data[at + 1] === FALSE);
    case SIGN.double:
      return isDouble(data.toString('latin1', at + 1, stop));
    default:
      return true;
  }
}

function isInteger(data: Buffer, from: number, stop: number): boolean {
  const first = data[from] === MINUS || data[from] === PLUS ? from + 1 : from;
  for (let at = first; at < stop; at += 1) {
    if (!isDigit(data[at])) return false;
  }
  return stop > first;
}

const isDouble = (text: string): boolean => /^([+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|inf)|nan)$/.test(text);

/** A length or a count; -1 for the null that RESP2 writes so; undefined if it is neither. */
export function lengthAt(data: Buffer, from: number, stop: number): number | undefined {
  if (stop - from > LENGTH_DIGITS_MAX || stop === from) return undefined;
  if (stop - from === 2 && data[from] === MINUS && data[from + 1] === ONE) return -1;
  let length = 0;
  for (let at = from; at < stop; at += 1) {
    const byte = data[at];
    if (!isDigit(byte)) return undefined;
    length = length * 10 + byte - ZERO;
  }
  return length;
}

const isDigit = (byte: number | undefined): byte is number =>
  byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
