/**
 * Walking the whole ring a page at a time: what a cursor says, and how a slave's page becomes the client's.
 *
 *    cursor "0" ─► partition 0 ─► "0:a2V5" ─► … ─► "1:" ─► partition 1 ─► … ─► the last one's end ─► "0"
 *
 * A cursor names a partition and the key after which to go on (base64, as the slave wrote it); nothing is
 * remembered between two pages, so a cursor outlives a failover. Only partitions are walked here; what lies
 * in one, and in which order, is the slave's matter. A page comes as [next, items] and leaves as [cursor, items]
 * with the items' bytes untouched.
 */
import { headOf } from './resp-head.ts';

export interface Cursor {
  readonly partition: number;
  /** Base64; empty: from the partition's beginning. */
  readonly after: string;
}

/** A key has at most 1 KiB, which base64 makes a third longer. */
const AFTER_MAX = 1_400;
const CURSOR = new RegExp(`^(\\d{1,5}):([A-Za-z0-9+/]{0,${AFTER_MAX}}={0,2})$`);

const BEGIN_OR_END = '0';

export function decodeCursor(text: string, partitions: number): Cursor | undefined {
  if (text === BEGIN_OR_END) return { partition: 0, after: '' };
  const found = CURSOR.exec(text);
  const index = Number(found?.[1]);
  return found === null || index >= partitions ? undefined : { partition: index, after: found[2] ?? '' };
}

export function encodeCursor({ partition, after }: Cursor, partitions: number): string {
  if (partition >= partitions) return BEGIN_OR_END;
  return partition === 0 && after === '' ? BEGIN_OR_END : `${partition}:${after}`;
}

/** Puts our cursor where the slave said how to go on. Undefined: it is not a page. */
export function rewrapPage(raw: Buffer, partition: number, partitions: number): Buffer | undefined {
  const array = headOf(raw, 0, '*');
  if (array?.length !== 2) return undefined;
  const next = headOf(raw, array.end, '$');
  if (next === undefined || next.length < 0 || next.length > AFTER_MAX) return undefined;
  const after = raw.toString('latin1', next.end, next.end + next.length);
  const going = after === '' ? { partition: partition + 1, after } : { partition, after };
  const cursor = encodeCursor(going, partitions);
  const items = raw.subarray(next.end + next.length + 2);
  return Buffer.concat([Buffer.from(`*2\r\n$${cursor.length}\r\n${cursor}\r\n`, 'latin1'), items]);
}
