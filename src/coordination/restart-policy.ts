/**
 * When a child that died is started again, and when it is given up.
 *
 * A child that lived a while is started at once, almost; one that keeps dying young waits twice as long each
 * time. One that says five times in a row that it was started wrongly would say so for ever.
 */

const DELAY_MIN_MS = 100;
const DELAY_MAX_MS = 5_000;

/** Who lived this long did not die of its start. */
const YOUNG_MS = 10_000;

/** Wrong usage, and out of reach: answers that another try does not change. */
const HOPELESS_STATUSES: readonly number[] = [2, 3];
const HOPELESS_MAX = 5;

/** What is remembered of one child between its lives. */
export interface History {
  readonly delayMs: number;
  readonly hopeless: number;
}

export const newborn: History = { delayMs: DELAY_MIN_MS, hopeless: 0 };

export interface Death {
  readonly livedMs: number;
  /** Undefined if a signal ended it, or it never started. */
  readonly status: number | undefined;
}

export type Verdict =
  | { readonly kind: 'restart'; readonly afterMs: number; readonly history: History }
  | { readonly kind: 'give up' };

export function afterDeath(before: History, { livedMs, status }: Death): Verdict {
  const { delayMs, hopeless } = livedMs >= YOUNG_MS ? newborn : before;
  const isHopeless = status !== undefined && HOPELESS_STATUSES.includes(status) && livedMs < YOUNG_MS;
  const count = isHopeless ? hopeless + 1 : 0;
  if (count >= HOPELESS_MAX) return { kind: 'give up' };
  const history = { delayMs: Math.min(delayMs * 2, DELAY_MAX_MS), hopeless: count };
  return { kind: 'restart', afterMs: delayMs, history };
}
