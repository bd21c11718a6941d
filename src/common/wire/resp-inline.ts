/**
 * Inline commands: a line as a person types it, cut into arguments by Redis' quoting rules.
 *
 *      SET greeting "hello\tworld\x21"      →  SET, greeting, hello⇥world!
 *      SET name 'it\'s'                     →  SET, name, it's
 *
 * Blanks part arguments, quotes keep blanks; a closing quote must be followed by a blank or the
 * end. Where a line ends is the parser's business, not known here.
 */

/** Redis' bound for a line without a length in front of it. */
export const INLINE_BYTES_MAX = 64 * 1024;

export type Split =
  | { readonly kind: 'args'; readonly args: readonly Buffer[] }
  | { readonly kind: 'broken'; readonly why: string };

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const X = 0x78;

/** What a letter after a backslash stands for between double quotes; every other stands for itself. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
  [0x62, 0x08], // b
  [0x61, 0x07], // a
]);

/** Cut a line (without its line feed) into arguments; a blank line gives none. */
export function splitInline(line: Buffer): Split {
  // To Redis, written in C, a line ends at its first zero byte.
  const zero = line.indexOf(0);
  const cutter = new Cutter(zero === -1 ? line : line.subarray(0, zero));
  const args: Buffer[] = [];
  for (;;) {
    const arg = cutter.next();
    if (arg === 'unbalanced') return { kind: 'broken', why: 'unbalanced quotes in request' };
    if (arg === undefined) break;
    args.push(arg);
  }
  if (isHttp(args[0])) return { kind: 'broken', why: 'this is an HTTP request, and no HTTP is spoken here' };
  return { kind: 'args', args };
}

/**
 * A web page can make a browser post to any local port, and every line of such a request would
 * be tried as a command. Redis hangs up on these two words for the same reason.
 */
function isHttp(name: Buffer | undefined): boolean {
  if (name === undefined || name.length < 4 || name.length > 5) return false;
  const word = name.toString('latin1').toLowerCase();
  return word === 'post' || word === 'host:';
}

const isBlank = (byte: number | undefined): boolean =>
  byte === SPACE || (byte !== undefined && byte >= TAB && byte <= CR);

/** Outside quotes, two rare blanks part arguments only where an argument would begin: so does Redis. */
const endsWord = (byte: number): boolean => byte === SPACE || byte === TAB || byte === CR || byte === 0x0a;

class Cutter {
  readonly #line: Buffer;
  #at = 0;
  /** No argument is longer than the line, since escapes only shorten. */
  readonly #built: Buffer;

  constructor(line: Buffer) {
    this.#line = line;
    this.#built = Buffer.alloc(line.length);
  }

  next(): Buffer | 'unbalanced' | undefined {
    while (isBlank(this.#line[this.#at])) this.#at += 1;
    if (this.#at >= this.#line.length) return undefined;

    let length = 0;
    while (this.#at < this.#line.length) {
      const byte = this.#line[this.#at] ?? 0;
      if (endsWord(byte)) break;
      this.#at += 1;
      if (byte !== DOUBLE && byte !== SINGLE) {
        this.#built[length] = byte;
        length += 1;
        continue;
      }
      length = this.#quoted(byte, length);
      if (length === -1) return 'unbalanced';
      break;
    }
    return Buffer.from(this.#built.subarray(0, length));
  }

  /** Take up to the closing quote; the new length, or -1 if there is none or something clings to it. */
  #quoted(quote: number, from: number): number {
    let length = from;
    while (this.#at < this.#line.length) {
      const byte = this.#line[this.#at] ?? 0;
      if (byte === quote) {
        this.#at += 1;
        const ends = this.#at >= this.#line.length || isBlank(this.#line[this.#at]);
        return ends ? length : -1;
      }
      this.#built[length] = byte === BACKSLASH ? this.#escaped(quote) : byte;
      length += 1;
      this.#at += 1;
    }
    return -1;
  }

  /** The byte that the escape here stands for; leaves the place at the escape's last byte. */
  #escaped(quote: number): number {
    const next = this.#line[this.#at + 1];
    if (next === undefined || (quote === SINGLE && next !== SINGLE)) return BACKSLASH;
    if (quote === SINGLE) {
      this.#at += 1;
      return SINGLE;
    }
    const high = hexDigit(this.#line[this.#at + 2]);
    const low = hexDigit(this.#line[this.#at + 3]);
    if (next === X && high !== -1 && low !== -1) {
      this.#at += 3;
      return high * 16 + low;
    }
    this.#at += 1;
    return ESCAPES.get(next) ?? next;
  }
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
