/**
 * One partition's log in memory: the entries after `base`, linked one to the next.
 *
 *      base          committed        durable          end
 *       │ e1 │ e2 │ e3 │ e4 │ e5 │ e6 │ e7 │ e8 │ e9 │
 *
 * It knows where entries are, not what they mean nor who has them. What came before `base` is
 * only in the table.
 *
 * Invariants
 *   1. Sequence numbers are consecutive, and each entry names the epoch of the one before it.
 *   2. Epochs never go down along the log.
 */
import type { Epoch } from '../../common/ids.ts';
import { invariant } from '../../common/invariant.ts';
import { Deque } from '../../common/deque.ts';
import type { Entry } from './entry.ts';
import { type Position, START } from './position.ts';

export class PartitionLog {
  #base: Position;
  readonly #entries = new Deque<Entry>();

  constructor(base: Position = START) {
    this.#base = base;
  }

  get base(): Position {
    return this.#base;
  }

  get end(): Position {
    return this.#entries.last ?? this.#base;
  }

  /** The epoch of the entry at this place, as far back as the base; undefined where the log knows nothing. */
  epochAt(seq: number): Epoch | undefined {
    return seq === this.#base.seq ? this.#base.epoch : this.entryAt(seq)?.epoch;
  }

  entryAt(seq: number): Entry | undefined {
    return this.#entries.at(seq - this.#base.seq - 1);
  }

  has(position: Position): boolean {
    return this.epochAt(position.seq) === position.epoch;
  }

  /** Whether this entry would continue the log just where it ends. */
  isNext(entry: Entry): boolean {
    return (
      entry.seq === this.end.seq + 1 &&
      entry.previousEpoch === this.end.epoch &&
      entry.epoch >= this.end.epoch
    );
  }

  append(entry: Entry): void {
    invariant(
      this.isNext(entry),
      () => `entry ${entry.epoch}.${entry.seq} does not continue ${this.end.epoch}.${this.end.seq}`,
    );
    this.#entries.push(entry);
  }

  /** Forgets what came after `seq`: it never became history. */
  cutAfter(seq: number): void {
    invariant(seq >= this.#base.seq, 'what is only in the table cannot be cut off');
    if (seq < this.end.seq) this.#entries.truncate(seq - this.#base.seq);
  }

  /** Lets go of the front: it is in the table, durably. */
  dropUpTo(seq: number): void {
    for (
      let first = this.#entries.at(0);
      first !== undefined && first.seq <= seq;
      first = this.#entries.at(0)
    ) {
      this.#entries.shift();
      this.#base = { epoch: first.epoch, seq: first.seq };
    }
  }

  reset(base: Position): void {
    this.#base = base;
    this.#entries.clear();
  }

  /** The entries after `seq`, up to about so many bytes (at least one, if there is one). */
  after(seq: number, bytesMax: number): readonly Entry[] {
    invariant(seq >= this.#base.seq, () => `the log begins after ${this.#base.seq}, not after ${seq}`);
    const found: Entry[] = [];
    let bytes = 0;
    for (let entry = this.entryAt(seq + 1); entry !== undefined; entry = this.entryAt(entry.seq + 1)) {
      if (found.length > 0 && bytes + entry.length > bytesMax) break;
      found.push(entry);
      bytes += entry.length;
    }
    return found;
  }
}
