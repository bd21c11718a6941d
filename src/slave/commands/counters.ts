/**
 * The commands that count: INCR and its relatives, on whole numbers of 64 bits, and INCRBYFLOAT.
 *
 * A number is kept as its digits, as in Redis. Counting keeps the time to live.
 */
import { notAFloat, notAnInteger } from '../../common/command/errors.ts';
import { add, type Integer, integerOf, negate } from '../../common/command/integer.ts';
import { key } from '../../common/ids.ts';
import { Failure } from '../../common/reply.ts';
import { addLongDoubles, formatLongDouble, longDoubleOf, ZERO } from './long-double.ts';
import { argument, type Data, NEVER, type Outcome, putting, unchanged, type Write } from './outcome.ts';

const overflow = new Failure('ERR increment or decrement would overflow');

const decrementOverflow = new Failure('ERR decrement would overflow');

const notFinite = new Failure('ERR increment would produce NaN or Infinity');

export const incr: Write = (args, data) => countBy(args, data, 1);

export const decr: Write = (args, data) => countBy(args, data, -1);

export const incrby: Write = (args, data) => {
  const step = integerOf(argument(args, 2));
  return step === undefined ? unchanged(notAnInteger) : countBy(args, data, step);
};

export const decrby: Write = (args, data) => {
  const step = integerOf(argument(args, 2));
  if (step === undefined) return unchanged(notAnInteger);
  const opposite = negate(step);
  return opposite === undefined ? unchanged(decrementOverflow) : countBy(args, data, opposite);
};

function countBy(args: readonly Buffer[], data: Data, step: Integer): Outcome {
  const name = key(argument(args, 1));
  const existing = data.get(name);
  const count = existing === undefined ? 0 : integerOf(existing.value);
  if (count === undefined) return unchanged(notAnInteger);
  const sum = add(count, step);
  if (sum === undefined) return unchanged(overflow);
  const value = Buffer.from(sum.toString(), 'latin1');
  return putting(sum, name, { value, expiresAt: existing?.expiresAt ?? NEVER });
}

export const incrbyfloat: Write = (args, data) => {
  const name = key(argument(args, 1));
  const existing = data.get(name);
  const count = existing === undefined ? ZERO : longDoubleOf(existing.value);
  const step = longDoubleOf(argument(args, 2));
  if (count === undefined || step === undefined) return unchanged(notAFloat);
  const sum = addLongDoubles(count, step);
  if (sum === undefined) return unchanged(notFinite);
  const value = Buffer.from(formatLongDouble(sum), 'latin1');
  return putting(value, name, { value, expiresAt: existing?.expiresAt ?? NEVER });
};
