/**
 * What all connections of a server share: one turn for their late writes, one budget of bytes.
 *
 * Both know connections only as work to be done, never what the work is.
 */
export type Work = () => void;

/**
 * Work that is done once, after everything that this turn of the event loop brings: however many
 * tickets of a connection are answered in it, the socket is written to once.
 */
export class Turn {
  #due = new Set<Work>();

  add(work: Work): void {
    if (this.#due.size === 0) {
      setImmediate(() => {
        this.run();
      });
    }
    this.#due.add(work);
  }

  /** Do now what is due; work that is added meanwhile is done in the next turn. */
  run(): void {
    const due = this.#due;
    this.#due = new Set();
    for (const work of due) work();
  }
}

/** Bytes of commands that wait for their answers, over all connections: past the limit, nobody is read. */
export class Budget {
  readonly #max: number;
  readonly #turn: Turn;
  #used = 0;
  #waiting = new Set<Work>();

  constructor(max: number, turn: Turn) {
    this.#max = max;
    this.#turn = turn;
  }

  get exhausted(): boolean {
    return this.#used >= this.#max;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    // At half, not at once: who is woken for a single command would only fall asleep again.
    if (this.#waiting.size === 0 || this.#used > this.#max / 2) return;
    for (const work of this.#waiting) this.#turn.add(work);
    this.#waiting = new Set();
  }

  /** Have the work done in the turn after there is room again. */
  wait(work: Work): void {
    this.#waiting.add(work);
  }

  /** Whoever waits no longer, because its connection has closed. */
  forget(work: Work): void {
    this.#waiting.delete(work);
  }
}
