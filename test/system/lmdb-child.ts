/**
 * A process with a store, for tests that kill it or spoil its disk.
 *
 *      lmdb-child.ts DIR fsync|os hold        puts held=yes, says "ready", waits
 *      lmdb-child.ts DIR fsync|os count       commits 0, 1, 2, …; prints each number when it is done
 *      lmdb-child.ts DIR fsync|os time         prints the shortest and the longest of some commits, in milliseconds
 *
 * A failure of the store is printed as a line that begins with "failed", and reads are tried after it.
 */
import { writeSync } from 'node:fs';

import { openLmdbStore, type LmdbStore } from '../../src/common/io/lmdb-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';

const [dir = '', durability = 'os', what = 'hold'] = process.argv.slice(2);

/** A test stops the counting long before; if it cannot, the disk shall not be filled. */
const COUNT_MAX = 30_000;

// Written before the next commit is made, so that what was said is not in a buffer when the kill comes.
const say = (line: string): void => {
  const bytes = Buffer.from(`${line}\n`);
  for (let at = 0; at < bytes.length;) at += writeSome(bytes.subarray(at));
};

function writeSome(bytes: Buffer): number {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    // The pipe is full: the reader is slower. Any other trouble is an end.
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
}

const put = (key: string, value: Buffer | string): Change => ({
  kind: 'put',
  key: Buffer.from(key),
  value: Buffer.from(value),
});

const store: LmdbStore = openLmdbStore({
  dir,
  durability: durability === 'fsync' ? 'fsync' : 'os',
  drainBytes: 256 * 1_024,
  onFailure: (error) => {
    // A line for the operator that names no reason is no help.
    say(error.message.includes('commitError') ? 'failed without a reason' : `failed ${error.name}`);
    try {
      store.get(Buffer.from('held'));
    } catch (later) {
      say(`read ${later instanceof Error ? later.name : ''}`);
    }
    setTimeout(() => process.exit(3), 300);
  },
});

const commit = (...changes: readonly Change[]): Promise<void> =>
  new Promise((resolve) => {
    store.commit(changes, resolve);
  });

const actions: Record<string, () => Promise<void>> = {
  hold: async () => {
    await commit(put('held', 'yes'));
    say('ready');
  },
  count: async () => {
    for (let number = 0; number < COUNT_MAX; number += 1) {
      await commit(put(`n${number}`, Buffer.alloc(3_000, number % 256)), put('last', String(number)));
      say(String(number));
    }
  },
  time: async () => {
    await commit(put('warm', 'up'));
    // Until the tree takes it over, which happens a quarter of a second after.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      await commit(put('a', Buffer.alloc(3_000, 'a')));
      times.push(performance.now() - start);
    }
    say(`${Math.min(...times)} ${Math.max(...times)}`);
    process.exit(0);
  },
};

await actions[what]?.();
// Whoever started this kills it; if not, it does not stay for ever.
setTimeout(() => undefined, 30_000);
