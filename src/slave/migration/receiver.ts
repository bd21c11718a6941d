/**
 * Grow, at the learner: an empty replica that takes in a snapshot and the log beside it.
 *
 * A part is as of the committed point that it names, and is taken only if that point is not behind
 * what this learner has applied: an older value must not cover a newer one. Each part is answered
 * when it is in the store, durably, and only then does the next one come. Until the owner has
 * adopted it, a learner is no member: it promises nothing and answers no client.
 */
import type { SlaveId } from '../../common/ids.ts';
import type { OrderedStore } from '../../common/ordered-store.ts';
import type { CopyPart, PeerMessage } from '../peer-message.ts';
import { learn } from '../replication/oath.ts';
import { type Continuation, type Host, type Replica, whenDurable } from '../replication/replica.ts';
import { type Fill, fill, filled, takeIn } from '../tables.ts';
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
  learn(replica, { grow: begin.grow, base: begin.epoch, owner, next: 0 }, begin.base, host);
  sayState(replica, host);
}

/** Says how far the snapshot is taken in, once that is durable. */
function sayState(replica: Replica, host: Host): void {
  const { learning, partition, afterFill } = replica;
  // What was taken in last waits for another fill: it will be said behind that.
  if (learning === undefined || afterFill !== undefined) return;
  const { grow, base, owner, next } = learning;
  whenDurable(host, (later) => {
    if (replica.learning?.grow !== grow) return;
    later.out.send(owner.slave, { kind: 'copy-state', partition, epoch: base, grow, next });
  });
}

export function onCopyPart(replica: Replica, from: SlaveId, part: CopyPart, host: Host): void {
  const { learning, table } = replica;
  if (learning?.grow !== part.grow || learning.owner.slave !== from) return;
  if (part.number !== learning.next || part.committed < table.applied.seq) return sayState(replica, host);
  takeIn(table, part.records);
  learning.next += 1;
  fillNow(replica, host, (later) => {
    sayState(replica, later);
  });
}

/** Fills the table with all that it holds now; `then` runs when that is durable. */
export function fillNow(replica: Replica, host: Host, then: Continuation): void {
  if (replica.table.filling !== undefined) {
    replica.afterFill = (later) => {
      fillNow(replica, later, then);
    };
    return;
  }
  const begun = beginFill(host.store, replica, host);
  host.out.afterDurable((later) => {
    endFill(replica, begun, later);
    then(later);
  });
}

/** One fill of one table, as part of this step's commit. */
export const beginFill = (store: OrderedStore, replica: Replica, host: Host): Fill =>
  fill(store, replica.table, host.out.changes);

export function endFill(replica: Replica, begun: Fill, host: Host): void {
  // The replica may have been wiped since: then the fill is of a table that is gone.
  if (begun.table !== replica.table) return;
  filled(begun);
  const { afterFill } = replica;
  replica.afterFill = undefined;
  afterFill?.(host);
}
