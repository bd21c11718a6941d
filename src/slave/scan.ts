/**
 * Looking at a partition as a whole: a page of it, how many keys it has, how many of one slot.
 *
 * All of it is about what is committed. It does not know whether this slave may answer: that is
 * asked before and after, as for every read.
 */
import { keyBytes, type Partition, type Slot, SLOTS } from '../common/ids.ts';
import { Failure, type Reply } from '../common/reply.ts';
import { partitionOf } from '../common/slot.ts';
import type { Instant, Stamp } from '../common/time.ts';
import { CLUSTERDOWN } from './replication/history.ts';
import { isAuthority, type Replica } from './replication/replica.ts';
import type { State } from './state.ts';
import { dataKey, dataSpan, keyOfData, type Span } from './store-layout.ts';
import { countKeys, snapshotPart, storedRange, type Table } from './tables.ts';
import { isPast } from './commands/outcome.ts';

/** More keys in one page would hold up everybody else's turn. */
export const PAGE_KEYS_MAX = 10_000;

const PAGE_BYTES = 1 << 20;

const NOTHING = Buffer.alloc(0);

const badPlace = new Failure('ERR invalid place in the partition');

export interface Page {
  readonly partition: Partition;
  /** The place at which the page before ended, in base64; empty: from the start. */
  readonly after: string;
  readonly count: number;
}

/** `[next place in base64, or "" at the end, [key, value, expires at, …]]`; keys whose time is over are left out. */
export function pageOf(state: State, { partition, after, count }: Page, now: Stamp): Reply {
  const replica = state.replicas[partition];
  if (replica === undefined) return CLUSTERDOWN;
  const place = after === '' ? undefined : Buffer.from(after, 'base64');
  if (place !== undefined && !isInside(place, dataSpan(partition))) return badPlace;
  const limit = { records: Math.min(count, PAGE_KEYS_MAX), bytes: PAGE_BYTES };
  const { records, next } = snapshotPart(state.host.tables, replica.table, place, limit);
  const items: Reply[] = [];
  for (const { key: name, stored } of records) {
    const { value, expiresAt } = stored;
    if (!isPast(expiresAt, now)) items.push(keyBytes(name), value, Math.floor(expiresAt));
  }
  return [next === undefined ? NOTHING : Buffer.from(next.toString('base64')), items];
}

const isInside = (place: Buffer, { from, to }: Span): boolean =>
  place.compare(from) >= 0 && place.compare(to) < 0;

/** How many keys this slave answers for; CLUSTERDOWN where it may not answer for all that it owns. */
export function countOwned(state: State, now: Instant): number | Failure {
  const { view, host, replicas } = state;
  if (view === undefined) return CLUSTERDOWN;
  let count = 0;
  for (const [index, configuration] of view.configurations.entries()) {
    const replica = replicas[index];
    const isOurs = configuration.members[0]?.slave === host.self.slave || replica?.role === 'owner';
    if (!isOurs) continue;
    if (replica === undefined || !isAuthority(replica, now)) return CLUSTERDOWN;
    count += countKeys(host.tables, replica.table);
  }
  return count;
}

/** The keys of all partitions that this slave owns, whether it may answer for them or not; for INFO. */
export const ownedKeys = ({ replicas, host }: State): number =>
  replicas.reduce(
    (sum, replica) => sum + (replica?.role === 'owner' ? countKeys(host.tables, replica.table) : 0),
    0,
  );

/** How many keys of this slot lie here, as owner or as copy. */
export function countInSlot(state: State, slot: Slot): number {
  const { view, host } = state;
  const replica = view && state.replicas[partitionOf(slot, view.settings.partitions)];
  return replica === undefined ? 0 : keysInSlot(host.tables, replica, slot);
}

const PART = { records: 4_096, bytes: 4 << 20 };

function keysInSlot(store: State['host']['tables'], { table }: Replica, slot: Slot): number {
  const span = slotSpan(table.partition, slot);
  let count = overlaidInSlot(table, span);
  for (let { from } = span; ;) {
    const part = storedRange(store, table, { from, to: span.to }, PART);
    for (const { key: storeKey } of part) if (!table.overlay.has(keyOfData(storeKey))) count += 1;
    const last = part.at(-1)?.key;
    if (last === undefined) return count;
    from = Buffer.concat([last, Buffer.from([0])]);
  }
}

function overlaidInSlot(table: Table, span: Span): number {
  let count = 0;
  for (const [name, { stored }] of table.overlay) {
    if (stored !== undefined && isInside(dataKey(table.partition, name), span)) count += 1;
  }
  return count;
}

function slotSpan(partition: Partition, slot: Slot): Span {
  const { from } = dataSpan(partition);
  const at = (index: number): Buffer => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(index);
    return Buffer.concat([from, bytes]);
  };
  // Slots end far below what two bytes hold, so the slot after the last one can be written too.
  return { from: at(slot), to: at(Math.min(slot + 1, SLOTS)) };
}
