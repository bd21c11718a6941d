/**
 * The dial list: which slaves the gateway should be connected to, and where.
 *
 * A slave that was started again is another place, though its address is the same: what was sent to the process
 * before is not in flight to this one. One that is dead is on the list no more, and its link is closed: what is in
 * flight there can be told its fate, instead of waiting for an answer from a machine without power.
 */
import type { SlaveId } from '../../common/ids.ts';
import type { View } from '../../common/view.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
  /** Of the process that listens there. */
  readonly nonce: string;
}

export const samePlace = (a: Place, b: Place): boolean =>
  a.host === b.host && a.port === b.port && a.nonce === b.nonce;

export function dialListOf(view: View): ReadonlyMap<SlaveId, Place> {
  const found = new Map<SlaveId, Place>();
  for (const { id, stage, host, port, boot } of view.slaves.values()) {
    if (stage !== 'dead') found.set(id, { host, port, nonce: boot.nonce });
  }
  return found;
}
