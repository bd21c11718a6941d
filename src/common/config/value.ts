/**
 * From what somebody wrote to a value of a setting, or a complaint that says what would be right.
 *
 * What arrives is text (command line, environment) or anything that JSON can say (a file). Total: whatever
 * it is, it is a value or a complaint. Complaints are the ends of sentences: whoever knows where the value
 * came from begins them.
 */
import { isName, NAME_WANTED } from '../ids.ts';
import { unreachable } from '../invariant.ts';
import { type Address, isHost, parseAddress } from './address.ts';
import type { AddressesSetting, ChoiceSetting, Setting, TextForm, Value } from './setting.ts';

export type Parsed =
  { readonly kind: 'value'; readonly value: Value } | { readonly kind: 'complaint'; readonly text: string };

export function parseValue(setting: Setting, raw: unknown): Parsed {
  if (setting.kind === 'addresses') return parseAddresses(setting, raw);
  if (Array.isArray(raw)) return complaint('must be given only once');
  if (typeof raw !== 'string' && typeof raw !== 'number') return complaint(`must be ${wanted(setting)}`);
  if (raw === '') return complaint(`needs a value: ${wanted(setting)}`);
  return parseScalar(setting, raw);
}

/** What a value of this setting looks like, as in "must be …". */
export function wanted(setting: Setting): string {
  switch (setting.kind) {
    case 'integer': {
      const number = setting.powerOfTwo === true ? 'a power of two' : 'a whole number';
      const unit = setting.unit === undefined ? '' : ` (${setting.unit})`;
      return `${number} from ${setting.min} to ${setting.max}${unit}`;
    }
    case 'integer-or-all':
      return `a whole number from ${setting.min} to ${setting.max}, or all`;
    case 'text':
      return textForms[setting.form].wanted;
    case 'choice':
      return listed(setting.choices);
    case 'addresses':
      return `HOST:PORT, at most ${setting.max} of them`;
    default:
      return unreachable(setting);
  }
}

const textForms: Readonly<Record<TextForm, { readonly wanted: string; matches(text: string): boolean }>> = {
  host: { wanted: 'the name or address of a host', matches: isHost },
  path: { wanted: 'a path', matches: (text) => !text.includes('\0') && text.length <= 4096 },
  name: { wanted: NAME_WANTED, matches: isName },
};

function parseScalar(setting: Exclude<Setting, AddressesSetting>, raw: string | number): Parsed {
  switch (setting.kind) {
    case 'integer': {
      const number = wholeNumber(raw, setting);
      const fits = number !== undefined && (setting.powerOfTwo !== true || isPowerOfTwo(number));
      return fits ? { kind: 'value', value: number } : complaint(`must be ${wanted(setting)}`);
    }
    case 'integer-or-all': {
      const value = raw === 'all' ? raw : wholeNumber(raw, setting);
      return value === undefined ? complaint(`must be ${wanted(setting)}`) : { kind: 'value', value };
    }
    case 'text': {
      const fits = typeof raw === 'string' && textForms[setting.form].matches(raw);
      return fits ? { kind: 'value', value: raw } : complaint(`must be ${wanted(setting)}`);
    }
    case 'choice':
      return parseChoice(setting, raw);
    default:
      return unreachable(setting);
  }
}

function parseChoice(setting: ChoiceSetting, raw: string | number): Parsed {
  const choice = setting.choices.find((name) => name === raw);
  if (choice === undefined) return complaint(`must be ${wanted(setting)}`);
  const notBuilt = setting.notBuilt ?? [];
  if (!notBuilt.includes(choice)) return { kind: 'value', value: choice };
  const built = setting.choices.filter((name) => !notBuilt.includes(name));
  return complaint(`is not built yet; this version has ${listed(built)} only`);
}

function parseAddresses(setting: AddressesSetting, raw: unknown): Parsed {
  const texts: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  const addresses: Address[] = [];
  // A variable holds one text, so commas part its addresses; elsewhere they do no harm.
  for (const text of texts.flatMap((one) => (typeof one === 'string' ? one.split(',') : [one]))) {
    const address = typeof text === 'string' ? parseAddress(text.trim()) : undefined;
    if (address === undefined) return complaint(`must be ${wanted(setting)}`);
    addresses.push(address);
  }
  const fits = addresses.length > 0 && addresses.length <= setting.max;
  return fits ? { kind: 'value', value: addresses } : complaint(`must be ${wanted(setting)}`);
}

/** Decimal digits and nothing else: `1e3`, `0x10`, ` 7` and `7.0` are more often mistakes than numbers. */
function wholeNumber(
  raw: string | number,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (typeof raw === 'string' && !/^\d{1,16}$/.test(raw)) return undefined;
  const number = Number(raw);
  return Number.isSafeInteger(number) && number >= min && number <= max ? number : undefined;
}

const isPowerOfTwo = (number: number): boolean => number >= 1 && Number.isInteger(Math.log2(number));

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;

const complaint = (text: string): Parsed => ({ kind: 'complaint', text });
