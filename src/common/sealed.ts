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
 * What was sealed. The checksum vouches for the shape: only `seal` writes such records.
 * @throws BrokenStore when it does not match.
 */
export function unseal<Value>(bytes: Buffer, what: string): Value {
  if (bytes.length < 4 || checksum(bytes.subarray(4)) !== bytes.readUInt32BE(0)) {
    throw new BrokenStore(`${what} does not match its checksum`);
  }
  return JSON.parse(bytes.toString('utf8', 4)) as Value; // Written by `seal`: the checksum says so.
}
