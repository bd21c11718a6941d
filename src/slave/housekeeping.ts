/**
 * What a slave looks after when nobody asks: promises, silent peers, late requests, fills, the
 * log's length, keys whose time is over, and what the coordination server shows of it.
 *
 * Each runs on the tick, at its own pace; none of it is needed for safety. Work is bounded per
 * tick, so that a tick never holds up a turn.
 */
import type { Key, SlaveId } from '../common/ids.ts';
import { after, type Instant, sooner } from '../common/time.ts';
import { isHeldBack, sendWaiting, tickGrow } from './migration/sender.ts';
import { mayFill, startFill } from './filling.ts';
import { trimRecords } from './record-log.ts';
import { discard } from './replication/oath.ts';
import { giveUpLate } from './replication/history.ts';
import { remindPeers, tellCommitted } from './replication/owner.ts';
import { pings } from './replication/promises.ts';
import { isAuthority, isFenced, isRetired, type Replica, stampNow } from './replication/replica.ts';
import { removeExpired } from './requests.ts';
import { IDLE_TICK_MS, replicasOf, type State, TICK_MS } from './state.ts';
import { countKeys, expiredKeys, isDirty } from './tables.ts';

/**
 * How often a table is filled, each at its own moment. Seldom, so that a later write of a key replaces an
 * earlier one first, and neighbours share the pages of the store.
 */
const FILL_EVERY_MS = 1_000;
/** Or as soon as so many keys of one table wait: a table is filled whole, and that must not hold up the loop. */
const TABLE_KEYS_MAX = 1_024;
/** Or all at once, when so much waits in memory. */
const FILL_BYTES = 16 << 20;
/** Each beginning of fills is a transaction of the tables' store, and the log goes to disk before it. */
const FILL_ROUND_MS = 100;
/** Keys written to tables in one tick, so that none takes long. */
const FILL_KEYS_MAX = 4_096;
/** Expired keys removed from one partition in one tick. */
const EXPIRED_KEYS_MAX = 64;
/** Partitions searched for expired keys at one time, and how often that is. */
const SWEPT_MAX = 64;
const SWEEP_EVERY_MS = 80;
const REPORT_EVERY_MS = 500;
/** What a former member holds is kept for so long: a machine that restarts is back by then, and lacks only what changed. */
const RETIRED_KEEP_MS = 300_000;
/** Keys that are not in the store yet are looked up to be counted; with more than so many, the count is the stored one. */
const BUSY_KEYS = 2_000;

export function tick(state: State): void {
  const { host } = state;
  const replicas = replicasOf(state);
  for (const replica of replicas) {
    if (replica.role === 'none') continue;
    giveUpLate(replica, host);
    remindPeers(replica, host);
    tellCommitted(replica, host);
    tickGrow(replica, host);
  }
  sendWaiting(host);
  ping(state, replicas);
  sweep(state, replicas);
  fillTables(state, replicas);
  discardRetired(state, replicas);
  report(state, replicas);
}

/** Each T/3, so that two pings may be lost before a promise runs out (P1). */
const pingDueAt = ({ pingedAt, host }: State): Instant => after(pingedAt, host.promiseMs / 3);

/** When it is to be looked after next. */
export function nextTickOf(state: State): Instant {
  return sooner(after(state.host.now, isIdle(state) ? IDLE_TICK_MS : TICK_MS), pingDueAt(state));
}

/** Whether nobody waits for anything that this slave would look after sooner than it must. */
const isIdle = (state: State): boolean =>
  state.host.commitsUnderWay === 0 && state.parked.size === 0 && !state.replicas.some(isBusy);

function isBusy(replica: Replica | undefined): boolean {
  if (replica === undefined || replica.role === 'none') return false;
  const { phase, committed, committedTold, log, grow, waiting } = replica;
  return (
    phase === 'levelling' ||
    grow !== undefined ||
    waiting.length > 0 ||
    committed < log.end.seq ||
    (phase === 'open' && committedTold !== committed)
  );
}

function ping(state: State, replicas: readonly Replica[]): void {
  const { host } = state;
  if (host.now < pingDueAt(state)) return;
  state.pingedAt = host.now;
  if (state.view === undefined) return;
  for (const [slave, items] of pings(replicas, host))
    host.out.send(slave, { kind: 'ping', sentAt: host.now, items });
}

function fillTables(state: State, replicas: readonly Replica[]): void {
  const { host } = state;
  host.heldBytes = replicas.reduce((sum, { table }) => sum + table.overlayBytes, 0);
  const isMuch = host.heldBytes >= FILL_BYTES;
  if (!isMuch && host.now - state.filledAt < FILL_ROUND_MS) return trim(state);
  state.filledAt = host.now;
  const due = replicas.filter(
    (replica) => isDirty(replica.table) && mayFill(replica) && (isMuch || isFillDue(replica, host.now)),
  );
  // The partitions with most to fill first: what is left waits for the next tick.
  due.sort((a, b) => b.table.overlay.size - a.table.overlay.size);
  let keys = 0;
  for (const replica of due) {
    if (keys > FILL_KEYS_MAX) break;
    keys += replica.table.overlay.size + 1;
    replica.filledAt = host.now;
    startFill(replica, host);
  }
  trim(state);
}

/** Once in each period; partitions have their moments spread over it. A table with much to fill is due at once. */
function isFillDue({ partition, filledAt, table }: Replica, now: Instant): boolean {
  if (table.overlay.size >= TABLE_KEYS_MAX) return true;
  const moment = (partition * 619) % FILL_EVERY_MS;
  return Math.floor((now + moment) / FILL_EVERY_MS) > Math.floor((filledAt + moment) / FILL_EVERY_MS);
}

/** Nobody has asked for it for long, or the disk is short of room. One at a time. */
function discardRetired(state: State, replicas: readonly Replica[]): void {
  const { host, isLowOnSpace } = state;
  const isOver = ({ retiredAt }: Replica): boolean => isLowOnSpace || host.now - retiredAt > RETIRED_KEEP_MS;
  const replica = replicas.find((one) => isRetired(one) && isOver(one));
  if (replica !== undefined) discard(replica, host);
}

function trim(state: State): void {
  const { records, config, host } = state;
  const isFilled = (index: number, seq: number): boolean => {
    const replica = state.replicas[index];
    if (replica === undefined || replica.log.end.seq < seq) return true;
    return Math.min(replica.table.filled.seq, lackedAfter(replica)) >= seq;
  };
  for (const { partition, seq } of trimRecords(records, config.logKeepBytes, isFilled, host.out.changes)) {
    const log = state.replicas[partition]?.log;
    if (log !== undefined && seq <= log.end.seq) log.dropUpTo(seq);
  }
}

/** A learner is sent the log from where it begins; once it has begun, only what it lacks may be asked for again. */
function lackedAfter({ grow }: Replica): number {
  if (grow === undefined) return Infinity;
  return Math.max(grow.learner.acked, grow.begin.seq);
}

/** The owner removes what has expired, a few keys of a few partitions at a time. */
function sweep(state: State, replicas: readonly Replica[]): void {
  const { host } = state;
  if (host.now - state.sweptAt < SWEEP_EVERY_MS) return;
  state.sweptAt = host.now;
  const owned = replicas.filter((replica) => isAuthority(replica, host.now) && !isHeldBack(replica));
  const found = new Map<Replica, readonly Key[]>();
  for (let count = 0; count < Math.min(SWEPT_MAX, owned.length); count += 1) {
    state.sweptTo = (state.sweptTo + 1) % owned.length;
    const replica = owned[state.sweptTo];
    if (replica === undefined || replica.table.count === 0) continue;
    const keys = expiredKeys(host.tables, replica.table, stampNow(replica, host), EXPIRED_KEYS_MAX);
    if (keys.length > 0) found.set(replica, keys);
  }
  if (found.size > 0) removeExpired(state, found);
}

function report(state: State, replicas: readonly Replica[]): void {
  const { host } = state;
  if (!state.isRegistered || host.now - state.reportedAt < REPORT_EVERY_MS) return;
  state.reportedAt = host.now;
  const own = replicas.filter(({ role }) => role === 'owner');
  const previous = replicas.filter(({ role }) => role === 'copy');
  host.out.tell({
    kind: 'report',
    ownPartitions: own.length,
    ownKeys: keysOf(state, own),
    previousPartitions: previous.length,
    previousKeys: keysOf(state, previous),
    isLowOnSpace: state.isLowOnSpace,
    commands: state.commands,
    copiedBytes: host.copiedBytes,
  });
}

function keysOf({ host }: State, replicas: readonly Replica[]): number {
  const waiting = replicas.reduce((sum, { table }) => sum + table.overlay.size, 0);
  return replicas.reduce(
    (sum, { table }) => sum + (waiting > BUSY_KEYS ? table.count : countKeys(host.tables, table)),
    0,
  );
}

/** Live peers from whom there has been no promise for a window: cut off from us, perhaps (for the heartbeat). */
export function unheardPeers(state: State): readonly SlaveId[] {
  const windowMs = state.view?.settings.windowMs ?? Infinity;
  const unheard = new Set<SlaveId>();
  for (const replica of replicasOf(state)) {
    // A fenced replica asks for no promise (F2), so that none comes says nothing of the peer.
    if (isFenced(replica)) continue;
    for (const [slave, { heldUntil, heardAt }] of replica.peers) {
      const lastHeard = Math.max(heardAt, heldUntil - state.host.promiseMs);
      if (state.host.now - lastHeard > windowMs) unheard.add(slave);
    }
  }
  return [...unheard];
}
