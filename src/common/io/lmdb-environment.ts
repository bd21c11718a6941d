/**
 * One LMDB environment: the tree below the commit journal and where that journal stands, and the tree of the tables.
 *
 * Every transaction is written, synced and only then done: LMDB's own, safest way (docs/decisions/0002). The
 * place in the journal up to which the tree has got is written in the same transaction as the changes.
 *
 * A directory has one user. LMDB keeps a table of its readers in a file that the kernel guards:
 * an entry of another process means that it is alive, and after a kill -9 it is gone.
 */
import { mkdirSync } from 'node:fs';

import { open, type Database, type RootDatabase } from 'lmdb';

import { checksum } from '../checksum.ts';
import { GENERATION_BYTES } from '../journal-record.ts';
import { StoreFailure } from '../ordered-store.ts';
import type { OverlayEntry } from '../store-overlay.ts';
import { checkDirectory } from './lmdb-header.ts';

export type Durability = 'fsync' | 'os';

/** How far the tree has got in the journal, and how that journal was written. */
export interface Mark {
  readonly generation: Buffer;
  readonly applied: number;
  readonly durability: Durability;
}

const DATA = { keyEncoding: 'binary', encoding: 'binary' } as const;
const MARK_KEY = Buffer.from('mark');
const MARK_BYTES = GENERATION_BYTES + 8 + 1 + 4;
const LOWEST_KEY = Buffer.from([0]);

/** One of its trees. */
export class LmdbTree {
  readonly #db: Database<Buffer, Buffer>;

  constructor(db: Database<Buffer, Buffer>) {
    this.#db = db;
  }

  get(key: Buffer): Buffer | undefined {
    const found = this.#db.getBinaryFast(key);
    if (found === undefined) return undefined;
    // The library reuses this buffer, which is longer than its `length` says, for the next read.
    return Buffer.from(Uint8Array.prototype.subarray.call(found, 0, found.length));
  }

  *entries(from: Buffer, to: Buffer): IterableIterator<readonly [name: string, value: Buffer]> {
    for (const { key, value } of this.#db.getRange({ start: startOf(from), end: to })) {
      yield [key.toString('latin1'), value];
    }
  }

  /** The first keys of a range, at most `limit`. */
  keys(from: Buffer, to: Buffer, limit: number): readonly Buffer[] {
    return [...this.#db.getKeys({ start: startOf(from), end: to, limit })];
  }

  /** One transaction. Resolves when it is on disk. The buffers must stay as they are until then. */
  write(puts: (tree: this) => void): Promise<boolean> {
    return this.#db.batch(() => {
      puts(this);
    });
  }

  // What these promise is what the transaction promises; its promise is the one that is looked at.

  put(key: Buffer, value: Buffer): void {
    void this.#db.put(key, value);
  }

  remove(key: Buffer): void {
    void this.#db.remove(key);
  }

  get pages(): number {
    return pagesOf(this.#db.getStats());
  }
}

export class LmdbEnvironment {
  /** What went through the commit journal. */
  readonly data: LmdbTree;
  /** What is written here and nowhere else. */
  readonly tables: LmdbTree;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #meta: LmdbTree;

  /** Throws `StoreFailure` if the directory is in use or holds something else. */
  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    checkDirectory(dir);
    // noMemInit stays off: pages must not carry old memory to disk. The defaults noSync, noMetaSync,
    // mapAsync and useWritemap stay off: each can lose or break what was called durable.
    this.#root = open({
      path: dir,
      noSubdir: false,
      maxDbs: 3,
      overlappingSync: false,
      eventTurnBatching: false,
      ...DATA,
    });
    try {
      this.#checkReaders(dir, 0);
      this.data = this.#openTree('data');
      this.tables = this.#openTree('tables');
      this.#meta = this.#openTree('meta');
      // This read takes our own place among the readers. Of two that start together at least one sees the other.
      this.data.get(LOWEST_KEY);
      this.#checkReaders(dir, 1);
    } catch (error) {
      void this.#root.close();
      throw error;
    }
  }

  get mark(): Mark | undefined {
    const bytes = this.#meta.get(MARK_KEY);
    if (bytes === undefined) return undefined;
    if (bytes.length !== MARK_BYTES || checksum(bytes.subarray(4)) !== bytes.readUInt32BE(0)) {
      throw new StoreFailure('the mark that ties the tree to its journal is damaged');
    }
    return {
      durability: bytes[4] === 1 ? 'fsync' : 'os',
      applied: bytes.readDoubleBE(5),
      generation: Buffer.from(bytes.subarray(13)),
    };
  }

  /** One transaction, with the place in the journal that it reaches. Resolves when it is on disk. */
  write(entries: Iterable<OverlayEntry>, mark?: Mark): Promise<boolean> {
    return this.data.write(() => {
      this.#put(entries, mark);
    });
  }

  /** The same, before it returns; blocks. */
  writeNow(entries: Iterable<OverlayEntry>, mark: Mark): void {
    this.#root.transactionSync(() => {
      this.#put(entries, mark);
    });
  }

  /** Bytes of pages in the file that hold nothing any more. */
  get reusableBytes(): number {
    const file = fileStats(this.#root.getStats());
    const used = [this.data, this.tables, this.#meta].reduce((sum, { pages }) => sum + pages, file.pages);
    return Math.max(0, file.lastPage + 1 - used) * file.pageSize;
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  #openTree(name: string): LmdbTree {
    return new LmdbTree(this.#root.openDB({ name, ...DATA }));
  }

  #put(entries: Iterable<OverlayEntry>, mark: Mark | undefined): void {
    for (const [name, known] of entries) {
      const key = Buffer.from(name, 'latin1');
      if (known === 'absent') this.data.remove(key);
      else this.data.put(key, known);
    }
    if (mark !== undefined) this.#meta.put(MARK_KEY, encodeMark(mark));
  }

  #checkReaders(dir: string, own: number): void {
    this.#root.readerCheck();
    const pids = [...this.#root.readerList().matchAll(/^\s*(\d+)\s/gm)].map(([, pid]) => Number(pid));
    if (pids.length <= own) return;
    const other = pids.find((pid) => pid !== process.pid) ?? process.pid;
    throw new StoreFailure(`the data directory ${dir} is in use by process ${other}`);
  }
}

/** LMDB has no empty key, also not as a bound. */
const startOf = (from: Buffer): Buffer => (from.length === 0 ? LOWEST_KEY : from);

function encodeMark({ durability, applied, generation }: Mark): Buffer {
  const bytes = Buffer.alloc(MARK_BYTES);
  bytes[4] = durability === 'fsync' ? 1 : 0;
  bytes.writeDoubleBE(applied, 5);
  generation.copy(bytes, 13);
  bytes.writeUInt32BE(checksum(bytes.subarray(4)), 0);
  return bytes;
}

interface TreeStats {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface FileStats extends TreeStats {
  readonly pageSize: number;
  readonly lastPageNumber: number;
  readonly free: TreeStats;
}

/** Two pages begin every file; the roots of the named trees and the list of free pages take some more. */
const META_PAGES = 2;

const pagesOf = (stats: object): number => {
  // The library types its statistics as `{}`; the names are those of its native side.
  const { treeBranchPageCount, treeLeafPageCount, overflowPages } = stats as TreeStats;
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
};

function fileStats(stats: object): {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly pages: number;
} {
  const { pageSize, lastPageNumber, free } = stats as FileStats;
  return { pageSize, lastPage: lastPageNumber, pages: META_PAGES + pagesOf(stats) + pagesOf(free) };
}
