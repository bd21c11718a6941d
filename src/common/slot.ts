/**
 * Key → slot → partition: where a key lives, before anybody asks who holds it.
 *
 *      key ──CRC16 of the key, or of its {tag}──► slot (16,384) ──neighbours together──► partition
 *
 * Slots are Redis Cluster's to the bit, so that cluster-aware clients find a key by themselves.
 * This file does not know the ring, nor who owns what.
 *
 * Invariant: partitions are a power of two, so each holds equally many slots, without a gap or an overlap.
 */
import { type Partition, type Slot, SLOTS } from './ids.ts';
import { invariant } from './invariant.ts';

/** CRC16-XMODEM, the polynomial that Redis Cluster's specification names. */
const POLYNOMIAL = 0x1021;

const CRC = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  return crc & 0xffff;
});

/**
 * The slot of a key, given as a string with one character a byte (latin1), such as a `Key`.
 *
 * Only what stands between the first `{` and the first `}` after it counts, if anything stands
 * there: `a{}b` has no tag, and `{}{x}` has none either.
 */
export function slotOf(key: string): Slot {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  const tagged = close > open + 1;
  // A remainder of 16,384 is a slot by construction.
  return ((tagged ? crc16(key, open + 1, close) : crc16(key, 0, key.length)) % SLOTS) as Slot;
}

function crc16(text: string, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at += 1) {
    crc = ((crc << 8) & 0xffff) ^ (CRC[((crc >> 8) ^ text.charCodeAt(at)) & 0xff] ?? 0);
  }
  return crc;
}

/** The partition that holds a slot, of so many. */
export function partitionOf(slot: Slot, partitions: number): Partition {
  // Below `partitions`, because a slot lies below SLOTS.
  return Math.floor((slot * partitions) / SLOTS) as Partition;
}

export interface SlotRange {
  readonly first: Slot;
  /** The last slot that belongs to it, not the one after. */
  readonly last: Slot;
}

/** The slots that a partition is a run of. */
export function slotsOf(partition: Partition, partitions: number): SlotRange {
  invariant(isPartitionCount(partitions), 'partitions are a power of two between 1 and the number of slots');
  const width = SLOTS / partitions;
  const first = partition * width;
  // Both lie below SLOTS, because a partition lies below `partitions`.
  return { first: first as Slot, last: (first + width - 1) as Slot };
}

/** Whether a cluster can be cut into so many partitions. */
export const isPartitionCount = (count: number): boolean =>
  Number.isInteger(count) && count >= 1 && count <= SLOTS && (count & (count - 1)) === 0;
