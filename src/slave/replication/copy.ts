/**
 * A copy's half of `successor` replication: it holds what the owner of its epoch sends, durably,
 * and says so; it is levelled before it takes anything, and it knows nothing committed on its own.
 *
 * A learner takes appends in the same way while its snapshot is under way; it promises nothing.
 *
 * Invariants
 *   1. Nothing is taken from anyone but the owner of the adopted configuration, and nothing while fenced.
 *   2. Between a position and the level that answers it no append is taken, so a level that comes
 *      late or twice can cut nothing that was acknowledged.
 */
import type { SlaveId } from '../../common/ids.ts';
import type {
  AppendItem,
  CommitItem,
  FetchedItem,
  LevelItem,
  PeerMessage,
  ProbeItem,
} from '../peer-message.ts';
import { adopt } from './oath.ts';
import { entryBytes } from './entry.ts';
import { advance, cutAfter, merge } from './history.ts';
import { LEVEL_BYTES_MAX } from './owner.ts';
import { give } from './promises.ts';
import { hearStamp, type Host, isFenced, type Replica, whenDurable } from './replica.ts';

/** Who asked, and when, by its own clock. */
interface Asked {
  readonly from: SlaveId;
  readonly sentAt: number;
}

/** The owner tells its configuration and asks where this copy stands. */
export function onProbe(replica: Replica, { from, sentAt }: Asked, item: ProbeItem, host: Host): void {
  const { configuration, stamp } = item;
  const isForUs = configuration.members.some(
    ({ slave, store }) => slave === host.self.slave && store === host.self.store,
  );
  if (!isForUs || configuration.members[0]?.slave !== from || configuration.epoch < replica.fence) return;
  if (configuration.epoch > replica.configuration.epoch) adopt(replica, configuration, host);
  if (replica.role !== 'copy' || isFenced(replica)) return;
  hearStamp(replica, stamp, host.now);
  replica.isLevel = false;
  // A number of our own: a probe that came twice must not let an old level answer a new position.
  replica.rounds += 1;
  const round = replica.rounds;
  replica.levelRound = round;
  const { epoch } = configuration;
  whenDurable(host, () => {
    if (replica.fence !== epoch || replica.levelRound !== round) return;
    // All that was appended is durable by now: commits are reported in order.
    replica.durable = replica.log.end.seq;
    if (!give(replica, from, host)) return;
    const { end } = replica.log;
    const { partition, committed } = replica;
    host.out.position(from, sentAt, {
      partition,
      epoch,
      round,
      end: { epoch: end.epoch, seq: end.seq },
      committed,
    });
  });
}

/** Where the log ends: this copy is level from here on. */
export function onLevel(replica: Replica, from: SlaveId, item: LevelItem, host: Host): void {
  const isAwaited =
    replica.role === 'copy' && replica.levelRound === item.round && isOfOwner(replica, from, item.epoch);
  if (!isAwaited || !merge(replica, item.entries, host)) return;
  if (item.end === undefined) return;
  if (!replica.log.has(item.end)) return;
  cutAfter(replica, item.end.seq, host);
  replica.levelRound = undefined;
  replica.isLevel = true;
  acknowledge(replica, from, item.sentAt, host);
}

/** Says "durable up to here" when it is, and not a moment earlier. */
function acknowledge(replica: Replica, to: SlaveId, echo: number, host: Host): void {
  const { epoch, seq } = { epoch: replica.fence, seq: replica.log.end.seq };
  whenDurable(host, () => {
    ackDurable(replica, to, { seq, epoch, echo }, host);
  });
}

interface Durable {
  readonly seq: number;
  readonly epoch: Replica['fence'];
  readonly echo: number;
}

function ackDurable(replica: Replica, to: SlaveId, { seq, epoch, echo }: Durable, host: Host): void {
  // Fenced, or configured anew, since: what is durable counts for the fence's answer, not for the old owner.
  if (replica.fence !== epoch || isFenced(replica) || !replica.isLevel) return;
  replica.durable = Math.max(replica.durable, seq);
  give(replica, to, host);
  host.out.ack(to, { partition: replica.partition, epoch, seq, echo, isGap: false });
}

const isOfOwner = (replica: Replica, from: SlaveId, epoch: Replica['fence']): boolean =>
  replica.configuration.epoch === epoch &&
  !isFenced(replica) &&
  replica.configuration.members[0]?.slave === from;

type Find = (item: AppendItem) => Replica | undefined;

/** The writes of the owner's turn. They are acknowledged together, once they are durable. */
export function onAppend(
  find: Find,
  from: SlaveId,
  message: PeerMessage & { kind: 'append' },
  host: Host,
): void {
  const taken: { replica: Replica; seq: number; epoch: Replica['fence']; learning: Replica['learning'] }[] =
    [];
  for (const item of message.items) {
    const replica = find(item);
    if (replica === undefined) continue;
    if (
      replica.role === 'learner' ? !isOfTeacher(replica, from, item) : !isOfOwner(replica, from, item.epoch)
    )
      continue;
    if (!take(replica, item, host)) {
      const { partition, epoch } = item;
      host.out.ack(from, { partition, epoch, seq: replica.durable, echo: message.sentAt, isGap: true });
      continue;
    }
    taken.push({ replica, seq: item.entry.seq, epoch: item.epoch, learning: replica.learning });
    advance(replica, Math.min(item.committed, replica.durable), host);
  }
  if (taken.length === 0) return;
  whenDurable(host, () => {
    for (const { replica, seq, epoch, learning } of taken) {
      // It may have begun to learn anew since: then what it had is gone, though it is of the same owner and epoch.
      if (replica.learning !== learning) continue;
      if (replica.role === 'learner') ackAsLearner(replica, from, { seq, epoch, echo: message.sentAt }, host);
      else ackDurable(replica, from, { seq, epoch, echo: message.sentAt }, host);
    }
  });
}

const isOfTeacher = ({ learning }: Replica, from: SlaveId, item: AppendItem): boolean =>
  learning !== undefined && learning.base === item.epoch && learning.owner.slave === from;

/** Whether the entry is in the log now: it continued it, or was there before. */
function take(replica: Replica, { entry }: AppendItem, host: Host): boolean {
  const { log } = replica;
  if (!replica.isLevel) return false;
  if (log.epochAt(entry.seq) === entry.epoch) return true;
  if (!log.isNext(entry)) return false;
  log.append(entry);
  host.out.logItems.push(entryBytes(entry));
  return true;
}

function ackAsLearner(replica: Replica, to: SlaveId, { seq, epoch, echo }: Durable, host: Host): void {
  if (replica.learning?.base !== epoch) return;
  replica.durable = Math.max(replica.durable, seq);
  host.out.ack(to, { partition: replica.partition, epoch, seq, echo, isGap: false });
}

export function onCommit(replica: Replica, from: SlaveId, item: CommitItem, host: Host): void {
  const isTold =
    replica.role === 'learner'
      ? replica.learning?.base === item.epoch && replica.learning.owner.slave === from
      : isOfOwner(replica, from, item.epoch);
  if (isTold && replica.isLevel) advance(replica, Math.min(item.committed, replica.durable), host);
}

/** A new owner's log is behind ours: it asks for what it lacks. */
export function onFetch(
  replica: Replica,
  from: SlaveId,
  fetch: PeerMessage & { kind: 'fetch' },
  host: Host,
): void {
  if (!isOfOwner(replica, from, fetch.epoch)) return;
  const { partition, log } = replica;
  const { after } = fetch;
  const isTooOld = log.epochAt(after) === undefined;
  const entries = isTooOld ? [] : log.after(after, LEVEL_BYTES_MAX);
  const item: FetchedItem = { partition, epoch: replica.configuration.epoch, after, entries, isTooOld };
  host.out.send(from, { kind: 'fetched', item });
}
