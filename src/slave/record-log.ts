/**
 * The log on disk: one record a turn, holding the entries of all partitions that the turn touched.
 *
 * This file keeps count of the records, so that the oldest can be dropped when all they hold is
 * in the tables, durably, and more is kept than a return needs. Reading them back is `recovery.ts`.
 *
 * Invariants
 *   1. Records are dropped oldest first, never one with an entry that is not filled into its table.
 */
import type { Partition } from '../common/ids.ts';
import { Deque } from '../common/deque.ts';
import type { Change } from '../common/ordered-store.ts';
import { lastSeqs } from './replication/entry.ts';
import { logKey } from './store-layout.ts';

interface LogRecord {
  readonly index: number;
  readonly bytes: number;
  /** The last entry of each partition in it: `partition, seq, partition, seq, …`. */
  readonly lasts: readonly number[];
}

export interface RecordLog {
  nextIndex: number;
  bytes: number;
  readonly records: Deque<LogRecord>;
}

export const emptyRecordLog = (): RecordLog => ({ nextIndex: 1, bytes: 0, records: new Deque() });

/** Adds the record of a turn, unless the turn logged nothing. */
export function addRecord(log: RecordLog, items: readonly Buffer[], changes: Change[]): void {
  const [first] = items;
  if (first === undefined) return;
  const value = items.length === 1 ? first : Buffer.concat(items);
  const index = log.nextIndex;
  changes.push({ kind: 'put', key: logKey(index), value });
  noteRecord(log, index, value);
}

/** Counts a record that is on disk, or on its way there. */
export function noteRecord(log: RecordLog, index: number, value: Buffer): void {
  log.records.push({ index, bytes: value.length, lasts: [...lastSeqs(value)].flat() });
  log.bytes += value.length;
  log.nextIndex = index + 1;
}

export interface Droppable {
  readonly partition: Partition;
  readonly seq: number;
}

/**
 * Drops the oldest records while more than `keepBytes` are kept and `isFilled` says that their
 * entries are in the tables. Answers with the entries that are gone from the disk.
 */
export function trimRecords(
  log: RecordLog,
  keepBytes: number,
  isFilled: (partition: Partition, seq: number) => boolean,
  changes: Change[],
): readonly Droppable[] {
  const dropped: Droppable[] = [];
  const oldest = log.records.at(0);
  for (let record = oldest; record !== undefined && log.bytes > keepBytes; record = log.records.at(0)) {
    const entries: Droppable[] = [];
    for (let at = 0; at < record.lasts.length; at += 2) {
      // Written in pairs by `noteRecord`.
      entries.push({ partition: record.lasts[at] as Partition, seq: record.lasts[at + 1] ?? 0 });
    }
    if (!entries.every(({ partition, seq }) => isFilled(partition, seq))) break;
    log.records.shift();
    log.bytes -= record.bytes;
    dropped.push(...entries);
  }
  const first = log.records.at(0)?.index ?? log.nextIndex;
  if (oldest !== undefined && first > oldest.index) {
    changes.push({ kind: 'delete-range', from: logKey(oldest.index), to: logKey(first) });
  }
  return dropped;
}
