/**
 * The sum that is stored beside a table, in the same transaction: up to where it is filled, how
 * many records it has, and their order-independent digest (protocol I5).
 *
 *     u32 checksum │ u48 epoch │ u48 seq │ f64 stamp │ u48 count │ u32 digest │ u48 incarnation
 */
import { checksum } from '../common/checksum.ts';
import { epoch } from '../common/ids.ts';
import { type Stamp, stamp } from '../common/time.ts';
import { BrokenStore } from '../common/sealed.ts';
import type { Position } from './replication/position.ts';

export interface TableSum {
  readonly filled: Position;
  readonly stamp: Stamp;
  readonly count: number;
  readonly digest: number;
  /** Which of the tables that this partition has had here one after the other. */
  readonly incarnation: number;
}

const BYTES = 40;

export function encodeSum(sum: TableSum): Buffer {
  const bytes = Buffer.alloc(BYTES);
  bytes.writeUIntBE(sum.filled.epoch, 4, 6);
  bytes.writeUIntBE(sum.filled.seq, 10, 6);
  bytes.writeDoubleBE(sum.stamp, 16);
  bytes.writeUIntBE(sum.count, 24, 6);
  bytes.writeUInt32BE(sum.digest, 30);
  bytes.writeUIntBE(sum.incarnation, 34, 6);
  bytes.writeUInt32BE(checksum(bytes.subarray(4)), 0);
  return bytes;
}

/** @throws BrokenStore when the checksum does not match. */
export function decodeSum(bytes: Buffer): TableSum {
  if (bytes.length !== BYTES || checksum(bytes.subarray(4)) !== bytes.readUInt32BE(0)) {
    throw new BrokenStore('the sum of a table does not match its checksum');
  }
  return {
    filled: { epoch: epoch(bytes.readUIntBE(4, 6)), seq: bytes.readUIntBE(10, 6) },
    stamp: stamp(bytes.readDoubleBE(16)),
    count: bytes.readUIntBE(24, 6),
    digest: bytes.readUInt32BE(30),
    incarnation: bytes.readUIntBE(34, 6),
  };
}
