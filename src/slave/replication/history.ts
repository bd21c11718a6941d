/**
 * How prepared entries become history, or do not: the part that owner and copy share.
 *
 * `advance` moves the committed point and applies; `merge` takes in entries of an authoritative
 * log and cuts off what contradicts them. Nothing at or below the committed point is ever cut:
 * an entry that was committed under any epoch is in every log that may become the authority.
 */
import { invariant } from '../../common/invariant.ts';
import { Failure } from '../../common/reply.ts';
import { faults } from '../../common/fault.ts';
import { apply } from '../tables.ts';
import { effectsOf, encodeMark, type Entry, entryBytes } from './entry.ts';
import { hearStamp, type Host, isAuthority, type Replica, type Waiting } from './replica.ts';

export const UNCERTAIN = new Failure(`UNCERTAIN ${faults.UNCERTAIN.text}`);
export const TRYAGAIN = new Failure(`TRYAGAIN ${faults.TRYAGAIN.text}`);
export const CLUSTERDOWN = new Failure(`CLUSTERDOWN ${faults.CLUSTERDOWN.text}`);

/** Everything up to `seq` is history: it is applied, and whoever waited for it is answered. */
export function advance(replica: Replica, seq: number, host: Host): void {
  const target = Math.min(seq, replica.log.end.seq);
  if (target <= replica.committed) return;
  for (let next = replica.table.applied.seq + 1; next <= target; next += 1) applyEntry(replica, next, host);
  replica.committed = target;
  answerCommitted(replica, host);
}

function applyEntry(replica: Replica, seq: number, host: Host): void {
  const entry = replica.log.entryAt(seq);
  invariant(
    entry,
    () => `entry ${seq} of partition ${replica.partition} is committed and must be in the log`,
  );
  const effects = effectsOf(entry);
  invariant(effects, 'an entry in the log was checked when it came in');
  apply(replica.table, effects, { epoch: entry.epoch, seq }, entry.stamp);
  hearStamp(replica, entry.stamp, host.now);
  const { prepared } = replica;
  if (prepared.size === 0) return;
  for (const { key } of effects) if (prepared.get(key)?.seq === seq) prepared.delete(key);
}

function answerCommitted(replica: Replica, host: Host): void {
  const { waiting, committed } = replica;
  for (let first = waiting.at(0); first !== undefined && first.seq <= committed; first = waiting.at(0)) {
    waiting.shift();
    host.out.answer(first.ticket, replyOf(first, replica, host));
  }
}

/** A write that was logged is history now, whoever the authority is; everything else tells of state (P4). */
function replyOf(waiting: Waiting, replica: Replica, host: Host): Waiting['reply'] {
  if (waiting.isLogged) return waiting.reply;
  if (!isAuthority(replica, host.now)) return TRYAGAIN;
  return waiting.read === undefined ? waiting.reply : waiting.read(host);
}

/** Answers those who wait for entries beyond `seq`, which are cut off or out of reach. */
export function giveUpBeyond(replica: Replica, seq: number, host: Host): void {
  const { waiting } = replica;
  const kept: Waiting[] = [];
  for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
    if (first.seq <= seq) kept.push(first);
    else host.out.answer(first.ticket, first.isLogged ? UNCERTAIN : TRYAGAIN);
  }
  for (const item of kept) waiting.push(item);
}

/** The request's own time is over: nobody waits without a bound (W2). */
export function giveUpLate(replica: Replica, host: Host): void {
  const { waiting } = replica;
  for (let first = waiting.at(0); first !== undefined && first.deadline <= host.now; first = waiting.at(0)) {
    waiting.shift();
    host.out.answer(first.ticket, first.isLogged ? UNCERTAIN : CLUSTERDOWN);
  }
}

/**
 * Takes in entries of a log that is history. What is there already is passed over; what
 * contradicts is cut off. Returns false at a gap: the entries do not reach our log.
 */
export function merge(replica: Replica, entries: readonly Entry[], host: Host): boolean {
  const { log } = replica;
  for (const entry of entries) {
    if (log.epochAt(entry.seq) === entry.epoch) continue;
    if (entry.seq <= log.base.seq) return false;
    if (entry.seq <= log.end.seq) cutAfter(replica, entry.seq - 1, host);
    if (!log.isNext(entry)) return false;
    log.append(entry);
    host.out.logItems.push(entryBytes(entry));
  }
  return true;
}

/** Cuts off a tail that never became history (F6). The mark in the log outlives a restart. */
export function cutAfter(replica: Replica, seq: number, host: Host): void {
  const { log, partition } = replica;
  if (seq >= log.end.seq) return;
  invariant(
    seq >= replica.committed,
    () => `partition ${partition}: ${seq} is history up to ${replica.committed} and must not be cut`,
  );
  const epoch = log.epochAt(seq);
  invariant(epoch !== undefined, 'a cut leaves an end that the log knows');
  log.cutAfter(seq);
  replica.durable = Math.min(replica.durable, seq);
  replica.prepared.clear();
  host.out.logItems.push(encodeMark('cut', { partition, epoch, seq }));
  giveUpBeyond(replica, seq, host);
}
