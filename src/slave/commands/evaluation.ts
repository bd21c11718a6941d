/**
 * Evaluation: which function answers which command on a partition's data.
 *
 *     args ──commandOf──► spec ──readOf / writeOf──► function(args, data) ──► reply, effects
 *
 * The registry says what there is; this file says who does it, and refuses to load if the two
 * disagree. It does not know whether this slave may answer: that was asked before.
 */
import { commandOf, commands, type CommandSpec } from '../../common/command/registry.ts';
import { invariant } from '../../common/invariant.ts';
import { append, get, getrange, mget, setrange, strlen } from './strings.ts';
import { decr, decrby, incr, incrby, incrbyfloat } from './counters.ts';
import { del, exists, type } from './keys.ts';
import {
  expire,
  expireat,
  expiretime,
  persist,
  pexpire,
  pexpireat,
  pexpiretime,
  pttl,
  ttl,
} from './expiry.ts';
import { getdel, getex, getset, mset, psetex, set, setex, setnx } from './setting.ts';
import type { Read, Write } from './outcome.ts';

export type { Data, Effect, Entry, Outcome, Read, Write } from './outcome.ts';

/** By command name. */
export const reads: ReadonlyMap<string, Read> = new Map(
  Object.entries({
    ...{ get, mget, strlen, getrange, substr: getrange },
    ...{ exists, type, ttl, pttl, expiretime, pexpiretime },
  }),
);

/** By command name. */
export const writes: ReadonlyMap<string, Write> = new Map(
  Object.entries({
    ...{ set, setnx, setex, psetex, getset, getdel, getex, mset },
    ...{ append, setrange, incr, decr, incrby, decrby, incrbyfloat },
    ...{ del, unlink: del, expire, pexpire, expireat, pexpireat, persist },
  }),
);

const readsByIndex: readonly (Read | undefined)[] = commands.map(({ name }) => reads.get(name));
const writesByIndex: readonly (Write | undefined)[] = commands.map(({ name }) => writes.get(name));

/** The function of a command of kind `read`; undefined for any other. */
export const readOf = (spec: CommandSpec): Read | undefined => readsByIndex[spec.index];

/** The function of a command of kind `write`; undefined for any other. */
export const writeOf = (spec: CommandSpec): Write | undefined => writesByIndex[spec.index];

for (const spec of commands) {
  invariant(
    (spec.kind === 'read') === (readOf(spec) !== undefined),
    () => `${spec.name} has no function, or one too many`,
  );
  invariant(
    (spec.kind === 'write') === (writeOf(spec) !== undefined),
    () => `${spec.name} has no function, or one too many`,
  );
}
for (const name of [...reads.keys(), ...writes.keys()]) {
  invariant(commandOf(Buffer.from(name)) !== undefined, () => `${name} is not in the registry`);
}
