/**
 * Grow, at the learner: an empty replica that takes in a snapshot and the log beside it.
 *
 * A part is as of the committed point that it names, and is taken only if that point is not behind
 * what this learner has applied: an older value must not cover a newer one. Each part is answered
 * when it is in the store, durably, and only then does the next one come. Until the owner has
 * adopted it, a learner is no member: it promises nothing and answers no client.
 */
import type { SlaveId } from '../../common/ids.ts';
import type { CopyPart, PeerMessage } from '../peer-message.ts';
import { learn } from '../replication/oath.ts';
import { fillNow } from '../filling.ts';
import { type Host, type Replica, whenDurable } from '../replication/replica.ts';
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
  learn(replica, { grow: begin.grow, base: begin.epoch, owner, next: 0, saved: 0 }, begin.base, host);
  sayState(replica, host);
}

/** Says how far the snapshot is taken in, once that is durable. */
function sayState(replica: Replica, host: Host): void {
  const { learning, partition } = replica;
  if (learning === undefined) return;
  const { grow, base, owner, saved: next } = learning;
  whenDurable(host, (later) => {
    if (replica.learning?.grow !== grow) return;
    later.out.send(owner.slave, { kind: 'copy-state', partition, epoch: base, grow, next });
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
