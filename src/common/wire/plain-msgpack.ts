/**
 * MessagePack for values that are nothing but maps with names, lists, texts, numbers, flags and nil.
 *
 * The library does the work. It can do more than is wanted from a stranger: it makes arrays of
 * whatever length is claimed, follows nesting as deep as the stack goes, and builds dates, records and
 * patterns out of extensions. So the bytes are walked first, without making anything of them:
 *
 *     no extension, no binary, no 64-bit integer        nobody here sends any
 *     no list or map longer than the bytes behind it    so no claim costs memory
 *     at most `DEPTH_MAX` deep                          so no stack overflows
 *     not too many lists and maps for the bytes         each costs a hundred times its one byte
 *     one value, and nothing behind it
 *
 * An absent value travels as nil, since an `undefined` has no place in MessagePack.
 */
import { Packr, Unpackr } from 'msgpackr';

/** Messages nest six deep. */
const DEPTH_MAX = 8;

/** What a list or map weighs beside a plain value. What we send weighs less than its bytes, since its maps have names. */
const CONTAINER_WEIGHT = 8;

/** What any frame may weigh beyond its bytes: a short one may be all list. */
const WEIGHT_FREE = 4_096;

const packr = new Packr({ useRecords: false, variableMapSize: true, encodeUndefinedAsNil: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

export const pack = (value: unknown): Buffer => packr.pack(value);

/** Undefined: an offence; `isPlain` says no, or a map has a key that is no name. */
export function unpack(bytes: Buffer): { readonly value: unknown } | undefined {
  if (!isPlain(bytes)) return undefined;
  try {
    return { value: unpackr.unpack(bytes) };
  } catch {
    return undefined;
  }
}

/** Whether the bytes are one value of the plain kind; see the head of this file. */
export function isPlain(bytes: Buffer): boolean {
  /** How many values are still to come in each list or map that is open. */
  const open: number[] = [1];
  let weight = 0;
  let at = 0;
  for (let level = 0; level >= 0;) {
    if (open[level] === 0) {
      level -= 1;
      continue;
    }
    const token = tokenAt(bytes, at);
    if (token === undefined) return false;
    at += token.bytes;
    weight += token.isContainer ? CONTAINER_WEIGHT : 1;
    if (token.values > bytes.length - at || weight > WEIGHT_FREE + bytes.length) return false;
    open[level] = (open[level] ?? 0) - 1;
    if (token.values === 0) continue;
    level += 1;
    if (level > DEPTH_MAX) return false;
    open[level] = token.values;
  }
  return at === bytes.length;
}

interface Token {
  /** How far it reaches, without the values within. */
  readonly bytes: number;
  readonly isContainer: boolean;
  /** How many values it announces. */
  readonly values: number;
}

const scalar = (bytes: number): Token => ({ bytes, isContainer: false, values: 0 });
const container = (bytes: number, values: number): Token => ({ bytes, isContainer: true, values });

/** Types of one byte and so many more of payload: nil, flags, floats, integers up to 32 bits. */
const PAYLOADS: ReadonlyMap<number, number> = new Map([
  [0xc0, 0],
  [0xc2, 0],
  [0xc3, 0],
  [0xcc, 1],
  [0xd0, 1],
  [0xcd, 2],
  [0xd1, 2],
  [0xca, 4],
  [0xce, 4],
  [0xd2, 4],
  [0xcb, 8],
]);

/** Undefined: it does not end within the bytes, or is of no kind that is wanted. */
function tokenAt(bytes: Buffer, at: number): Token | undefined {
  const type = bytes[at];
  const token = type === undefined ? undefined : (shortToken(type) ?? longToken(bytes, at, type));
  return token && token.bytes <= bytes.length - at ? token : undefined;
}

/** Types that say everything in their one byte. */
function shortToken(type: number): Token | undefined {
  if (type < 0x80 || type >= 0xe0) return scalar(1);
  if (type < 0x90) return container(1, 2 * (type & 0x0f));
  if (type < 0xa0) return container(1, type & 0x0f);
  if (type < 0xc0) return scalar(1 + (type & 0x1f));
  const payload = PAYLOADS.get(type);
  return payload === undefined ? undefined : scalar(1 + payload);
}

/** Texts, lists and maps whose length stands behind the type: how wide it is, and what it counts. */
const LONG: ReadonlyMap<number, { readonly width: number; readonly counts: 'bytes' | 'values' | 'pairs' }> =
  new Map([
    [0xd9, { width: 1, counts: 'bytes' }],
    [0xda, { width: 2, counts: 'bytes' }],
    [0xdb, { width: 4, counts: 'bytes' }],
    [0xdc, { width: 2, counts: 'values' }],
    [0xdd, { width: 4, counts: 'values' }],
    [0xde, { width: 2, counts: 'pairs' }],
    [0xdf, { width: 4, counts: 'pairs' }],
  ]);

function longToken(bytes: Buffer, at: number, type: number): Token | undefined {
  const long = LONG.get(type);
  if (long === undefined || bytes.length - at <= long.width) return undefined;
  const length = bytes.readUIntBE(at + 1, long.width);
  const head = 1 + long.width;
  if (long.counts === 'bytes') return scalar(head + length);
  return container(head, long.counts === 'pairs' ? 2 * length : length);
}
