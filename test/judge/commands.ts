/**
 * What each command means on one key, written apart from the code that is judged.
 *
 *     INCR k, answered 5   parts:   k: "4" → "5"          the reply is the part's own
 *                          demands: k was "4"             nothing else explains the answer
 *                          yields:  k becomes "5"
 *
 * `parts` is the truth; everything beside it only says beforehand what the search may leave out, and may always say
 * less. A command or option that is not here has no meaning: whoever judges it has to say `undecided`.
 */
import { type Cell, type Cells, isMortal } from './cells.ts';
import type { Answer, Operation } from './history.ts';

/** A reply, or the limits between which a number lies. */
export type Expected = Answer | { readonly least: number; readonly most: number };

export interface Effect {
  readonly reply: Expected;
  readonly after: Cell;
}

export type Meaning = (before: Cell) => Effect;

/** A key, and what it held or holds; undefined: nothing. */
export type Holding = readonly [key: string, value: string | undefined];

export interface Command {
  readonly parts: readonly { readonly key: string; readonly run: Meaning }[];
  /** How the replies of the parts become one. */
  readonly joined: 'one' | 'sum' | 'list' | 'OK';
  /** It changes nothing, whatever the state. */
  readonly isRead: boolean;
  /** With the reply that was given it has changed nothing. */
  readonly isSilent: boolean;
  /** What it leaves does not depend on what was there. */
  readonly overwrites: boolean;
  /** Neither what it leaves nor its reply depends on what was there. */
  readonly isDeaf: boolean;
  /** What must have been there for the reply that was given. */
  readonly demands: readonly Holding[];
  /** What it may leave behind. */
  readonly yields: readonly Holding[];
  /** It may leave values that cannot be told beforehand. */
  readonly isWild: boolean;
  /** It may give its keys a time to live. */
  readonly isTicking: boolean;
}

/** What is not said is not so. */
type Told = Pick<Command, 'parts' | 'joined'> & Partial<Command>;

const NO_HOLDINGS: readonly Holding[] = [];

/** All of one shape, which makes a search that looks at millions of them several times faster. */
const whole = (told: Told): Command => ({
  parts: told.parts,
  joined: told.joined,
  isRead: told.isRead ?? false,
  isSilent: told.isSilent ?? false,
  overwrites: told.overwrites ?? false,
  isDeaf: told.isDeaf ?? false,
  demands: told.demands ?? NO_HOLDINGS,
  yields: told.yields ?? NO_HOLDINGS,
  isWild: told.isWild ?? false,
  isTicking: told.isTicking ?? false,
});

export interface Clock {
  /** How much faster or slower than the history's clock the store's may run: 0.01 is one in a hundred. */
  readonly drift: number;
  /** ms by which a key may go too early: at each hand-over a partition's clock may leap by one promise. */
  readonly earlyMs: number;
  /** ms by which a key may go too late. */
  readonly lateMs: number;
}

interface Given {
  readonly operation: Operation;
  readonly cells: Cells;
  readonly clock: Clock;
  readonly args: readonly string[];
}

/** Undefined: the judge does not know this command, or an option of it. */
export function commandOf(operation: Operation, cells: Cells, clock: Clock): Command | undefined {
  const [name = '', ...args] = operation.command;
  const upper = name.toUpperCase();
  const [least, most] = arities[upper] ?? [Infinity, 0];
  if (args.length < least || args.length > most) return undefined;
  const told = table[upper]?.({ operation, cells, clock, args });
  return told === undefined ? undefined : whole(told);
}

type Table = Readonly<Record<string, (given: Given) => Told | undefined>>;

const arities: Readonly<Record<string, readonly [least: number, most: number]>> = {
  ...{ GET: [1, 1], STRLEN: [1, 1], TYPE: [1, 1], PTTL: [1, 1], GETDEL: [1, 1], PERSIST: [1, 1] },
  ...{ INCR: [1, 1], DECR: [1, 1], INCRBY: [2, 2], DECRBY: [2, 2], APPEND: [2, 2] },
  ...{ SETNX: [2, 2], GETSET: [2, 2], EXPIRE: [2, 2], PEXPIRE: [2, 2], SET: [2, Infinity] },
  ...{ MGET: [1, Infinity], MSET: [2, Infinity], EXISTS: [1, Infinity] },
  ...{ DEL: [1, Infinity], UNLINK: [1, Infinity], FORFEIT: [1, 1] },
};

const table: Table = {
  GET: (given) => ({
    ...look(given, (before) => before.value ?? null),
    demands: exactly(given, given.operation.reply),
  }),
  STRLEN: (given) => ({ ...look(given, (before) => before.value?.length ?? 0) }),
  TYPE: (given) => look(given, (before) => (before.value === undefined ? 'none' : 'string')),
  PTTL: pttl,
  MGET: (given) => ({
    ...each(given, (before) => ({ reply: before.value ?? null, after: before })),
    ...{ joined: 'list', isRead: true, isSilent: true },
    demands: given.args.flatMap((key, index) => exactly({ args: [key] }, listed(given, index))),
  }),
  EXISTS: (given) => ({
    ...each(given, (before) => ({ reply: before.value === undefined ? 0 : 1, after: before })),
    ...{ joined: 'sum', isRead: true, isSilent: true },
    demands: given.operation.reply === 0 ? absentBefore(given) : [],
  }),
  DEL: remove,
  UNLINK: remove,
  /** What an operator gave up: gone, whatever it was. */
  FORFEIT: (given) => ({
    ...one(given, () => ({ reply: 'OK', after: given.cells.absent })),
    ...{ overwrites: true, isDeaf: true, yields: absentBefore(given) },
  }),
  GETDEL: (given) => ({
    ...one(given, (before) => ({ reply: before.value ?? null, after: given.cells.absent })),
    ...{ overwrites: true, isSilent: given.operation.reply === null },
    demands: exactly(given, given.operation.reply),
    yields: given.operation.reply === null ? [] : absentBefore(given),
  }),
  SET: set,
  SETNX: (given) => {
    const [key = '', value = ''] = given.args;
    const { reply } = given.operation;
    const after = given.cells.of(value);
    return {
      ...one(given, (before) =>
        before.value === undefined ? { reply: 1, after } : { reply: 0, after: before },
      ),
      isSilent: reply === 0,
      demands: reply === 1 ? absentBefore(given) : [],
      yields: reply === 0 ? [] : [[key, value]],
    };
  },
  GETSET: (given) => {
    const [key = '', value = ''] = given.args;
    const after = given.cells.of(value);
    return {
      ...one(given, (before) => ({ reply: before.value ?? null, after })),
      ...{ overwrites: true, yields: [[key, value]] },
      demands: exactly(given, given.operation.reply),
    };
  },
  MSET: mset,
  INCR: (given) => count(given, 1),
  DECR: (given) => count(given, -1),
  INCRBY: (given) => count(given, integerOf(given.args[1])),
  DECRBY: (given) => count(given, -(integerOf(given.args[1]) ?? NaN)),
  APPEND: (given) => ({
    ...one(given, (before) => {
      const value = (before.value ?? '') + (given.args[1] ?? '');
      return { reply: value.length, after: given.cells.of(value, before) };
    }),
    ...{ isWild: true },
  }),
  EXPIRE: (given) => expire(given, 1000),
  PEXPIRE: (given) => expire(given, 1),
  PERSIST: (given) => ({
    ...one(given, (before) =>
      isMortal(before) ? { reply: 1, after: given.cells.of(before.value) } : { reply: 0, after: before },
    ),
    isSilent: given.operation.reply === 0,
  }),
};

function one({ args: [key = ''] }: Given, run: Meaning): Told {
  return { parts: [{ key, run }], joined: 'one' };
}

const look = (given: Given, reply: (before: Cell) => Expected): Told => ({
  ...one(given, (before) => ({ reply: reply(before), after: before })),
  ...{ isRead: true, isSilent: true },
});

const each = ({ args }: Given, run: Meaning): Told => ({
  parts: args.map((key) => ({ key, run })),
  joined: 'sum',
});

/** A reply that is the value that was there. */
function exactly({ args: [key = ''] }: Pick<Given, 'args'>, reply: Answer | undefined): readonly Holding[] {
  if (reply === null) return [[key, undefined]];
  return typeof reply === 'string' ? [[key, reply]] : [];
}

const absentBefore = ({ args }: Given): readonly Holding[] => args.map((key) => [key, undefined]);

const isList = (reply: Answer | undefined): reply is readonly Answer[] => Array.isArray(reply);

const listed = ({ operation: { reply } }: Given, index: number): Answer | undefined =>
  isList(reply) ? reply[index] : undefined;

function pttl(given: Given): Told {
  const { operation, clock } = given;
  return look(given, (before) => {
    if (before.value === undefined) return -2;
    if (!isMortal(before)) return -1;
    // Asked between `began` and `ended`, of a clock that runs a little differently.
    const least = (before.earliest - operation.ended) * (1 - clock.drift) - clock.earlyMs - 1;
    const most = (before.latest - operation.began) * (1 + clock.drift) + clock.lateMs + 1;
    return { least: Math.max(0, least), most };
  });
}

function remove(given: Given): Told {
  const { reply } = given.operation;
  return {
    ...each(given, (before) => ({
      reply: before.value === undefined ? 0 : 1,
      after: given.cells.absent,
    })),
    ...{ overwrites: true, isSilent: reply === 0 },
    demands: reply === 0 ? absentBefore(given) : [],
    yields: reply === 0 ? [] : absentBefore(given),
  };
}

function mset(given: Given): Told | undefined {
  const { args, cells } = given;
  if (args.length % 2 !== 0) return undefined;
  const pairs: Holding[] = [];
  for (let index = 0; index < args.length; index += 2) pairs.push([args[index] ?? '', args[index + 1]]);
  return {
    parts: pairs.map(([key, value]) => {
      const after = cells.of(value);
      return { key, run: () => ({ reply: 'OK', after }) };
    }),
    ...{ joined: 'OK', overwrites: true, isDeaf: true, yields: pairs },
  };
}

interface SetOptions {
  readonly condition?: 'NX' | 'XX';
  readonly get?: true;
  readonly keeps?: true;
  readonly ttlMs?: number;
}

function set(given: Given): Told | undefined {
  const { cells } = given;
  const [key = '', value = ''] = given.args;
  if (given.args.length === 2) return mset(given);
  const options = setOptionsOf(given.args.slice(2));
  if (options === undefined) return undefined;
  const fresh = options.ttlMs === undefined ? cells.of(value) : mortal(given, value, options.ttlMs);
  const { condition, get, keeps } = options;
  const isFree = condition === undefined && keeps === undefined;
  return {
    ...one(given, (before) => {
      const isMet = condition === undefined || (condition === 'NX') === (before.value === undefined);
      const after = keeps === true ? cells.of(value, before) : fresh;
      if (get === true) return { reply: before.value ?? null, after: isMet ? after : before };
      return isMet ? { reply: 'OK', after } : { reply: null, after: before };
    }),
    ...{ overwrites: isFree, isDeaf: isFree && get === undefined, isTicking: options.ttlMs !== undefined },
    ...setOutcome(given, key, value, options),
  };
}

/** What the reply says about whether the value was set, and over what. */
function setOutcome({ operation: { reply }, args }: Given, key: string, value: string, options: SetOptions) {
  const { condition, get } = options;
  if (reply === undefined) return { yields: [[key, value]] as const };
  const wasAbsent = reply === null;
  const isSet = get === true ? condition === undefined || (condition === 'NX') === wasAbsent : !wasAbsent;
  const demands = get === true ? exactly({ args }, reply) : absenceTold(key, condition, isSet);
  return { isSilent: !isSet, demands, yields: isSet ? ([[key, value]] as const) : [] };
}

const absenceTold = (key: string, condition: 'NX' | 'XX' | undefined, isSet: boolean): readonly Holding[] =>
  condition !== undefined && (condition === 'NX') === isSet ? [[key, undefined]] : [];

function setOptionsOf(words: readonly string[]): SetOptions | undefined {
  let options: SetOptions = {};
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index]?.toUpperCase();
    if (word === 'NX' || word === 'XX') options = { ...options, condition: word };
    else if (word === 'GET') options = { ...options, get: true };
    else if (word === 'KEEPTTL') options = { ...options, keeps: true };
    else if (word === 'EX' || word === 'PX') {
      const time = integerOf(words[(index += 1)]);
      if (time === undefined || time <= 0) return undefined;
      options = { ...options, ttlMs: word === 'EX' ? time * 1000 : time };
    } else return undefined;
  }
  return options;
}

/** A value that goes by itself: not before `earliest`, and by `latest` at the latest. */
function mortal({ operation, cells, clock }: Given, value: string | undefined, ttlMs: number): Cell {
  return cells.of(value, {
    earliest: operation.began + ttlMs * (1 - clock.drift) - clock.earlyMs,
    latest: operation.ended + ttlMs * (1 + clock.drift) + clock.lateMs,
  });
}

function expire(given: Given, unitMs: number): Told | undefined {
  const time = integerOf(given.args[1]);
  if (time === undefined) return undefined;
  const { cells, operation } = given;
  const isOver = time <= 0;
  return {
    ...one(given, (before) => {
      if (before.value === undefined) return { reply: 0, after: before };
      return { reply: 1, after: isOver ? cells.absent : mortal(given, before.value, time * unitMs) };
    }),
    ...{ isSilent: operation.reply === 0, isTicking: !isOver },
    demands: operation.reply === 0 ? absentBefore(given) : [],
    yields: isOver && operation.reply !== 0 ? absentBefore(given) : [],
  };
}

/** Counters stay where a number is exact; a sum beyond that has no meaning here. */
function count(given: Given, step: number | undefined): Told | undefined {
  const { cells, operation } = given;
  const { reply } = operation;
  if (step === undefined || Number.isNaN(step)) return undefined;
  const [key = ''] = given.args;
  const command = one(given, (before) => {
    const number = before.value === undefined ? 0 : integerOf(before.value);
    if (number === undefined) return { reply: NOT_A_NUMBER, after: before };
    return { reply: number + step, after: cells.of(String(number + step), before) };
  });
  if (typeof reply !== 'number') {
    return { ...command, isWild: reply === undefined, isSilent: reply !== undefined };
  }
  const before = reply - step;
  // Zero is what an absent key counts for, so the reply does not tell which it was.
  return { ...command, demands: before === 0 ? [] : [[key, String(before)]], yields: [[key, String(reply)]] };
}

const NOT_A_NUMBER = { error: 'ERR value is not an integer or out of range' };

/** Undefined: no integer, or not one that a number can hold exactly. */
export function integerOf(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 15 || !/^(0|-?[1-9]\d*)$/.test(text)) return undefined;
  return Number(text);
}
