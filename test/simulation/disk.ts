/**
 * A slave's directory: its two stores, and who it says that it is. It outlives the process, and may be
 * slow, fail, be wiped, be damaged while nobody looks, or be put back as it was some time ago.
 */
import { invariant } from '../../src/common/invariant.ts';
import { type StoreId, storeId } from '../../src/common/ids.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';
import type { StoreName } from '../../src/slave/state.ts';
import type { World } from './world.ts';

const EVERYTHING = { records: 1_000_000, bytes: 1 << 30 };
const [LOWEST, HIGHEST] = [Buffer.from([0]), Buffer.from([0xff])];

export interface Damaged {
  readonly store: StoreName;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** How many names stores have been given in a world. */
export interface StoreNames {
  given: number;
}

export class Directory {
  readonly store: StoreId;
  boots = 0;
  clusterId: string | undefined;
  /** The mark that a process leaves when its disk fails. */
  hasFailed = false;
  /** Every commit takes so many times as long, until then. */
  slowUntil = 0;
  /** No commit of the tables' store is through before that. */
  tablesStallUntil = 0;
  /** Nothing becomes durable any more: its machine is about to lose power. */
  isHeld = false;
  /** What was damaged while nobody looked. */
  damaged: Damaged | undefined;
  log: MemoryStore = createMemoryStore();
  tables: MemoryStore = createMemoryStore();
  /** An old copy is put back anew for each start, until it is let in or turned away: that it was started twice before anybody saw it cannot be told (I2). */
  #bootsWhenCopied: number | undefined;
  readonly #names: StoreNames;

  constructor(names: StoreNames, store = nextName(names)) {
    this.#names = names;
    this.store = store;
  }

  /** An old copy, and the cluster has not said yet what it thinks of it. */
  get isOldCopy(): boolean {
    return this.#bootsWhenCopied !== undefined;
  }

  /** Its cluster takes it for this slave's: from now on it is no copy any more. */
  accepted(clusterId: string): void {
    this.clusterId = clusterId;
    this.#bootsWhenCopied = undefined;
  }

  storeOf(name: StoreName): MemoryStore {
    return name === 'log' ? this.log : this.tables;
  }

  /** How long a commit takes: the tables' store is the slower one, for its commits are transactions of a tree. */
  commitMs(name: StoreName, world: World): number {
    const stallMs = name === 'log' ? 0 : Math.max(0, this.tablesStallUntil - world.now);
    const usual = name === 'log' ? world.between(1, 40) / 10 : stallMs + world.between(1, 60);
    return this.slowUntil > world.now ? usual + world.between(50, 900) : usual;
  }

  /** The machine loses power: what was not durable is lost, suffix by suffix, each store for itself. */
  crash(world: World): void {
    const unsaidOf = ({ pending }: MemoryStore): number => (this.isHeld ? 0 : world.between(0, pending));
    this.log = this.log.crash(unsaidOf(this.log));
    this.tables = this.tables.crash(unsaidOf(this.tables), world.chance(50));
    this.isHeld = false;
    this.boots = this.#bootsWhenCopied ?? this.boots;
  }

  /** What a backup of it would hold now: the durable part, under the same name. */
  copy(): Directory {
    const copy = new Directory(this.#names, this.store);
    copy.boots = this.boots;
    copy.clusterId = this.clusterId;
    copy.#bootsWhenCopied = this.boots;
    copy.damaged = this.damaged;
    copyInto(copy.log, this.log);
    copyInto(copy.tables, this.tables);
    return copy;
  }

  wiped(): Directory {
    return new Directory(this.#names);
  }

  /** Flips a byte somewhere in the values of a store that nobody has open. */
  damage(world: World): void {
    const name = world.chance(50) ? 'log' : 'tables';
    const store = this.storeOf(name);
    const records = store.range(LOWEST, HIGHEST, EVERYTHING).filter(({ value }) => value.length > 0);
    if (records.length === 0) return;
    const { key, value } = world.pick(records);
    const damaged = Buffer.from(value);
    const place = world.between(0, value.length - 1);
    damaged[place] = (damaged[place] ?? 0) ^ (1 << world.between(0, 7));
    commitNow(store, [{ kind: 'put', key, value: damaged }]);
    this.damaged = { store: name, key, value: damaged };
  }
}

function nextName(names: StoreNames): StoreId {
  names.given += 1;
  return storeId(names.given.toString(16).padStart(32, '0'));
}

function copyInto(target: MemoryStore, source: MemoryStore): void {
  commitNow(
    target,
    source.range(LOWEST, HIGHEST, EVERYTHING).map(({ key, value }) => ({ kind: 'put', key, value }) as const),
  );
}

function commitNow(store: MemoryStore, changes: readonly Change[]): void {
  invariant(store.pending === 0, 'nobody else writes to it');
  store.commit(changes, () => undefined);
  store.completeNext();
}
