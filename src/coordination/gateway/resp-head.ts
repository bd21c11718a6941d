/**
 * The few forms of RESP2 that the gateway itself takes apart; everything else passes through as bytes.
 *
 * Readers are total: what has not exactly the form asked for gives undefined. Whole replies are cut out of the stream
 * by `common/wire/resp-reply.ts`; this only looks into one.
 */
export interface Head {
  /** What it announces: bytes of a string, elements of an array; -1 is the null. */
  readonly length: number;
  /** Where that begins. */
  readonly end: number;
}

/** A mark, at most nine digits, the line's end. */
const HEAD_BYTES_MAX = 12;

/** Reads `$12\r\n`, `*3\r\n` or `$-1\r\n` at `start`. */
export function headOf(raw: Buffer, start: number, mark: '$' | '*'): Head | undefined {
  const found = /^(.)(-1|\d{1,9})\r\n/.exec(raw.toString('latin1', start, start + HEAD_BYTES_MAX));
  if (found?.[1] !== mark) return undefined;
  return { length: Number(found[2]), end: start + found[0].length };
}

/** The elements of an array of bulk strings and nulls, if it is one of exactly `count`. */
export function bulksOf(raw: Buffer, count: number): readonly (Buffer | undefined)[] | undefined {
  const array = headOf(raw, 0, '*');
  if (array?.length !== count) return undefined;
  const values: (Buffer | undefined)[] = [];
  let at = array.end;
  while (values.length < count) {
    const bulk = headOf(raw, at, '$');
    if (bulk === undefined) return undefined;
    const isNull = bulk.length < 0;
    values.push(isNull ? undefined : raw.subarray(bulk.end, bulk.end + bulk.length));
    at = isNull ? bulk.end : bulk.end + bulk.length + 2;
  }
  return at === raw.length ? values : undefined;
}

/** `:12\r\n` → 12. */
export function countOf(raw: Buffer): number | undefined {
  const digits = /^:(\d{1,15})\r\n$/.exec(raw.toString('latin1', 0, 19))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
