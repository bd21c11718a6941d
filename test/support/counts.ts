/** How many tests passed, failed and were skipped: a value that is added up over suites and said in one line. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The slowest first. */
  readonly slowest: readonly { readonly title: string; readonly ms: number }[];
}

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0, slowest: [] };

export const sumOf = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  slowest: [...a.slowest, ...b.slowest].sort((x, y) => y.ms - x.ms),
});

/** Where every tool has been installed, a skip hides something: it counts as a failure there. */
export const withSkipsAsFailures = (counts: Counts): Counts => ({
  ...counts,
  failed: counts.failed + counts.skipped,
  skipped: 0,
});

/** `812 passed, 0 failed`, and `, 3 skipped` if there were any. Scripts read this line. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
