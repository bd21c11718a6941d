/**
 * The commands that read a string or change a part of it.
 *
 * Positions count bytes. A change of a part keeps the time to live; what would grow a value past
 * its limit is refused before anything is built.
 */
import { VALUE_BYTES_MAX } from '../../common/command/check.ts';
import { notAnInteger, tooLarge } from '../../common/command/errors.ts';
import { type Integer, integerOf } from '../../common/command/integer.ts';
import { key } from '../../common/ids.ts';
import { Failure, type Reply } from '../../common/reply.ts';
import { argument, NEVER, putting, type Read, unchanged, type Write } from './outcome.ts';

const offsetOutOfRange = new Failure('ERR offset is out of range');

const NO_BYTES = Buffer.alloc(0);

export const get: Read = (args, data) => data.get(key(argument(args, 1)))?.value;

export const mget: Read = (args, data) => {
  const values: Reply[] = [];
  for (let index = 1; index < args.length; index += 1)
    values.push(data.get(key(argument(args, index)))?.value);
  return values;
};

export const strlen: Read = (args, data) => data.get(key(argument(args, 1)))?.value.length ?? 0;

export const getrange: Read = (args, data) => {
  const start = integerOf(argument(args, 2));
  const end = integerOf(argument(args, 3));
  if (start === undefined || end === undefined) return notAnInteger;
  return partOf(data.get(key(argument(args, 1)))?.value ?? NO_BYTES, start, end);
};

/** Both ends belong to the part; a negative one counts from the end of the value. */
function partOf(value: Buffer, start: Integer, end: Integer): Buffer {
  // Two ends in the wrong order are nothing, even where both lie so far before the value that
  // both would become its first byte.
  if (start < 0 && end < 0 && start > end) return NO_BYTES;
  const first = positionOf(start, value.length);
  const last = positionOf(end, value.length);
  return first > last ? NO_BYTES : value.subarray(first, last + 1);
}

/** From the value's first byte; one that lies before it is the first. */
function positionOf(index: Integer, length: number): number {
  const plain = Number(index);
  return plain < 0 ? Math.max(length + plain, 0) : plain;
}

export const append: Write = (args, data) => {
  const name = key(argument(args, 1));
  const tail = argument(args, 2);
  const existing = data.get(name);
  if (existing === undefined) return putting(tail.length, name, { value: tail, expiresAt: NEVER });
  const bytes = existing.value.length + tail.length;
  if (bytes > VALUE_BYTES_MAX) return unchanged(tooLarge);
  if (tail.length === 0) return unchanged(bytes);
  const value = Buffer.concat([existing.value, tail], bytes);
  return putting(bytes, name, { value, expiresAt: existing.expiresAt });
};

export const setrange: Write = (args, data) => {
  const offset = integerOf(argument(args, 2));
  if (offset === undefined) return unchanged(notAnInteger);
  if (offset < 0) return unchanged(offsetOutOfRange);
  const name = key(argument(args, 1));
  const patch = argument(args, 3);
  const existing = data.get(name);
  const before = existing?.value ?? NO_BYTES;
  if (patch.length === 0) return unchanged(before.length);
  if (Number(offset) + patch.length > VALUE_BYTES_MAX) return unchanged(tooLarge);
  const value = patched(before, patch, Number(offset));
  return putting(value.length, name, { value, expiresAt: existing?.expiresAt ?? NEVER });
};

/** What lies between the old end and the patch is filled with zero bytes. */
function patched(before: Buffer, patch: Buffer, offset: number): Buffer {
  const value = Buffer.alloc(Math.max(before.length, offset + patch.length));
  before.copy(value);
  patch.copy(value, offset);
  return value;
}
