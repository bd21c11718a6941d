/**
 * The options of SET and GETEX, in any order, as Redis 7.0 takes them.
 *
 * An option that contradicts an earlier one is a syntax error, and so is a time without its
 * number; the same option twice is not (of two equal times, the later counts).
 */
import { isWord } from '../../common/command/registry.ts';
import { syntaxError } from '../../common/command/errors.ts';
import { type Failure } from '../../common/reply.ts';
import { type FormName, FORMS, type TimeForm } from './expiry-time.ts';

export interface Options {
  readonly condition?: 'nx' | 'xx';
  /** Answer with the value from before. */
  readonly get?: boolean;
  readonly expiry?: 'keep' | 'persist' | { readonly form: TimeForm; readonly argument: Buffer };
}

type OptionName = 'nx' | 'xx' | 'get' | 'keepttl' | 'persist' | FormName;

const SET_OPTIONS: readonly OptionName[] = ['nx', 'xx', 'get', 'keepttl', 'ex', 'px', 'exat', 'pxat'];
const GETEX_OPTIONS: readonly OptionName[] = ['persist', 'ex', 'px', 'exat', 'pxat'];

/** The options behind `SET key value`. */
export const setOptionsOf = (args: readonly Buffer[]): Options | Failure => optionsOf(args, 3, SET_OPTIONS);

/** The options behind `GETEX key`. */
export const getexOptionsOf = (args: readonly Buffer[]): Options | Failure =>
  optionsOf(args, 2, GETEX_OPTIONS);

function optionsOf(args: readonly Buffer[], from: number, allowed: readonly OptionName[]): Options | Failure {
  let options: Options = {};
  for (let index = from; index < args.length; index += 1) {
    const word = args[index];
    const name = word && allowed.find((option) => isWord(word, option));
    const next = args[index + 1];
    const extended = name && withOption(options, name, next);
    if (extended === undefined) return syntaxError;
    options = extended;
    if (name !== undefined && isForm(name)) index += 1;
  }
  return options;
}

/** The options with one more, or undefined where it contradicts them. */
function withOption(options: Options, name: OptionName, next: Buffer | undefined): Options | undefined {
  switch (name) {
    case 'nx':
    case 'xx':
      return options.condition === undefined || options.condition === name
        ? { ...options, condition: name }
        : undefined;
    case 'get':
      return { ...options, get: true };
    case 'keepttl':
      return withoutOther(options, 'keep') && { ...options, expiry: 'keep' };
    case 'persist':
      return withoutOther(options, 'persist') && { ...options, expiry: 'persist' };
    default:
      return withTime(options, FORMS[name], next);
  }
}

function withTime(options: Options, form: TimeForm, argument: Buffer | undefined): Options | undefined {
  if (argument === undefined) return undefined;
  return withoutOther(options, form) && { ...options, expiry: { form, argument } };
}

/** True if no other rule about expiry was given yet; the same one may be repeated. */
function withoutOther({ expiry }: Options, wanted: 'keep' | 'persist' | TimeForm): true | undefined {
  const given = typeof expiry === 'object' ? expiry.form : expiry;
  return given === undefined || given === wanted ? true : undefined;
}

const isForm = (name: OptionName): name is FormName => name in FORMS;
