/**
 * The port to a disk: keys in byte order, changes in batches, each batch whole or not at all.
 *
 * Reads answer at once from what is committed. Commits are taken in order and reported in
 * order, each when it is as durable as the store was opened to be. A failure is final: it is
 * reported once, and the store does nothing afterwards (a failed fsync is never retried).
 *
 * Buffers handed in are the store's from then on, those that reads hand out are the reader's to keep;
 * nobody writes into either. A key has 1 to 1,978
 * bytes (`KEY_BYTES_MAX`); a value may be empty.
 *
 * A slave has two of them. In the one for its log somebody waits for every commit. The other is for
 * its tables, made in bulk from what the log already holds; there a range is taken out in steps, and
 * the batch that it is part of is not whole: a crash may leave some of either.
 *
 * Invariants
 *   1. A commit becomes visible to reads whole, shortly before its `done`: nothing can be read
 *      that is not yet as durable as the store promises.
 *   2. `done` of a commit is called only after those of all earlier ones, and never inside `commit`.
 *   3. After a crash the store holds a prefix of the commits, in their order, which contains at
 *      least every one whose `done` was called.
 */
export type Change =
  | { readonly kind: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly kind: 'delete'; readonly key: Buffer }
  /** Everything from `from` up to but not including `to`. */
  | { readonly kind: 'delete-range'; readonly from: Buffer; readonly to: Buffer };

export interface StoredRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

export interface RangeLimit {
  /** At most so many records. */
  readonly records: number;
  /** Stops after the record with which the bytes of keys and values pass this. */
  readonly bytes: number;
}

export interface OrderedStore {
  /** Throws `StoreFailure` once the store has failed; so does `range`. */
  get(key: Buffer): Buffer | undefined;
  /** In key order, from `from` up to but not including `to`. */
  range(from: Buffer, to: Buffer, limit: RangeLimit): readonly StoredRecord[];
  /** Later changes of a batch win over earlier ones. */
  commit(changes: readonly Change[], done: () => void): void;
}

/** What LMDB can hold in pages of 4 KiB. */
export const KEY_BYTES_MAX = 1_978;

/** The disk, or what lies on it, cannot be trusted any more. Final: whoever sees it stops. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
}
