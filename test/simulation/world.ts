/**
 * A world small enough to hold in one hand: one seed, one clock, one queue of things to come.
 *
 * Time does not pass here, it jumps to the next event; an idle hour costs nothing. Two events at
 * one instant happen in the order in which they were planned, so a seed tells one story.
 */
import { invariant } from '../../src/common/invariant.ts';
import { below, type Prng, prng } from '../../src/common/prng.ts';
import { instant, type Instant } from '../../src/common/time.ts';

interface Happening {
  readonly when: number;
  readonly order: number;
  readonly happen: () => void;
}

export class World {
  readonly random: Prng;
  readonly #heap: Happening[] = [];
  #now = 0;
  #planned = 0;
  /** Events so far. */
  happened = 0;

  constructor(seed: number) {
    this.random = prng(seed);
  }

  get now(): Instant {
    return instant(this.#now);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + below(this.random, most - least + 1);
  }

  chance(percent: number): boolean {
    return this.random.next() * 100 < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[below(this.random, items.length)];
    invariant(item !== undefined, 'there is something to pick from');
    return item;
  }

  in(ms: number, happen: () => void): void {
    this.at(this.#now + ms, happen);
  }

  at(when: number, happen: () => void): void {
    invariant(when >= this.#now, 'nothing can be planned for the past');
    this.#push({ when, order: (this.#planned += 1), happen });
  }

  runUntil(end: number, isOver: () => boolean = () => false): void {
    for (
      let next = this.#heap[0];
      next !== undefined && next.when <= end && !isOver();
      next = this.#heap[0]
    ) {
      this.#pop();
      this.#now = next.when;
      this.happened += 1;
      next.happen();
    }
    if (!isOver()) this.#now = end;
  }

  #push(item: Happening): void {
    const heap = this.#heap;
    heap.push(item);
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!isBefore(heap[child], heap[parent])) return;
      swap(heap, child, parent);
      child = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return;
    heap[0] = last;
    for (let parent = 0; ;) {
      const left = 2 * parent + 1;
      const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[child], heap[parent])) return;
      swap(heap, child, parent);
      parent = child;
    }
  }
}

function isBefore(a: Happening | undefined, b: Happening | undefined): boolean {
  if (a === undefined || b === undefined) return a !== undefined;
  return a.when < b.when || (a.when === b.when && a.order < b.order);
}

function swap(heap: Happening[], a: number, b: number): void {
  const [first, second] = [heap[a], heap[b]];
  invariant(first && second, 'both lie in the heap');
  heap[a] = second;
  heap[b] = first;
}
