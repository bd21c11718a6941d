/**
 * The pace of copying: parts of snapshots leave a few at a time, and no faster than the operator allows, so that
 * clients' commands come between them.
 *
 *     a part is due ─► room? ─► sent ─► answered ─► room for the next that waits
 *                        └─ no ─► waits its turn, first come first served
 *
 * It counts what is on its way at one donor, for all its learners together, and does not know what is in it.
 */
import { Deque } from '../../common/deque.ts';
import { after, type Instant, later } from '../../common/time.ts';
import type { CopyPace, Grow, Replica } from '../replication/replica.ts';

/** Parts on their way at one time: enough to fill a link, few enough to let others through. */
const PARTS_OUT_MAX = 4;

export const newPace = (bytesPerSecond: number, now: Instant): CopyPace => ({
  bytesPerSecond,
  freeAt: now,
  out: new Map(),
  waiting: new Deque(),
});

/** Whether a part may be sent now; one that is sent again has its room already. */
export function hasRoom(pace: CopyPace, grow: Grow, now: Instant): boolean {
  if (now < pace.freeAt) return false;
  if (pace.out.has(grow) || pace.out.size < PARTS_OUT_MAX) return true;
  // Those of grows that were given up are answered by nobody.
  for (const [other, replica] of pace.out) if (replica.grow !== other) pace.out.delete(other);
  return pace.out.size < PARTS_OUT_MAX;
}

export function noteSent(pace: CopyPace, replica: Replica, bytes: number, now: Instant): void {
  if (replica.grow !== undefined) pace.out.set(replica.grow, replica);
  if (pace.bytesPerSecond > 0)
    pace.freeAt = after(later(pace.freeAt, now), (bytes * 1_000) / pace.bytesPerSecond);
}

export function noteAnswered(pace: CopyPace, grow: Grow): void {
  pace.out.delete(grow);
}

export function wait(pace: CopyPace, replica: Replica, grow: Grow): void {
  if (grow.isWaiting) return;
  grow.isWaiting = true;
  pace.waiting.push(replica);
}

/** Whose turn it is, if there is room. */
export function nextInTurn(pace: CopyPace, now: Instant): Replica | undefined {
  for (let first = pace.waiting.at(0); first !== undefined; first = pace.waiting.at(0)) {
    const { grow } = first;
    if (grow?.isWaiting === true && !hasRoom(pace, grow, now)) return undefined;
    pace.waiting.shift();
    if (grow?.isWaiting !== true) continue;
    grow.isWaiting = false;
    return first;
  }
  return undefined;
}
