/**
 * The client's side of RESP: where each answer in a stream ends, and what it says.
 *
 *      +OK⏎$3⏎red⏎-MOVED 7 …⏎   ──ReplyScanner──►   [+OK⏎]  [$3⏎red⏎]  [-MOVED 7 …⏎ code: MOVED]
 *                                                         └──decodeReply──► a `Reply`
 *
 * Two steps, because the gateway hands on most answers unread. The scanner takes RESP2 and RESP3
 * and checks the framing; the decoder reads one framed answer. Neither knows what was asked.
 *
 * Invariants
 *   1. Any bytes give answers, `broken`, or a wish for more: never a throw or a loop.
 *   2. Every answer the scanner yields, the decoder can read; bytes that never passed the scanner may be refused.
 *   3. No answer is deeper than DEPTH_MAX or longer than REPLY_BYTES_MAX.
 */
import { ByteWindow } from './byte-window.ts';
import { DEPTH_MAX, isLine, lengthAt, LINE_BYTES_MAX, SIGN } from './resp-sign.ts';

export { decodeReply } from './resp-decoder.ts';
export { SIGN } from './resp-sign.ts';

/** What a command may bring, 64 MiB, may come back, with some room for framing. */
export const REPLY_BYTES_MAX = 65 * 1024 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;

export type Scanned =
  | {
      readonly kind: 'reply';
      /** The whole answer as it came: a slice, not a copy. */
      readonly raw: Buffer;
      /** Its first byte, one of SIGN. */
      readonly sign: number;
      /** Of an error: its first word, such as `MOVED`. */
      readonly code: string | undefined;
    }
  | { readonly kind: 'broken'; readonly why: string };

/** How the end of an element is found. */
type Form = 'line' | 'bulk' | 'aggregate' | 'pairs' | 'attribute';

const formOf: Readonly<Record<keyof typeof SIGN, Form>> = {
  simple: 'line',
  error: 'line',
  integer: 'line',
  null: 'line',
  boolean: 'line',
  double: 'line',
  bigNumber: 'line',
  bulk: 'bulk',
  bulkError: 'bulk',
  verbatim: 'bulk',
  array: 'aggregate',
  set: 'aggregate',
  push: 'aggregate',
  map: 'pairs',
  attribute: 'attribute',
};

/** The same, by first byte. */
const FORMS: readonly (Form | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const names = Object.keys(formOf) as (keyof typeof SIGN)[]; // The type of the record above.
  const name = names.find((candidate) => SIGN[candidate] === byte);
  return name === undefined ? undefined : formOf[name];
});

export class ReplyScanner {
  readonly #window = new ByteWindow();
  /** How far the current answer is understood, from the window's start. */
  #offset = 0;
  /** How far its current line has been searched for its end. */
  #searched = 0;
  /** Elements still to come, of each aggregate that the current one lies in. */
  readonly #open: number[] = [];
  /** Where the current bulk string will end, from the window's start, once that is known. */
  #expected = 0;
  #broken = false;

  /** Bytes that have come and belong to no answer handed out yet. */
  get buffered(): number {
    return this.#window.length;
  }

  push(chunk: Buffer): void {
    if (this.#broken) return;
    // Only outside an aggregate does the end of a bulk string complete the answer.
    this.#window.push(chunk, this.#open.length === 0 ? this.#expected : 0);
  }

  /** The next answer, or undefined when more bytes are needed (or none can help). */
  next(): Scanned | undefined {
    while (!this.#broken) {
      const outcome = this.#element();
      if (outcome === 'on') continue;
      if (outcome !== 'more' && outcome !== 'whole') return this.#break(outcome);
      if (Math.max(this.#offset, this.#expected) > REPLY_BYTES_MAX) return this.#break('too long');
      return outcome === 'whole' ? this.#finish() : undefined;
    }
    return undefined;
  }

  /** Pass over one element: 'whole' if the answer ends with it, or a sentence on what is wrong. */
  #element(): string {
    const { data, start, end } = this.#window;
    const at = start + this.#offset;
    if (at >= end) return 'more';
    const form = FORMS[data[at] ?? 0];
    if (form === undefined) return 'no answer begins with such a byte';

    const stop = this.#lineEnd(at + 1);
    const reached = stop === -1 ? end : stop;
    if (reached - at > LINE_BYTES_MAX) return 'a line without an end';
    if (reached + 1 >= end) return 'more';
    if (data[stop + 1] !== LF) return 'a line that does not end as lines do';
    if (form === 'line') return isLine(data, at, stop) ? this.#passed(stop + 2) : 'a value that is none';
    return this.#counted(form, at, stop);
  }

  #counted(form: Form, at: number, stop: number): string {
    const count = lengthAt(this.#window.data, at + 1, stop);
    if (count === undefined) return 'a length that is none';
    return form === 'bulk' ? this.#bulk(stop + 2, count) : this.#aggregate(form, stop + 2, count);
  }

  /** Where the current line's carriage return is, or -1. */
  #lineEnd(from: number): number {
    const { data, start, end } = this.#window;
    let at = Math.max(from, start + this.#searched);
    while (at < end && data[at] !== CR) at += 1;
    this.#searched = at - start;
    return at < end ? at : -1;
  }

  #bulk(body: number, length: number): string {
    if (length === -1) return this.#passed(body);
    const { data, start, end } = this.#window;
    const next = body + length + 2;
    if (next > end) {
      this.#expected = next - start;
      return 'more';
    }
    if (data[next - 2] !== CR || data[next - 1] !== LF) return 'a bulk string longer than it says';
    return this.#passed(next);
  }

  #aggregate(form: Form, body: number, count: number): string {
    const elements = form === 'aggregate' ? count : 2 * count;
    // An attribute stands before an answer and does not take its place.
    if (form === 'attribute') this.#expect(1);
    if (elements <= 0) return this.#passed(body);
    if (this.#open.length >= DEPTH_MAX) return 'nested too deeply';
    this.#open.push(elements);
    this.#moveTo(body);
    return 'on';
  }

  #expect(more: number): void {
    const last = this.#open.length - 1;
    const open = this.#open[last];
    if (open === undefined) this.#open.push(1 + more);
    else this.#open[last] = open + more;
  }

  #moveTo(at: number): void {
    this.#offset = at - this.#window.start;
    this.#searched = this.#offset;
    this.#expected = 0;
  }

  /** An element has ended: so has every aggregate of which it was the last. */
  #passed(at: number): string {
    this.#moveTo(at);
    while (this.#open.length > 0) {
      const left = (this.#open.pop() ?? 1) - 1;
      if (left === 0) continue;
      this.#open.push(left);
      return 'on';
    }
    return 'whole';
  }

  #finish(): Scanned {
    const window = this.#window;
    const { data, start } = window;
    const end = start + this.#offset;
    const first = data[start] ?? 0;
    window.start = end;
    this.#moveTo(end);
    const isError = first === SIGN.error || first === SIGN.bulkError;
    return {
      kind: 'reply',
      raw: data.subarray(start, end),
      sign: first,
      code: isError ? codeOf(data, start, end) : undefined,
    };
  }

  #break(why: string): Scanned {
    this.#broken = true;
    this.#window.clear();
    return { kind: 'broken', why: `the answer cannot be read: ${why}` };
  }
}

/** The first word of an error; a bulk error's begins behind its length. */
function codeOf(data: Buffer, start: number, end: number): string {
  const from = data[start] === SIGN.error ? start + 1 : data.indexOf(LF, start) + 1;
  let at = from;
  while (at < end && data[at] !== SPACE && data[at] !== CR) at += 1;
  return data.toString('latin1', from, at);
}
