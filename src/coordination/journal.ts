/**
 * The journal: what must be durable before anyone hears of it, as records of an ordered store.
 *
 *     m              cluster id, settings, the last number given out, stores whose disk failed
 *     p │ u16        a partition: its configuration, and what is intended with it (N1)
 *     s │ id         a slave: its store, its last boot, its addresses
 *     e │ u48        an event, under its number: the newest ones, for people
 *
 * Each record carries a checksum. A journal is opened by one coordination server at a time; the
 * directory's lock sees to that.
 */
import { epoch, type Epoch, type Partition, type SlaveId, type StoreId } from '../common/ids.ts';
import type { ClusterEvent } from '../common/message/admin.ts';
import type { Change, OrderedStore } from '../common/ordered-store.ts';
import { seal, unseal } from '../common/sealed.ts';
import type { ClusterSettings, Configuration, SlaveRecord } from '../common/view.ts';
import type { Intention } from './replicate.ts';

export interface Journal {
  readonly clusterId: string;
  readonly settings: ClusterSettings;
  readonly lastNumber: Epoch;
  readonly failedStores: readonly StoreId[];
  readonly slaves: readonly SlaveRecord[];
  readonly configurations: readonly Configuration[];
  readonly intentions: readonly (readonly [Partition, Intention])[];
  /** Oldest first, without a gap. */
  readonly events: readonly ClusterEvent[];
}

type Head = Pick<Journal, 'clusterId' | 'settings' | 'lastNumber' | 'failedStores'>;

interface PartitionRecord {
  readonly configuration: Configuration;
  readonly intention?: Intention | undefined;
}

const HEAD_KEY = Buffer.from('m');
const partitionKey = (partition: Partition | number): Buffer =>
  Buffer.from([0x70, partition >> 8, partition & 0xff]);
const slaveKey = (id: SlaveId): Buffer => Buffer.from(`s${id}`);

const EVENT_MARK = 0x65;
const EVENT_KEY_BYTES = 7;

function eventKey(number: number): Buffer {
  const key = Buffer.alloc(EVENT_KEY_BYTES, EVENT_MARK);
  key.writeUIntBE(number, 1, EVENT_KEY_BYTES - 1);
  return key;
}

const UNFOUNDED: Configuration = { epoch: epoch(0), members: [], ownerNonce: '' };

/** A cluster that has just been thought of. */
export const newJournal = (clusterId: string, settings: ClusterSettings): Journal => ({
  clusterId,
  settings,
  lastNumber: epoch(0),
  failedStores: [],
  slaves: [],
  configurations: Array.from({ length: settings.partitions }, () => UNFOUNDED),
  intentions: [],
  events: [],
});

/** Far more than there ever are of one kind. */
const LIMIT = { records: 65_536, bytes: 1 << 28 };

/**
 * What the store holds; undefined: nothing yet.
 * @throws BrokenStore when a record does not match its checksum.
 */
export function readJournal(store: OrderedStore): Journal | undefined {
  const bytes = store.get(HEAD_KEY);
  if (bytes === undefined) return undefined;
  const head = unseal(bytes, 'the head of the journal') as Head;
  const configurations: Configuration[] = [];
  const intentions: (readonly [Partition, Intention])[] = [];
  for (let index = 0; index < head.settings.partitions; index += 1) {
    const record = store.get(partitionKey(index));
    const { configuration, intention } =
      record === undefined
        ? { configuration: UNFOUNDED, intention: undefined }
        : (unseal(record, `partition ${index} in the journal`) as PartitionRecord);
    configurations.push(configuration);
    if (intention !== undefined) intentions.push([index as Partition, intention]); // Below `partitions`.
  }
  const slaves = store
    .range(Buffer.from('s'), Buffer.from('t'), LIMIT)
    .map(({ key, value }) => unseal(value, `slave ${key.toString()} in the journal`) as SlaveRecord);
  const events = store
    .range(Buffer.from('e'), Buffer.from('f'), LIMIT)
    .map(({ value }) => unseal(value, 'an event in the journal') as ClusterEvent);
  return { ...head, slaves, configurations, intentions, events };
}

export const headChange = (head: Head): Change => ({
  kind: 'put',
  key: HEAD_KEY,
  value: seal({
    clusterId: head.clusterId,
    settings: head.settings,
    lastNumber: head.lastNumber,
    failedStores: head.failedStores,
  }),
});

export const partitionChange = (partition: Partition, record: PartitionRecord): Change => ({
  kind: 'put',
  key: partitionKey(partition),
  value: seal(record),
});

export const slaveGone = (id: SlaveId): Change => ({ kind: 'delete', key: slaveKey(id) });

export const slaveChange = (record: SlaveRecord): Change => ({
  kind: 'put',
  key: slaveKey(record.id),
  value: seal(record),
});

export const eventChange = (event: ClusterEvent): Change => ({
  kind: 'put',
  key: eventKey(event.number),
  value: seal(event),
});

export const eventRemoval = (number: number): Change => ({ kind: 'delete', key: eventKey(number) });
