/**
 * Checksums of records and log entries (CRC-32, as in zlib): LMDB has none of its own (protocol I5).
 *
 * A pure function that happens to live in a Node library; the only such import in a pure room.
 */
// eslint-disable-next-line no-restricted-imports -- a pure function that happens to live in a Node library
import { crc32 } from 'node:zlib';

/** Continues from `seed`, so that several pieces can be summed without joining them. */
export const checksum = (bytes: Buffer, seed = 0): number => crc32(bytes, seed);
