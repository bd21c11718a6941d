/**
 * The disk: an LMDB tree behind a commit journal.
 *
 *      commit ─► waiting ─► journal ─► active ─► draining ─► LMDB tree ─► journal is free
 *                 (a turn)     │          └─── readers look through all three ───┘
 *                              └ 'os': written, done.   'fsync': written, fdatasync, done.
 *
 * LMDB alone needs two waits for the disk and three turns of threads for a commit, and has no safe mode that does
 * not wait at all (docs/decisions/0002). So a commit is appended to the journal, is readable from
 * memory from then on, and reaches the tree with many others in one transaction. All commits
 * that come while the disk is busy go down together with the next.
 *
 * Any error is final: it is told once, nothing is done afterwards, reads throw. It does not know
 * what the records mean.
 *
 * Invariants
 *   1. The tree holds a prefix of the commits up to its mark; the journal holds the next ones, without a gap.
 *   2. What is in `active` and `draining` is in the journal as durably as was promised.
 */
import { randomBytes } from 'node:crypto';
import { statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { Bug, invariant } from '../invariant.ts';
import { encodeCommit, GENERATION_BYTES, type EncodedCommit } from '../journal-record.ts';
import { checkBounds, checkChange, takeRecords } from '../memory-store.ts';
import {
  StoreFailure,
  type Change,
  type OrderedStore,
  type RangeLimit,
  type StoredRecord,
} from '../ordered-store.ts';
import { laidOver, StoreOverlay, type OverlayEntry } from '../store-overlay.ts';
import { CommitJournal, syncDirectory } from './commit-journal.ts';
import { drainSteps } from './drain.ts';
import { LmdbEnvironment, type Durability, type Mark } from './lmdb-environment.ts';
import { LmdbTables, type Keeper } from './lmdb-tables.ts';

export interface LmdbStoreOptions {
  readonly dir: string;
  /** 'fsync': done when on disk. 'os': done when the operating system has it; survives the process, not the machine. */
  readonly durability: Durability;
  /** The tree may grow to this; `freeBytes` counts against it. No bound but the disk's if left out. */
  readonly mapSizeMax?: number;
  /** Bytes that wait in memory before they are brought into the tree; a test makes it small. */
  readonly drainBytes?: number;
  /** Whether commits must wait: their effects pile up somewhere. Asked again when tables were written. */
  readonly isBehind?: (() => boolean) | undefined;
  /** Called once; nothing is done afterwards. */
  readonly onFailure: (error: StoreFailure) => void;
}

export interface LmdbStore extends OrderedStore {
  /** The store beside it that has no journal: see `lmdb-tables.ts`. */
  readonly tables: OrderedStore;
  /** Finishes what was handed in, brings it all into the tree and gives the directory free. */
  close(): Promise<void>;
  /** What may still be written: free on the disk (or below `mapSizeMax`) and reusable inside the file. */
  freeBytes(): number;
  /** Bytes of the files. */
  readonly sizeBytes: number;
  /** Bytes in memory that the tree does not hold yet. */
  readonly backlogBytes: number;
}

/** Once so much waits for the tree, it is brought there. A transaction of this size takes a few milliseconds. */
const DRAIN_BYTES = 4 * 1_048_576;

/** And at the latest after this, so that starting again after a crash has little to read. */
const DRAIN_DELAY_MS = 250;

/** With more than this on its way to the tree, commits wait: the disk is slower than its writers. */
const BACKLOG_BYTES_MAX = 32 * 1_048_576;

interface Waiting extends EncodedCommit {
  readonly done: () => void;
}

/** Throws `StoreFailure` if the directory is in use, is not ours, or is damaged. */
export function openLmdbStore(options: LmdbStoreOptions): LmdbStore {
  try {
    return new Store(options);
  } catch (error) {
    throw failureOf(error, `the store in ${options.dir} cannot be opened`);
  }
}

class Store implements LmdbStore {
  readonly tables: LmdbTables;
  readonly #options: LmdbStoreOptions;
  readonly #tree: LmdbEnvironment;
  readonly #journal: CommitJournal;
  readonly #generation = randomBytes(GENERATION_BYTES);
  readonly #drainBytes: number;
  #active = new StoreOverlay();
  #draining: StoreOverlay | undefined;
  #waiting: Waiting[] = [];
  /** The sequence number handed out last, and the last that is done. */
  #sequence = 0;
  #settled = 0;
  #scheduled = false;
  /** In this turn of the event loop. */
  #hasFlushed = false;
  #syncing = false;
  #drainTimer: NodeJS.Timeout | undefined;
  #failure: StoreFailure | undefined;
  #closing: (() => void) | undefined;
  #closed = false;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
    this.#drainBytes = options.drainBytes ?? DRAIN_BYTES;
    this.#tree = new LmdbEnvironment(options.dir);
    this.tables = new LmdbTables(this.#tree.tables, this.#keeper());
    try {
      this.#journal = new CommitJournal(options.dir);
      this.#recover();
      syncDirectory(options.dir);
    } catch (error) {
      void this.#tree.close();
      throw error;
    }
  }

  get(key: Buffer): Buffer | undefined {
    this.#checkUsable();
    const known = this.#find(key);
    if (known !== undefined) return known === 'absent' ? undefined : known;
    return this.#reading(() => this.#tree.data.get(key));
  }

  range(from: Buffer, to: Buffer, limit: RangeLimit): readonly StoredRecord[] {
    this.#checkUsable();
    checkBounds(from, to);
    if (from.compare(to) >= 0) return [];
    return this.#reading(() => takeRecords(this.#walk(from, to), limit));
  }

  commit(changes: readonly Change[], done: () => void): void {
    invariant(!this.#closed, 'a store that is closed takes no commits');
    if (this.#failure !== undefined) return;
    changes.forEach(checkChange);
    this.#sequence += 1;
    const { bytes, changes: views } = encodeCommit(changes, this.#sequence, this.#generation);
    this.#waiting.push({ bytes, changes: views, done });
    this.#schedule();
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#options.dir);
    const { mapSizeMax = Infinity } = this.#options;
    return Math.min(bavail * bsize, Math.max(0, mapSizeMax - this.#treeBytes)) + this.#tree.reusableBytes;
  }

  get sizeBytes(): number {
    return this.#treeBytes + this.#journal.sizeBytes;
  }

  get backlogBytes(): number {
    return this.#active.bytes + (this.#draining?.bytes ?? 0);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      this.#closing = resolve;
      this.commit([], resolve);
      if (this.#failure !== undefined) resolve();
    });
    this.#closed = true;
    while (this.#failure === undefined && !(this.#isDrained && this.tables.isIdle)) {
      await new Promise<void>((resolve) => {
        this.#closing = resolve;
        this.#drain();
      });
    }
    clearTimeout(this.#drainTimer);
    // A store that failed is left alone: its last write may never return. The process ends soon.
    if (this.#failure !== undefined) return;
    this.#journal.close();
    await this.#tree.close();
  }

  #keeper(): Keeper {
    return {
      reading: (read) => {
        this.#checkUsable();
        return this.#reading(read);
      },
      failed: (error) => {
        this.#fail(error);
      },
      hasFailed: () => this.#failure !== undefined,
      logOnDisk: () => this.#onDisk(),
      settled: () => {
        if (this.#closed) this.#closing?.();
        else if (this.#waiting.length > 0) this.#schedule();
      },
    };
  }

  get #treeBytes(): number {
    return statSync(join(this.#options.dir, 'data.mdb')).size;
  }

  get #isDrained(): boolean {
    return this.#active.isEmpty && this.#draining === undefined;
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    invariant(!this.#closed, 'a store that is closed is not read');
  }

  #find(key: Buffer): OverlayEntry[1] | undefined {
    if (this.#isDrained) return undefined;
    const name = key.toString('latin1');
    return this.#active.find(name) ?? this.#draining?.find(name);
  }

  *#walk(from: Buffer, to: Buffer): IterableIterator<readonly [string, Buffer]> {
    const names = { from: from.toString('latin1'), to: to.toString('latin1') };
    let entries: IterableIterator<OverlayEntry> = this.#tree.data.entries(from, to);
    if (this.#draining !== undefined) entries = laidOver(this.#draining, entries, names);
    if (!this.#active.isEmpty) entries = laidOver(this.#active, entries, names);
    for (const [name, known] of entries) if (known !== 'absent') yield [name, known];
  }

  /** After a failed write of its root LMDB refuses reads too. */
  #reading<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (error instanceof Bug) throw error;
      throw this.#fail(error);
    }
  }

  /**
   * The first commits of a turn of the event loop go at the end of what brought them, so that nobody waits
   * without need; further ones wait for the next turn: whoever commits again from `done` must not keep the
   * loop from its sockets and timers.
   */
  #schedule(): void {
    if (this.#scheduled || this.#syncing || this.#failure !== undefined) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      this.#flush();
    };
    if (this.#hasFlushed) {
      setImmediate(flush);
      return;
    }
    this.#hasFlushed = true;
    setImmediate(() => {
      this.#hasFlushed = false;
    });
    process.nextTick(flush);
  }

  #flush(): void {
    if (this.#failure !== undefined || this.#syncing || this.#waiting.length === 0) return;
    // What makes room again, a drain or the tables, also schedules the next flush.
    if (this.backlogBytes > BACKLOG_BYTES_MAX) {
      this.#drain();
      return;
    }
    if (this.#options.isBehind?.() === true && this.#closing === undefined) return;
    const group = this.#waiting;
    this.#waiting = [];
    const last = this.#settled + group.length;
    try {
      this.#journal.append(
        group.map(({ bytes }) => bytes),
        last,
      );
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#options.durability === 'os') this.#settle(group);
    else this.#sync(group);
  }

  #sync(group: readonly Waiting[]): void {
    this.#syncing = true;
    this.#journal.sync((error) => {
      this.#syncing = false;
      if (this.#failure !== undefined) return;
      if (error !== undefined) {
        this.#fail(error);
        return;
      }
      this.#settle(group);
      // Another turn would add nothing but waiting: these have waited for the whole sync.
      this.#flush();
    });
  }

  #onDisk(): Promise<void> {
    if (this.#options.durability === 'fsync') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#journal.sync((error) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  #settle(group: readonly Waiting[]): void {
    for (const { changes, done } of group) {
      if (this.#failure !== undefined) return;
      this.#settled += 1;
      this.#active.apply(changes);
      done();
    }
    if (this.#active.bytes >= this.#drainBytes) this.#drain();
    else this.#drainLater();
  }

  #drainLater(): void {
    if (this.#drainTimer !== undefined || this.#active.isEmpty) return;
    // It holds no process open: what is not in the tree is in the journal.
    this.#drainTimer = setTimeout(() => {
      this.#drain();
    }, DRAIN_DELAY_MS).unref();
  }

  #drain(): void {
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
    if (this.#failure !== undefined || this.#draining !== undefined || this.#active.isEmpty) return;
    const overlay = this.#active;
    const mark = this.#markAt(this.#settled);
    this.#draining = overlay;
    this.#active = new StoreOverlay();
    this.#writeOut(overlay, mark).catch((error: unknown) => {
      this.#fail(error);
    });
  }

  async #writeOut(overlay: StoreOverlay, mark: Mark): Promise<void> {
    for (const step of drainSteps(this.#tree.data, overlay)) {
      await this.#tree.write(step.entries, step.isLast ? mark : undefined);
      if (this.#failure !== undefined) return;
    }
    this.#draining = undefined;
    this.#journal.release(mark.applied);
    if (this.#closed) this.#closing?.();
    else if (this.#active.bytes >= this.#drainBytes) this.#drain();
    else this.#drainLater();
    if (this.#waiting.length > 0) this.#schedule();
  }

  #markAt(applied: number): Mark {
    return { generation: this.#generation, applied, durability: this.#options.durability };
  }

  /** Brings what the last process left in the journal into the tree, and begins a generation. */
  #recover(): void {
    const mark = this.#tree.mark;
    const overlay = new StoreOverlay();
    if (mark !== undefined) {
      const { commits, gapAt } = this.#journal.recover(mark.generation, mark.applied);
      // Written with 'os', a journal may have holes after a power loss: it ends where the first one is.
      if (gapAt !== undefined && mark.durability === 'fsync') {
        throw new StoreFailure(`commit ${gapAt} is missing from the journal though later ones are there`);
      }
      for (const { changes } of commits) overlay.apply(changes);
    }
    for (const step of drainSteps(this.#tree.data, overlay)) {
      this.#tree.writeNow(step.entries, step.isLast || mark === undefined ? this.#markAt(0) : mark);
    }
  }

  #fail(cause: unknown): StoreFailure {
    if (this.#failure !== undefined) return this.#failure;
    const what = `the store in ${this.#options.dir} failed`;
    const failure = failureOf(cause, what);
    this.#failure = failure;
    this.#waiting = [];
    clearTimeout(this.#drainTimer);
    this.#closing?.();
    const reason = reasonBehind(cause);
    if (reason === undefined) this.#options.onFailure(failure);
    else void reason.then((found) => this.#options.onFailure(failureOf(found ?? cause, what)));
    return failure;
  }
}

function failureOf(cause: unknown, what: string): StoreFailure {
  if (cause instanceof StoreFailure) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreFailure(`${what}: ${reason}`, { cause });
}

/** LMDB says why a commit failed a moment after it has; if it does not within this, that stays unknown. */
const REASON_MS = 100;

/** LMDB hangs a promise on the error of a commit, which nobody may leave unheard: it is rejected with the reason. */
function reasonBehind(cause: unknown): Promise<unknown> | undefined {
  if (!(cause instanceof Error) || !('commitError' in cause)) return undefined;
  const told = Promise.resolve(cause.commitError).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return Promise.race([told, new Promise((resolve) => setTimeout(resolve, REASON_MS))]);
}
