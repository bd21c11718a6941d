/** The commands about keys as such: whether they are there, and what they are; DEL and UNLINK. */
import { key, type Key } from '../../common/ids.ts';
import { Simple } from '../../common/reply.ts';
import { argument, type Effect, type Read, type Write } from './outcome.ts';

const STRING = new Simple('string');
const NONE = new Simple('none');

/** A key named twice counts twice, as in Redis. */
export const exists: Read = (args, data) => {
  let count = 0;
  for (let index = 1; index < args.length; index += 1) {
    if (data.get(key(argument(args, index))) !== undefined) count += 1;
  }
  return count;
};

/** Strings are the only type there is. */
export const type: Read = (args, data) => (data.get(key(argument(args, 1))) === undefined ? NONE : STRING);

/** DEL, and UNLINK: values are given back by the store in its own time, whichever of them asks. */
export const del: Write = (args, data) => {
  // The second mention of a key finds it deleted already.
  const deleted = new Set<Key>();
  for (let index = 1; index < args.length; index += 1) {
    const name = key(argument(args, index));
    if (data.get(name) !== undefined) deleted.add(name);
  }
  const effects = Array.from(deleted, (name): Effect => ({ kind: 'delete', key: name }));
  return { reply: effects.length, effects };
};
