/**
 * The owner's half of `successor` replication: primary to backups, acknowledged by all.
 *
 *     configured ─► probe all ─► positions ─► best log elsewhere? fetch it ─► level all ─► open
 *     open:  entry ─► own disk, and every member at once ─► durable at all ─► history ─► answers
 *
 * After PacificA (Lin et al., 2008): all members hold a write before it is acknowledged, and a new
 * owner makes everything it finds prepared into history rather than guess what was acknowledged.
 * A member that was away, or whose link is new, is asked where it stands before anything is sent (W3).
 *
 * It does not know commands, sockets, nor why the configuration is what it is.
 */
import type { SlaveId } from '../../common/ids.ts';
import { invariant } from '../../common/invariant.ts';
import type { AckItem, FetchedItem, PositionItem } from '../peer-message.ts';
import type { Entry } from './entry.ts';
import { advance, merge } from './history.ts';
import { comparePositions, type Position, samePosition } from './position.ts';
import { hold, startClock } from './promises.ts';
import { type Host, isFenced, type Progress, type Replica, stampNow, whenDurable } from './replica.ts';

/** Entries of one level or fetched message, in bytes; the rest follows in more. */
export const LEVEL_BYTES_MAX = 4 << 20;

/** No count of commits: whoever was not level has heard of none. */
const NOT_TOLD = -1;

/** A new configuration names this start of this slave as the owner: it brings all members level, then serves (F4). */
export function startLevelling(replica: Replica, host: Host): void {
  invariant(
    replica.role === 'owner' && !isFenced(replica),
    'only the owner of an adopted configuration levels',
  );
  replica.phase = 'levelling';
  replica.fetchingFrom = undefined;
  for (const progress of replica.peers.values()) probe(replica, progress, host);
  if (replica.peers.size === 0) finishLevelling(replica, host);
}

/** Asks a member to adopt this configuration and to say where it stands. */
export function probe(replica: Replica, progress: Progress, host: Host): void {
  progress.state = 'probing';
  progress.probedAt = host.now;
  progress.probe = { sentAt: host.now, acked: progress.acked };
  progress.position = undefined;
  const { partition, configuration } = replica;
  host.out.probe(progress.member.slave, host.now, {
    partition,
    configuration,
    stamp: stampNow(replica, host),
  });
}

/** Who answered a probe, and the instant of that probe by our clock. */
interface Answered {
  readonly from: SlaveId;
  readonly echo: number;
}

export function onPosition(replica: Replica, { from, echo }: Answered, item: PositionItem, host: Host): void {
  const progress = replica.peers.get(from);
  if (progress === undefined || replica.phase === 'closed' || item.epoch !== replica.configuration.epoch)
    return;
  hold(replica, from, echo, host);
  // What it once had on its disk it has no more: that is another store than the one that we know (I2).
  const hasLost = echo >= progress.probe.sentAt && item.end.seq < progress.probe.acked;
  if (hasLost) return unfit(replica, from, host);
  // A position is answered once. An older one may be answered too: the copy heeds only its newest.
  if (item.round <= (progress.position?.round ?? 0)) return;
  progress.position = { end: item.end, committed: item.committed, round: item.round };
  progress.heardAt = host.now;
  if (replica.phase === 'open') return sendLevel(replica, progress, host);
  for (const { position } of replica.peers.values()) if (position === undefined) return;
  chooseLog(replica, host);
}

/** All have said where they stand: the best log is history now, whoever has it. */
function chooseLog(replica: Replica, host: Host): void {
  let best: { end: Position; slave: SlaveId | undefined } = { end: replica.log.end, slave: undefined };
  for (const { member, position } of replica.peers.values()) {
    if (position && comparePositions(position.end, best.end) > 0)
      best = { end: position.end, slave: member.slave };
  }
  replica.fetchingFrom = best.slave;
  if (best.slave === undefined) levelAll(replica, host);
  else fetch(replica, best.slave, replica.committed, host);
}

function fetch(replica: Replica, from: SlaveId, after: number, host: Host): void {
  const { partition, configuration } = replica;
  host.out.send(from, { kind: 'fetch', partition, epoch: configuration.epoch, after });
}

export function onFetched(replica: Replica, from: SlaveId, item: FetchedItem, host: Host): void {
  const isAwaited = replica.phase === 'levelling' && replica.fetchingFrom === from;
  if (!isAwaited || item.epoch !== replica.configuration.epoch) return;
  const wanted = replica.peers.get(from)?.position?.end;
  if (wanted === undefined) return;
  if (item.isTooOld || !merge(replica, item.entries, host)) return unfit(replica, host.self.slave, host);
  if (comparePositions(replica.log.end, wanted) < 0 && item.entries.length > 0) {
    return fetch(replica, from, replica.log.end.seq, host);
  }
  if (!samePosition(replica.log.end, wanted)) return unfit(replica, host.self.slave, host);
  replica.fetchingFrom = undefined;
  const { epoch } = replica.configuration;
  const { seq } = replica.log.end;
  whenDurable(host, () => {
    if (replica.phase !== 'levelling' || replica.configuration.epoch !== epoch || isFenced(replica)) return;
    replica.durable = seq;
    levelAll(replica, host);
  });
}

function levelAll(replica: Replica, host: Host): void {
  // Somebody is being asked again, for its link is new or it was silent: its answer brings us back here.
  for (const { position } of replica.peers.values()) if (position === undefined) return;
  for (const progress of replica.peers.values()) sendLevel(replica, progress, host);
  finishLevelling(replica, host);
}

/** Sends what a member lacks, and where the log ends: what it has beyond never became history. */
function sendLevel(replica: Replica, progress: Progress, host: Host): void {
  const { log, partition, configuration } = replica;
  const { position, member } = progress;
  invariant(position, 'a member is levelled from where it said it stands');
  const from = log.has(position.end) ? position.end.seq : position.committed;
  if (log.epochAt(from) === undefined) return unfit(replica, member.slave, host);
  const head = { partition, epoch: configuration.epoch, round: position.round, sentAt: host.now };
  progress.state = 'streaming';
  replica.committedTold = NOT_TOLD;
  let sent = from;
  for (;;) {
    const entries = log.after(sent, LEVEL_BYTES_MAX);
    sent = entries.at(-1)?.seq ?? sent;
    const end = sent === log.end.seq ? log.end : undefined;
    host.out.send(member.slave, {
      kind: 'level',
      item: { ...head, entries, end: end && { epoch: end.epoch, seq: end.seq } },
    });
    if (end !== undefined) return;
  }
}

function unfit(replica: Replica, slave: SlaveId, host: Host): void {
  host.out.tell({ kind: 'unfit', partition: replica.partition, epoch: replica.configuration.epoch, slave });
}

export function onAck(replica: Replica, from: SlaveId, item: AckItem, host: Host): void {
  if (item.epoch !== replica.configuration.epoch || replica.phase === 'closed') return;
  const progress = replica.peers.get(from);
  if (progress === undefined) return;
  if (item.isGap) return onGap(replica, progress, host);
  // An offence: nobody can hold what was never sent. It moves nothing here.
  if (item.seq > replica.log.end.seq) return;
  progress.heardAt = host.now;
  hold(replica, from, item.echo, host);
  if (item.seq <= progress.acked) return;
  progress.acked = item.seq;
  if (replica.phase === 'levelling') finishLevelling(replica, host);
  else advanceOwner(replica, host);
}

/** The member says that our appends do not continue its log: something was lost between us. */
function onGap(replica: Replica, progress: Progress, host: Host): void {
  if (progress.state === 'streaming' && replica.phase === 'open') probe(replica, progress, host);
}

/** All hold the best log, durably: it is history, and the partition is served. */
function finishLevelling(replica: Replica, host: Host): void {
  const { seq } = replica.log.end;
  const isLevel = replica.fetchingFrom === undefined && replica.durable === seq;
  if (replica.phase !== 'levelling' || !isLevel) return;
  for (const { acked, state } of replica.peers.values()) if (state !== 'streaming' || acked < seq) return;
  startClock(replica, host);
  replica.phase = 'open';
  replica.isLevel = true;
  advance(replica, seq, host);
  replica.prepared.clear();
  tellCommitted(replica, host);
  host.out.tell({
    kind: 'serving',
    items: [{ partition: replica.partition, epoch: replica.configuration.epoch }],
  });
  host.released.add(replica);
}

/** A new entry of our own: it goes to every member at once. Its durability here is reported by `onDurable`. */
export function propose(replica: Replica, entry: Entry, host: Host): void {
  invariant(replica.phase === 'open' && !isFenced(replica), 'only an open owner proposes');
  // Who had nothing to answer was silent with good reason: patience with it begins now.
  for (const progress of replica.peers.values()) {
    if (progress.acked >= replica.log.end.seq) progress.probedAt = host.now;
  }
  replica.log.append(entry);
  const item = {
    partition: replica.partition,
    epoch: replica.configuration.epoch,
    committed: replica.committed,
    entry,
  };
  for (const { member, state } of replica.peers.values()) {
    if (state === 'streaming') host.out.append(member.slave, host.now, item);
  }
  const { grow } = replica;
  if (grow?.learner.state === 'streaming') host.out.append(grow.learner.member.slave, host.now, item);
}

/** Our own log is durable up to this entry, if it is still the one we wrote. */
export function onDurable(replica: Replica, entry: Entry, host: Host): void {
  if (replica.log.epochAt(entry.seq) !== entry.epoch || entry.seq <= replica.durable) return;
  replica.durable = entry.seq;
  if (replica.phase === 'levelling') finishLevelling(replica, host);
  else if (replica.phase === 'open') advanceOwner(replica, host);
}

/** A write is history when every member has it durably, the owner too. */
export function advanceOwner(replica: Replica, host: Host): void {
  let least = replica.durable;
  for (const { acked } of replica.peers.values()) if (acked < least) least = acked;
  advance(replica, least, host);
}

/** The copies hear of what became history with the next append; at the latest by this. */
export function tellCommitted(replica: Replica, host: Host): void {
  if (replica.committedTold === replica.committed || replica.phase !== 'open') return;
  // Who is being asked where it stands heeds no commit: it is told when it is level again.
  for (const { state } of replica.peers.values()) if (state !== 'streaming') return;
  replica.committedTold = replica.committed;
  const { partition, configuration, committed } = replica;
  const item = { partition, epoch: configuration.epoch, committed };
  for (const { member, state } of replica.peers.values()) {
    if (state === 'streaming') host.out.commit(member.slave, item);
  }
  const { grow } = replica;
  if (grow?.learner.state === 'streaming') host.out.commit(grow.learner.member.slave, item);
}

/** Asks again where no answer has come: frames get lost with their link. */
export function remindPeers(replica: Replica, host: Host): void {
  if (replica.phase === 'closed') return;
  for (const progress of replica.peers.values()) {
    const isBehind = progress.acked < replica.log.end.seq || progress.state === 'probing';
    const isSilent = host.now - Math.max(progress.probedAt, progress.heardAt) > host.promiseMs;
    if (!isBehind || !isSilent) continue;
    if (replica.fetchingFrom === progress.member.slave)
      fetch(replica, replica.fetchingFrom, replica.committed, host);
    else probe(replica, progress, host);
    progress.heardAt = host.now;
  }
}

/** A link to a member is new: whatever was under way on the old one may be lost (W3). */
export function onPeerLink(replica: Replica, slave: SlaveId, host: Host): void {
  const progress = replica.peers.get(slave);
  if (replica.phase === 'closed' || progress === undefined) return;
  if (replica.fetchingFrom === slave) return fetch(replica, slave, replica.committed, host);
  probe(replica, progress, host);
}
