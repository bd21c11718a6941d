/**
 * Reading a slave back from its store: what it has sworn, its tables, its log.
 *
 * Everything is checked before anything is believed (protocol I5): records against their sums,
 * log entries link by link. What is found is held, and nothing is served: an owner waits for a
 * new epoch (F5), a copy for its owner's probe, a learner for word whether it was adopted. Only one that
 * had not begun is wiped.
 */
import type { Partition } from '../common/ids.ts';
import type { OrderedStore } from '../common/ordered-store.ts';
import { hearStamp, type Replica } from './replication/replica.ts';
import { clearLeftovers } from './filling.ts';
import { BrokenStore } from '../common/sealed.ts';
import { noteRecord } from './record-log.ts';
import { decodeItems, type Entry, type LogItem } from './replication/entry.ts';
import { decodeOath, recallOath, release } from './replication/oath.ts';
import { replicaAt, replicasOf, type State } from './state.ts';
import { indexOfLog, logSpan, partitionOfKey, swornSpan } from './store-layout.ts';
import { recoverTable } from './tables.ts';

const PART = { records: 1_024, bytes: 16 << 20 };

/**
 * Fills a fresh state from its stores; `store` is the one of the log.
 * @throws BrokenStore when anything in it is not what was written.
 */
export function recover(state: State, store: OrderedStore): void {
  const { host } = state;
  const unbegun = new Set<Replica>();
  for (const { key, value } of records(store, swornSpan)) {
    const replica = replicaAt(state, partitionOfKey(key));
    const oath = decodeOath(value);
    recallOath(replica, oath, host);
    replica.table = recoverTable(host.tables, replica.partition, oath.incarnation);
    if (oath.learns > 0 && !replica.table.isStored) unbegun.add(replica);
    else clearLeftovers(replica, host);
    replica.log.reset(replica.table.filled);
  }
  for (const item of withoutCut(sinceReset(readLog(state, store)))) recallItem(state, item, unbegun);
  for (const replica of replicasOf(state)) if (!unbegun.has(replica)) settle(replica, state);
  for (const replica of unbegun) release(replica, replica.fence, host);
}

function* records(
  store: OrderedStore,
  span: { readonly from: Buffer; readonly to: Buffer },
): Generator<{ key: Buffer; value: Buffer }> {
  for (let { from } = span; ;) {
    const part = store.range(from, span.to, PART);
    yield* part;
    const last = part.at(-1)?.key;
    if (last === undefined) return;
    from = Buffer.concat([last, Buffer.from([0])]);
  }
}

function readLog(state: State, store: OrderedStore): readonly LogItem[] {
  const found: LogItem[] = [];
  for (const { key, value } of records(store, logSpan)) {
    const items = decodeItems(value);
    if (items === undefined)
      throw new BrokenStore(`record ${indexOfLog(key)} of the log does not match its checksum`);
    for (const item of items) found.push(item);
    noteRecord(state.records, indexOfLog(key), value);
  }
  return found;
}

/** A partition's log begins with its last reset: what is older is of another life of this replica. */
function sinceReset(items: readonly LogItem[]): readonly LogItem[] {
  const resets = new Map<Partition, number>();
  items.forEach((item, place) => {
    if (item.kind === 'reset') resets.set(item.partition, place);
  });
  return items.filter(
    (item, place) =>
      place >= (resets.get(item.kind === 'entry' ? item.entry.partition : item.partition) ?? 0),
  );
}

/**
 * Entries that were cut off later count for nothing, wherever they begin: the records before them may be gone, since
 * what is cut off need not be filled.
 */
function withoutCut(items: readonly LogItem[]): readonly LogItem[] {
  const cutAfter = new Map<Partition, number>();
  const kept: LogItem[] = [];
  for (const item of items.toReversed()) {
    const { partition, seq } = item.kind === 'entry' ? item.entry : item;
    const end = cutAfter.get(partition) ?? Infinity;
    if (item.kind === 'cut') cutAfter.set(partition, Math.min(seq, end));
    else if (item.kind === 'reset' || seq <= end) kept.push(item);
  }
  return kept.reverse();
}

function recallItem(state: State, item: LogItem, unbegun: ReadonlySet<Replica>): void {
  const index: Partition = item.kind === 'entry' ? item.entry.partition : item.partition;
  const replica = state.replicas[index];
  // The oath is written with the first thing a replica does, so a partition without one was never here.
  if (replica === undefined)
    throw new BrokenStore(`the log tells of partition ${index}, of which nothing was sworn`);
  // Its log leads on from a snapshot of which nothing has come.
  if (unbegun.has(replica)) return;
  if (item.kind === 'entry') recallEntry(replica, item.entry);
  else replica.log.reset({ epoch: item.epoch, seq: item.seq });
}

/** The log is replayed from before what is filled: entries overlap, and later ones stand for cuts. */
function recallEntry(replica: Replica, entry: Entry): void {
  const { log } = replica;
  if (log.end.seq === log.base.seq && entry.seq <= log.base.seq) {
    log.reset({ epoch: entry.previousEpoch, seq: entry.seq - 1 });
  } else if (entry.seq <= log.end.seq && entry.seq > log.base.seq) {
    log.cutAfter(entry.seq - 1);
  }
  if (!log.isNext(entry))
    throw new BrokenStore(`the log of partition ${replica.partition} has a gap before ${entry.seq}`);
  log.append(entry);
}

/** The table may be ahead of a log whose front was dropped; it is never ahead of its end. */
function settle(replica: Replica, state: State): void {
  const { log, table } = replica;
  if (log.end.seq < table.filled.seq) {
    throw new BrokenStore(`the log of partition ${replica.partition} ends before what its table holds`);
  }
  if (log.epochAt(table.filled.seq) !== table.filled.epoch) {
    throw new BrokenStore(`the log of partition ${replica.partition} does not lead to what its table holds`);
  }
  replica.durable = log.end.seq;
  replica.committed = replica.committedTold = table.filled.seq;
  const last = log.entryAt(log.end.seq);
  hearStamp(replica, last === undefined ? table.stamp : last.stamp, state.host.now);
}
