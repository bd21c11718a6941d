/**
 * Frames on a stream: where one ends and the next begins. The pure half of a link.
 *
 *      ┌────────────┬────────┬───────────────┐
 *      │ length u32 │ type u8│ payload       │   length counts type and payload, 1 ≤ length ≤ FRAME_MAX
 *      └────────────┴────────┴───────────────┘
 *
 * A frame that lies in one chunk is a slice of that chunk, without a copy; a frame that spans chunks is
 * copied once, into a buffer of its own. What types mean is the business of whoever reads the frames.
 *
 * Invariants
 *   1. Total: any bytes, cut anywhere, give frames, a wait for more, or an offence; and after an offence nothing more.
 *   2. How the bytes were cut into chunks never shows in the frames.
 */
import { invariant } from '../invariant.ts';

/** The largest frame, type byte included: one command of 64 MiB, and the batch that it comes with. */
export const FRAME_MAX = 96 * 1024 * 1024;

const HEADER_BYTES = 4;

/** Parts below this are copied together: a system call's bookkeeping for each would cost more than the copy. */
const SMALL_PART_BYTES = 4096;

export interface Cut {
  readonly frames: readonly Buffer[];
  /** What the sender did wrong. The stream cannot be read on, since nobody knows where the next frame begins. */
  readonly offence: string | undefined;
}

export class FrameCutter {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerFill = 0;
  #body: Buffer | undefined;
  #bodyFill = 0;
  #offence: string | undefined;

  /** Takes the next chunk of the stream; answers with the frames that it completes. Keeps slices of `chunk`. */
  push(chunk: Buffer): Cut {
    const frames: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && this.#offence === undefined) {
      at = this.#body === undefined ? this.#start(chunk, at, frames) : this.#continue(chunk, at, frames);
    }
    return { frames, offence: this.#offence };
  }

  /** At the start of a frame, or within its header. */
  #start(chunk: Buffer, at: number, frames: Buffer[]): number {
    const bodyAt = this.#readHeader(chunk, at);
    if (this.#headerFill < HEADER_BYTES) return bodyAt;
    this.#headerFill = 0;
    const length = this.#header.readUInt32BE(0);
    if (length === 0 || length > FRAME_MAX) {
      this.#offence =
        length === 0
          ? 'a frame without a type'
          : `a frame of ${length} bytes, where ${FRAME_MAX} is the most`;
      return bodyAt;
    }
    if (chunk.length - bodyAt >= length) {
      frames.push(chunk.subarray(bodyAt, bodyAt + length));
      return bodyAt + length;
    }
    // Unfilled, because a zeroed buffer would make a mere claim of 96 MiB cost 96 MiB: this way memory is
    // used as bytes arrive. All of it is overwritten before anybody sees it.
    this.#body = Buffer.allocUnsafeSlow(length);
    this.#bodyFill = 0;
    return bodyAt;
  }

  #readHeader(chunk: Buffer, at: number): number {
    const take = Math.min(HEADER_BYTES - this.#headerFill, chunk.length - at);
    chunk.copy(this.#header, this.#headerFill, at, at + take);
    this.#headerFill += take;
    return at + take;
  }

  /** In the midst of a frame that spans chunks. */
  #continue(chunk: Buffer, at: number, frames: Buffer[]): number {
    const body = this.#body;
    invariant(body !== undefined, 'only a frame that has begun is continued');
    const take = Math.min(body.length - this.#bodyFill, chunk.length - at);
    chunk.copy(body, this.#bodyFill, at, at + take);
    this.#bodyFill += take;
    if (this.#bodyFill === body.length) {
      frames.push(body);
      this.#body = undefined;
    }
    return at + take;
  }
}

/** The header that announces a frame of so many bytes, its type byte included. */
export function frameHeader(length: number): Buffer {
  invariant(length > 0 && length <= FRAME_MAX, () => `a frame has 1 to ${FRAME_MAX} bytes, not ${length}`);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(length, 0);
  return header;
}

/** The same bytes in fewer pieces: runs of small parts are copied together, large parts stay as they are. */
export function gathered(parts: readonly Buffer[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let run: Buffer[] = [];
  const endRun = (): void => {
    if (run.length > 0) pieces.push(run.length === 1 && run[0] !== undefined ? run[0] : Buffer.concat(run));
    run = [];
  };
  for (const part of parts) {
    if (part.length < SMALL_PART_BYTES) run.push(part);
    else {
      endRun();
      pieces.push(part);
    }
  }
  endRun();
  return pieces;
}
