/**
 * What a client sends, cut into commands: RESP arrays of bulk strings, and inline commands.
 *
 *      *2 ⏎ $3 ⏎ GET ⏎ $5 ⏎ color ⏎        →  GET, color
 *      GET "color" ⏎                        →  GET, color
 *
 * Bytes may come in any pieces; the same bytes give the same commands. Arguments are slices of
 * what came, not copies: who keeps one for long copies it, or keeps the whole read alive.
 * Which commands exist, and how long a key may be, is not known here.
 *
 * Invariants
 *   1. Any bytes give commands, `oversized`, `broken`, or a wish for more: never a throw or a loop.
 *   2. After `broken` nothing follows: there is no telling where the next command would begin.
 *   3. No more is gathered than one command may be long, and what one read brought on top.
 */
import { ByteWindow } from './byte-window.ts';
import { INLINE_BYTES_MAX, splitInline } from './resp-inline.ts';
import { encodeCommand } from './resp-writer.ts';

export interface Request {
  /** The command's name and its arguments, at least one. */
  readonly args: readonly Buffer[];
  /** The command in array form, whatever form it came in. */
  readonly raw: Buffer;
}

export interface RequestLimits {
  readonly argumentBytesMax: number;
  readonly argumentsMax: number;
  /** Of the whole command in array form. */
  readonly commandBytesMax: number;
}

/** What the contract grants a command; `LIMIT` is the answer to more. */
export const requestLimits: RequestLimits = {
  argumentBytesMax: 16 * 1024 * 1024,
  argumentsMax: 65_536,
  commandBytesMax: 64 * 1024 * 1024,
};

export type Parsed =
  | { readonly kind: 'request'; readonly request: WireRequest }
  /** A command was larger than allowed and was thrown away whole; the stream goes on. `why` is a detail for `LIMIT`. */
  | { readonly kind: 'oversized'; readonly why: string }
  /** The stream makes no sense from here on. `why` is Redis' sentence, without its code word. */
  | { readonly kind: 'broken'; readonly why: string };

/** Beyond these, Redis calls the number itself a mistake. */
const BULK_BYTES_SANE = 512 * 1024 * 1024;
const ARGUMENTS_SANE = 2_147_483_647;

/** More digits than any length has; fewer than would lose exactness. */
const DIGITS_MAX = 15;

const STAR = 0x2a;
const DOLLAR = 0x24;
const MINUS = 0x2d;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;

/** What reading a number can give besides a number ≥ 0. */
const NEGATIVE = -1;
const INCOMPLETE = -2;
const MALFORMED = -3;

/** Beyond this many arguments the notes on where they lie are thrown away with the command. */
const NOTES_KEPT_MAX = 1_024;

export class WireRequest implements Request {
  readonly args: readonly Buffer[];
  /** How many bytes it took on the wire. */
  readonly size: number;
  /** Where it lies in array form; undefined for an inline command. */
  readonly #source: Buffer | undefined;
  readonly #start: number;

  constructor(args: readonly Buffer[], size: number, source?: Buffer, start = 0) {
    this.args = args;
    this.size = size;
    this.#source = source;
    this.#start = start;
  }

  // Made when asked for: a slave never asks, and a slice costs as much as the rest of the parsing.
  get raw(): Buffer {
    if (this.#source === undefined) return encodeCommand(this.args);
    return this.#source.subarray(this.#start, this.#start + this.size);
  }
}

export class RequestParser {
  readonly #limits: RequestLimits;
  readonly #window = new ByteWindow();
  /** How far the current command is understood, from the window's start. */
  #offset = 0;
  /** Arguments that the current command still lacks; 0 between two commands. */
  #missing = 0;
  /** Where the current command's arguments lie: offset and length by turns, `#noted` numbers in all. */
  #notes: number[] = [];
  #noted = 0;
  /** The length of the current command, once it is known. */
  #expected = 0;
  /** Why the current command is being thrown away, and how much of its current argument is left to throw. */
  #oversized: string | undefined;
  #discard = 0;
  /** Where the last number that was read ended. */
  #after = 0;
  #broken = false;

  constructor(limits: RequestLimits = requestLimits) {
    this.#limits = limits;
  }

  /** Bytes that have come and belong to no command handed out yet. */
  get buffered(): number {
    return this.#window.length;
  }

  push(chunk: Buffer): void {
    if (!this.#broken) this.#window.push(chunk, this.#expected);
  }

  /** The next command, or undefined when more bytes are needed (or none can help). */
  next(): Parsed | undefined {
    while (!this.#broken) {
      const outcome = this.#advance();
      if (outcome === 'more') return undefined;
      if (outcome !== 'on') return outcome;
    }
    return undefined;
  }

  #advance(): Parsed | 'more' | 'on' {
    if (this.#missing === 0) return this.#begin();
    return this.#oversized === undefined ? this.#gather() : this.#throwAway(this.#oversized);
  }

  #begin(): Parsed | 'more' | 'on' {
    const { data, start, end } = this.#window;
    if (start === end) return 'more';
    if (data[start] !== STAR) return this.#inline();

    const count = this.#number(start + 1);
    if (count === INCOMPLETE) return 'more';
    if (count === MALFORMED || count > ARGUMENTS_SANE) return this.#break('invalid multibulk length');
    // An empty array is no command: Redis passes over it without an answer.
    if (count <= 0) {
      this.#window.start = this.#after;
      return 'on';
    }
    this.#missing = count;
    this.#offset = this.#after - start;
    if (count > this.#limits.argumentsMax) this.#giveUp(`${count} arguments`);
    return 'on';
  }

  #gather(): Parsed | 'more' | 'on' {
    const { data, start, end } = this.#window;
    while (this.#missing > 0) {
      const length = this.#bulkLength(start + this.#offset);
      if (length === INCOMPLETE) return 'more';
      if (length === MALFORMED) return this.#brokenBulk(start + this.#offset);
      const next = this.#after + length + 2;
      const why = this.#tooLarge(length, next - start);
      if (why !== undefined) {
        this.#giveUp(why);
        return 'on';
      }
      if (next > end) {
        if (this.#missing === 1) this.#expected = next - start;
        return 'more';
      }
      if (data[next - 2] !== CR || data[next - 1] !== LF)
        return this.#break("expected '\\r\\n' after a bulk");
      this.#notes[this.#noted] = this.#after - start;
      this.#notes[this.#noted + 1] = length;
      this.#noted += 2;
      this.#missing -= 1;
      this.#offset = next - start;
    }
    return this.#finish();
  }

  #tooLarge(length: number, total: number): string | undefined {
    if (length > this.#limits.argumentBytesMax) return `an argument of ${length} bytes`;
    if (total > this.#limits.commandBytesMax) return `a command of ${total} bytes or more`;
    return undefined;
  }

  #finish(): Parsed {
    const { data, start } = this.#window;
    const args: Buffer[] = [];
    for (let note = 0; note < this.#noted; note += 2) {
      // Both were noted when the argument was found complete.
      const from = start + (this.#notes[note] as number);
      args.push(data.subarray(from, from + (this.#notes[note + 1] as number)));
    }
    const request = new WireRequest(args, this.#offset, data, start);
    this.#window.start += this.#offset;
    this.#reset();
    return { kind: 'request', request };
  }

  #reset(): void {
    if (this.#noted > NOTES_KEPT_MAX) this.#notes = [];
    this.#noted = 0;
    this.#offset = 0;
    this.#expected = 0;
  }

  /** From here on the current command is read only to find its end. */
  #giveUp(why: string): void {
    this.#oversized = why;
    this.#window.start += this.#offset;
    this.#reset();
  }

  #throwAway(why: string): Parsed | 'more' | 'on' {
    const window = this.#window;
    while (this.#missing > 0) {
      if (this.#discard === 0) {
        const length = this.#bulkLength(window.start);
        if (length === INCOMPLETE) return 'more';
        if (length === MALFORMED) return this.#brokenBulk(window.start);
        window.start = this.#after;
        this.#discard = length + 2;
      }
      const gone = Math.min(this.#discard, window.length);
      window.start += gone;
      this.#discard -= gone;
      if (this.#discard > 0) return 'more';
      this.#missing -= 1;
    }
    this.#oversized = undefined;
    return { kind: 'oversized', why };
  }

  /** The length that the header at `at` gives; `#after` is then where its body begins. */
  #bulkLength(at: number): number {
    const { data, end } = this.#window;
    if (at >= end) return INCOMPLETE;
    if (data[at] !== DOLLAR) return MALFORMED;
    const length = this.#number(at + 1);
    return length === NEGATIVE || length > BULK_BYTES_SANE ? MALFORMED : length;
  }

  #brokenBulk(at: number): Parsed {
    const byte = this.#window.data[at] ?? 0;
    if (byte === DOLLAR) return this.#break('invalid bulk length');
    return this.#break(`expected '$', got '${printable(byte)}'`);
  }

  /**
   * The number at `from` up to its line end, as strictly as Redis reads one: no sign but a minus,
   * no leading zero. Headers are so short that one which is cut in two is simply read again.
   */
  #number(from: number): number {
    const { data, end } = this.#window;
    let at = from;
    let value = 0;
    while (at < end) {
      // Below `end`, so it is there.
      const digit = (data[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at += 1;
    }
    if (at + 1 >= end || data[at] !== CR || data[at + 1] !== LF) return this.#unfinished(from, at);
    const digits = at - from;
    if (digits === 0 || digits > DIGITS_MAX || (digits > 1 && data[from] === ZERO)) return MALFORMED;
    this.#after = at + 2;
    return value;
  }

  /** What to make of digits without a line end: more may come, unless these are wrong already. */
  #unfinished(from: number, stop: number): number {
    const { data, end } = this.#window;
    if (from < end && data[from] === MINUS) return this.#negative(from + 1);
    if (stop - from > DIGITS_MAX || (stop < end && data[stop] !== CR)) return MALFORMED;
    return stop + 1 >= end ? INCOMPLETE : MALFORMED;
  }

  #negative(from: number): number {
    const { data, end } = this.#window;
    if (from < end && data[from] === MINUS) return MALFORMED;
    const magnitude = this.#number(from);
    if (magnitude === 0) return MALFORMED;
    return magnitude > 0 ? NEGATIVE : magnitude;
  }

  #inline(): Parsed | 'more' | 'on' {
    const window = this.#window;
    const newline = window.data.indexOf(LF, window.start + this.#offset);
    const stop = newline === -1 || newline >= window.end ? window.end : newline;
    if (stop - window.start > INLINE_BYTES_MAX) return this.#break('too big inline request');
    if (stop === window.end) {
      // The next look begins where this one ended.
      this.#offset = window.length;
      return 'more';
    }
    const split = splitInline(window.data.subarray(window.start, newline));
    if (split.kind === 'broken') return this.#break(split.why);

    const size = newline + 1 - window.start;
    window.start = newline + 1;
    this.#offset = 0;
    if (split.args.length === 0) return 'on';
    return { kind: 'request', request: new WireRequest(split.args, size) };
  }

  #break(why: string): Parsed {
    this.#broken = true;
    this.#window.clear();
    return { kind: 'broken', why: `Protocol error: ${why}` };
  }
}

/** A byte as it may stand in a sentence: error texts hold no line break. */
const printable = (byte: number): string =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
