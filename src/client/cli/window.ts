/**
 * A bounded window of writes under way: so many at once, so many bytes at once, and never two of one key,
 * because a write that is repeated could otherwise overtake a later one.
 *
 * After the first failure it takes nothing more; what was under way is waited for, and counted.
 */

/** Enough to hide the round trip, few enough to name each in a report of what went wrong. */
export const WRITES_MAX = 128;
export const WINDOW_BYTES_MAX = 32 * 1024 * 1024;

export interface Write {
  /** Identifies the key. */
  readonly key: string;
  readonly bytes: number;
  readonly perform: () => Promise<unknown>;
}

/** Used by one adder, which waits for each `add` before the next. */
export class WriteWindow {
  readonly #keys = new Set<string>();
  #bytes = 0;
  #done = 0;
  #failed = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** Writes that were acknowledged. */
  get done(): number {
    return this.#done;
  }

  /** Writes that were not. */
  get failed(): number {
    return this.#failed;
  }

  /** The first failure. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Settles when the write is under way; false: not taken, because one before it has failed. */
  async add(write: Write): Promise<boolean> {
    while (this.#failure === undefined && this.#blocks(write)) await this.#change();
    if (this.#failure !== undefined) return false;
    this.#bytes += write.bytes;
    this.#keys.add(write.key);
    void this.#watch(write);
    return true;
  }

  /** Settles when nothing is under way any more. */
  async drain(): Promise<void> {
    while (this.#keys.size > 0) await this.#change();
  }

  #blocks({ key, bytes }: Write): boolean {
    const { size } = this.#keys;
    // A single write larger than the window must pass too, alone.
    return this.#keys.has(key) || size >= WRITES_MAX || (size > 0 && this.#bytes + bytes > WINDOW_BYTES_MAX);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Never rejects: a failure is kept. */
  async #watch({ key, bytes, perform }: Write): Promise<void> {
    try {
      await perform();
      this.#done += 1;
    } catch (error) {
      this.#failed += 1;
      this.#failure ??= { error };
    }
    this.#bytes -= bytes;
    this.#keys.delete(key);
    this.#wake();
  }
}
