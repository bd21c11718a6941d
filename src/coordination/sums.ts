/**
 * What is to be told as one event and is not told yet: sums of what comes by the dozen.
 *
 * Only the shape; what is added, and when a sum is told, is in `summary.ts`.
 */
import type { SlaveId } from '../common/ids.ts';
import type { Instant } from '../common/time.ts';

export type SumKind = 'fenced' | 'promoted' | 'handed-over' | 'not-copied';

export interface Sum {
  readonly kind: SumKind;
  readonly since: Instant;
  lastAt: Instant;
  partitions: number;
  /** Whom it concerns, and for how many partitions. */
  readonly bySlave: Map<SlaveId, number>;
  /** The newest reason, where there is one. */
  why: string;
}

/** What is copied to one learner, from its first grow to a moment without any. */
export interface Copying {
  readonly since: Instant;
  lastAt: Instant;
  partitions: number;
}

export interface Sums {
  readonly sums: Map<SumKind, Sum>;
  readonly copying: Map<SlaveId, Copying>;
}

export const noSums = (): Sums => ({ sums: new Map(), copying: new Map() });
