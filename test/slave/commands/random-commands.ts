/**
 * Seeded commands for the comparison with Redis: all data commands, with arguments from the corners.
 *
 * Two things must not depend on the moment. A relative time is never given twice, so that no two
 * instants lie within the jitter between two clocks; and absolute ones lie far in the past or the
 * future. Times that are valid but beyond what a double holds exactly are left out but for the
 * greatest, which both sides know.
 */
import { below, type Prng } from '../../../src/common/prng.ts';

const bytes = (...texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text));
const words = (text: string): readonly Buffer[] => bytes(...text.split(' '));

export const keys: readonly Buffer[] = [
  ...bytes('', 'a', 'b', 'counter', 'float', 'a key with blanks'),
  Buffer.from([0, 255, 13, 10]),
];

const integers = [
  ...words('0 1 -1 2 10 100 -100 007 -0 +1 1.5 abc 0x10 9223372036854775807 -9223372036854775808'),
  ...words('9223372036854775806 9223372036854775808 -9223372036854775809 99999999999999999999'),
  ...words('9007199254740991 9007199254740993 -9007199254740993 999999999999999 1000000000000000'),
  ...bytes('', ' 1', '1 '),
];

const floats = [
  ...words('0 0.1 0.2 1.5 -1.25 3.0e3 1e-5 -1e-20 1. .5 +5 1e4000 -1e4000 1e4932 1e4933 1e-4960 1e-4940'),
  ...words('inf -inf Infinity nan 0x1p3 0x.8 0x 1e -0 00012 1_0 1e99999999999 0e99999999'),
  ...words('123456789012345678901234567890 0.1234567890123456789 5.0000000000000000000001'),
  ...words('9223372036854775807 18446744073709551617 0x1.fffffffffffffffffp0'),
];

const values: readonly Buffer[] = [
  ...bytes('', 'x', 'hello world', 'é', 'y'.repeat(100)),
  Buffer.from([0, 255, 13, 10, 0]),
  ...integers,
  ...floats,
];

const offsets = [...words('0 1 5 30 100 -1 -2 -5 -100 a 1.0'), ...bytes('')];
const farOffsets = words('9223372036854775807 -9223372036854775808 9223372036854775808 20000000');

const badTimes = [...words('0 -1 abc 1.5 -9223372036854775808 9223372036854775808'), ...bytes('', ' 1')];
const badSeconds = [...badTimes, ...words('9223372036854775807 9223372036854776 -9223372036854776')];
const badRelativeMs = [...badTimes, ...words('9223372036854775807')];
const absoluteSeconds = words('1 1000 4102444800 4102444801 5000000000 -5');
const absoluteMs = words('1 1000 4102444800000 4102444800499 4102444800500 9223372036854775807 -5');

const goodWords = words('NX xx GET get keepttl');
const badWords = [...words('Gt lt PERSIST foo N EX px'), ...bytes('')];
const conditions = words('NX xx Gt lt GT LT');
const badConditions = bytes('foo', 'x\r\ny', '');

export interface RandomCommands {
  next(): readonly Buffer[];
}

export function randomCommands(random: Prng): RandomCommands {
  const draw = drawFrom(random);
  const makers = makersOf(draw);
  // What has most to go wrong comes more often.
  const often = ['set', 'set', 'set', 'incrbyfloat', 'incrbyfloat', 'pexpireat', 'pexpireat', 'incrby'];
  const names = [...Object.keys(makers), ...often];
  /** Now and then an argument too few, or one too many. */
  const spoil = (args: readonly Buffer[]): readonly Buffer[] =>
    draw.chance(50) ? args.slice(0, -1) : [...args, draw.pick(integers)];
  return {
    next: () => {
      const name = draw.pick(names);
      const args = makers[name]?.() ?? [];
      const spelling = draw.chance(50) ? name.toUpperCase() : name;
      return [Buffer.from(spelling), ...(draw.chance(5) ? spoil(args) : args)];
    },
  };
}

type Args = readonly Buffer[];

interface Draw {
  pick<T>(from: readonly T[]): T;
  chance(percent: number): boolean;
  /** Up to so many times what `make` makes. */
  some(make: () => Args, most: number): Args;
  /** A time counted from now: never the same twice, and far from every other. */
  relative(unitMs: 1 | 1000): Buffer;
}

function drawFrom(random: Prng): Draw {
  let relativeTimes = 0;
  const pick = <T>(from: readonly T[]): T => from[below(random, from.length)] as T; // No list here is empty.
  const chance = (percent: number): boolean => below(random, 100) < percent;
  return {
    pick,
    chance,
    some: (make, most) => Array.from({ length: below(random, most + 1) }, make).flat(),
    relative: (unitMs) => {
      if (chance(15)) return pick(unitMs === 1 ? badRelativeMs : badSeconds);
      relativeTimes += 1;
      return Buffer.from(String((100_000 * relativeTimes) / unitMs));
    },
  };
}

function makersOf({ pick, chance, some, relative }: Draw): Readonly<Record<string, () => Args>> {
  const key = (): Buffer => pick(keys);
  const value = (): Buffer => pick(values);
  const offset = (): Buffer => pick(chance(10) ? farOffsets : offsets);
  const seconds = (): Buffer => pick(chance(10) ? badSeconds : absoluteSeconds);
  const ms = (): Buffer => pick(chance(10) ? badTimes : absoluteMs);
  const word = (text: string): Buffer => Buffer.from(text);
  const timeOption = (): Args =>
    pick([
      () => [word('ex'), relative(1000)],
      () => [word('PX'), relative(1)],
      () => [word('exAT'), seconds()],
      () => [word('PXAT'), ms()],
    ])();
  const setOption = (): Args => (chance(30) ? timeOption() : [pick(chance(90) ? goodWords : badWords)]);
  const getexOption = (): Args => [pick([...badWords, word('persist')])];
  const condition = (): Args =>
    chance(70) ? [pick(conditions)] : some(() => [pick(chance(80) ? conditions : badConditions)], 2);
  const onKey = Object.fromEntries(keyCommands.map((name) => [name, () => [key()]]));
  return {
    ...onKey,
    set: () => [key(), value(), ...(chance(50) ? some(setOption, 3) : [])],
    setnx: () => [key(), value()],
    setex: () => [key(), relative(1000), value()],
    psetex: () => [key(), relative(1), value()],
    getset: () => [key(), value()],
    getex: () => [key(), ...(chance(60) ? timeOption() : some(getexOption, 2))],
    mget: () => [key(), ...some(() => [key()], 3)],
    mset: () => [key(), value(), ...some(() => [key(), value()], 2), ...(chance(10) ? [key()] : [])],
    del: () => [key(), ...some(() => [key()], 2)],
    unlink: () => [key(), key()],
    exists: () => [key(), ...some(() => [key()], 3)],
    append: () => [key(), value()],
    incrby: () => [key(), pick(integers)],
    decrby: () => [key(), pick(integers)],
    incrbyfloat: () => [key(), pick(floats)],
    getrange: () => [key(), offset(), offset()],
    substr: () => [key(), offset(), offset()],
    setrange: () => [key(), offset(), value()],
    expire: () => [key(), relative(1000), ...condition()],
    pexpire: () => [key(), relative(1), ...condition()],
    expireat: () => [key(), seconds(), ...condition()],
    pexpireat: () => [key(), ms(), ...condition()],
    nonesuch: () => [pick(offsets), ...some(() => [word('z'.repeat(70))], 3)],
  };
}

/** Those that take a key and nothing else. */
const keyCommands = [
  ...['get', 'getdel', 'type', 'strlen', 'incr', 'decr', 'persist'],
  ...['ttl', 'pttl', 'expiretime', 'pexpiretime'],
];
