/**
 * Promises: "until T after you asked, I take part in no configuration of this partition without you".
 *
 *     asker   ping, sent at 0 ───►                      counts on it until T, less the drift
 *     giver                       ◄─── pong, given at g  keeps it until g + T
 *
 * The giver keeps it longer than the asker counts on it, whatever the network does between. Acks
 * and positions are such answers too, so an owner that writes never needs to ping (P3).
 *
 * Invariants
 *   1. A promise counts only for the epoch under which it was given (P2): held ones die with the configuration.
 *   2. A fenced replica gives none and relies on none (F2); those given before stay on record (F1).
 */
import { addTo } from '../../common/add-to.ts';
import type { Epoch, Partition, SlaveId } from '../../common/ids.ts';
import { after, DRIFT, instant, type Instant, later, stamp, SLEEP_ALLOWANCE_MS } from '../../common/time.ts';
import type { PeerMessage, PingItem } from '../peer-message.ts';
import { clockOf, FOREVER, hearStamp, type Host, isFenced, type Replica, stampNow } from './replica.ts';

const NEVER = instant(-1);

/** Gives a promise, if one may be given now; it is on record before anybody hears of it. */
export function give(replica: Replica, to: SlaveId, host: Host): boolean {
  const isMember = replica.role === 'owner' || replica.role === 'copy';
  if (!isMember || isFenced(replica) || replica.swornFence !== replica.fence || !replica.peers.has(to))
    return false;
  replica.given.set(to, after(host.now, host.promiseMs));
  return true;
}

/**
 * A promise has arrived: `askedAt` is our own clock, when the question was sent. If the machine slept since,
 * that clock may have stood still while the giver's ran on: the promise counts for nothing; and a sleep too short
 * to be seen is counted off (P5).
 */
export function hold(replica: Replica, by: SlaveId, askedAt: number, host: Host): void {
  const progress = replica.peers.get(by);
  if (progress === undefined || isFenced(replica) || askedAt <= host.sleptAt) return;
  const holdsMs = host.promiseMs * (1 - DRIFT) - SLEEP_ALLOWANCE_MS;
  progress.heldUntil = later(progress.heldUntil, instant(askedAt + holdsMs));
  replica.authorityUntil = heldByAll(replica);
}

/** Until when the promises of all others hold together; a configuration of one needs none. */
export function heldByAll(replica: Replica): Instant {
  let least = FOREVER;
  for (const { heldUntil } of replica.peers.values()) if (heldUntil < least) least = heldUntil;
  return least;
}

/** After a fence, a new configuration or a sleep (P5), nothing that was promised counts any more. */
export function dropHeld(replica: Replica): void {
  for (const progress of replica.peers.values()) progress.heldUntil = NEVER;
  replica.authorityUntil = isFenced(replica) ? NEVER : heldByAll(replica);
}

/** What a ping to each peer asks for: all partitions that we share. */
export function pings(replicas: Iterable<Replica>, host: Host): ReadonlyMap<SlaveId, readonly PingItem[]> {
  const asked = new Map<SlaveId, PingItem[]>();
  for (const replica of replicas) {
    if (isFenced(replica)) continue;
    const { partition, configuration } = replica;
    const isOpen = replica.phase === 'open';
    const at = isOpen ? stampNow(replica, host) : stamp(0);
    for (const peer of replica.peers.keys()) {
      addTo(asked, peer, { partition, epoch: configuration.epoch, stamp: at });
    }
  }
  return asked;
}

type Find = (partition: Partition) => Replica | undefined;

export function onPing(find: Find, from: SlaveId, ping: PeerMessage & { kind: 'ping' }, host: Host): void {
  const items: { partition: Partition; epoch: Epoch }[] = [];
  for (const { partition, epoch, stamp: heard } of ping.items) {
    const replica = find(partition);
    if (replica === undefined || replica.configuration.epoch !== epoch) continue;
    if (!give(replica, from, host)) continue;
    if (replica.configuration.members[0]?.slave === from) hearStamp(replica, heard, host.now);
    items.push({ partition, epoch });
  }
  host.out.send(from, { kind: 'pong', echo: ping.sentAt, items });
}

export function onPong(find: Find, from: SlaveId, pong: PeerMessage & { kind: 'pong' }, host: Host): void {
  for (const { partition, epoch } of pong.items) {
    const replica = find(partition);
    if (replica?.configuration.epoch === epoch) hold(replica, from, pong.echo, host);
  }
}

/** Whom this slave has promised and for how long that still runs, for a fence's answer (F1). */
export function promisedNow(replica: Replica, now: Instant): readonly { slave: SlaveId; ms: number }[] {
  return [...replica.given]
    .filter(([, until]) => until > now)
    .map(([slave, until]) => ({ slave, ms: until - now }));
}

/** The clock with which a new authority starts: whatever the last one may have told is past (W4). */
export function startClock(replica: Replica, host: Host): void {
  replica.clock = { stamp: stamp(clockOf(replica, host.now) + host.promiseMs), at: host.now };
}
