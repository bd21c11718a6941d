/**
 * What is wrong with a command before anybody looks at data: its name, its number of arguments,
 * sizes, and where its keys lie.
 *
 *     checkCommand ──► keysOf ──► slotOfKeys ──► (route, or evaluate)
 *
 * Arguments come as the client sent them, the command's name first. This file does not know
 * who owns a slot.
 */
import { type Key, key, type Slot } from '../ids.ts';
import { type Failure } from '../reply.ts';
import { slotOf } from '../slot.ts';
import { crossSlot, tooLarge, unknownCommand, unknownSubcommand, wrongArity } from './errors.ts';
import { commandOf, type CommandSpec, subcommandOf } from './registry.ts';

/** A key's most bytes: it must fit the store's own keys with room for partition and slot. */
export const KEY_BYTES_MAX = 1024;

/** A value's most bytes; every copy holds it in memory while it writes it. */
export const VALUE_BYTES_MAX = 16 * 1024 * 1024;

export interface Checked {
  readonly spec: CommandSpec;
}

/** The command that `args` (name first, at least one) spell, or Redis' own error. */
export function checkCommand(args: readonly Buffer[]): Checked | Failure {
  const name = args[0];
  const spec = name === undefined ? undefined : commandOf(name);
  if (spec === undefined) return unknownCommand(args);
  const failure = checkSubcommand(spec, args) ?? checkArity(spec, args) ?? checkSizes(spec, args);
  return failure ?? { spec };
}

function checkArity(spec: CommandSpec, args: readonly Buffer[]): Failure | undefined {
  const fits = spec.arity >= 0 ? args.length === spec.arity : args.length >= -spec.arity;
  return fits ? undefined : wrongArity(spec.name);
}

function checkSubcommand(spec: CommandSpec, args: readonly Buffer[]): Failure | undefined {
  const name = args[1];
  if (spec.subcommands === undefined || name === undefined) return undefined;
  const subcommand = subcommandOf(spec, name);
  return subcommand === undefined ? unknownSubcommand(args) : checkArity(subcommand, args);
}

function checkSizes(spec: CommandSpec, args: readonly Buffer[]): Failure | undefined {
  for (const arg of args) if (arg.length > VALUE_BYTES_MAX) return tooLarge;
  if (spec.firstKey === 0) return undefined;
  for (let index = spec.firstKey; index <= lastKeyOf(spec, args); index += spec.keyStep) {
    if ((args[index]?.length ?? 0) > KEY_BYTES_MAX) return tooLarge;
  }
  return undefined;
}

const lastKeyOf = (spec: CommandSpec, args: readonly Buffer[]): number =>
  spec.lastKey >= 0 ? spec.lastKey : args.length + spec.lastKey;

/** The keys of a command that passed `checkCommand`, in their order, repeats included. */
export function keysOf(spec: CommandSpec, args: readonly Buffer[]): Key[] {
  const keys: Key[] = [];
  if (spec.firstKey === 0) return keys;
  for (let index = spec.firstKey; index <= lastKeyOf(spec, args); index += spec.keyStep) {
    const bytes = args[index];
    if (bytes !== undefined) keys.push(key(bytes));
  }
  return keys;
}

/** The one slot of all these keys; undefined where there are none; CROSSSLOT where they disagree. */
export function slotOfKeys(keys: readonly Key[]): Slot | undefined | Failure {
  const [first, ...others] = keys;
  if (first === undefined) return undefined;
  const slot = slotOf(first);
  return others.every((other) => slotOf(other) === slot) ? slot : crossSlot;
}
