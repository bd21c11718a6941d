/**
 * Grow, at the learner: an empty replica that takes in a snapshot and the log beside it; or one that was a
 * member before, and takes in what was written since.
 *
 * A part is as of the committed point that it names, and is taken only if that point is not behind
 * what this learner has applied: an older value must not cover a newer one. Each part is answered
 * when it is in the store, durably, and only then does the next one come. Until the owner has
 * adopted it, a learner is no member: it promises nothing and answers no client.
 */
import type { SlaveId } from '../../common/ids.ts';
import type { CopyPart, PeerMessage } from '../peer-message.ts';
import { learn, learnOnward } from '../replication/oath.ts';
import { samePosition } from '../replication/position.ts';
import { fillNow } from '../filling.ts';
import { type Host, isRetired, type Learning, type Replica, whenDurable } from '../replication/replica.ts';
import { takeIn } from '../tables.ts';
import type { Member } from '../../common/view.ts';

type Begin = PeerMessage & { readonly kind: 'copy-begin' };

export function onCopyBegin(replica: Replica, owner: Member, begin: Begin, host: Host): void {
  const { learning } = replica;
  if (learning?.grow === begin.grow) {
    if (learning.next === 0) sayState(replica, host);
    return;
  }
  const isNewer = begin.grow > replica.fence && begin.grow > replica.learns;
  // A member of a configuration at least as new has what a learner would be given.
  const isMember =
    replica.role !== 'none' && replica.role !== 'learner' && replica.configuration.epoch >= begin.epoch;
  if (!isNewer || isMember) return;
  startLesson(replica, owner, begin, host);
}

function startLesson(replica: Replica, owner: Member, begin: Begin, host: Host): void {
  const { mode, base, epoch, grow } = begin;
  const lesson = { grow, base: epoch, owner, next: 0, begin: base };
  if (mode === 'onward' && samePosition(base, replica.table.applied) && isRetired(replica))
    return leadOn(replica, { ...lesson, isOnward: true, saved: -1 }, host);
  // What it had offered it may have given up since.
  if (mode === 'onward' || (mode === 'ask' && isRetired(replica))) return offer(replica, owner, begin, host);
  learn(replica, { ...lesson, isOnward: false, saved: 0 }, base, host);
  sayState(replica, host);
}

/** "I was a member once, and have everything up to here." What may be led on from, the owner's log knows. */
function offer(replica: Replica, owner: Member, { partition, epoch, grow }: Begin, host: Host): void {
  host.out.send(owner.slave, { kind: 'copy-offer', partition, epoch, grow, has: replica.table.applied });
}

/** What it has must be in the store before anything comes on top: a learner without a table has not begun. */
function leadOn(replica: Replica, learning: Learning, host: Host): void {
  learnOnward(replica, learning, host);
  fillNow(replica, host, (later) => {
    learning.saved = 0;
    sayState(replica, later);
  });
}

/** Says how far the snapshot is taken in, once that is durable. */
function sayState(replica: Replica, host: Host): void {
  const { learning, partition } = replica;
  if (learning === undefined || learning.saved < 0) return;
  const { grow, base: epoch, owner, saved: next, isOnward, begin } = learning;
  whenDurable(host, (later) => {
    if (replica.learning?.grow !== grow) return;
    later.out.send(owner.slave, { kind: 'copy-state', partition, epoch, grow, next, isOnward, base: begin });
  });
}

export function onCopyPart(replica: Replica, from: SlaveId, part: CopyPart, host: Host): void {
  const { learning, table } = replica;
  if (learning?.grow !== part.grow || learning.owner.slave !== from) return;
  // What was taken in last is on its way to the store, and will be said then.
  if (learning.saved < learning.next) return;
  if (part.number !== learning.next || part.committed < table.applied.seq) return sayState(replica, host);
  takeIn(table, part.records);
  learning.next += 1;
  const { next } = learning;
  fillNow(replica, host, (later) => {
    learning.saved = next;
    sayState(replica, later);
  });
}
