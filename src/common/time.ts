/**
 * Time as arithmetic: two kinds of instants that must never be mixed, and the drift between clocks.
 *
 * An `Instant` is monotonic and means something on one machine only: windows, promises, waits.
 * A `Stamp` is wall-clock time as a partition has agreed on it: expiry, nothing else.
 * Durations are plain numbers whose names end in `Ms`.
 */
import type { Brand } from './ids.ts';
import { invariant } from './invariant.ts';

/** Milliseconds of a monotonic clock, with fractions. */
export type Instant = Brand<number, 'Instant'>;

/** Milliseconds since 1970, as the authority of a partition tells them. */
export type Stamp = Brand<number, 'Stamp'>;

export function instant(ms: number): Instant {
  invariant(Number.isFinite(ms), () => `an instant is a number: ${ms}`);
  return ms as Instant;
}

export function stamp(ms: number): Stamp {
  invariant(Number.isFinite(ms), () => `a stamp is a number: ${ms}`);
  return ms as Stamp;
}

export const after = (start: Instant, ms: number): Instant => (start + ms) as Instant;

export const sooner = (a: Instant, b: Instant): Instant => (a < b ? a : b);

export const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);

export const laterStamp = (a: Stamp, b: Stamp): Stamp => (a > b ? a : b);

/** Two clocks may drift apart by this share; who relies on a promise counts it off, who waits one out adds it. */
export const DRIFT = 0.01;

/**
 * A machine may have slept for so long without its clocks telling so: more than a wall clock that is being slewed
 * strays in a second (0.5 ms), and than the grain of the time since boot (10 ms). Who relies on a promise counts it off.
 */
export const SLEEP_ALLOWANCE_MS = 25;
