/**
 * The journal on disk: opened, read or founded, and brought in line with this start's settings.
 *
 *     directory ─► store ─┬─ a journal       its cluster, with the settings of this start
 *                         ├─ nothing at all  a new cluster
 *                         └─ anything else   refused, with a line that says what to do
 *
 * What a start changes in the journal is durable before the journal is handed over: nobody is served
 * from anything less. It always waits for the disk, whatever the slaves' durability. What the records
 * mean is known in `journal.ts`.
 */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';

import type { CoordinationConfig } from '../../common/config/schema.ts';
import { codeOf } from '../../common/io/link.ts';
import { type LmdbStore, openLmdbStore } from '../../common/io/lmdb-store.ts';
import { type OrderedStore, StoreFailure } from '../../common/ordered-store.ts';
import { BrokenStore } from '../../common/sealed.ts';
import type { ClusterSettings } from '../../common/view.ts';
import { headChange, type Journal, newJournal, readJournal } from '../journal.ts';

/** 32 hex digits: two clusters never meet under one. */
const CLUSTER_ID_BYTES = 16;

/** A journal that cannot be had. The message says what to do; it is meant for a person. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

export interface JournalOptions {
  readonly config: CoordinationConfig;
  readonly warn: (text: string) => void;
  /** Later, while it is in use: nothing may be decided any more. The text says what to do. */
  readonly onFailure: (line: string) => void;
}

export interface OpenedJournal {
  readonly store: LmdbStore;
  readonly journal: Journal;
  /** This start has founded the cluster. */
  readonly isNew: boolean;
}

/** @throws JournalError when the directory is in use, unwritable, damaged, or holds something else. */
export async function openJournal({ config, warn, onFailure }: JournalOptions): Promise<OpenedJournal> {
  const dir = resolve(config.dir);
  const store = openStore(dir, onFailure);
  const found = readFrom(store, dir);
  const wanted = clusterSettingsOf(config);
  const journal =
    found === undefined
      ? newJournal(randomBytes(CLUSTER_ID_BYTES).toString('hex'), wanted)
      : withSettings(found, wanted, warn);
  await new Promise<void>((done) => {
    store.commit([headChange(journal)], done);
  });
  return { store, journal, isNew: found === undefined };
}

function openStore(dir: string, onFailure: JournalOptions['onFailure']): LmdbStore {
  try {
    return openLmdbStore({
      dir,
      durability: 'fsync',
      onFailure: ({ message }) =>
        onFailure(
          `${message}: without its journal nothing may be decided. Have the disk below ${dir} looked at, then start again`,
        ),
    });
  } catch (error) {
    throw readable(error, dir);
  }
}

function readFrom(store: OrderedStore, dir: string): Journal | undefined {
  try {
    const journal = readJournal(store);
    if (journal === undefined && !isEmpty(store)) {
      throw new JournalError(
        `${dir} holds something that is no journal of a cluster: choose another directory with --dir`,
      );
    }
    return journal;
  } catch (error) {
    throw readable(error, dir);
  }
}

const isEmpty = (store: OrderedStore): boolean =>
  store.range(Buffer.from([0]), Buffer.from([0xff]), { records: 1, bytes: 1 }).length === 0;

/** Says what to do about an error of the store; other errors are left as they are. */
function readable(error: unknown, dir: string): unknown {
  if (error instanceof BrokenStore)
    return new JournalError(damagedText(error.message, dir), { cause: error });
  if (!(error instanceof StoreFailure)) return error;
  return new JournalError(adviceOf(error, dir), { cause: error });
}

function adviceOf(error: StoreFailure, dir: string): string {
  const { message } = error;
  if (message.includes('in use')) return `${message}: stop that one, or choose another directory with --dir`;
  if (message.includes('no room')) return `${message}: make room, or choose another directory with --dir`;
  // The system's code says that the directory is the matter, and not what lies in it.
  if (codeOf(error.cause) !== undefined)
    return `${message}: choose a directory that this user can write to with --dir`;
  return damagedText(message, dir);
}

const damagedText = (what: string, dir: string): string =>
  `the journal in ${dir} is damaged (${what}): put its newest good copy back, never an empty directory in its place`;

/** What a person configured, as the cluster knows it. */
export const clusterSettingsOf = (config: CoordinationConfig): ClusterSettings => ({
  partitions: config.partitions,
  replicas: config.replicas === 'all' ? 0 : config.replicas,
  minCopies: config.minCopies,
  tokens: config.tokens,
  // The schema refuses what is not built.
  replication: 'successor',
  heartbeatMs: config.heartbeatMs,
  windowMs: config.windowMs,
  promiseMs: config.promiseMs,
  requestTimeoutMs: config.requestTimeoutMs,
});

/** Two settings stay as they were when the cluster was created; all others are this start's. */
function withSettings(journal: Journal, wanted: ClusterSettings, warn: JournalOptions['warn']): Journal {
  const { partitions, replication } = journal.settings;
  for (const [option, fixed, given] of [
    ['--partitions', partitions, wanted.partitions],
    ['--replication', replication, wanted.replication],
  ] as const) {
    if (fixed !== given)
      warn(`this cluster was created with ${option} ${fixed}, which stays: ${given} is not used`);
  }
  return { ...journal, settings: { ...wanted, partitions, replication } };
}
