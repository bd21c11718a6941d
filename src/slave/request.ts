/** A client's request as the machine takes it: checked, routed, and with a ticket for its answer. */
import type { Key, Partition, Slot } from '../common/ids.ts';
import type { Reply } from '../common/reply.ts';
import type { Stamp } from '../common/time.ts';
import type { Read, Write } from './commands/evaluation.ts';

/** What looks at a partition as a whole, at its clock. */
export type Look = (now: Stamp) => Reply;

/** A request that needs the machine: a write, or a read that must wait for one. */
export interface Request {
  readonly ticket: number;
  readonly partition: Partition;
  readonly slot: Slot;
  readonly keys: readonly Key[];
  readonly args: readonly Buffer[];
  readonly run:
    | { readonly kind: 'write'; readonly write: Write }
    | { readonly kind: 'read'; readonly read: Read }
    | { readonly kind: 'look'; readonly look: Look };
  /** It can need room on the disk. */
  readonly grows: boolean;
}
