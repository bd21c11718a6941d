/**
 * The steps in which an overlay is brought into the tree: first the deleted ranges, then the entries.
 *
 * Each step is one transaction, small enough that preparing it does not hold the turn up. Between two of them
 * the tree is half way; readers look through the overlay until the last step is done, and a
 * crash in between is mended from the journal, because only the last step moves the mark.
 */
import type { NameRange, OverlayEntry, StoreOverlay } from '../store-overlay.ts';
import type { LmdbTree } from './lmdb-environment.ts';

export interface DrainStep {
  readonly entries: readonly OverlayEntry[];
  readonly isLast: boolean;
}

/** Preparing a step of so many entries takes about a millisecond. */
export const STEP_ENTRIES = 2_048;

/** A transaction's pages live in memory until it is written. */
export const STEP_BYTES = 8 * 1_048_576;

/** The next step must be asked for only when the one before is in the tree: ranges are read from it. */
export function* drainSteps(tree: LmdbTree, overlay: StoreOverlay): IterableIterator<DrainStep> {
  for (const range of overlay.ranges) yield* clearSteps(tree, range);
  let entries: OverlayEntry[] = [];
  let bytes = 0;
  for (const entry of overlay.all()) {
    if (entries.length >= STEP_ENTRIES || bytes >= STEP_BYTES) {
      yield { entries, isLast: false };
      entries = [];
      bytes = 0;
    }
    entries.push(entry);
    bytes += entry[0].length + entry[1].length;
  }
  yield { entries, isLast: true };
}

function* clearSteps(tree: LmdbTree, { from, to }: NameRange): IterableIterator<DrainStep> {
  for (const keys of keysInSteps(tree, Buffer.from(from, 'latin1'), Buffer.from(to, 'latin1'))) {
    yield { entries: keys.map((key) => [key.toString('latin1'), 'absent'] as const), isLast: false };
  }
}

/** What lies in a range, a step at a time: the next must be asked for only when the one before is out of the tree. */
export function* keysInSteps(tree: LmdbTree, from: Buffer, to: Buffer): IterableIterator<readonly Buffer[]> {
  for (;;) {
    const keys = tree.keys(from, to, STEP_ENTRIES);
    if (keys.length === 0) return;
    yield keys;
  }
}
