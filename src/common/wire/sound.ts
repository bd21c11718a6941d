/**
 * What must be true of a configuration before anybody acts on it, whoever sent it.
 *
 * Field by field a configuration may be right and still be none; the codecs ask here, so that the
 * invariants of `view.ts` hold for everything that ever came off a wire.
 */
import type { Configuration } from '../view.ts';

/** The largest cluster that the messages are made for. */
export const MEMBERS_MAX = 1_000;

/** Its members are different slaves, and epoch 0 has none. */
export function isSound({ epoch, members }: Configuration): boolean {
  if (epoch === 0) return members.length === 0;
  return new Set(members.map(({ slave }) => slave)).size === members.length;
}
