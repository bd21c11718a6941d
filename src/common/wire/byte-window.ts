/**
 * The stretch of a byte stream that has arrived and is not used up yet, always in one piece.
 *
 *      ┌───────────────┬─────────────────────────┬────────────┐
 *      │ used up       │ arrived                 │ room       │   data
 *      └───────────────┴─────────────────────────┴────────────┘
 *                      start                     end
 *
 * As long as nothing is left over, the chunk itself is the window and nothing is copied. What
 * is left over when another chunk comes is gathered in a buffer that doubles, so a byte is
 * copied twice at the most however small the chunks are. It does not know what the bytes mean.
 *
 * Invariants
 *   1. 0 ≤ start ≤ end ≤ data.length.
 *   2. Bytes before `end` never change: slices of them stay true for as long as they are kept.
 */

/** Enough for most commands, little enough for ten thousand connections that dribble. */
const GATHER_BYTES_MIN = 512;

const NOTHING = Buffer.alloc(0);

export class ByteWindow {
  data: Buffer = NOTHING;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /**
   * Add what came next.
   * @param expected - how many bytes from `start` complete what is being gathered, if that is
   *   known: no more room than that is then made in advance. 0 if it is not known.
   */
  push(chunk: Buffer, expected: number): void {
    if (this.start === this.end) {
      this.data = chunk;
      this.start = 0;
      this.end = chunk.length;
      return;
    }
    // A chunk of the stream has no room behind its end, so only a buffer of our own is ever written to.
    if (this.end + chunk.length > this.data.length) this.#move(chunk.length, expected);
    this.data.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Forget everything, also what has not been used. */
  clear(): void {
    this.data = NOTHING;
    this.start = 0;
    this.end = 0;
  }

  #move(more: number, expected: number): void {
    const need = this.length + more;
    const doubled = Math.max(2 * need, GATHER_BYTES_MIN);
    const room = expected === 0 ? doubled : Math.max(need, Math.min(doubled, expected));
    const data = Buffer.alloc(room);
    data.set(this.data.subarray(this.start, this.end), 0);
    this.end -= this.start;
    this.start = 0;
    this.data = data;
  }
}
