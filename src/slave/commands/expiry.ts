/**
 * The commands about a key's time to live: EXPIRE and its relatives, TTL and its, PERSIST.
 *
 * An instant that has come already deletes the key at once, as in Redis.
 */
import { echoing, textOf } from '../../common/command/errors.ts';
import { isWord } from '../../common/command/registry.ts';
import { key } from '../../common/ids.ts';
import { Failure } from '../../common/reply.ts';
import { anyInstantOf, FORMS, type TimeForm } from './expiry-time.ts';
import {
  argument,
  type Data,
  deleting,
  type Entry,
  NEVER,
  type Outcome,
  putting,
  type Read,
  unchanged,
  type Write,
} from './outcome.ts';

type Condition = 'nx' | 'xx' | 'gt' | 'lt';

const CONDITIONS: readonly Condition[] = ['nx', 'xx', 'gt', 'lt'];

const NO_CONDITIONS: ReadonlySet<Condition> = new Set();

const nxWithOthers = new Failure('ERR NX and XX, GT or LT options at the same time are not compatible');

const gtWithLt = new Failure('ERR GT and LT options at the same time are not compatible');

const expiringCommand =
  (command: string, form: TimeForm): Write =>
  (args, data) => {
    const conditions = conditionsOf(args);
    if (conditions instanceof Failure) return unchanged(conditions);
    const instant = anyInstantOf(argument(args, 2), { form, now: data.now, command });
    return instant instanceof Failure ? unchanged(instant) : expireAt(args, data, { instant, conditions });
  };

export const expire = expiringCommand('expire', FORMS.ex);
export const pexpire = expiringCommand('pexpire', FORMS.px);
export const expireat = expiringCommand('expireat', FORMS.exat);
export const pexpireat = expiringCommand('pexpireat', FORMS.pxat);

function conditionsOf(args: readonly Buffer[]): ReadonlySet<Condition> | Failure {
  if (args.length === 3) return NO_CONDITIONS;
  const conditions = new Set<Condition>();
  for (const word of args.slice(3)) {
    const condition = CONDITIONS.find((name) => isWord(word, name));
    if (condition === undefined) return echoing(`ERR Unsupported option ${textOf(word)}`);
    conditions.add(condition);
  }
  if (conditions.has('nx') && conditions.size > 1) return nxWithOthers;
  return conditions.has('gt') && conditions.has('lt') ? gtWithLt : conditions;
}

interface Wish {
  readonly instant: number;
  readonly conditions: ReadonlySet<Condition>;
}

function expireAt(args: readonly Buffer[], data: Data, { instant, conditions }: Wish): Outcome {
  const name = key(argument(args, 1));
  const existing = data.get(name);
  if (existing === undefined) return unchanged(0);
  for (const condition of conditions) if (!holds(condition, existing, instant)) return unchanged(0);
  // Zero means "never" in an entry, and here 1970: an instant, and long past.
  if (instant <= data.now) return deleting(1, name);
  if (instant === existing.expiresAt) return unchanged(1);
  return putting(1, name, { value: existing.value, expiresAt: instant });
}

/** For GT and LT, a key that never expires lives for ever. */
function holds(condition: Condition, { expiresAt }: Entry, instant: number): boolean {
  const current = expiresAt === NEVER ? Infinity : expiresAt;
  switch (condition) {
    case 'nx':
      return expiresAt === NEVER;
    case 'xx':
      return expiresAt !== NEVER;
    case 'gt':
      return instant > current;
    default:
      return instant < current;
  }
}

const ABSENT = -2;
const FOR_EVER = -1;

/** Whole seconds, the nearest: Redis rounds a time to live, it does not cut it. */
const seconds = (ms: number): number => Math.floor((ms + 500) / 1000);

const expiryRead =
  (answer: (expiresAt: number, now: number) => number): Read =>
  (args, data) => {
    const existing = data.get(key(argument(args, 1)));
    if (existing === undefined) return ABSENT;
    return existing.expiresAt === NEVER ? FOR_EVER : answer(existing.expiresAt, Math.floor(data.now));
  };

export const ttl = expiryRead((expiresAt, now) => seconds(expiresAt - now));
export const pttl = expiryRead((expiresAt, now) => expiresAt - now);
export const expiretime = expiryRead((expiresAt) => seconds(expiresAt));
export const pexpiretime = expiryRead((expiresAt) => expiresAt);

export const persist: Write = (args, data) => {
  const name = key(argument(args, 1));
  const existing = data.get(name);
  if (existing === undefined || existing.expiresAt === NEVER) return unchanged(0);
  return putting(1, name, { value: existing.value, expiresAt: NEVER });
};
