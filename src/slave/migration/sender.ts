/**
 * Grow, at the owner: a learner copies the partition while writes go on (protocol G1 to G3).
 *
 *     copy-begin ─► learner wiped ─► parts, one at a time ─┐
 *                    log since the beginning ──────────────┴─► level ─► adopt, durably ─► probe all ─► tell
 *
 *     copy-begin ─► copy-offer: it was a member before ─► log since then ─► level ─► …
 *
 * The snapshot is read in parts from what is committed at that moment, and the log runs beside it
 * from before the first part: whatever changes after a part was read comes with the log. When the
 * learner is nearly level, new writes are held back for a bounded moment; once it holds all that
 * was ever proposed, the owner adopts the larger list. From then on every write needs the newcomer.
 *
 * It does not know why the partition grows, nor does it wait for anybody to allow the adoption:
 * its number is journaled already.
 */
import type { SlaveId } from '../../common/ids.ts';
import type { ToSlave } from '../../common/message/control.ts';
import { invariant } from '../../common/invariant.ts';
import { after } from '../../common/time.ts';
import type { AckItem, PeerMessage } from '../peer-message.ts';
import { adoptLarger, swearLarger } from '../replication/oath.ts';
import { probe } from '../replication/owner.ts';
import { type Grow, type Host, isFenced, progressOf, type Replica } from '../replication/replica.ts';
import { historyOf } from '../../common/view.ts';
import { hasRoom, nextInTurn, noteAnswered, noteSent, wait } from './pace.ts';
import { snapshotPart, type SnapshotPart } from '../tables.ts';

/** One part of a snapshot: large enough to fill a link, small enough not to hold up a turn. */
const PART = { records: 2_048, bytes: 512 << 10 };

/** When the learner lacks at most so many entries, new writes are held back. */
const NEARLY_LEVEL_ENTRIES = 64;

/** For so long at most; then they go on, and another moment is sought. */
const HOLD_BACK_MS = 100;

/** What is sent of the log before the learner has answered for it. */
const STREAM_BYTES = 4 << 20;

/** A learner that has got no further for so many promises' time is given up. */
const STALLED_PROMISES = 20;

type Order = ToSlave & { readonly kind: 'grow' };
type CopyState = PeerMessage & { readonly kind: 'copy-state' };

export function onGrow(replica: Replica, order: Order, host: Host): void {
  const { partition, epoch } = order;
  if (replica.configuration.epoch === epoch) return tellGrown(replica, host);
  if (replica.grow?.epoch === epoch) return;
  const why = refusalOf(replica, order);
  const known = new Set(replica.configuration.members.map(({ slave }) => slave));
  const learner = order.members.find(({ slave }) => !known.has(slave));
  if (why !== undefined || learner === undefined) {
    return host.out.tell({ kind: 'grow-dropped', partition, epoch, why: why ?? 'there is nobody new in it' });
  }
  replica.grow = {
    epoch,
    base: order.base,
    configuration: {
      epoch,
      members: order.members,
      ownerNonce: order.ownerNonce,
      ...historyOf(replica.configuration),
    },
    learner: progressOf(learner, host.now),
    mode: 'ask',
    begin: replica.table.applied,
    sent: 0,
    stage: 'copying',
    part: -1,
    from: undefined,
    next: undefined,
    isLastPart: false,
    isWaiting: false,
    askedAt: host.now,
    progressAt: host.now,
    heldBackUntil: undefined,
    restUntil: host.now,
  };
  begin(replica, replica.grow, host);
}

function refusalOf(replica: Replica, { epoch, base }: Order): string | undefined {
  if (replica.phase !== 'open' || isFenced(replica)) return 'its owner does not serve it';
  if (replica.configuration.epoch !== base) return 'its configuration is another one';
  if (epoch <= replica.fence) return 'its number is an old one';
  return undefined;
}

function begin(replica: Replica, grow: Grow, host: Host): void {
  const { partition } = replica;
  grow.askedAt = host.now;
  host.out.send(grow.learner.member.slave, {
    kind: 'copy-begin',
    partition,
    epoch: grow.base,
    grow: grow.epoch,
    mode: grow.mode,
    base: grow.begin,
  });
}

/**
 * The learner was a member before. If all that it has is history here, and the log reaches back so far, only
 * the log is sent; what was committed is in it to the last deletion.
 */
export function onCopyOffer(
  replica: Replica,
  from: SlaveId,
  { grow: number, has }: PeerMessage & { kind: 'copy-offer' },
  host: Host,
): void {
  const { grow, log, committed } = replica;
  const isAwaited = grow?.epoch === number && grow.learner.member.slave === from;
  if (!isAwaited || grow.stage !== 'copying' || grow.part !== -1) return;
  const leadsOn = has.seq > 0 && has.seq <= committed && log.has(has);
  grow.mode = leadsOn ? 'onward' : 'anew';
  grow.begin = leadsOn ? has : replica.table.applied;
  begin(replica, grow, host);
}

/** The learner has everything before part `next`, durably; 0: it is empty and ready. */
export function onCopyState(replica: Replica, from: SlaveId, state: CopyState, host: Host): void {
  const { grow } = replica;
  if (grow?.epoch !== state.grow || grow.learner.member.slave !== from || grow.stage !== 'copying') return;
  if (state.next === 0 && grow.part === -1) return startStream(replica, grow, state, host);
  if (state.next === grow.part) return sendPart(replica, grow, host);
  if (state.next !== grow.part + 1) return;
  grow.progressAt = host.now;
  noteAnswered(host.pace, grow);
  if (grow.isLastPart) beginLevelling(replica, grow, host);
  else {
    grow.from = grow.next;
    grow.next = undefined;
    grow.part += 1;
    wait(host.pace, replica, grow);
  }
  sendWaiting(host);
}

/** The log first, so that nothing can fall between it and the snapshot. */
function startStream(replica: Replica, grow: Grow, { isOnward, base }: CopyState, host: Host): void {
  // How it began, the learner knows: an offer that came twice, or late, may have changed our mind since.
  if (!replica.log.has(base)) return giveUp(replica, grow, host);
  grow.begin = base;
  grow.learner.acked = grow.begin.seq;
  grow.part = 0;
  grow.progressAt = host.now;
  streamAfter(replica, grow, grow.begin.seq, host);
  if (isOnward) beginLevelling(replica, grow, host);
  else sendPart(replica, grow, host);
}

function beginLevelling(replica: Replica, grow: Grow, host: Host): void {
  grow.stage = 'levelling';
  tryToAdopt(replica, host);
}

/** So much of the log at a time; then the learner's answer is waited for, and from its end on it hears what is written. */
function streamAfter(replica: Replica, grow: Grow, seq: number, host: Host): void {
  const { partition, committed, log } = replica;
  invariant(seq >= log.base.seq, 'the log is kept as far back as a learner began');
  grow.sent = seq;
  for (const entry of log.after(seq, STREAM_BYTES)) {
    host.out.append(grow.learner.member.slave, host.now, { partition, epoch: grow.base, committed, entry });
    grow.sent = entry.seq;
  }
  grow.learner.state = grow.sent === log.end.seq ? 'streaming' : 'probing';
}

/**
 * Sends the part that is under way, also for a second time: it is read anew, so it may end elsewhere.
 * The learner may have taken either, so the next part begins where the shorter one ended.
 */
function sendPart(replica: Replica, grow: Grow, host: Host): void {
  const { partition, committed } = replica;
  if (!hasRoom(host.pace, grow, host.now)) return wait(host.pace, replica, grow);
  const { records, next } = snapshotPart(host.tables, replica.table, grow.from, PART);
  grow.next = earlier(grow.next, next);
  grow.isLastPart = grow.next === undefined;
  grow.askedAt = host.now;
  const bytes = bytesOf(records);
  host.copiedBytes += bytes;
  const part = {
    partition,
    epoch: grow.base,
    grow: grow.epoch,
    number: grow.part,
    committed,
    records: records.map(({ key, stored }) => ({ kind: 'put', key, ...stored }) as const),
    isLast: grow.isLastPart,
  };
  host.out.send(grow.learner.member.slave, { kind: 'copy-part', part });
  noteSent(host.pace, replica, bytes, host.now);
}

const bytesOf = (records: SnapshotPart['records']): number =>
  records.reduce((sum, { key, stored }) => sum + key.length + stored.value.length, 0);

/** Parts that had to wait leave in their turn. */
export function sendWaiting(host: Host): void {
  for (let replica = nextInTurn(host.pace, host.now); replica; replica = nextInTurn(host.pace, host.now)) {
    if (replica.grow?.stage === 'copying') sendPart(replica, replica.grow, host);
  }
}

/** Of two places in the store; undefined is its end. */
function earlier(a: Buffer | undefined, b: Buffer | undefined): Buffer | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Buffer.compare(a, b) < 0 ? a : b;
}

export function onLearnerAck(replica: Replica, item: AckItem, host: Host): void {
  const { grow } = replica;
  // Before it has begun, it is of an earlier lesson.
  if (grow?.base !== item.epoch || grow.part === -1 || item.seq > replica.log.end.seq) return;
  if (item.isGap) return resend(replica, grow, item.seq, host);
  if (item.seq > grow.learner.acked) {
    grow.learner.acked = item.seq;
    grow.progressAt = host.now;
    if (item.seq >= grow.sent && grow.learner.state === 'probing') streamAfter(replica, grow, item.seq, host);
  }
  if (grow.stage === 'levelling') tryToAdopt(replica, host);
}

/** Frames were lost on the way: everything since goes again, at most once in a promise's time. */
function resend(replica: Replica, grow: Grow, from: number, host: Host): void {
  if (host.now - grow.learner.probedAt < host.promiseMs || from < replica.log.base.seq) return;
  grow.learner.probedAt = host.now;
  streamAfter(replica, grow, from, host);
}

function tryToAdopt(replica: Replica, host: Host): void {
  const { grow } = replica;
  if (grow?.stage !== 'levelling') return;
  const lack = replica.log.end.seq - grow.learner.acked;
  if (lack === 0) return startAdoption(replica, grow, host);
  const mayHold = grow.heldBackUntil === undefined && grow.restUntil <= host.now;
  if (lack <= NEARLY_LEVEL_ENTRIES && mayHold) {
    grow.heldBackUntil = after(host.now, HOLD_BACK_MS);
  }
}

/** Whether new writes of this partition are to wait a moment. */
export const isHeldBack = ({ grow, calm }: Replica): boolean =>
  grow?.heldBackUntil !== undefined || calm !== undefined;

function startAdoption(replica: Replica, grow: Grow, host: Host): void {
  grow.stage = 'adopting';
  grow.heldBackUntil ??= after(host.now, HOLD_BACK_MS);
  swearLarger(replica, grow.configuration, host);
  host.out.afterDurable((later) => {
    // Fenced or dropped since: the fence's own oath lies above this one, and nobody has heard of it.
    if (replica.grow !== grow || isFenced(replica)) return;
    adoptLarger(replica, grow.configuration, later);
    replica.swornFence = grow.epoch;
    for (const progress of replica.peers.values()) probe(replica, progress, later);
    tellGrown(replica, later);
    later.released.add(replica);
  });
}

export function tellGrown({ partition, configuration }: Replica, host: Host): void {
  host.out.tell({ kind: 'grown', partition, configuration });
}

/** The coordination server takes the grow back: it is dropped for good, or it was adopted before. */
export function onDropGrow(replica: Replica, epoch: Grow['epoch'], host: Host): void {
  if (replica.configuration.epoch === epoch) return tellGrown(replica, host);
  const { grow } = replica;
  // While the larger list is on its way to the disk it cannot be taken back: the answer will be `grown`.
  if (grow?.epoch === epoch && grow.stage === 'adopting') return;
  if (grow?.epoch === epoch) dropGrow(replica, host);
  host.out.tell({ kind: 'grow-dropped', partition: replica.partition, epoch, why: 'it was taken back' });
}

function dropGrow(replica: Replica, host: Host): void {
  if (isHeldBack(replica)) host.released.add(replica);
  replica.grow = undefined;
}

/** Nobody waits without a bound: the coordination server hears of it, and tries again from the start or elsewhere. */
function giveUp(replica: Replica, { epoch, learner }: Grow, host: Host): void {
  dropGrow(replica, host);
  const why = `${learner.member.slave} gets no further`;
  host.out.tell({ kind: 'grow-dropped', partition: replica.partition, epoch, why });
}

/** Reminds a silent learner, and lets held-back writes go when their moment is over. */
export function tickGrow(replica: Replica, host: Host): void {
  const { grow } = replica;
  if (grow === undefined) return;
  // Who waits for its turn is not slow.
  if (grow.isWaiting) grow.progressAt = host.now;
  if (grow.stage !== 'adopting' && host.now - grow.progressAt > STALLED_PROMISES * host.promiseMs)
    return giveUp(replica, grow, host);
  if (grow.stage === 'copying') remindLearner(replica, grow, host);
  else if (grow.stage === 'levelling') tickLevelling(replica, grow, host);
}

function remindLearner(replica: Replica, grow: Grow, host: Host): void {
  if (grow.isWaiting || host.now - grow.askedAt <= host.promiseMs) return;
  if (grow.part === -1) begin(replica, grow, host);
  else sendPart(replica, grow, host);
}

function tickLevelling(replica: Replica, grow: Grow, host: Host): void {
  if (grow.heldBackUntil !== undefined && grow.heldBackUntil <= host.now) {
    grow.heldBackUntil = undefined;
    grow.restUntil = after(host.now, host.promiseMs);
    host.released.add(replica);
  }
  // Its link may have broken with appends on the way.
  if (grow.learner.acked < replica.log.end.seq) resend(replica, grow, grow.learner.acked, host);
  tryToAdopt(replica, host);
}
