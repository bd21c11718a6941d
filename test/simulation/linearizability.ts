/**
 * Whether what clients saw of one key could have happened one operation after the other.
 *
 * Wing and Gong's search with Lowe's memory of configurations: a configuration is which operations
 * have taken effect and what the register holds then; none is looked at twice. An operation whose
 * outcome is not known stays open until the end: it may have taken effect at any time, or never.
 */
export interface Operation {
  readonly kind: 'read' | 'write';
  /** What was written, or what was read; undefined: absent (a delete, or a miss). */
  readonly value: string | undefined;
  readonly began: number;
  /** Infinity: the outcome is not known. A read without an outcome tells nothing and is left out. */
  readonly ended: number;
}

/** Undefined: it could. Otherwise the operations up to the first that cannot be explained. */
export function violation(history: readonly Operation[]): readonly Operation[] | undefined {
  const operations = history
    .filter(({ kind, ended }) => kind === 'write' || ended !== Infinity)
    .sort((a, b) => a.began - b.began);
  const seen = new Set<string>();
  const stack: { readonly done: bigint; readonly value: string | undefined }[] = [
    { done: 0n, value: undefined },
  ];
  const known = operations.reduce(
    (mask, { ended }, index) => (ended === Infinity ? mask : mask | (1n << BigInt(index))),
    0n,
  );
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    if ((state.done & known) === known) return undefined;
    for (const next of nextOf(operations, state)) {
      const mark = `${next.done.toString(36)} ${next.value ?? '-'}`;
      if (seen.has(mark)) continue;
      seen.add(mark);
      stack.push(next);
    }
  }
  return operations;
}

function nextOf(
  operations: readonly Operation[],
  { done, value }: { readonly done: bigint; readonly value: string | undefined },
): { done: bigint; value: string | undefined }[] {
  const found: { done: bigint; value: string | undefined }[] = [];
  // What has not taken effect yet and ended first: everything that begins after that comes later.
  let firstEnd = Infinity;
  operations.forEach((operation, index) => {
    if ((done & (1n << BigInt(index))) !== 0n || operation.began > firstEnd) return;
    firstEnd = Math.min(firstEnd, operation.ended);
  });
  operations.forEach((operation, index) => {
    const bit = 1n << BigInt(index);
    if ((done & bit) !== 0n || operation.began > firstEnd) return;
    if (operation.kind === 'write') found.push({ done: done | bit, value: operation.value });
    else if (operation.value === value) found.push({ done: done | bit, value });
  });
  return found;
}
