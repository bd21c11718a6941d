/**
 * Bringing tables to the store, and clearing from it what an earlier incarnation left.
 *
 * None of it is waited for by a client: what is filled is in the log. A learner waits, for it says
 * of each part of its snapshot that it is durable.
 */
import type { Continuation, Host, Replica } from './replication/replica.ts';
import { fill, filled, leftovers } from './tables.ts';

/** Begins a fill with all that the table holds now. There may be none under way, and nothing left over. */
export function startFill(replica: Replica, host: Host, then: Continuation = () => undefined): void {
  const begun = fill(host.tables, replica.table);
  host.out.writeTables(begun.changes, (later) => {
    filled(begun);
    then(later);
    goOn(replica, later);
  });
}

/** Whether a fill could begin. */
export const mayFill = ({ table }: Replica): boolean => table.filling === undefined && !table.hasLeftovers;

/** The same as soon as it may; `then` runs when it is durable. */
export function fillNow(replica: Replica, host: Host, then: Continuation): void {
  if (mayFill(replica)) return startFill(replica, host, then);
  const { table } = replica;
  replica.afterFill = (later) => {
    // The replica may have been wiped since: then the fill is of a table that is gone.
    if (replica.table === table) fillNow(replica, later, then);
  };
}

/** To be called once the oath that names the new incarnation is durable. */
export function clearLeftovers(replica: Replica, host: Host): void {
  const { table } = replica;
  if (!table.hasLeftovers) return;
  host.out.writeTables(leftovers(table), (later) => {
    table.hasLeftovers = false;
    goOn(replica, later);
  });
}

function goOn(replica: Replica, host: Host): void {
  const { afterFill } = replica;
  if (afterFill === undefined || !mayFill(replica)) return;
  replica.afterFill = undefined;
  afterFill(host);
}
