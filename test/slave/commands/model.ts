/**
 * The evaluation over a map, and conversations with it written as text.
 *
 *     SET a 1   → OK
 *     GET a     → "1"
 */
import { expect } from 'chai';

import { checkCommand } from '../../../src/common/command/check.ts';
import { invariant } from '../../../src/common/invariant.ts';
import type { Key } from '../../../src/common/ids.ts';
import { Failure, type Reply, Simple } from '../../../src/common/reply.ts';
import { type Stamp, stamp } from '../../../src/common/time.ts';
import {
  type Data,
  type Effect,
  type Entry,
  type Outcome,
  readOf,
  writeOf,
} from '../../../src/slave/commands/evaluation.ts';

/** What a slave does, without everything that makes it a slave. */
export class Model implements Data {
  readonly entries = new Map<Key, Entry>();
  /** The effects of the last command. */
  effects: readonly Effect[] = [];
  now: Stamp = stamp(0);

  get(name: Key): Entry | undefined {
    const entry = this.entries.get(name);
    return entry === undefined || (entry.expiresAt !== 0 && entry.expiresAt <= this.now) ? undefined : entry;
  }

  answer(args: readonly Buffer[]): Reply {
    this.effects = [];
    const checked = checkCommand(args);
    if (checked instanceof Failure) return checked;
    const read = readOf(checked.spec);
    if (read) return read(args, this);
    const outcome = writeOf(checked.spec)?.(args, this) ?? { reply: undefined, effects: [] };
    this.effects = outcome.effects;
    checkOutcome(outcome, this.now);
    for (const effect of outcome.effects) this.#apply(effect);
    return outcome.reply;
  }

  #apply(effect: Effect): void {
    if (effect.kind === 'delete') this.entries.delete(effect.key);
    else this.entries.set(effect.key, { value: Buffer.from(effect.value), expiresAt: effect.expiresAt });
  }
}

/** What every outcome promises, whatever the command. */
function checkOutcome({ reply, effects }: Outcome, now: Stamp): void {
  invariant(!(reply instanceof Failure) || effects.length === 0, 'an error comes with no effects');
  for (const effect of effects) {
    const isDead = effect.kind === 'put' && effect.expiresAt !== 0 && effect.expiresAt <= now;
    invariant(!isDead, 'nothing is put that has expired already');
  }
}

/** An answer as people write it: `OK`, `"text"`, `5`, `nil`, `[1 nil]`, or the error's text. */
export function textOf(reply: Reply): string {
  if (reply === undefined) return 'nil';
  if (reply instanceof Buffer) return JSON.stringify(reply.toString('latin1'));
  if (reply instanceof Simple || reply instanceof Failure) return reply.text;
  // A bigint is an integer too: see integerReply.
  if (typeof reply === 'number' || typeof reply === 'bigint') return String(reply);
  return isList(reply) ? `[${reply.map(textOf).join(' ')}]` : JSON.stringify(reply);
}

const isList = (reply: Reply): reply is readonly Reply[] => Array.isArray(reply);

/** Words at blanks; `''` is the empty one, and `\\xff` a byte. */
export const argsOf = (line: string): readonly Buffer[] =>
  line
    .trim()
    .split(/\s+/)
    .map((word) => (word === "''" ? '' : word.replaceAll(/\\x(..)/g, (_, hex: string) => charOf(hex))))
    .map((word) => Buffer.from(word, 'latin1'));

const charOf = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));

/** Holds the conversation with a model, and compares every answer with the one behind its arrow. */
export function expectTalk(lines: string, model: Model = new Model()): Model {
  const told = lines
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const heard = told.map((line) => {
    const [command = ''] = line.split('→');
    return `${command}→ ${textOf(model.answer(argsOf(command)))}`;
  });
  expect(heard).to.deep.equal(told);
  return model;
}
