/**
 * What may be said of READONLY reads: a copy may be behind, but it shows nothing that was never written, and to one
 * connection it never goes back.
 *
 *     SET k a |--|                                   certain by: here
 *               SET k b    |----|                    b cannot have been before: here
 *     READONLY GET k               |-| "b"  |-| "a"  ← a was over before b began: this copy has gone back
 *
 * A value's writers are all operations that may have left it. With values that are written once there is one.
 *
 * 1. Some writer of what was read began before the read ended.
 * 2. Once a connection has seen at a copy what cannot have been before a moment, it does not see there what was
 *    certainly over by that moment: on the same key, the value before; on keys that share a partition, a value that was
 *    certainly overwritten.
 *
 * What cannot be told is not judged, and counted: a key whose values cannot be told beforehand (APPEND, a counter with
 * an unknown outcome), replies that are not values (EXISTS, STRLEN, …). A read of nothing is always explained by the
 * time before the first write, and goes back only behind a value that nothing removed since. How far a copy may be behind
 * is not asked here.
 */
import { Cells } from './cells.ts';
import { commandOf, type Holding } from './commands.ts';
import type { Answer, Operation } from './history.ts';

export interface CopyOptions {
  /** Keys of one answer follow one log, so what a copy shows of them goes on together. Absent: each key alone. */
  readonly partitionOf?: (key: string) => string;
}

export type CopyVerdict =
  | { readonly verdict: 'possible'; readonly judged: number; readonly unjudged: number }
  | {
      readonly verdict: 'impossible';
      readonly key: string;
      readonly failed: Operation;
      readonly why: 'never written' | 'gone back';
      /** What the connection had seen before; absent for a value that was never written. */
      readonly seen?: Operation;
    };

export function judgeCopies(history: readonly Operation[], options: CopyOptions = {}): CopyVerdict {
  const writings = writingsOf(history);
  const sights = new Map<string, Sight>();
  const counts = { judged: 0, unjudged: 0 };
  const reads = history
    .filter(({ copy, ended }) => copy !== undefined && ended !== Infinity)
    .sort((a, b) => a.began - b.began);
  for (const read of reads) {
    const shown = shownBy(read).map(([key, value]): Shown => ({
      ...{ key, value, writing: writings.get(key) ?? new Writing() },
      names: sightsOf(read, key, options),
    }));
    const told = shown.filter(({ writing }) => !writing.isWild);
    counts[told.length === 0 ? 'unjudged' : 'judged'] += 1;
    for (const part of told) {
      const wrong = wrongOf(read, part, sights);
      if (wrong !== undefined) return { verdict: 'impossible', key: part.key, failed: read, ...wrong };
    }
    // All parts of one answer are of one moment, so they are held against what was seen before it.
    for (const { value, writing, names } of told) {
      for (const name of names) remember(sights, name, { moment: writing.earliestOf(value), read });
    }
  }
  return { verdict: 'possible', ...counts };
}

interface Shown {
  readonly key: string;
  readonly value: string | undefined;
  readonly writing: Writing;
  /** Where the connection's sights are kept: of the key, then of its partition. */
  readonly names: readonly string[];
}

type Wrong = Pick<Extract<CopyVerdict, { verdict: 'impossible' }>, 'why' | 'seen'>;

function wrongOf(read: Operation, part: Shown, sights: ReadonlyMap<string, Sight>): Wrong | undefined {
  const { value, writing, names } = part;
  if (writing.earliestOf(value) > read.ended) return { why: 'never written' };
  for (const [index, name] of names.entries()) {
    const sight = sights.get(name);
    if (sight !== undefined && sight.moment > writing.overBy(value, index === 0)) {
      return { why: 'gone back', seen: sight.read };
    }
  }
  return undefined;
}

/** The latest moment before which a copy cannot have shown what it showed. */
interface Sight {
  readonly moment: number;
  readonly read: Operation;
}

function remember(sights: Map<string, Sight>, name: string, sight: Sight): void {
  if ((sights.get(name)?.moment ?? -Infinity) < sight.moment) sights.set(name, sight);
}

function sightsOf(
  { client, copy = '' }: Operation,
  key: string,
  { partitionOf }: CopyOptions,
): readonly string[] {
  const names = [JSON.stringify([client, copy, key])];
  return partitionOf === undefined
    ? names
    : [...names, JSON.stringify([client, copy, { in: partitionOf(key) }])];
}

function shownBy({ command: [name = '', ...keys], reply }: Operation): readonly Holding[] {
  const upper = name.toUpperCase();
  if (upper === 'GET') return keys.slice(0, 1).flatMap((key) => partOf(key, reply));
  if (upper !== 'MGET' || !Array.isArray(reply)) return [];
  return keys.flatMap((key, index) => partOf(key, (reply as readonly Answer[])[index]));
}

function partOf(key: string, reply: Answer | undefined): readonly Holding[] {
  if (reply === null) return [[key, undefined]];
  return typeof reply === 'string' ? [[key, reply]] : [];
}

/** All operations that may have left one value. */
interface Writers {
  count: number;
  firstBegan: number;
  lastEnded: number;
}

/** Everything that was written to one key. */
class Writing {
  /** Values come about that no command names. */
  isWild = false;
  readonly #writers = new Map<string | undefined, Writers>();
  /** When somebody had certainly seen a value. */
  readonly #seenBy = new Map<string, number>();
  /** What certainly replaced whatever was there, in order of `began`; of each, the first end of it and all later ones. */
  readonly #replaced: { readonly began: number; ended: number }[] = [];
  #mayExpire = false;

  add(value: string | undefined, { began, ended }: Operation): void {
    const writers = this.#writers.get(value) ?? { count: 0, firstBegan: Infinity, lastEnded: -Infinity };
    writers.count += 1;
    writers.firstBegan = Math.min(writers.firstBegan, began);
    writers.lastEnded = Math.max(writers.lastEnded, ended);
    this.#writers.set(value, writers);
    if (ended !== Infinity) this.#replaced.push({ began, ended });
  }

  see(value: string, ended: number): void {
    this.#seenBy.set(value, Math.min(this.#seenBy.get(value) ?? Infinity, ended));
  }

  expire(): void {
    this.#mayExpire = true;
  }

  close(): void {
    this.#replaced.sort((a, b) => a.began - b.began);
    let first = Infinity;
    for (const replaced of this.#replaced.toReversed()) {
      first = Math.min(first, replaced.ended);
      replaced.ended = first;
    }
  }

  /** The first moment at which the key may have held this. */
  earliestOf(value: string | undefined): number {
    return value === undefined ? -Infinity : (this.#writers.get(value)?.firstBegan ?? Infinity);
  }

  /**
   * From when on the key has certainly not held this. What the same key showed later was written after it; for other
   * keys it has to be overwritten by then.
   */
  overBy(value: string | undefined, isSameKey: boolean): number {
    const certain = this.#certainBy(value);
    return isSameKey || certain === Infinity ? certain : this.#replacedAfter(certain);
  }

  /** When the last writer of this had certainly taken effect. */
  #certainBy(value: string | undefined): number {
    const { count, lastEnded } = this.#writers.get(value) ?? { count: 0, lastEnded: -Infinity };
    if (value === undefined) return this.#mayExpire ? Infinity : lastEnded;
    // What was seen had taken effect; if it was written only once, that was it.
    return count === 1 ? Math.min(lastEnded, this.#seenBy.get(value) ?? Infinity) : lastEnded;
  }

  /** The first end of what began after a moment. */
  #replacedAfter(moment: number): number {
    let low = 0;
    let high = this.#replaced.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#replaced[middle]?.began ?? Infinity) > moment) high = middle;
      else low = middle + 1;
    }
    return this.#replaced[low]?.ended ?? Infinity;
  }
}

const ANY_CLOCK = { drift: 0, earlyMs: 0, lateMs: 0 };

function writingsOf(history: readonly Operation[]): ReadonlyMap<string, Writing> {
  const writings = new Map<string, Writing>();
  const cells = new Cells();
  const writingOf = (key: string): Writing => {
    const writing = writings.get(key) ?? new Writing();
    writings.set(key, writing);
    return writing;
  };
  for (const operation of history) {
    for (const [key, value] of shownBy(operation)) {
      if (value !== undefined) writingOf(key).see(value, operation.ended);
    }
    if (operation.copy === undefined) note(operation, cells, writingOf);
  }
  for (const writing of writings.values()) writing.close();
  return writings;
}

/** What an operation may have written. Of a command without a known meaning nothing can be told. */
function note(operation: Operation, cells: Cells, writingOf: (key: string) => Writing): void {
  const command = commandOf(operation, cells, ANY_CLOCK);
  if (command === undefined) {
    for (const key of operation.command.slice(1)) writingOf(key).isWild = true;
    return;
  }
  for (const [key, value] of command.yields) writingOf(key).add(value, operation);
  for (const { key } of command.parts) {
    if (command.isWild) writingOf(key).isWild = true;
    if (command.isTicking) writingOf(key).expire();
  }
}
