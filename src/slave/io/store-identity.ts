/**
 * Who a data directory belongs to, which start of it this is, and whether it may be used at all.
 *
 *     i │ sealed { store id, cluster id, slave, boots, kernel boot }       FAILED: a file beside the data
 *
 * A store is named once, when it was empty, and counts its starts, so that the cluster can tell a
 * return from a stranger and from an old copy that was put back (protocol I1, I2). After an error of the
 * disk its data are not looked at again (I3): the mark outlives the process that met the error.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SlaveConfig } from '../../common/config/schema.ts';
import { type SlaveId, type StoreId, slaveId, storeId } from '../../common/ids.ts';
import { kernelBootId } from '../../common/io/clock.ts';
import { codeOf } from '../../common/io/link.ts';
import { type LmdbStoreOptions, openLmdbStore } from '../../common/io/lmdb-store.ts';
import { type OrderedStore, StoreFailure } from '../../common/ordered-store.ts';
import { BrokenStore, seal, unseal } from '../../common/sealed.ts';
import { IDENTITY_KEY } from '../store-layout.ts';
import { openMemoryStorage } from './memory-storage.ts';

export interface SlaveStore extends OrderedStore {
  readonly tables: OrderedStore;
  close(): Promise<void>;
}

export interface Identity {
  readonly store: StoreId;
  /** Undefined: it has never belonged to one. */
  readonly clusterId: string | undefined;
  readonly slave: SlaveId;
  /** Starts of this store, this one counted. */
  readonly boots: number;
  /** Empty where the system does not say. */
  readonly kernelBoot: string;
}

export interface Taken {
  readonly identity: Identity;
  /** Whether the kernel has run since the store was last open (protocol I4). */
  readonly isSameKernelBoot: boolean;
}

const STORE_ID_BYTES = 16;
const FAILED_FILE = 'FAILED';

/** Opens the store that the settings name; throws with a line that says what to do if it may not be used. */
export function openStore(
  { dir, storage, durability }: SlaveConfig,
  { onFailure, isBehind }: Pick<LmdbStoreOptions, 'onFailure' | 'isBehind'>,
): SlaveStore {
  if (storage === 'memory') return openMemoryStorage();
  if (existsSync(join(dir, FAILED_FILE))) {
    throw new Error(
      `the disk under ${dir} has failed before (${reasonIn(dir)}), and what it holds cannot be trusted: ` +
        'start with an empty directory; the cluster copies the data anew',
    );
  }
  try {
    return openLmdbStore({ dir, durability, onFailure, isBehind });
  } catch (error) {
    throw readable(error);
  }
}

/** Says what to do about a directory that cannot be had; what lies in it is another matter. */
function readable(error: unknown): unknown {
  if (!(error instanceof StoreFailure)) return error;
  const { message, cause } = error;
  if (message.includes('in use')) {
    return new Error(`${message}: stop that one, or choose another directory with --dir`, { cause: error });
  }
  if (codeOf(cause) === undefined) return error;
  return new Error(`${message}: choose a directory that this user can write to with --dir`, { cause: error });
}

/** Leaves a mark in the directory, if the disk still takes one. */
export function markFailed(dir: string, why: string): void {
  try {
    writeFileSync(join(dir, FAILED_FILE), `${why}\n`);
  } catch {
    // The disk has failed: that it does not take the mark either is no news.
  }
}

function reasonIn(dir: string): string {
  try {
    return readFileSync(join(dir, FAILED_FILE), 'utf8').trim();
  } catch {
    return 'the reason cannot be read';
  }
}

/**
 * Reads whose store this is, or names it if it is empty, and counts this start; durable when it resolves.
 * @throws BrokenStore, and Error with a line for the operator when it is another slave's.
 */
export async function takeIdentity(store: OrderedStore, { id, dir }: SlaveConfig): Promise<Taken> {
  const before = readIdentity(store);
  const kernelBoot = kernelBootId() ?? '';
  if (before !== undefined && before.slave !== id) {
    throw new Error(
      `${dir} holds the data of slave ${before.slave}, not of ${id}: give --dir a directory of its own`,
    );
  }
  const identity: Identity = {
    store: before?.store ?? storeId(randomBytes(STORE_ID_BYTES).toString('hex')),
    clusterId: before?.clusterId,
    slave: slaveId(id),
    boots: (before?.boots ?? 0) + 1,
    kernelBoot,
  };
  await new Promise<void>((resolve) => writeIdentity(store, identity, resolve));
  const isSameKernelBoot = before === undefined || (kernelBoot !== '' && before.kernelBoot === kernelBoot);
  return { identity, isSameKernelBoot };
}

export function writeIdentity(
  store: OrderedStore,
  identity: Identity,
  done: () => void = () => undefined,
): void {
  store.commit([{ kind: 'put', key: IDENTITY_KEY, value: seal(identity) }], done);
}

function readIdentity(store: OrderedStore): Identity | undefined {
  const bytes = store.get(IDENTITY_KEY);
  if (bytes !== undefined) return unseal(bytes, 'the identity of this store') as Identity;
  const [stray] = store.range(Buffer.from([0]), Buffer.from([0xff]), { records: 1, bytes: 1 });
  if (stray !== undefined) throw new BrokenStore('it holds records and no identity');
  return undefined;
}
