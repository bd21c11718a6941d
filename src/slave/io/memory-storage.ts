/**
 * `--storage memory`: the memory store with a disk that is never slow: every commit is done on the next turn.
 *
 * All commits of a turn are completed together, in their order. Nothing survives the process.
 */
import { createMemoryStore } from '../../common/memory-store.ts';
import type { OrderedStore } from '../../common/ordered-store.ts';

export interface MemoryStorage extends OrderedStore {
  readonly tables: OrderedStore;
  /** Completes what was handed in before it. */
  close(): Promise<void>;
}

export function openMemoryStorage(): MemoryStorage {
  const log = quick();
  return {
    ...log,
    tables: quick(),
    close: () =>
      new Promise((resolve) => {
        log.commit([], resolve);
      }),
  };
}

function quick(): OrderedStore {
  const store = createMemoryStore();
  let scheduled = false;
  const completeAll = (): void => {
    scheduled = false;
    // A `done` may hand in more; that is completed on the turn after.
    for (let left = store.pending; left > 0; left -= 1) store.completeNext();
  };
  return {
    get: (key) => store.get(key),
    range: (from, to, limit) => store.range(from, to, limit),
    commit: (changes, done) => {
      store.commit(changes, done);
      if (scheduled) return;
      scheduled = true;
      setImmediate(completeAll);
    },
  };
}
