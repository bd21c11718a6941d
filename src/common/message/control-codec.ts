/**
 * Control messages as frames, and back: what goes between a slave and the coordination server.
 *
 *     u8 type (32: from a slave, 33: to a slave) │ u8 version 1 │ MessagePack: a map of the message's fields
 *
 * These messages are few and change with the planner, so they carry the names of their fields and are
 * checked, field by field, against one schema for each type. A frame of another version is an offence
 * like any other, and so is one that goes the wrong way. It does not know what a message may be
 * answered with, nor whether its sender may say it.
 */
import { type Epoch, isName, type Partition, SLOTS, slaveId, storeId } from '../ids.ts';
import { isDatagramText } from '../wire/datagram.ts';
import { isText, U48_MAX } from '../wire/fields.ts';
import { pack, unpack } from '../wire/plain-msgpack.ts';
import {
  flag,
  integer,
  list,
  named,
  number,
  oneOf,
  optional,
  record,
  REFUSED,
  type Shape,
  such,
  text,
  union,
} from '../wire/shape.ts';
import { isSound, MEMBERS_MAX } from '../wire/sound.ts';
import type { Boot, ClusterSettings, Configuration, Member, SlaveRecord, WireView } from '../view.ts';
import type { AdoptedConfiguration, FenceAnswer, FromSlave, LogEnd, ToSlave } from './control.ts';

/** A reason, a host, a kernel's boot id: longer than any of them, shorter than a nuisance. */
export const CONTROL_TEXT_MAX = 1_024;

const FROM_SLAVE = 32;
const TO_SLAVE = 33;
const VERSION = 1;
const LEAD_BYTES = 2;
const PORT_MAX = 65_535;

const count = integer(0, Number.MAX_SAFE_INTEGER);
// The ranges are those of the brands: branded here, since their constructors compose a complaint for each value.
const epoch = named(integer(0, U48_MAX), (value) => value as Epoch);
const partition = named(integer(0, SLOTS - 1), (value) => value as Partition);
const seq = integer(0, U48_MAX);
const ms = number(0, Number.MAX_SAFE_INTEGER);
const port = integer(0, PORT_MAX);
const phrase = text(CONTROL_TEXT_MAX);
const name = such(phrase, isDatagramText);
const slave = named(such(phrase, isName), slaveId);
const store = named(
  such(phrase, (id) => /^[0-9a-f]{32}$/.test(id)),
  storeId,
);
const zone = optional(such(phrase, isName));

const perPartition = <T>(shape: Shape<T>): Shape<readonly T[]> => list(shape, SLOTS);
const perSlave = <T>(shape: Shape<T>): Shape<readonly T[]> => list(shape, MEMBERS_MAX);

const boot = record<Boot>({ count, nonce: name });
const members = perSlave(record<Member>({ slave, store }));
// A partition that was never founded has no owner, and an empty nonce for it.
const ownerNonce = such(phrase, isText);
const configuration = such(
  record<Configuration>({ epoch, members, ownerNonce, since: optional(epoch) }),
  isSound,
);
const adopted = record<AdoptedConfiguration>({ partition, configuration });
const logEnd = record<LogEnd>({ epoch, seq });

const slaveRecord = record<SlaveRecord>({
  id: slave,
  store,
  boot,
  host: phrase,
  port,
  peerPort: port,
  pid: count,
  zone,
  stage: oneOf('joining', 'alive', 'suspect', 'dead', 'draining'),
});

const settings = record<ClusterSettings>({
  partitions: integer(1, SLOTS),
  replicas: integer(0, MEMBERS_MAX),
  minCopies: integer(0, MEMBERS_MAX),
  tokens: count,
  replication: oneOf('successor'),
  heartbeatMs: ms,
  windowMs: ms,
  promiseMs: ms,
  requestTimeoutMs: ms,
});

const view = record<WireView>({
  epoch,
  settings,
  slaves: perSlave(slaveRecord),
  configurations: perPartition(configuration),
});

const fenceAnswer = record<FenceAnswer>({
  partition,
  end: logEnd,
  adopted: configuration,
  promised: perSlave(record<FenceAnswer['promised'][number]>({ slave, ms })),
  promisedAllMs: ms,
});

const fromSlave = union<FromSlave>({
  register: {
    clusterId: optional(name),
    slave,
    store,
    boot,
    kernelBoot: phrase,
    isSameKernelBoot: flag,
    durability: oneOf('fsync', 'os', 'memory'),
    host: phrase,
    port,
    peerPort: port,
    pid: count,
    isLeaving: flag,
    zone,
    epoch,
    adopted: perPartition(adopted),
  },
  fenced: { epoch, answers: perPartition(fenceAnswer) },
  outdated: { partition, epoch },
  serving: { items: perPartition(record({ partition, epoch })) },
  grown: { partition, configuration },
  'grow-dropped': { partition, epoch, why: phrase },
  unfit: { partition, epoch, slave },
  report: {
    ownKeys: count,
    previousKeys: count,
    ownPartitions: count,
    previousPartitions: count,
    isLowOnSpace: flag,
    commands: count,
    copiedBytes: count,
  },
  'hand-over': {},
  leaving: {},
  failed: { why: phrase },
});

const toSlave = union<ToSlave>({
  registered: { clusterId: name, view },
  refused: { why: phrase, isFinal: flag },
  view: {
    epoch,
    slaves: perSlave(slaveRecord),
    gone: perSlave(slave),
    configurations: perPartition(adopted),
  },
  fence: { epoch, partitions: perPartition(partition) },
  calm: { epoch, partitions: perPartition(partition) },
  grow: { epoch, partition, base: epoch, members, ownerNonce },
  'drop-grow': { partition, epoch },
  drain: {},
  'drain-refused': { why: phrase },
  drained: {},
  buried: {},
});

/** Which way each kind goes; the compiler asks for every one. */
const TYPES = {
  ...{ register: FROM_SLAVE, fenced: FROM_SLAVE, outdated: FROM_SLAVE, serving: FROM_SLAVE },
  ...{ grown: FROM_SLAVE, 'grow-dropped': FROM_SLAVE, unfit: FROM_SLAVE, report: FROM_SLAVE },
  ...{ 'hand-over': FROM_SLAVE, leaving: FROM_SLAVE, failed: FROM_SLAVE },
  ...{ registered: TO_SLAVE, refused: TO_SLAVE, view: TO_SLAVE, fence: TO_SLAVE },
  ...{ grow: TO_SLAVE, 'drop-grow': TO_SLAVE, buried: TO_SLAVE },
  ...{ calm: TO_SLAVE, drain: TO_SLAVE, 'drain-refused': TO_SLAVE, drained: TO_SLAVE },
} as const satisfies Record<FromSlave['kind'], typeof FROM_SLAVE> & Record<ToSlave['kind'], typeof TO_SLAVE>;

/** One frame. A reason that is too long to travel is cut, since it is only read by people. */
export function encodeControl(message: FromSlave | ToSlave): Buffer {
  const lead = Buffer.alloc(LEAD_BYTES);
  lead.writeUInt8(TYPES[message.kind], 0);
  lead.writeUInt8(VERSION, 1);
  return Buffer.concat([lead, pack('why' in message ? withShortReason(message) : message)]);
}

const withShortReason = <T extends { readonly why: string }>(message: T): T => ({
  ...message,
  why: message.why.slice(0, CONTROL_TEXT_MAX),
});

/** Undefined: an offence, or another version. */
export const decodeFromSlave = (frame: Buffer): FromSlave | undefined => decode(frame, FROM_SLAVE, fromSlave);

/** Undefined: an offence, or another version. */
export const decodeToSlave = (frame: Buffer): ToSlave | undefined => decode(frame, TO_SLAVE, toSlave);

function decode<T>(frame: Buffer, type: number, shape: Shape<T>): T | undefined {
  if (frame[0] !== type || frame[1] !== VERSION) return undefined;
  const unpacked = unpack(frame.subarray(LEAD_BYTES));
  const message = unpacked === undefined ? REFUSED : shape(unpacked.value);
  return message === REFUSED ? undefined : message;
}
