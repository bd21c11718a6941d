/**
 * Where things lie in a slave's two stores: one letter for the kind, then numbers in byte order.
 *
 *     of the log
 *     i                                   identity of the store (written by the shell that opens it)
 *     c │ u16 partition                   what the slave has sworn: fence, configuration, learner
 *     l │ u64 index                       the log, one record a turn
 *
 *     of the tables
 *     t │ u16 partition                   the table's sum: up to where it is filled, count, digest
 *     d │ u16 partition │ u16 slot │ key  a record
 *     x │ u16 partition │ f64 at │ key    an index of what expires
 */
import { type Key, type Partition, partition } from '../common/ids.ts';
import { slotOf } from '../common/slot.ts';

const LETTER = { identity: 0x69, sworn: 0x63, sum: 0x74, data: 0x64, expiry: 0x78, log: 0x6c } as const;

export const IDENTITY_KEY = Buffer.from([LETTER.identity]);

/** What follows the letter, the partition and the slot in a record's key. */
export const DATA_PREFIX_BYTES = 5;

function partitionKey(letter: number, index: Partition | number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes[0] = letter;
  bytes.writeUInt16BE(index, 1);
  return bytes;
}

export const swornKey = (index: Partition): Buffer => partitionKey(LETTER.sworn, index);

export const sumKey = (index: Partition): Buffer => partitionKey(LETTER.sum, index);

export function dataKey(index: Partition, name: Key): Buffer {
  const bytes = Buffer.alloc(DATA_PREFIX_BYTES + name.length);
  bytes[0] = LETTER.data;
  bytes.writeUInt16BE(index, 1);
  bytes.writeUInt16BE(slotOf(name), 3);
  bytes.write(name, DATA_PREFIX_BYTES, 'latin1');
  return bytes;
}

export function expiryKey(index: Partition, at: number, name: Key): Buffer {
  const bytes = Buffer.alloc(11 + name.length);
  bytes[0] = LETTER.expiry;
  bytes.writeUInt16BE(index, 1);
  // Instants of expiry are positive, and positive doubles sort as their bytes do.
  bytes.writeDoubleBE(at, 3);
  bytes.write(name, 11, 'latin1');
  return bytes;
}

export const instantOfExpiry = (bytes: Buffer): number => bytes.readDoubleBE(3);

export const keyOfExpiry = (bytes: Buffer): Key => bytes.subarray(11).toString('latin1') as Key; // Written by expiryKey.

export const keyOfData = (bytes: Buffer): Key => bytes.subarray(DATA_PREFIX_BYTES).toString('latin1') as Key; // Written by dataKey.

export function logKey(index: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = LETTER.log;
  bytes.writeBigUInt64BE(BigInt(index), 1);
  return bytes;
}

export const indexOfLog = (bytes: Buffer): number => Number(bytes.readBigUInt64BE(1));

export interface Span {
  readonly from: Buffer;
  readonly to: Buffer;
}

const letterSpan = (letter: number): Span => ({ from: Buffer.from([letter]), to: Buffer.from([letter + 1]) });

const partitionSpan = (letter: number, index: Partition): Span => ({
  from: partitionKey(letter, index),
  // The last partition of 16,384 is far below the end of a u16, so the next number always fits.
  to: partitionKey(letter, index + 1),
});

export const dataSpan = (index: Partition): Span => partitionSpan(LETTER.data, index);

export const expirySpan = (index: Partition): Span => partitionSpan(LETTER.expiry, index);

export const swornSpan = letterSpan(LETTER.sworn);

export const logSpan = letterSpan(LETTER.log);

export const partitionOfKey = (bytes: Buffer): Partition => partition(bytes.readUInt16BE(1));
