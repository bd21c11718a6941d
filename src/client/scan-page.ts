/** One page of `PIAZZA SCAN`, read out of its reply: a cursor, then keys, values and expiry in threes. */
import type { Reply } from '../common/reply.ts';

export interface ScanRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Milliseconds since 1970; undefined for a key that never expires. */
  readonly expiresAtMs: number | undefined;
}

export interface ScanPage {
  /** "0" when nothing follows. */
  readonly cursor: string;
  readonly records: readonly ScanRecord[];
}

/** Undefined where the reply is not a page. */
export function scanPageOf(reply: Reply): ScanPage | undefined {
  if (!Array.isArray(reply) || reply.length !== 2) return undefined;
  const [cursor, flat] = reply as readonly Reply[]; // Array.isArray forgets that our arrays are readonly.
  if (!Buffer.isBuffer(cursor) || !Array.isArray(flat) || flat.length % 3 !== 0) return undefined;
  const records: ScanRecord[] = [];
  for (let index = 0; index < flat.length; index += 3) {
    const record = recordOf(flat.slice(index, index + 3));
    if (record === undefined) return undefined;
    records.push(record);
  }
  return { cursor: cursor.toString('latin1'), records };
}

function recordOf([key, value, expiry]: readonly Reply[]): ScanRecord | undefined {
  const expiresAtMs = Buffer.isBuffer(expiry) ? Number(expiry.toString('latin1')) : expiry;
  if (!Buffer.isBuffer(key) || !Buffer.isBuffer(value)) return undefined;
  if (typeof expiresAtMs !== 'number' || !Number.isSafeInteger(expiresAtMs) || expiresAtMs < 0)
    return undefined;
  return { key, value, expiresAtMs: expiresAtMs === 0 ? undefined : expiresAtMs };
}
