/**
 * Tables: what a slave holds of one partition, as it is committed.
 *
 *     a read:   overlay (committed, not yet in the store) ── miss ──► store
 *     a fill:   overlay ──► one commit of the store ──► forgotten from the overlay
 *     a wipe:   the next incarnation, sworn to ──► what the one before left is cleared ──► fills
 *
 * The store of the tables and that of the log keep no order between each other. What is filled is
 * durable in the log already; and of which incarnation a table in the store is, its sum tells.
 *
 * Whether a partition belongs to `own` or to `previous` is not written here: it follows from the
 * configuration, so a promotion moves no data. Only committed effects ever enter; what is merely
 * prepared lives in the log. A later write of a key replaces an earlier one before either is stored.
 *
 * Invariants
 *   1. The store holds exactly the effects up to `filled`, and its sum (count, digest) is of that state.
 *   2. The overlay holds the last effect of each key after `filled` up to `applied`, and nothing else.
 *   3. One fill of a table is under way at a time: a fill reads what the one before it wrote.
 *   4. While an earlier incarnation may have left something, the store is neither read nor written.
 */
import type { Key, Partition } from '../common/ids.ts';
import { invariant } from '../common/invariant.ts';
import { BrokenStore } from '../common/sealed.ts';
import type { Change, OrderedStore, RangeLimit, StoredRecord } from '../common/ordered-store.ts';
import { laterStamp, type Stamp, stamp } from '../common/time.ts';
import type { Effect } from './commands/evaluation.ts';
import { decodeRecord, digestOf, encodeRecord, expiryOf, type StoredValue } from './record.ts';
import { type Position, START } from './replication/position.ts';
import {
  dataKey,
  dataSpan,
  expiryKey,
  expirySpan,
  keyOfData,
  instantOfExpiry,
  keyOfExpiry,
  type Span,
  sumKey,
} from './store-layout.ts';
import { decodeSum, encodeSum } from './table-sum.ts';

/** What a key costs in memory beside its bytes, roughly. */
const HELD_BYTES = 128;

interface Held {
  /** Undefined: deleted. */
  readonly stored: StoredValue | undefined;
  readonly seq: number;
  /** Whether the key was in the store, as of a count of fills: found out when somebody counts keys. */
  wasThere: boolean;
  lookedAt: number;
}

export interface Table {
  readonly partition: Partition;
  /** How often it was wiped before. */
  readonly incarnation: number;
  /** An earlier incarnation's records may be in the store. */
  hasLeftovers: boolean;
  /** Its own may be. */
  isStored: boolean;
  applied: Position;
  filled: Position;
  /** The highest stamp among the applied entries: where the partition's clock stood. */
  stamp: Stamp;
  count: number;
  digest: number;
  readonly overlay: Map<Key, Held>;
  overlayBytes: number;
  /** No key of the store is over before this; undefined: that is not known. */
  nextExpiry: number | undefined;
  /** How often it was filled. */
  fills: number;
  /** While a fill is under way: which of its keys were in the store before it. */
  filling: ReadonlyMap<Key, boolean> | undefined;
}

export const emptyTable = (partition: Partition, at: Position = START, incarnation = 0): Table => ({
  partition,
  incarnation,
  hasLeftovers: false,
  isStored: false,
  applied: at,
  filled: at,
  stamp: stamp(0),
  count: 0,
  digest: 0,
  overlay: new Map(),
  overlayBytes: 0,
  nextExpiry: undefined,
  fills: 0,
  filling: undefined,
});

/** What comes after a wipe. What this one has stored is to be cleared (`leftovers`) once the incarnation is sworn to. */
export function nextIncarnation(
  { partition, incarnation, isStored, hasLeftovers }: Table,
  at: Position,
): Table {
  const table = emptyTable(partition, at, incarnation + 1);
  table.hasLeftovers = isStored || hasLeftovers;
  return table;
}

const storedBytes = (store: OrderedStore, { hasLeftovers }: Table, storeKey: Buffer): Buffer | undefined =>
  hasLeftovers ? undefined : store.get(storeKey);

/** Records of this table, or its index, that are in the store. */
export const storedRange = (
  store: OrderedStore,
  { hasLeftovers }: Table,
  { from, to }: Span,
  limit: RangeLimit,
): readonly StoredRecord[] => (hasLeftovers ? [] : store.range(from, to, limit));

/** The committed value, also one that has expired meanwhile: the clock is not ours to read. */
export function lookup(store: OrderedStore, table: Table, name: Key): StoredValue | undefined {
  const held = table.overlay.get(name);
  if (held !== undefined) return held.stored;
  if (table.count === 0 && table.filling === undefined) return undefined;
  const storeKey = dataKey(table.partition, name);
  const bytes = storedBytes(store, table, storeKey);
  return bytes === undefined ? undefined : decodeRecord(storeKey, bytes);
}

/** Takes in what is committed now. Values are kept as they are: they must not change afterwards. */
export function apply(table: Table, effects: readonly Effect[], at: Position, when: Stamp): void {
  invariant(at.seq > table.applied.seq, () => `entry ${at.seq} is applied after ${table.applied.seq}`);
  table.applied = at;
  table.stamp = laterStamp(table.stamp, when);
  hold(table, effects, at.seq);
}

/** Takes in records of a snapshot: they are committed already, as of the applied position. */
export function takeIn(table: Table, effects: readonly Effect[]): void {
  hold(table, effects, table.applied.seq);
}

function hold(table: Table, effects: readonly Effect[], seq: number): void {
  for (const effect of effects) {
    const stored = effect.kind === 'put' ? { value: effect.value, expiresAt: effect.expiresAt } : undefined;
    const held = { stored, seq, wasThere: false, lookedAt: -1 };
    table.overlayBytes += costOf(effect.key, held) - costOf(effect.key, table.overlay.get(effect.key));
    table.overlay.set(effect.key, held);
  }
}

/** What a key costs in memory while it is held, roughly. */
const costOf = (name: Key, held: Held | undefined): number =>
  held === undefined ? 0 : HELD_BYTES + name.length + (held.stored?.value.length ?? 0);

export interface Fill {
  readonly table: Table;
  readonly upTo: Position;
  readonly stamp: Stamp;
  readonly count: number;
  readonly digest: number;
  readonly held: readonly (readonly [Key, Held])[];
  readonly changes: readonly Change[];
}

/** Whether a fill would change anything. */
export const isDirty = (table: Table): boolean =>
  table.overlay.size > 0 || table.filled.seq !== table.applied.seq;

/** Begins a fill: the changes go to the store in one commit, then `filled` is called. */
export function fill(store: OrderedStore, table: Table): Fill {
  invariant(table.filling === undefined, 'one fill of a table at a time');
  invariant(!table.hasLeftovers, 'a table is filled when nothing of an earlier one is there');
  const isFirst = !table.isStored;
  table.isStored = true;
  const were = new Map<Key, boolean>();
  table.filling = were;
  const held = [...table.overlay];
  const changes: Change[] = [];
  let { count, digest } = table;
  for (const [name, { stored }] of held) {
    const storeKey = dataKey(table.partition, name);
    const before = isFirst ? undefined : store.get(storeKey);
    were.set(name, before !== undefined);
    if (before !== undefined) {
      count -= 1;
      digest = (digest - digestOf(before)) >>> 0;
      forgetExpiry(table, name, expiryOf(before), changes);
    }
    if (stored === undefined) {
      if (before !== undefined) changes.push({ kind: 'delete', key: storeKey });
      continue;
    }
    const record = encodeRecord(storeKey, stored);
    count += 1;
    digest = (digest + digestOf(record)) >>> 0;
    changes.push({ kind: 'put', key: storeKey, value: record });
    if (stored.expiresAt > 0) {
      if (stored.expiresAt < (table.nextExpiry ?? 0)) table.nextExpiry = stored.expiresAt;
      changes.push({
        kind: 'put',
        key: expiryKey(table.partition, stored.expiresAt, name),
        value: Buffer.alloc(0),
      });
    }
  }
  const { incarnation } = table;
  const sum = { filled: table.applied, stamp: table.stamp, count, digest, incarnation };
  changes.push({ kind: 'put', key: sumKey(table.partition), value: encodeSum(sum) });
  return { table, upTo: table.applied, stamp: table.stamp, count, digest, held, changes };
}

function forgetExpiry(table: Table, name: Key, expiresAt: number, changes: Change[]): void {
  if (expiresAt > 0) changes.push({ kind: 'delete', key: expiryKey(table.partition, expiresAt, name) });
}

/** The fill is in the store, durably. */
export function filled({ table, upTo, count, digest, held }: Fill): void {
  table.filling = undefined;
  table.fills += 1;
  table.filled = upTo;
  table.count = count;
  table.digest = digest;
  for (const [name, was] of held) {
    if (table.overlay.get(name) !== was) continue;
    table.overlay.delete(name);
    table.overlayBytes -= costOf(name, was);
  }
}

/** What clears a partition from the store. The sum goes last: while it is there, it tells whose the rest was. */
export const leftovers = ({ partition }: Table): readonly Change[] => [
  ...[dataSpan(partition), expirySpan(partition)].map((span) => ({ kind: 'delete-range', ...span }) as const),
  { kind: 'delete', key: sumKey(partition) },
];

export interface SnapshotPart {
  readonly records: readonly { readonly key: Key; readonly stored: StoredValue }[];
  /** Where to go on; undefined: that was the last. */
  readonly next: Buffer | undefined;
}

/**
 * The committed records after `after` (a store key; undefined: from the start), in the store's
 * order, up to about so many.
 */
export function snapshotPart(
  store: OrderedStore,
  table: Table,
  after: Buffer | undefined,
  limit: { readonly records: number; readonly bytes: number },
): SnapshotPart {
  const span = dataSpan(table.partition);
  // The smallest key above `after`: with a zero byte behind it.
  const from = after === undefined ? span.from : Buffer.concat([after, Buffer.from([0])]);
  const stored = storedRange(store, table, { from, to: span.to }, limit);
  const last = stored.at(-1)?.key;
  const isWhole = stored.length < limit.records && sizeOf(stored) < limit.bytes;
  const to = isWhole || last === undefined ? undefined : last;
  const found = [...storedOf(table, stored), ...heldBetween(table, from, to)];
  return { records: found.sort((a, b) => Buffer.compare(a.storeKey, b.storeKey)), next: to };
}

interface Found {
  readonly key: Key;
  readonly stored: StoredValue;
  readonly storeKey: Buffer;
}

/** Records of the store that no later effect hides. */
const storedOf = (
  { overlay }: Table,
  records: readonly { readonly key: Buffer; readonly value: Buffer }[],
): readonly Found[] =>
  records.flatMap(({ key: storeKey, value }) => {
    const key = keyOfData(storeKey);
    return overlay.has(key) ? [] : [{ key, stored: decodeRecord(storeKey, value), storeKey }];
  });

/** What waits in the overlay for keys from `from` to `to`, both included; undefined: to the end. */
function heldBetween({ partition, overlay }: Table, from: Buffer, to: Buffer | undefined): readonly Found[] {
  const found: Found[] = [];
  for (const [key, { stored }] of overlay) {
    if (stored === undefined) continue;
    const storeKey = dataKey(partition, key);
    const isPast = to !== undefined && Buffer.compare(storeKey, to) > 0;
    if (!isPast && Buffer.compare(storeKey, from) >= 0) found.push({ key, stored, storeKey });
  }
  return found;
}

const sizeOf = (records: readonly { readonly key: Buffer; readonly value: Buffer }[]): number =>
  records.reduce((sum, { key, value }) => sum + key.length + value.length, 0);

/** Keys of the store whose time is over at `now`, the longest over first. */
export function expiredKeys(store: OrderedStore, table: Table, now: Stamp, most: number): readonly Key[] {
  if (table.hasLeftovers || now <= (table.nextExpiry ?? 0)) return [];
  const { from, to: end } = expirySpan(table.partition);
  const to = expiryKey(table.partition, now, '' as Key); // The empty key is a key.
  const over = store.range(from, to, { records: most, bytes: 1 << 20 });
  // A fill under way has told its own, and is not in the store yet.
  if (over.length === 0 && table.filling === undefined) {
    const next = store.range(from, end, { records: 1, bytes: 0 })[0];
    table.nextExpiry = next === undefined ? Infinity : instantOfExpiry(next.key);
  }
  return over.map(({ key: bytes }) => keyOfExpiry(bytes));
}

/** How many keys a table holds, counting what is not stored yet: a look for each key that is new since the last time. */
export function countKeys(store: OrderedStore, table: Table): number {
  let { count } = table;
  for (const [name, held] of table.overlay) {
    if (held.lookedAt !== table.fills) {
      // A fill under way may be visible already, while the count is still the one from before it.
      held.wasThere =
        table.filling?.get(name) ?? storedBytes(store, table, dataKey(table.partition, name)) !== undefined;
      held.lookedAt = table.fills;
    }
    count += (held.stored === undefined ? 0 : 1) - (held.wasThere ? 1 : 0);
  }
  return count;
}

/** How many records lie in one span of the store and what they add up to; each is checked. */
function sumOf(store: OrderedStore, span: Span): { count: number; digest: number } {
  let count = 0;
  let digest = 0;
  let { from } = span;
  for (;;) {
    const part = store.range(from, span.to, { records: 4_096, bytes: 4 << 20 });
    for (const { key: storeKey, value } of part) {
      decodeRecord(storeKey, value);
      digest = (digest + digestOf(value)) >>> 0;
    }
    count += part.length;
    const last = part.at(-1)?.key;
    if (last === undefined) return { count, digest };
    from = Buffer.concat([last, Buffer.from([0])]);
  }
}

/**
 * Reads a table back from a store that was down, and checks all of it (protocol I5). A table of an earlier
 * incarnation than the one sworn to is worth nothing.
 * @throws BrokenStore when a record or the sum does not match.
 */
export function recoverTable(store: OrderedStore, index: Partition, incarnation: number): Table {
  const bytes = store.get(sumKey(index));
  const table = emptyTable(index, START, incarnation);
  if (bytes !== undefined) {
    const sum = decodeSum(bytes);
    if (sum.incarnation > incarnation)
      throw new BrokenStore(`the table of partition ${index} is of an incarnation that was never sworn to`);
    if (sum.incarnation < incarnation) {
      table.hasLeftovers = true;
      return table;
    }
    table.isStored = true;
    table.applied = table.filled = sum.filled;
    table.stamp = sum.stamp;
    table.count = sum.count;
    table.digest = sum.digest;
  }
  const { count, digest } = sumOf(store, dataSpan(index));
  if (table.count !== count || table.digest !== digest) {
    throw new BrokenStore(
      `partition ${index} holds ${count} records (digest ${digest}), its sum says ${table.count} (${table.digest})`,
    );
  }
  return table;
}
