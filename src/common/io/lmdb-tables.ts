/**
 * The store for a slave's tables: straight into an LMDB tree, with no journal before it.
 *
 *      commit ─► waiting ─► one transaction for all that came meanwhile ─► on disk ─► done
 *
 * What comes here is held elsewhere until it is done (in the log), so nobody waits for it, and it
 * need not be written twice. It is on disk when it is done, whatever the durability of the log; and a
 * power loss must not leave tables that are ahead of their log, so the log goes to disk before them.
 *
 * A range is taken out in steps, so that a large one does not hold up the loop: a batch with a range
 * in it goes alone, and a crash may leave some of it.
 */
import { Deque } from '../deque.ts';
import { checkBounds, checkChange, takeRecords } from '../memory-store.ts';
import type { Change, OrderedStore, RangeLimit, StoredRecord } from '../ordered-store.ts';
import { keysInSteps, STEP_BYTES, STEP_ENTRIES } from './drain.ts';
import type { LmdbTree } from './lmdb-environment.ts';

interface Waiting {
  readonly changes: readonly Change[];
  readonly done: () => void;
  /** A range is taken out in it. */
  readonly isAlone: boolean;
}

/** The store that this one is part of: the two fail together. */
export interface Keeper {
  /** Throws what ended the store, also if that is this read. */
  reading<Result>(read: () => Result): Result;
  failed(error: unknown): void;
  hasFailed(): boolean;
  /** Resolves when all that the log's store has called done is on disk, however durable that was to be. */
  logOnDisk(): Promise<void>;
  /** Something was written: whoever waits for room may look again. */
  settled(): void;
}

export class LmdbTables implements OrderedStore {
  readonly #tree: LmdbTree;
  readonly #keeper: Keeper;
  readonly #waiting = new Deque<Waiting>();
  #isWorking = false;

  constructor(tree: LmdbTree, keeper: Keeper) {
    this.#tree = tree;
    this.#keeper = keeper;
  }

  get isIdle(): boolean {
    return !this.#isWorking;
  }

  get(key: Buffer): Buffer | undefined {
    return this.#keeper.reading(() => this.#tree.get(key));
  }

  range(from: Buffer, to: Buffer, limit: RangeLimit): readonly StoredRecord[] {
    checkBounds(from, to);
    return this.#keeper.reading(() =>
      from.compare(to) >= 0 ? [] : takeRecords(this.#tree.entries(from, to), limit),
    );
  }

  commit(changes: readonly Change[], done: () => void): void {
    if (this.#keeper.hasFailed()) return;
    changes.forEach(checkChange);
    this.#waiting.push({ changes, done, isAlone: changes.some(isRange) });
    if (this.#isWorking) return;
    this.#isWorking = true;
    // At the end of the turn: all that it hands in is one transaction.
    setImmediate(() => {
      this.#work().catch((error: unknown) => {
        this.#keeper.failed(error);
      });
    });
  }

  async #work(): Promise<void> {
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      await this.#keeper.logOnDisk();
      const [first] = group;
      if (first?.isAlone === true) await this.#writeInSteps(first.changes);
      else await this.#tree.write((tree) => group.forEach(({ changes }) => apply(tree, changes)));
      for (const { done } of group) {
        if (this.#keeper.hasFailed()) return;
        done();
      }
      this.#keeper.settled();
    }
    this.#isWorking = false;
    this.#keeper.settled();
  }

  /** The oldest that wait, up to the size of a transaction. */
  #take(): readonly Waiting[] {
    const group: Waiting[] = [];
    let size = { entries: 0, bytes: 0 };
    for (let next = this.#waiting.at(0); next !== undefined; next = this.#waiting.at(0)) {
      const isFull = size.entries >= STEP_ENTRIES || size.bytes >= STEP_BYTES;
      if (group.length > 0 && (next.isAlone || isFull)) break;
      this.#waiting.shift();
      group.push(next);
      if (next.isAlone) break;
      size = {
        entries: size.entries + next.changes.length,
        bytes: size.bytes + bytesOf(next.changes),
      };
    }
    return group;
  }

  async #writeInSteps(changes: readonly Change[]): Promise<void> {
    let from = 0;
    for (const [index, change] of changes.entries()) {
      if (change.kind !== 'delete-range') continue;
      await this.#writePart(changes.slice(from, index));
      await this.#clear(change.from, change.to);
      from = index + 1;
    }
    await this.#writePart(changes.slice(from));
  }

  async #writePart(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#tree.write((tree) => {
      apply(tree, changes);
    });
  }

  async #clear(from: Buffer, to: Buffer): Promise<void> {
    if (from.compare(to) >= 0) return;
    for (const keys of keysInSteps(this.#tree, from, to)) {
      await this.#tree.write((tree) => {
        for (const key of keys) tree.remove(key);
      });
    }
  }
}

const isRange = ({ kind }: Change): boolean => kind === 'delete-range';

const bytesOf = (changes: readonly Change[]): number =>
  changes.reduce(
    (sum, change) => sum + (change.kind === 'put' ? change.key.length + change.value.length : 0),
    0,
  );

function apply(tree: LmdbTree, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === 'put') tree.put(change.key, change.value);
    else if (change.kind === 'delete') tree.remove(change.key);
  }
}
