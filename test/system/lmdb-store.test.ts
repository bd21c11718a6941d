/** The store on a real directory: the contract of all stores, starting again, and being alone in its directory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { CommitJournal } from '../../src/common/io/commit-journal.ts';
import { openLmdbStore, type LmdbStore, type LmdbStoreOptions } from '../../src/common/io/lmdb-store.ts';
import { LmdbEnvironment, type Durability } from '../../src/common/io/lmdb-environment.ts';
import { encodeCommit } from '../../src/common/journal-record.ts';
import { StoreFailure, type Change, type OrderedStore } from '../../src/common/ordered-store.ts';
import { openMemoryStorage } from '../../src/slave/io/memory-storage.ts';
import { orderedStoreContract, type StoreUnderTest } from '../contract/ordered-store.ts';

const put = (key: string, value: string | Buffer): Change => ({
  kind: 'put',
  key: Buffer.from(key),
  value: Buffer.from(value),
});
const commit = (store: OrderedStore, ...changes: readonly Change[]): Promise<void> =>
  new Promise((resolve) => {
    store.commit(changes, resolve);
  });
const valueOf = (store: OrderedStore, key: string): string | undefined =>
  store.get(Buffer.from(key))?.toString();

const child = new URL('./lmdb-child.ts', import.meta.url).pathname;

let dir: string;

const openStore = (options: Partial<LmdbStoreOptions> = {}): LmdbStore =>
  openLmdbStore({
    dir,
    durability: 'os',
    onFailure: (error) => {
      throw error;
    },
    ...options,
  });

const opened = (options: Partial<LmdbStoreOptions>): Promise<StoreUnderTest> => {
  let store = openStore(options);
  return Promise.resolve({
    get store() {
      return store;
    },
    settle: () => commit(store),
    restart: async () => {
      await store.close();
      store = openStore(options);
    },
    close: () => store.close(),
  });
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'piazza-store-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('an LMDB store that answers when the system has it', () => {
  orderedStoreContract(() => opened({ durability: 'os' }));
});

describe('an LMDB store that answers when the disk has it', () => {
  orderedStoreContract(() => opened({ durability: 'fsync' }));
});

describe('an LMDB store that is always on its way to the tree', () => {
  orderedStoreContract(() => opened({ durability: 'os', drainBytes: 1 }));
});

describe('the store of the tables', () => {
  orderedStoreContract(async () => {
    const whole = await opened({ durability: 'os' });
    const tables = (): OrderedStore => (whole.store as LmdbStore).tables;
    return {
      get store() {
        return tables();
      },
      settle: () => commit(tables()),
      isSlow: true,
      restart: () => whole.restart?.() ?? Promise.resolve(),
      close: () => whole.close(),
    };
  });
});

describe('an LMDB store whose tables are behind', () => {
  it('lets commits wait until they have caught up, and loses none', async () => {
    let isBehind = true;
    const store = openStore({ isBehind: () => isBehind });
    const done: string[] = [];
    store.commit([put('a', '1')], () => done.push('a'));
    await commit(store.tables, put('t', '1'));
    expect(done, 'still behind').to.deep.equal([]);
    isBehind = false;
    await commit(store.tables, put('t', '2'));
    await commit(store, put('b', '1'));
    expect(done).to.deep.equal(['a']);
    expect(valueOf(store, 'a')).to.equal('1');
    await store.close();
  });

  it('closes all the same', async () => {
    const store = openStore({ isBehind: () => true });
    store.commit([put('a', '1')], () => undefined);
    await store.close();
    const again = openStore();
    expect(valueOf(again, 'a')).to.equal('1');
    await again.close();
  });
});

describe('memory storage', () => {
  orderedStoreContract(() => {
    const store = openMemoryStorage();
    return Promise.resolve({ store, settle: () => commit(store), close: () => store.close() });
  });
});

describe('an LMDB store', () => {
  it('keeps everything when it is closed and opened again', async () => {
    const first = openStore();
    await commit(first, put('a', '1'), put('b', '2'));
    first.commit([put('c', '3')], () => undefined);
    await first.close();
    const second = openStore({ durability: 'fsync' });
    expect(['a', 'b', 'c'].map((key) => valueOf(second, key))).to.deep.equal(['1', '2', '3']);
    await second.close();
  });

  it('turns its journal over, and finds its way back through both halves', async () => {
    const value = Buffer.alloc(1_048_576, 'x');
    const store = openStore({ drainBytes: 20 * 1_048_576 });
    for (let index = 0; index < 70; index += 1)
      await commit(store, put(`k${index}`, value), put('last', String(index)));
    expect(store.sizeBytes).to.be.below(400 * 1_048_576);
    await store.close();
    const again = openStore();
    expect(valueOf(again, 'last')).to.equal('69');
    expect(again.range(Buffer.from('k'), Buffer.from('l'), { records: 100, bytes: 1e9 })).to.have.length(70);
    await again.close();
  }).timeout(20_000);

  it('lets commits wait, and loses none, when they come faster than the disk', async () => {
    const store = openStore();
    const value = Buffer.alloc(1_048_576, 'y');
    const done: number[] = [];
    for (let index = 0; index < 120; index += 1)
      store.commit([put(`k${index % 50}`, value)], () => done.push(index));
    await commit(store);
    expect(done).to.deep.equal(Array.from({ length: 120 }, (_, index) => index));
    await store.close();
  }).timeout(20_000);

  it('drops a large range without forgetting what follows', async () => {
    const store = openStore({ drainBytes: 1 });
    await commit(
      store,
      ...Array.from({ length: 10_000 }, (_, index) => put(`p1/${index}`, 'x')),
      put('p2/0', 'y'),
    );
    await commit(
      store,
      { kind: 'delete-range', from: Buffer.from('p1/'), to: Buffer.from('p10') },
      put('p1/new', 'z'),
    );
    const seen = store.range(Buffer.from('p'), Buffer.from('q'), { records: 9, bytes: 1e6 });
    expect(seen.map(({ key }) => key.toString())).to.deep.equal(['p1/new', 'p2/0']);
    await store.close();
    const again = openStore();
    expect(again.range(Buffer.from('p'), Buffer.from('q'), { records: 9, bytes: 1e6 })).to.deep.equal(seen);
    await again.close();
  });

  it('says how much may still be written, and how large it is', async () => {
    const store = openStore({ mapSizeMax: 100 * 1_048_576 });
    await commit(store, put('a', Buffer.alloc(8 * 1_048_576)));
    expect(store.freeBytes()).to.be.within(1_048_576, 100 * 1_048_576);
    expect(store.sizeBytes).to.be.above(8 * 1_048_576);
    await store.close();
    const again = openStore();
    const before = again.freeBytes();
    expect(before).to.be.above(0);
    await again.close();
  });

  it('is refused a directory that another store of this process has open', async () => {
    const store = openStore();
    expect(() => openStore()).to.throw(
      StoreFailure,
      `the data directory ${dir} is in use by process ${process.pid}`,
    );
    await commit(store, put('a', '1'));
    expect(valueOf(store, 'a')).to.equal('1');
    await store.close();
  });

  it('is refused a directory that another process has open, until that is killed', async () => {
    const other = spawn(process.execPath, ['--import', 'tsx', child, dir, 'os', 'hold'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    expect(() => openStore()).to.throw(StoreFailure, `is in use by process ${other.pid}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const store = openStore();
    expect(valueOf(store, 'held')).to.equal('yes');
    await store.close();
  }).timeout(20_000);

  it('refuses a directory that holds something else, or half of itself', async () => {
    const path = join(dir, 'data.mdb');
    await openStore().close();
    const whole = readFileSync(path);
    for (const spoilt of [
      Buffer.from('a letter to my aunt'.repeat(1_000)),
      whole.subarray(0, 100),
      whole.subarray(0, 4_096),
    ]) {
      writeFileSync(path, spoilt);
      expect(() => openStore()).to.throw(StoreFailure, path);
    }
    writeFileSync(path, whole);
    await openStore().close();
  });

  it('refuses a directory that cannot be one', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => openStore({ dir: join(dir, 'file') })).to.throw(StoreFailure, 'cannot be opened');
  });
});

describe('a commit journal whose process died', () => {
  const generation = Buffer.from('12345678');
  const MIB = 1_048_576;

  /** As a killed process leaves it: the tree at commit 2, commits 1 to 16 in journal.0, 17 to 20 in journal.1. */
  const leaveBehind = async (durability: Durability, applied = 2): Promise<void> => {
    const tree = new LmdbEnvironment(dir);
    tree.writeNow([['last', Buffer.from(String(applied))]], { generation, applied, durability });
    await tree.close();
    const journal = new CommitJournal(dir);
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      const changes = [put(`k${sequence}`, Buffer.alloc(MIB)), put('last', String(sequence))];
      journal.append([encodeCommit(changes, sequence, generation).bytes], sequence);
    }
    journal.close();
  };
  const spoil = (file: string, position: number): void => {
    const fd = openSync(join(dir, file), 'r+');
    writeSync(fd, Buffer.alloc(8, 0xee), 0, 8, position);
    closeSync(fd);
  };
  const lastOf = async (): Promise<string | undefined> => {
    const store = openStore();
    const last = valueOf(store, 'last');
    expect([valueOf(store, 'k1'), valueOf(store, 'k2')]).to.deep.equal([undefined, undefined]);
    await store.close();
    return last;
  };

  it('gives back all that the tree does not have, in order, through both files', async () => {
    await leaveBehind('fsync');
    expect(readFileSync(join(dir, 'journal.1')).length).to.be.above(3 * MIB);
    expect(await lastOf()).to.equal('20');
    expect(await lastOf()).to.equal('20');
  });

  it('writes over nothing that the tree does not have', () => {
    const journal = new CommitJournal(dir);
    const write = (from: number, to: number): void => {
      for (let sequence = from; sequence <= to; sequence += 1) {
        journal.append([encodeCommit([put('k', Buffer.alloc(MIB))], sequence, generation).bytes], sequence);
      }
    };
    const recovered = (applied: number): readonly number[] =>
      journal.recover(generation, applied).commits.map(({ sequence }) => sequence);
    write(1, 50);
    expect(recovered(0)).to.deep.equal(Array.from({ length: 50 }, (_, index) => index + 1));
    journal.release(16);
    write(51, 60);
    expect(recovered(16)).to.deep.equal(Array.from({ length: 44 }, (_, index) => index + 17));
    journal.close();
  });

  it('ends at the first piece that the disk does not have', async () => {
    await leaveBehind('os');
    spoil('journal.1', MIB + 5_000);
    expect(await lastOf()).to.equal('17');
  });

  it('gives back nothing from behind a hole', async () => {
    await leaveBehind('os');
    spoil('journal.0', 10 * MIB + 5_000);
    expect(await lastOf()).to.equal('10');
  });

  it('is refused if it has a hole that fsync rules out', async () => {
    await leaveBehind('fsync');
    spoil('journal.0', 10 * MIB + 5_000);
    expect(() => openStore()).to.throw(
      StoreFailure,
      'commit 11 is missing from the journal though later ones are there',
    );
  });

  it('need not be whole where the tree is ahead of it', async () => {
    await leaveBehind('fsync', 16);
    spoil('journal.0', 100);
    expect(await lastOf()).to.equal('20');
  });
});
