/**
 * A truth: who may read and write on the promises of others, without him none of them goes on.
 *
 * "Until T I take part in no configuration without you" (P1) is broken when a new configuration is adopted, a
 * while before anybody serves under it; by then the promise may be over, and two authorities were a matter of luck.
 */
import { invariant } from '../../src/common/invariant.ts';
import type { SlaveId } from '../../src/common/ids.ts';
import { isAuthority, type Replica } from '../../src/slave/replication/replica.ts';
import type { SlaveProcess } from './slave.ts';

/** This slave has just adopted another configuration. */
export function checkPromisesKept(
  slaves: ReadonlyMap<SlaveId, SlaveProcess>,
  giver: SlaveProcess,
  { partition, configuration, role }: Replica,
): void {
  if (role !== 'owner' && role !== 'copy') return;
  for (const holder of slaves.values()) {
    // Who has slept compares its clocks before it does anything.
    if (holder === giver || !holder.isUp || holder.process.isDrowsy) continue;
    const replica = holder.state.replicas[partition];
    if (replica?.peers.get(giver.id)?.member.store !== giver.directory.store) continue;
    if (!isAuthority(replica, holder.now())) continue;
    const isIn = configuration.members.some(
      ({ slave, store }) => slave === holder.id && store === holder.directory.store,
    );
    invariant(
      isIn,
      () =>
        `${giver.id} goes on under epoch ${configuration.epoch} of partition ${partition} while ${holder.id} relies on its promise`,
    );
  }
}
