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
  /** Somebody else has changed what lies in it. */
  isDamaged = false;
  /** Every commit takes so many times as long, until then. */
  slowUntil = 0;
  log: MemoryStore = createMemoryStore();
  tables: MemoryStore = createMemoryStore();
  readonly #names: StoreNames;

  constructor(names: StoreNames) {
    this.#names = names;
    names.given += 1;
    this.store = storeId(names.given.toString(16).padStart(32, '0'));
  }

  storeOf(name: StoreName): MemoryStore {
    return name === 'log' ? this.log : this.tables;
  }

  /** How long a commit takes: the tables' store is the slower one, for its commits are transactions of a tree. */
  commitMs(name: StoreName, world: World): number {
    const usual = name === 'log' ? world.between(1, 40) / 10 : world.between(1, 60);
    return this.slowUntil > world.now ? usual + world.between(50, 900) : usual;
  }

  /** The machine loses power: what was not durable is lost, suffix by suffix, each store for itself. */
  crash(world: World): void {
    this.log = this.log.crash(world.between(0, this.log.pending));
    this.tables = this.tables.crash(world.between(0, this.tables.pending), world.chance(50));
  }

  /** What a backup of it would hold now: the durable part, under the same name. */
  copy(): Directory {
    const copy = new Directory({ given: Number.parseInt(this.store, 16) - 1 });
    copy.boots = this.boots;
    copy.clusterId = this.clusterId;
    copyInto(copy.log, this.log);
    copyInto(copy.tables, this.tables);
    return copy;
  }

  wiped(): Directory {
    return new Directory(this.#names);
  }

  /** Flips a byte somewhere in the values of a store that nobody has open. */
  damage(world: World): void {
    const store = world.chance(50) ? this.log : this.tables;
    const records = store.range(LOWEST, HIGHEST, EVERYTHING).filter(({ value }) => value.length > 0);
    if (records.length === 0) return;
    const { key, value } = world.pick(records);
    this.isDamaged = true;
    const damaged = Buffer.from(value);
    const place = world.between(0, value.length - 1);
    damaged[place] = (damaged[place] ?? 0) ^ (1 << world.between(0, 7));
    commitNow(store, [{ kind: 'put', key, value: damaged }]);
  }
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
