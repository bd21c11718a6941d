/**
 * Layouts: how each piece of a peer message lies in the head of its frame, written and read side by side.
 *
 *     ack        u16 partition │ u48 epoch │ u48 seq │ f64 echo │ u8 is gap
 *     ping       u16 partition │ u48 epoch │ f64 stamp
 *     pong       u16 partition │ u48 epoch
 *     commit     u16 partition │ u48 epoch │ u48 committed
 *     position   u16 partition │ u48 epoch │ u48 round │ u48 end's epoch │ u48 end's seq │ u48 committed
 *     probe      u16 partition │ f64 stamp │ u48 epoch │ u48 since (0: ever) │ text owner's nonce │ u16 members │ (text slave │ 16 store) …
 *     place      u48 epoch │ u48 committed            (an append's entry names its partition itself)
 *
 * What a list of fixed width holds follows from the length of the head; no count can contradict it.
 */
import type { Epoch } from '../../common/ids.ts';
import type { Configuration, Member } from '../../common/view.ts';
import { type FieldReader, type FieldWriter, STORE_BYTES, textBytes } from '../../common/wire/fields.ts';
import { isSound, MEMBERS_MAX } from '../../common/wire/sound.ts';
import type { AckItem, CommitItem, EpochItem, PingItem, PositionItem, ProbeItem } from '../peer-message.ts';
import type { Position } from '../replication/position.ts';

export interface Layout<T> {
  bytes(item: T): number;
  write(writer: FieldWriter, item: T): void;
  read(reader: FieldReader): T;
}

const EPOCH_BYTES = 6;
export const EPOCH_ITEM_BYTES = 2 + EPOCH_BYTES;
export const POSITION_BYTES = 6 + 6;

export function writePosition(writer: FieldWriter, { epoch, seq }: Position): void {
  writer.u48(epoch);
  writer.u48(seq);
}

export const readPosition = (reader: FieldReader): Position => ({ epoch: reader.epoch(), seq: reader.u48() });

export const epochItem: Layout<EpochItem> = {
  bytes: () => EPOCH_ITEM_BYTES,
  write(writer, { partition, epoch }) {
    writer.u16(partition);
    writer.u48(epoch);
  },
  read: (reader) => ({ partition: reader.partition(), epoch: reader.epoch() }),
};

/** What an append says about an entry beside the entry itself. */
export interface Place {
  readonly epoch: Epoch;
  readonly committed: number;
}

export const place: Layout<Place> = {
  bytes: () => EPOCH_BYTES + 6,
  write(writer, { epoch, committed }) {
    writer.u48(epoch);
    writer.u48(committed);
  },
  read: (reader) => ({ epoch: reader.epoch(), committed: reader.u48() }),
};

export const ackItem: Layout<AckItem> = {
  bytes: () => EPOCH_ITEM_BYTES + 6 + 8 + 1,
  write(writer, item) {
    epochItem.write(writer, item);
    writer.u48(item.seq);
    writer.f64(item.echo);
    writer.flag(item.isGap);
  },
  read: (reader) => ({
    partition: reader.partition(),
    epoch: reader.epoch(),
    seq: reader.u48(),
    echo: reader.f64(),
    isGap: reader.flag(),
  }),
};

export const pingItem: Layout<PingItem> = {
  bytes: () => EPOCH_ITEM_BYTES + 8,
  write(writer, item) {
    epochItem.write(writer, item);
    writer.f64(item.stamp);
  },
  read: (reader) => ({ partition: reader.partition(), epoch: reader.epoch(), stamp: reader.stamp() }),
};

export const commitItem: Layout<CommitItem> = {
  bytes: () => EPOCH_ITEM_BYTES + 6,
  write(writer, item) {
    epochItem.write(writer, item);
    writer.u48(item.committed);
  },
  read: (reader) => ({ partition: reader.partition(), epoch: reader.epoch(), committed: reader.u48() }),
};

export const positionItem: Layout<PositionItem> = {
  bytes: () => EPOCH_ITEM_BYTES + 6 + POSITION_BYTES + 6,
  write(writer, item) {
    epochItem.write(writer, item);
    writer.u48(item.round);
    writePosition(writer, item.end);
    writer.u48(item.committed);
  },
  read: (reader) => ({
    partition: reader.partition(),
    epoch: reader.epoch(),
    round: reader.u48(),
    end: readPosition(reader),
    committed: reader.u48(),
  }),
};

export const probeItem: Layout<ProbeItem> = {
  bytes: ({ configuration }) => 2 + 8 + configurationBytes(configuration),
  write(writer, { partition, stamp, configuration }) {
    writer.u16(partition);
    writer.f64(stamp);
    writer.u48(configuration.epoch);
    writer.u48(configuration.since ?? 0);
    writer.text(configuration.ownerNonce);
    writer.u16(configuration.members.length);
    for (const { slave, store } of configuration.members) {
      writer.text(slave);
      writer.store(store);
    }
  },
  read: (reader) => ({
    partition: reader.partition(),
    stamp: reader.stamp(),
    configuration: readConfiguration(reader),
  }),
};

function configurationBytes({ ownerNonce, members }: Configuration): number {
  let bytes = 2 * EPOCH_BYTES + textBytes(ownerNonce) + 2;
  for (const { slave } of members) bytes += textBytes(slave) + STORE_BYTES;
  return bytes;
}

function readConfiguration(reader: FieldReader): Configuration {
  const epoch = reader.epoch();
  const since = reader.epoch();
  const ownerNonce = reader.text();
  const count = reader.u16();
  if (count > MEMBERS_MAX) reader.refuse();
  const members: Member[] = [];
  // A broken reader has nothing left, so a count that promises too much ends the loop, too.
  while (members.length < count && reader.left > 0) {
    members.push({ slave: reader.slave(), store: reader.store() });
  }
  const configuration = { epoch, members, ownerNonce, ...(since > 0 && { since }) };
  if (members.length < count || !isSound(configuration)) reader.refuse();
  return configuration;
}
