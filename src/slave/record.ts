/**
 * A record in a table: `u32 checksum │ f64 expires at (0: never) │ value`.
 *
 * The checksum covers the key too, so that a record found under a foreign key is noticed. The
 * pages beneath have no checksums of their own (protocol I5).
 */
import { checksum } from '../common/checksum.ts';
import { BrokenStore } from '../common/sealed.ts';

export interface StoredValue {
  readonly value: Buffer;
  /** Stamp at which it expires; 0: never. */
  readonly expiresAt: number;
}

const HEAD_BYTES = 12;

export function encodeRecord(storeKey: Buffer, { value, expiresAt }: StoredValue): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + value.length);
  bytes.writeDoubleBE(expiresAt, 4);
  value.copy(bytes, HEAD_BYTES);
  bytes.writeUInt32BE(checksum(bytes.subarray(4), checksum(storeKey)), 0);
  return bytes;
}

/** @throws BrokenStore when the checksum does not match. */
export function decodeRecord(storeKey: Buffer, bytes: Buffer): StoredValue {
  if (
    bytes.length < HEAD_BYTES ||
    checksum(bytes.subarray(4), checksum(storeKey)) !== bytes.readUInt32BE(0)
  ) {
    throw new BrokenStore(`the record ${storeKey.toString('hex')} does not match its checksum`);
  }
  return { value: bytes.subarray(HEAD_BYTES), expiresAt: bytes.readDoubleBE(4) };
}

/** When a stored record expires, without a look at the rest of it. */
export const expiryOf = (record: Buffer): number => record.readDoubleBE(4);

/** What a record adds to its partition's digest. */
export const digestOf = (record: Buffer): number => record.readUInt32BE(0);
