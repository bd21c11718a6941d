/**
 * The commands that set a key's whole value: SET and its older relatives, GETSET, GETDEL, GETEX.
 *
 * A plain SET does not look at the data at all, so it costs no read.
 */
import { key, type Key } from '../../common/ids.ts';
import { Failure, OK, type Reply } from '../../common/reply.ts';
import { FORMS, positiveInstantOf, type TimeForm } from './expiry-time.ts';
import {
  argument,
  type Data,
  deleting,
  type Effect,
  type Entry,
  isPast,
  NEVER,
  type Outcome,
  putting,
  storing,
  unchanged,
  type Write,
} from './outcome.ts';
import { getexOptionsOf, type Options, setOptionsOf } from './set-options.ts';
import { wrongArity } from '../../common/command/errors.ts';

export const set: Write = (args, data) => {
  const value = argument(args, 2);
  if (args.length === 3) return putting(OK, key(argument(args, 1)), { value, expiresAt: NEVER });
  const options = setOptionsOf(args);
  return options instanceof Failure ? unchanged(options) : setWithOptions(args, options, data);
};

function setWithOptions(args: readonly Buffer[], options: Options, data: Data): Outcome {
  const name = key(argument(args, 1));
  const instant = givenInstantOf(options, data, 'set');
  if (instant instanceof Failure) return unchanged(instant);
  const existing = data.get(name);
  const before = options.get ? existing?.value : undefined;
  if (!conditionHolds(options, existing)) return unchanged(before);
  const expiresAt = options.expiry === 'keep' ? (existing?.expiresAt ?? NEVER) : (instant ?? NEVER);
  return storing(options.get ? before : OK, name, { value: argument(args, 2), expiresAt }, data);
}

const conditionHolds = ({ condition }: Options, existing: Entry | undefined): boolean =>
  condition === undefined || (condition === 'nx') === (existing === undefined);

/** The instant that the options name; undefined if they name none. */
function givenInstantOf({ expiry }: Options, { now }: Data, command: string): number | undefined | Failure {
  if (typeof expiry !== 'object') return undefined;
  return positiveInstantOf(expiry.argument, { form: expiry.form, now, command });
}

export const setnx: Write = (args, data) => {
  const name = key(argument(args, 1));
  if (data.get(name) !== undefined) return unchanged(0);
  return putting(1, name, { value: argument(args, 2), expiresAt: NEVER });
};

export const setex: Write = (args, data) => setFor(args, data, { command: 'setex', form: FORMS.ex });

export const psetex: Write = (args, data) => setFor(args, data, { command: 'psetex', form: FORMS.px });

function setFor(args: readonly Buffer[], data: Data, how: { command: string; form: TimeForm }): Outcome {
  const expiresAt = positiveInstantOf(argument(args, 2), { ...how, now: data.now });
  if (expiresAt instanceof Failure) return unchanged(expiresAt);
  return storing(OK, key(argument(args, 1)), { value: argument(args, 3), expiresAt }, data);
}

export const mset: Write = (args) => {
  if (args.length % 2 === 0) return unchanged(wrongArity('mset'));
  const effects: Effect[] = [];
  for (let index = 1; index < args.length; index += 2) {
    const value = argument(args, index + 1);
    effects.push({ kind: 'put', key: key(argument(args, index)), value, expiresAt: NEVER });
  }
  return { reply: OK, effects };
};

export const getset: Write = (args, data) => {
  const name = key(argument(args, 1));
  return putting(data.get(name)?.value, name, { value: argument(args, 2), expiresAt: NEVER });
};

export const getdel: Write = (args, data) => {
  const name = key(argument(args, 1));
  const existing = data.get(name);
  return existing === undefined ? unchanged(undefined) : deleting(existing.value, name);
};

export const getex: Write = (args, data) => {
  const options = getexOptionsOf(args);
  if (options instanceof Failure) return unchanged(options);
  const name = key(argument(args, 1));
  const existing = data.get(name);
  // Redis looks at the key before it looks at the number: a bad time for an absent key is no error.
  if (existing === undefined) return unchanged(undefined);
  const instant = givenInstantOf(options, data, 'getex');
  if (instant instanceof Failure) return unchanged(instant);
  if (options.expiry === 'persist') return expiring(name, existing, NEVER, data);
  return instant === undefined ? unchanged(existing.value) : expiring(name, existing, instant, data);
};

/** Answers with the value, and gives it this time to live. */
function expiring(name: Key, { value, expiresAt }: Entry, instant: number, data: Data): Outcome {
  const reply: Reply = value;
  if (instant === expiresAt) return unchanged(reply);
  return isPast(instant, data.now)
    ? deleting(reply, name)
    : putting(reply, name, { value, expiresAt: instant });
}
