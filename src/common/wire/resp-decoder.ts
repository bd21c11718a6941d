/**
 * Reads one answer, framed by the scanner, into a `Reply`.
 *
 * RESP has more kinds of answers than there are kinds of `Reply`: a truth becomes 1 or 0, a set
 * or a push an array, a verbatim string its text, and an integer beyond 2^53 its digits in a
 * Buffer, since nothing is rounded. Attributes are passed over.
 *
 * Total: bytes that are no answer give a `Failure` that begins with MALFORMED, which no server
 * sends. Bulk strings are slices of `raw`: who keeps one for long copies it.
 */
import { Double, Failure, Pairs, type Reply, Simple } from '../reply.ts';
import { DEPTH_MAX, isLine, lengthAt, SIGN } from './resp-sign.ts';

export const MALFORMED = 'MALFORMED';

const CR = 0x0d;
const LF = 0x0a;

/** `txt:` or `mkd:`, before the text of a verbatim string. */
const VERBATIM_PREFIX_BYTES = 4;

export function decodeReply(raw: Buffer): Reply {
  const decoder = new Decoder(raw);
  const reply = decoder.value(0);
  const why = decoder.end();
  return why === undefined ? reply : new Failure(`${MALFORMED} ${why}`);
}

class Decoder {
  readonly #raw: Buffer;
  #at = 0;
  /** What is wrong. Once it is set, values mean nothing. */
  #why: string | undefined;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  end(): string | undefined {
    if (this.#why === undefined && this.#at < this.#raw.length) this.#fail('something follows the answer');
    return this.#why;
  }

  value(depth: number): Reply {
    // A loop, not a recursion: attributes may stand in a row of any length.
    while (this.#raw[this.#at] === SIGN.attribute && this.#why === undefined) this.#attribute(depth);
    return this.#why === undefined ? this.#bare(depth) : undefined;
  }

  #bare(depth: number): Reply {
    const at = this.#at;
    const stop = this.#line();
    if (stop === -1) return this.#fail('it is cut short');
    switch (this.#raw[at]) {
      case SIGN.simple:
        return new Simple(this.#raw.toString('utf8', at + 1, stop));
      case SIGN.error:
        return new Failure(this.#raw.toString('utf8', at + 1, stop));
      case SIGN.integer:
      case SIGN.bigNumber:
      case SIGN.double:
      case SIGN.boolean:
      case SIGN.null:
        return isLine(this.#raw, at, stop) ? this.#scalar(at, stop) : this.#fail('a value that is none');
      default:
        return this.#counted(this.#raw[at], lengthAt(this.#raw, at + 1, stop), depth);
    }
  }

  #attribute(depth: number): void {
    const at = this.#at;
    const stop = this.#line();
    const count = stop === -1 ? undefined : lengthAt(this.#raw, at + 1, stop);
    if (count === undefined) this.#fail('a length that is none');
    else if (depth >= DEPTH_MAX && count > 0) this.#fail('nested too deeply');
    else this.#map(count, depth);
  }

  #fail(why: string): undefined {
    this.#why ??= why;
    return undefined;
  }

  /** Pass the current line; where its carriage return is, or -1. */
  #line(): number {
    const stop = this.#raw.indexOf(CR, this.#at);
    if (stop === -1 || this.#raw[stop + 1] !== LF) return -1;
    this.#at = stop + 2;
    return stop;
  }

  #scalar(at: number, stop: number): Reply {
    const text = this.#raw.toString('latin1', at + 1, stop);
    switch (this.#raw[at]) {
      case SIGN.null:
        return undefined;
      case SIGN.boolean:
        return text === 't' ? 1 : 0;
      case SIGN.double:
        return new Double(Number(text.replace('inf', 'Infinity')));
      default: {
        const value = Number(text);
        // Adding nothing turns the minus zero, which JavaScript tells apart, into zero.
        return Number.isSafeInteger(value) ? value + 0 : this.#raw.subarray(at + 1, stop);
      }
    }
  }

  #counted(sign: number | undefined, count: number | undefined, depth: number): Reply {
    if (count === undefined) return this.#fail('a length that is none');
    switch (sign) {
      case SIGN.bulk:
        return this.#bulk(count);
      case SIGN.verbatim:
        return this.#bulk(count)?.subarray(VERBATIM_PREFIX_BYTES);
      case SIGN.bulkError:
        return new Failure((this.#bulk(count)?.toString('utf8') ?? '').replaceAll(/[\r\n]+/g, ' '));
      default:
        return this.#aggregate(sign, count, depth);
    }
  }

  #aggregate(sign: number | undefined, count: number, depth: number): Reply {
    if (depth >= DEPTH_MAX && count > 0) return this.#fail('nested too deeply');
    switch (sign) {
      case SIGN.array:
      case SIGN.set:
      case SIGN.push:
        return count === -1 ? undefined : this.#array(count, depth);
      case SIGN.map:
        return count === -1 ? undefined : this.#map(count, depth);
      default:
        return this.#fail('no answer begins with such a byte');
    }
  }

  #bulk(length: number): Buffer | undefined {
    if (length === -1) return undefined;
    const from = this.#at;
    const end = from + length;
    if (end + 2 > this.#raw.length) return this.#fail('it is cut short');
    if (this.#raw[end] !== CR || this.#raw[end + 1] !== LF)
      return this.#fail('a bulk string longer than it says');
    this.#at = end + 2;
    return this.#raw.subarray(from, end);
  }

  #array(count: number, depth: number): Reply {
    const elements: Reply[] = [];
    for (let index = 0; index < count && this.#why === undefined; index += 1) {
      elements.push(this.value(depth + 1));
    }
    return elements;
  }

  #map(count: number, depth: number): Reply {
    const entries: [string, Reply][] = [];
    for (let index = 0; index < count && this.#why === undefined; index += 1) {
      const name = this.#name(depth + 1);
      entries.push([name, this.value(depth + 1)]);
    }
    return new Pairs(entries);
  }

  /** A map's key as text: what it says, or its bytes if it is an aggregate. */
  #name(depth: number): string {
    const from = this.#at;
    const name = this.value(depth);
    if (name instanceof Buffer) return name.toString('utf8');
    if (typeof name === 'number') return String(name);
    if (name instanceof Simple || name instanceof Failure) return name.text;
    if (name instanceof Double) return String(name.value);
    return this.#raw.toString('latin1', from, this.#at);
  }
}
