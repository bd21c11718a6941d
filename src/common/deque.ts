/**
 * A first-in first-out queue that never shifts an array: taking from the front costs the same however long it is.
 */
import { invariant } from './invariant.ts';

/** Below this many taken slots the array is left as it is; above, the empty front is cut off. */
const EMPTY_FRONT_MAX = 1_024;

export class Deque<Item> {
  #items: (Item | undefined)[] = [];
  #front = 0;

  get length(): number {
    return this.#items.length - this.#front;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Puts it behind the last item that does not belong behind it. */
  insert(item: Item, belongsBehind: (other: Item) => boolean): void {
    let place = this.#items.length;
    while (place > this.#front && belongsBehind(this.#items[place - 1] as Item)) place -= 1; // Only the front has holes.
    if (place === this.#items.length) this.#items.push(item);
    else this.#items.splice(place, 0, item);
  }

  /** The item at this distance from the front. */
  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#front + index];
  }

  get last(): Item | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1);
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#front];
    this.#items[this.#front] = undefined;
    this.#front += 1;
    if (this.#front > EMPTY_FRONT_MAX && this.#front * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#front);
      this.#front = 0;
    }
    return item;
  }

  /** Keeps the first `length` items. */
  truncate(length: number): void {
    invariant(
      length >= 0 && length <= this.length,
      () => `a deque of ${this.length} cannot be cut to ${length}`,
    );
    this.#items.length = this.#front + length;
  }

  clear(): void {
    this.#items = [];
    this.#front = 0;
  }

  *[Symbol.iterator](): Iterator<Item> {
    // Items from the front on are always present: holes are only before it.
    for (let index = this.#front; index < this.#items.length; index += 1) yield this.#items[index] as Item;
  }
}
