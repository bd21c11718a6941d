/**
 * Small records as JSON behind their checksum: what a slave has sworn, what the journal holds.
 *
 *     u32 checksum │ JSON
 */
import { checksum } from './checksum.ts';

/** Something in a store is not what was written there. Whoever reads it stops. */
export class BrokenStore extends Error {
  override readonly name = 'BrokenStore';
}

export function seal(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const bytes = Buffer.alloc(4 + text.length);
  text.copy(bytes, 4);
  bytes.writeUInt32BE(checksum(text), 0);
  return bytes;
}

/**
 * What was sealed. The checksum vouches for the shape too: only `seal` writes such records, so the
 * reader may name the type it wrote.
 * @throws BrokenStore when it does not match.
 */
export function unseal(bytes: Buffer, what: string): unknown {
  if (bytes.length < 4 || checksum(bytes.subarray(4)) !== bytes.readUInt32BE(0)) {
    throw new BrokenStore(`${what} does not match its checksum`);
  }
  return JSON.parse(bytes.toString('utf8', 4));
}
