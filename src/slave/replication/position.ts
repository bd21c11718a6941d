/**
 * A place in a partition's log: the epoch and the sequence number of the entry that ends there.
 *
 * Logs are compared by (epoch, seq) and never by length alone: a long tail of an old epoch is
 * worth less than one entry of a newer one (protocol F4).
 */
import { epoch, type Epoch } from '../../common/ids.ts';

export interface Position {
  readonly epoch: Epoch;
  readonly seq: number;
}

/** Before the first entry. */
export const START: Position = { epoch: epoch(0), seq: 0 };

export const comparePositions = (a: Position, b: Position): number => a.epoch - b.epoch || a.seq - b.seq;

export const samePosition = (a: Position, b: Position): boolean => a.epoch === b.epoch && a.seq === b.seq;
