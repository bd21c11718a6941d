/**
 * The store that forgets: the disk's twin for the simulator, and for `--storage memory`.
 *
 *      commit ──► pending ──completeNext()──► map, then done()
 *                    └──────crash(n)────────► the first n become durable unsaid, the rest never were
 *
 * Nothing becomes durable by itself: whoever holds the store says when, as a disk would. A
 * crash leaves a new store with what is durable; the old one is dead. Pure: no timer, no promise.
 * The bound on `pending` is the caller's, who knows how much it has in flight.
 *
 * Invariants
 *   1. Reads see exactly the completed commits.
 *   2. Commits are completed in the order in which they were handed in.
 */
import { Deque } from './deque.ts';
import { invariant, unreachable } from './invariant.ts';
import {
  KEY_BYTES_MAX,
  type Change,
  type OrderedStore,
  type RangeLimit,
  type StoredRecord,
} from './ordered-store.ts';
import { SortedMap } from './sorted-map.ts';

export interface MemoryStore extends OrderedStore {
  /** Commits handed in and not yet durable. */
  readonly pending: number;
  /** Records that are durable. */
  readonly size: number;
  /** Makes the oldest pending commit durable and visible, and calls its `done`. There must be one. */
  completeNext(): void;
  /**
   * The machine loses power: answers with a store that holds what is durable. A disk may have
   * got further than it said: the first `unsaid` pending commits survive without their `done`. And
   * if ranges are taken out in steps (`isTorn`), half of one in the next commit may be gone.
   */
  crash(unsaid?: number, isTorn?: boolean): MemoryStore;
}

interface Pending {
  readonly changes: readonly Change[];
  readonly done: () => void;
}

export const createMemoryStore = (): MemoryStore => new Store(new SortedMap());

class Store implements MemoryStore {
  readonly #records: SortedMap<Buffer>;
  readonly #pending = new Deque<Pending>();
  #dead = false;

  constructor(records: SortedMap<Buffer>) {
    this.#records = records;
  }

  get pending(): number {
    return this.#pending.length;
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: Buffer): Buffer | undefined {
    this.#checkAlive();
    return this.#records.get(key.toString('latin1'));
  }

  range(from: Buffer, to: Buffer, limit: RangeLimit): readonly StoredRecord[] {
    this.#checkAlive();
    checkBounds(from, to);
    return takeRecords(this.#records.entries(from.toString('latin1'), to.toString('latin1')), limit);
  }

  commit(changes: readonly Change[], done: () => void): void {
    this.#checkAlive();
    changes.forEach(checkChange);
    this.#pending.push({ changes: changes.map(copyOf), done });
  }

  completeNext(): void {
    this.#checkAlive();
    const next = this.#pending.shift();
    invariant(next !== undefined, 'a commit that is completed was handed in');
    this.#apply(next.changes);
    next.done();
  }

  crash(unsaid = 0, isTorn = false): MemoryStore {
    this.#checkAlive();
    invariant(
      unsaid >= 0 && unsaid <= this.pending,
      () => `${unsaid} of ${this.pending} pending commits cannot survive`,
    );
    for (let count = 0; count < unsaid; count += 1) this.#apply(this.#pending.shift()?.changes ?? []);
    if (isTorn) this.#tear(this.#pending.at(0)?.changes ?? []);
    this.#dead = true;
    this.#pending.clear();
    return new Store(this.#records);
  }

  #tear(changes: readonly Change[]): void {
    const range = changes.find(({ kind }) => kind === 'delete-range');
    if (range?.kind !== 'delete-range') return;
    const names = [...this.#records.entries(range.from.toString('latin1'), range.to.toString('latin1'))];
    for (const [name] of names.slice(0, names.length >> 1)) this.#records.delete(name);
  }

  #checkAlive(): void {
    invariant(!this.#dead, 'a store that crashed is not used again');
  }

  #apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'put':
          this.#records.set(change.key.toString('latin1'), change.value);
          break;
        case 'delete':
          this.#records.delete(change.key.toString('latin1'));
          break;
        case 'delete-range':
          this.#records.deleteRange(
            change.from.toString('latin1'),
            change.to.toString('latin1'),
            () => undefined,
          );
          break;
        default:
          unreachable(change);
      }
    }
  }
}

/** The first records of a walk in key order, up to the limit. */
export function takeRecords(
  entries: Iterable<readonly [string, Buffer]>,
  limit: RangeLimit,
): readonly StoredRecord[] {
  const records: StoredRecord[] = [];
  let bytes = 0;
  if (limit.records < 1) return records;
  for (const [name, value] of entries) {
    records.push({ key: Buffer.from(name, 'latin1'), value });
    bytes += name.length + value.length;
    if (records.length >= limit.records || bytes > limit.bytes) break;
  }
  return records;
}

/** Limits on keys are the caller's to keep; here they are a promise between our own lines. */
export function checkChange(change: Change): void {
  if (change.kind === 'delete-range') {
    checkBounds(change.from, change.to);
    return;
  }
  const { length } = change.key;
  invariant(
    length >= 1 && length <= KEY_BYTES_MAX,
    () => `a key has 1 to ${KEY_BYTES_MAX} bytes, not ${length}`,
  );
}

/** A bound need not be a key that could exist: it may be empty. */
export function checkBounds(from: Buffer, to: Buffer): void {
  const length = Math.max(from.length, to.length);
  invariant(length <= KEY_BYTES_MAX, () => `a bound has at most ${KEY_BYTES_MAX} bytes, not ${length}`);
}

function copyOf(change: Change): Change {
  switch (change.kind) {
    case 'put':
      return { kind: 'put', key: Buffer.from(change.key), value: Buffer.from(change.value) };
    case 'delete':
      return { kind: 'delete', key: Buffer.from(change.key) };
    case 'delete-range':
      return { kind: 'delete-range', from: Buffer.from(change.from), to: Buffer.from(change.to) };
    default:
      return unreachable(change);
  }
}
