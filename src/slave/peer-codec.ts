/**
 * Peer messages as frames, and back: what slaves say to each other, byte for byte.
 *
 *     PeerMessage ──encodePeer──► parts ──link──► frame ──decodePeer──► PeerMessage, or an offence
 *
 * All by hand: a turn of the owner is one append and one answer for each copy, and the layouts are
 * few. They stand in docs/protocol.md and in `peer-codec/`: the envelope in `envelope.ts`, the items of
 * lists in `layout.ts`. The version is told once for each link, in the hello; this file knows one.
 *
 * Decoding is total: any bytes give a message or undefined. It checks what a single message can
 * show (ranges, checksums, that entries are of the partition they came for), not whether the
 * sender may say it. What it allocates is a small multiple of the frame: a list is as long as its bytes.
 */
import { epoch, type Partition } from '../common/ids.ts';
import { invariant } from '../common/invariant.ts';
import { stamp } from '../common/time.ts';
import type { FieldReader, FieldWriter } from '../common/wire/fields.ts';
import { entriesOf, open, seal, startFrame, tailOf } from './peer-codec/envelope.ts';
import {
  ackItem,
  commitItem,
  EPOCH_ITEM_BYTES,
  epochItem,
  type Layout,
  pingItem,
  place,
  POSITION_BYTES,
  positionItem,
  probeItem,
  readPosition,
  writePosition,
} from './peer-codec/layout.ts';
import { type AppendItem, COPY_MODES, type EpochItem, type PeerMessage } from './peer-message.ts';
import { effectsOf, encodeDrafts, type Entry } from './replication/entry.ts';

type Kind = PeerMessage['kind'];
type Of<K extends Kind> = Extract<PeerMessage, { readonly kind: K }>;

interface Codec<Message extends PeerMessage> {
  /** The first byte of a frame. 1 is the hello. */
  readonly type: number;
  /** Whether log entries follow the head. */
  readonly hasTail: boolean;
  encode(message: Message): readonly Buffer[];
  /** Reads the whole head. What comes of it counts only if the head agreed with the reading. */
  decode(head: FieldReader, tail: Buffer): Message | undefined;
}

const COUNT_BYTES = 6;
const FLAG_BYTES = 1;
const MODE_BYTES = 1;
const CLOCK_BYTES = 8;

const append: Codec<Of<'append'>> = {
  type: 2,
  hasTail: true,
  encode({ sentAt, items }) {
    for (const { partition, entry } of items) {
      invariant(partition === entry.partition, 'an append names the partition of its entry');
    }
    return [encodeTimed(this.type, sentAt, place, items), ...tailOf(items.map(({ entry }) => entry))];
  },
  decode(head, tail) {
    const sentAt = head.f64();
    const places = itemsOf(head, place);
    const entries = entriesOf(tail);
    if (entries?.length !== places.length) return undefined;
    const items: AppendItem[] = [];
    for (const [index, entry] of entries.entries()) {
      const at = places[index];
      if (at) items.push({ partition: entry.partition, epoch: at.epoch, committed: at.committed, entry });
    }
    return { kind: 'append', sentAt, items };
  },
};

const ack: Codec<Of<'ack'>> = {
  type: 3,
  hasTail: false,
  encode({ items }) {
    return [encodeList(this.type, ackItem, items)];
  },
  decode: (head) => ({ kind: 'ack', items: itemsOf(head, ackItem) }),
};

const ping: Codec<Of<'ping'>> = {
  type: 4,
  hasTail: false,
  encode({ sentAt, items }) {
    return [encodeTimed(this.type, sentAt, pingItem, items)];
  },
  decode: (head) => ({ kind: 'ping', sentAt: head.f64(), items: itemsOf(head, pingItem) }),
};

const pong: Codec<Of<'pong'>> = {
  type: 5,
  hasTail: false,
  encode({ echo, items }) {
    return [encodeTimed(this.type, echo, epochItem, items)];
  },
  decode: (head) => ({ kind: 'pong', echo: head.f64(), items: itemsOf(head, epochItem) }),
};

const commit: Codec<Of<'commit'>> = {
  type: 6,
  hasTail: false,
  encode({ items }) {
    return [encodeList(this.type, commitItem, items)];
  },
  decode: (head) => ({ kind: 'commit', items: itemsOf(head, commitItem) }),
};

const probe: Codec<Of<'probe'>> = {
  type: 7,
  hasTail: false,
  encode({ sentAt, items }) {
    return [encodeTimed(this.type, sentAt, probeItem, items)];
  },
  decode: (head) => ({ kind: 'probe', sentAt: head.f64(), items: itemsOf(head, probeItem) }),
};

const position: Codec<Of<'position'>> = {
  type: 8,
  hasTail: false,
  encode({ echo, items }) {
    return [encodeTimed(this.type, echo, positionItem, items)];
  },
  decode: (head) => ({ kind: 'position', echo: head.f64(), items: itemsOf(head, positionItem) }),
};

const level: Codec<Of<'level'>> = {
  type: 9,
  hasTail: true,
  encode({ item }) {
    const { round, sentAt, entries, end } = item;
    const writer = startOfOne(
      this.type,
      item,
      COUNT_BYTES + CLOCK_BYTES + FLAG_BYTES + (end ? POSITION_BYTES : 0),
    );
    writer.u48(round);
    writer.f64(sentAt);
    writer.flag(end !== undefined);
    if (end) writePosition(writer, end);
    return [seal(writer), ...tailOf(entries)];
  },
  decode(head, tail) {
    const about = epochItem.read(head);
    const round = head.u48();
    const sentAt = head.f64();
    const end = head.flag() ? readPosition(head) : undefined;
    const entries = entriesFor(about.partition, tail);
    return entries && { kind: 'level', item: { ...about, round, sentAt, entries, end } };
  },
};

const fetch: Codec<Of<'fetch'>> = {
  type: 10,
  hasTail: false,
  encode(message) {
    const writer = startOfOne(this.type, message, COUNT_BYTES);
    writer.u48(message.after);
    return [seal(writer)];
  },
  decode: (head) => ({ kind: 'fetch', ...epochItem.read(head), after: head.u48() }),
};

const fetched: Codec<Of<'fetched'>> = {
  type: 11,
  hasTail: true,
  encode({ item }) {
    const writer = startOfOne(this.type, item, COUNT_BYTES + FLAG_BYTES);
    writer.u48(item.after);
    writer.flag(item.isTooOld);
    return [seal(writer), ...tailOf(item.entries)];
  },
  decode(head, tail) {
    const about = epochItem.read(head);
    const after = head.u48();
    const isTooOld = head.flag();
    const entries = entriesFor(about.partition, tail);
    return entries && { kind: 'fetched', item: { ...about, after, entries, isTooOld } };
  },
};

const copyBegin: Codec<Of<'copy-begin'>> = {
  type: 12,
  hasTail: false,
  encode(message) {
    const writer = startOfOne(this.type, message, COUNT_BYTES + MODE_BYTES + POSITION_BYTES);
    writer.u48(message.grow);
    writer.u8(COPY_MODES.indexOf(message.mode));
    writePosition(writer, message.base);
    return [seal(writer)];
  },
  decode(head) {
    const about = epochItem.read(head);
    const grow = head.epoch();
    const mode = COPY_MODES[head.u8()];
    const base = readPosition(head);
    return mode && { kind: 'copy-begin', ...about, grow, mode, base };
  },
};

const copyOffer: Codec<Of<'copy-offer'>> = {
  type: 15,
  hasTail: false,
  encode(message) {
    const writer = startOfOne(this.type, message, COUNT_BYTES + POSITION_BYTES);
    writer.u48(message.grow);
    writePosition(writer, message.has);
    return [seal(writer)];
  },
  decode: (head) => ({
    kind: 'copy-offer',
    ...epochItem.read(head),
    grow: head.epoch(),
    has: readPosition(head),
  }),
};

const copyState: Codec<Of<'copy-state'>> = {
  type: 13,
  hasTail: false,
  encode(message) {
    const writer = startOfOne(this.type, message, 2 * COUNT_BYTES + FLAG_BYTES + POSITION_BYTES);
    writer.u48(message.grow);
    writer.u48(message.next);
    writer.flag(message.isOnward);
    writePosition(writer, message.base);
    return [seal(writer)];
  },
  decode: (head) => ({
    kind: 'copy-state',
    ...epochItem.read(head),
    grow: head.epoch(),
    next: head.u48(),
    isOnward: head.flag(),
    base: readPosition(head),
  }),
};

const CARRIER = { epoch: epoch(0), seq: 0, previousEpoch: epoch(0), stamp: stamp(0) };

/** The records travel as the effects of one entry, so that they have its checksum and pass its checks. */
const copyPart: Codec<Of<'copy-part'>> = {
  type: 14,
  hasTail: true,
  encode({ part }) {
    const writer = startOfOne(this.type, part, 3 * COUNT_BYTES + FLAG_BYTES);
    writer.u48(part.grow);
    writer.u48(part.number);
    writer.u48(part.committed);
    writer.flag(part.isLast);
    const carrier = { ...CARRIER, partition: part.partition, effects: part.records };
    return [seal(writer), ...tailOf(encodeDrafts([carrier]))];
  },
  decode(head, tail) {
    const about = epochItem.read(head);
    const grow = head.epoch();
    const number = head.u48();
    const committed = head.u48();
    const isLast = head.flag();
    const carriers = entriesFor(about.partition, tail);
    const carrier = carriers?.[0];
    const records = carriers?.length === 1 && carrier ? effectsOf(carrier) : undefined;
    return records && { kind: 'copy-part', part: { ...about, grow, number, committed, records, isLast } };
  },
};

const codecs: { readonly [K in Kind]: Codec<Of<K>> } = {
  ...{ append, ack, ping, pong, commit, probe, position, level, fetch, fetched },
  ...{ 'copy-begin': copyBegin, 'copy-offer': copyOffer, 'copy-state': copyState, 'copy-part': copyPart },
};

const byType: ReadonlyMap<number, Codec<PeerMessage>> = new Map(
  Object.values<Codec<PeerMessage>>(codecs).map((codec) => [codec.type, codec]),
);

/** The parts of one frame; the first begins with its type. Entries are slices of the buffers that hold them. */
export function encodePeer(message: PeerMessage): readonly Buffer[] {
  const codec: Codec<PeerMessage> = codecs[message.kind];
  return codec.encode(message);
}

/** Undefined: an offence; the frame is damaged, or no peer of ours speaks so. */
export function decodePeer(frame: Buffer): PeerMessage | undefined {
  const opened = open(frame);
  if (opened === undefined) return undefined;
  const codec = byType.get(opened.type);
  if (codec === undefined || (opened.tail.length > 0 && !codec.hasTail)) return undefined;
  const message = codec.decode(opened.head, opened.tail);
  return opened.head.isDone() ? message : undefined;
}

/** A list under the clock of whoever asked. */
function encodeTimed<T>(type: number, at: number, layout: Layout<T>, items: readonly T[]): Buffer {
  const writer = startFrame(type, CLOCK_BYTES + sizeOf(layout, items));
  writer.f64(at);
  for (const item of items) layout.write(writer, item);
  return seal(writer);
}

function encodeList<T>(type: number, layout: Layout<T>, items: readonly T[]): Buffer {
  const writer = startFrame(type, sizeOf(layout, items));
  for (const item of items) layout.write(writer, item);
  return seal(writer);
}

function sizeOf<T>(layout: Layout<T>, items: readonly T[]): number {
  let bytes = 0;
  for (const item of items) bytes += layout.bytes(item);
  return bytes;
}

function itemsOf<T>(head: FieldReader, layout: Layout<T>): readonly T[] {
  const items: T[] = [];
  while (head.left > 0) items.push(layout.read(head));
  return items;
}

function startOfOne(type: number, { partition, epoch }: EpochItem, moreBytes: number): FieldWriter {
  const writer = startFrame(type, EPOCH_ITEM_BYTES + moreBytes);
  writer.u16(partition);
  writer.u48(epoch);
  return writer;
}

/** Entries that must all be of one partition. */
function entriesFor(partition: Partition, tail: Buffer): readonly Entry[] | undefined {
  const entries = entriesOf(tail);
  return entries?.every((entry) => entry.partition === partition) ? entries : undefined;
}
