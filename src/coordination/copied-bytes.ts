/**
 * How much was copied since the healing that is under way began, and how fast, from what slaves report.
 *
 * Each slave counts from its own start; here it is added up what each report has more than the one before. It is
 * for people who wait: nothing is decided by it, and a restart forgets it.
 */
import type { Instant } from '../common/time.ts';

/** Long enough to even out the reports of all slaves, short enough to notice a change. */
const MEASURED_MS = 3_000;
/** Samples are at least so far apart, so that there are never many. */
const SAMPLED_EVERY_MS = 250;

interface Sample {
  readonly at: Instant;
  readonly bytes: number;
}

export interface CopiedBytes {
  bytes: number;
  /** Oldest first; none is older than what is measured, but for the first. */
  samples: readonly Sample[];
}

export const noneCopied = (): CopiedBytes => ({ bytes: 0, samples: [] });

/** A healing begins. */
export function beginCopying(copied: CopiedBytes): void {
  copied.bytes = 0;
  copied.samples = [];
}

/** A slave reports so much; `before`: what it had reported last, in this start of it. */
export function addReport(copied: CopiedBytes, now: Instant, before: number, reported: number): void {
  const last = copied.samples.at(-1);
  if (last === undefined || now - last.at >= SAMPLED_EVERY_MS) {
    const recent = copied.samples.filter(({ at }) => now - at <= MEASURED_MS);
    copied.samples = [...recent, { at: now, bytes: copied.bytes }];
  }
  copied.bytes += Math.max(0, reported - before);
}

export function bytesPerSecond({ bytes, samples }: CopiedBytes, now: Instant): number {
  const first = samples.find(({ at }) => now - at <= MEASURED_MS);
  if (first === undefined || now - first.at < SAMPLED_EVERY_MS) return 0;
  return Math.round((1_000 * (bytes - first.bytes)) / (now - first.at));
}
