/**
 * A process with a store, for tests that kill it or spoil its disk.
 *
 *      lmdb-child.ts DIR fsync|os hold        puts held=yes, says "ready", waits
 *      lmdb-child.ts DIR fsync|os count [N]    commits 0, 1, 2, …; prints each number when it is done
 *      lmdb-child.ts DIR fsync|os time         prints how long one commit took, in milliseconds
 *
 * A failure of the store is printed as a line that begins with "failed", and reads are tried after it.
 */
import { writeSync } from 'node:fs';

import { openLmdbStore, type LmdbStore } from '../../src/common/io/lmdb-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';

const [dir = '', durability = 'os', what = 'hold', count = 'Infinity'] = process.argv.slice(2);

// Written before the next commit is made, so that what was said is not in a buffer when the kill comes.
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

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
    say(`failed ${error.name}`);
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
    for (let number = 0; number < Number(count); number += 1) {
      await commit(put(`n${number}`, Buffer.alloc(3_000, number % 256)), put('last', String(number)));
      say(String(number));
    }
  },
  time: async () => {
    await commit(put('warm', 'up'));
    const start = performance.now();
    await commit(put('a', Buffer.alloc(3_000, 'a')));
    say(String(performance.now() - start));
    process.exit(0);
  },
};

await actions[what]?.();
setInterval(() => undefined, 1_000);
