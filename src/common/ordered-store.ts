/**
 * The port to a disk: keys in byte order, changes in batches, each batch whole or not at all.
 *
 * Reads answer at once from what is committed. Commits are taken in order and reported in
 * order, each when it is as durable as the store was opened to be. A failure is final: it is
 * reported once, and the store does nothing afterwards (a failed fsync is never retried).
 *
 * Invariants
 *   1. A commit is visible to reads no later than its `done`.
 *   2. `done` of a commit is called only after those of all earlier ones.
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
  get(key: Buffer): Buffer | undefined;
  /** In key order, from `from` up to but not including `to`. */
  range(from: Buffer, to: Buffer, limit: RangeLimit): readonly StoredRecord[];
  commit(changes: readonly Change[], done: () => void): void;
}
