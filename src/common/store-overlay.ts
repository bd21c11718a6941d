/**
 * An overlay: what was committed but has not reached the tree on disk, laid over it for readers.
 *
 *      reader ──► active ──► draining ──► tree          (each knows a key's value, knows it absent,
 *                                                        or does not know and passes the question on)
 *
 * A range that was deleted is remembered as a range, not key by key, so that cutting a log or
 * dropping a partition costs nothing here. It knows nothing of files and of when it is written out.
 *
 * Invariants
 *   1. An entry is newer than every range of the same overlay: a range takes out the entries it covers.
 *   2. Ranges are sorted, and no two overlap or touch.
 */
import { unreachable } from './invariant.ts';
import type { Change } from './ordered-store.ts';
import { SortedMap } from './sorted-map.ts';

/** A value, or the knowledge that there is none. */
export type Known = Buffer | 'absent';

export type OverlayEntry = readonly [name: string, known: Known];

export interface NameRange {
  readonly from: string;
  readonly to: string;
}

/** What an entry costs in memory beside its bytes, roughly; keeps a flood of tiny records inside the bound. */
const ENTRY_BYTES = 128;

export class StoreOverlay {
  readonly #entries = new SortedMap<Known>();
  readonly #ranges: NameRange[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#entries.size === 0 && this.#ranges.length === 0;
  }

  get bytes(): number {
    return this.#bytes + this.#ranges.length * ENTRY_BYTES;
  }

  /** To be taken out of what lies below before the entries are put in. */
  get ranges(): readonly NameRange[] {
    return this.#ranges;
  }

  /** The buffers are kept, not copied. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'put':
          this.#set(change.key.toString('latin1'), change.value);
          break;
        case 'delete':
          this.#set(change.key.toString('latin1'), 'absent');
          break;
        case 'delete-range':
          this.#cover({ from: change.from.toString('latin1'), to: change.to.toString('latin1') });
          break;
        default:
          unreachable(change);
      }
    }
  }

  /** Undefined: not known here, ask below. */
  find(name: string): Known | undefined {
    return this.#entries.get(name) ?? (this.hides(name) ? 'absent' : undefined);
  }

  /** Whether what lies below under this name was deleted with a range. */
  hides(name: string): boolean {
    if (this.#ranges.length === 0) return false;
    const range = this.#ranges[this.#firstEndingAbove(name)];
    return range !== undefined && range.from <= name;
  }

  entries(from: string, to: string): IterableIterator<OverlayEntry> {
    return this.#entries.entries(from, to);
  }

  all(): IterableIterator<OverlayEntry> {
    return this.#entries[Symbol.iterator]();
  }

  #set(name: string, known: Known): void {
    const before = this.#entries.get(name);
    this.#bytes += weight(name, known) - (before === undefined ? 0 : weight(name, before));
    this.#entries.set(name, known);
  }

  #cover(range: NameRange): void {
    if (range.from >= range.to) return;
    this.#entries.deleteRange(range.from, range.to, (name, known) => {
      this.#bytes -= weight(name, known);
    });
    // Ranges that overlap or touch the new one melt into it.
    const start = this.#ranges.findIndex(({ to }) => to >= range.from);
    const at = start === -1 ? this.#ranges.length : start;
    let end = at;
    let { from, to } = range;
    for (; end < this.#ranges.length; end += 1) {
      const next = this.#ranges[end];
      if (next === undefined || next.from > to) break;
      if (next.from < from) from = next.from;
      if (next.to > to) to = next.to;
    }
    this.#ranges.splice(at, end - at, { from, to });
  }

  #firstEndingAbove(name: string): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.to <= name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const weight = (name: string, known: Known): number =>
  ENTRY_BYTES + name.length + (known === 'absent' ? 0 : known.length);

/** One walk in key order over an overlay and what lies below it; the overlay's word counts. */
export function* laidOver(
  overlay: StoreOverlay,
  below: Iterator<OverlayEntry>,
  { from, to }: NameRange,
): IterableIterator<OverlayEntry> {
  const left = notHidden(overlay, below);
  try {
    let lower = left.next();
    for (const entry of overlay.entries(from, to)) {
      for (; lower.done !== true && lower.value[0] < entry[0]; lower = left.next()) yield lower.value;
      if (lower.done !== true && lower.value[0] === entry[0]) lower = left.next();
      yield entry;
    }
    for (; lower.done !== true; lower = left.next()) yield lower.value;
  } finally {
    // A walk that stops early still gives back the cursor below.
    below.return?.();
  }
}

function* notHidden(overlay: StoreOverlay, below: Iterator<OverlayEntry>): IterableIterator<OverlayEntry> {
  for (let next = below.next(); next.done !== true; next = below.next()) {
    if (!overlay.hides(next.value[0])) yield next.value;
  }
}
