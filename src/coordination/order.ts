/** What an operator may order of the coordination server. */
import type { Partition, SlaveId } from '../common/ids.ts';

export type Order =
  /** It hands everything over, and leaves the cluster. */
  | { readonly kind: 'drain'; readonly slave: SlaveId }
  /** A dead slave that will not return. */
  | { readonly kind: 'forget'; readonly slave: SlaveId }
  /** Lost partitions begin anew, empty. */
  | { readonly kind: 'forfeit'; readonly partitions: readonly Partition[] };

/** Why it is turned down, in words that an operator can act on; undefined: it is taken. */
export type Refusal = string | undefined;
