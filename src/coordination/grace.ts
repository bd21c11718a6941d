/**
 * Grace: what waits a while after a death or a return, so that a slave that merely restarts moves little.
 *
 *     died ────── rejoin grace ──────► its place is given to others        (0: at once, for safety's sake)
 *     returned ── hand-back grace ───► what it owned is handed back to it  (its copies are made at once)
 *
 * A slave that comes and goes is handed back to later each time: twice as long for each death in ten minutes,
 * five times doubled at most. It only bends the placement; what is safe does not depend on it.
 */
import type { Partition, SlaveId } from '../common/ids.ts';
import { after, type Instant, instant } from '../common/time.ts';
import type { Configuration } from '../common/view.ts';
import type { Placement } from './placement.ts';

export interface Policy {
  /** For how long the place of a dead slave is kept for it. */
  readonly rejoinGraceMs: number;
  /** For how long a slave must be back before it owns again what it owned. */
  readonly handBackGraceMs: number;
}

export const CALM_POLICY: Policy = { rejoinGraceMs: 0, handBackGraceMs: 10_000 };

const DOUBLED_MAX = 5;
const FORGIVEN_MS = 600_000;

/** How often a slave died lately. */
interface Deaths {
  count: number;
  lastAt: Instant;
}

export interface Grace {
  readonly policy: Policy;
  readonly deaths: Map<SlaveId, Deaths>;
  /** Until when nothing is handed back to those who have returned. */
  readonly returned: Map<SlaveId, Instant>;
}

export const newGrace = (policy: Policy): Grace => ({ policy, deaths: new Map(), returned: new Map() });

export function noteDeath({ deaths, returned }: Grace, slave: SlaveId, now: Instant): void {
  const before = deaths.get(slave);
  const count = before !== undefined && now - before.lastAt < FORGIVEN_MS ? before.count + 1 : 1;
  deaths.set(slave, { count, lastAt: now });
  returned.delete(slave);
}

export function noteReturn({ policy, deaths, returned }: Grace, slave: SlaveId, now: Instant): void {
  const doubled = Math.min((deaths.get(slave)?.count ?? 1) - 1, DOUBLED_MAX);
  const graceMs = policy.handBackGraceMs * 2 ** doubled;
  if (graceMs > 0) returned.set(slave, after(now, graceMs));
}

export function forgetGrace({ deaths, returned }: Grace, slave: SlaveId): void {
  deaths.delete(slave);
  returned.delete(slave);
}

/** Whether the place of a dead slave is still kept for it. */
export function isAwaitedBack({ policy, deaths }: Grace, slave: SlaveId, now: Instant): boolean {
  const death = deaths.get(slave);
  return death !== undefined && now < death.lastAt + policy.rejoinGraceMs;
}

/** When the next grace ends; who waits for that plans again. */
export function nextEnd({ policy, deaths, returned }: Grace, now: Instant): Instant {
  let end = instant(Number.MAX_SAFE_INTEGER);
  const ends = [
    ...returned.values(),
    ...[...deaths.values()].map(({ lastAt }) => lastAt + policy.rejoinGraceMs),
  ];
  for (const at of ends) if (at > now && at < end) end = instant(at);
  return end;
}

/** The placement, with owners that stay where they are as long as those who are to own again are in their grace. */
export function bent(
  { returned }: Grace,
  target: Placement,
  configurations: readonly Configuration[],
  now: Instant,
): Placement {
  if (![...returned.values()].some((until) => now < until)) return target;
  return target.map((wanted, index) => {
    const [owner] = wanted;
    const until = owner === undefined ? undefined : returned.get(owner);
    const present = configurations[index as Partition]?.members[0]?.slave; // An index of the placement.
    if (until === undefined || now >= until || present === undefined || !wanted.includes(present))
      return wanted;
    return [present, ...wanted.filter((slave) => slave !== present)];
  });
}
