/**
 * A map that can also be walked in the order of its keys, and stays quick with a million of them.
 *
 *      values   Map: key → value                                  get, has: one look
 *      chunks   [ a b d ] [ f g k m ] [ p q ]                     sorted, none empty, at most CHUNK_MAX keys each
 *
 * A key is put into its chunk by two binary searches and one short move; a full chunk is split.
 * Keys are strings compared by code unit: with latin1 names of bytes that is the order of the bytes.
 * The map must not be changed while it is walked.
 *
 * Invariants
 *   1. Every key is in exactly one chunk, and in `values`.
 *   2. No chunk is empty; the last key of a chunk lies below the first of the next.
 */
import { invariant } from './invariant.ts';

/** Small enough that moving a chunk's tail costs less than the searches, large enough that chunks stay few. */
const CHUNK_MAX = 512;

export class SortedMap<Value> {
  readonly #values = new Map<string, Value>();
  #chunks: string[][] = [];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    const before = this.#values.size;
    this.#values.set(key, value);
    if (this.#values.size !== before) this.#insert(key);
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    invariant(chunk !== undefined, 'a key that has a value sits in a chunk');
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  /** Takes out every key from `from` up to but not including `to`, and shows each with its value. */
  deleteRange(from: string, to: string, each: (key: string, value: Value) => void): void {
    const first = this.#chunkOf(from);
    let end = first;
    for (; end < this.#chunks.length; end += 1) {
      const chunk = this.#chunks[end] ?? [];
      const head = chunk[0];
      if (head === undefined || head >= to) break;
      const start = lowerBound(chunk, from);
      for (const key of chunk.splice(start, Math.max(0, lowerBound(chunk, to) - start)))
        this.#take(key, each);
    }
    const left = this.#chunks.slice(first, end).filter((chunk) => chunk.length > 0);
    this.#chunks = [...this.#chunks.slice(0, first), ...left, ...this.#chunks.slice(end)];
  }

  /** In key order, from `from` up to but not including `to`. */
  *entries(from: string, to: string): IterableIterator<readonly [string, Value]> {
    for (let index = this.#chunkOf(from); index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index] ?? [];
      for (let at = lowerBound(chunk, from); at < chunk.length; at += 1) {
        const key = chunk[at];
        if (key === undefined || key >= to) return;
        yield [key, this.#valueOf(key)];
      }
    }
  }

  /** Everything, in key order. */
  *[Symbol.iterator](): IterableIterator<readonly [string, Value]> {
    for (const chunk of this.#chunks) for (const key of chunk) yield [key, this.#valueOf(key)];
  }

  #valueOf(key: string): Value {
    // Invariant 1; a value may itself be undefined, so it cannot be asked.
    return this.#values.get(key) as Value;
  }

  #take(key: string, each: (key: string, value: Value) => void): void {
    const value = this.#valueOf(key);
    this.#values.delete(key);
    each(key, value);
  }

  #insert(key: string): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    const at = lowerBound(chunk, key);
    if (chunk.length < CHUNK_MAX) {
      chunk.splice(at, 0, key);
    } else if (at === chunk.length) {
      // Keys that come in order fill their chunks instead of leaving every one half full.
      this.#chunks.splice(index + 1, 0, [key]);
    } else {
      const upper = chunk.splice(CHUNK_MAX / 2);
      this.#chunks.splice(index + 1, 0, upper);
      if (at <= chunk.length) chunk.splice(at, 0, key);
      else upper.splice(at - chunk.length, 0, key);
    }
  }

  /** The chunk in which the key sits or would sit: the last whose first key is not above it, else the first. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const head = this.#chunks[middle]?.[0];
      if (head !== undefined && head <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Where the first key that is not below this one stands. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = keys[middle];
    if (found !== undefined && found < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
