/** A client's request as the machine takes it: checked, routed, and with a ticket for its answer. */
import type { Key, Partition, Slot } from '../common/ids.ts';
import type { Read, Write } from './commands/evaluation.ts';

/** A request that needs the machine: a write, or a read that must wait for one. */
export interface Request {
  readonly ticket: number;
  readonly partition: Partition;
  readonly slot: Slot;
  readonly keys: readonly Key[];
  readonly args: readonly Buffer[];
  readonly run: { readonly kind: 'write'; readonly write: Write } | { readonly kind: 'read'; readonly read: Read };
  /** It can need room on the disk. */
  readonly grows: boolean;
}
