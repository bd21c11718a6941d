/**
 * What a setting is: its kind, its bounds, its default. The words in which `schema.ts` is written.
 *
 * A setting's name in a `Config` carries its unit (`heartbeatMs`); its option, the key in a file and the
 * environment variable do not (`--heartbeat`, `"heartbeat"`, `PIAZZA_HEARTBEAT`).
 */
import type { Address } from './address.ts';

export const groups = ['Network', 'Copies', 'Liveness', 'Storage', 'Slaves', 'Logs', 'Advanced'] as const;

/** A default that depends on another setting. */
export type Derived =
  /** That port and so many more; the system picks (0) where it picks that one, or where the sum would pass 65535. */
  | { readonly derive: 'sum'; readonly of: string; readonly plus: number }
  | { readonly derive: 'same'; readonly of: string }
  /** A folder named by that setting, below the given one. */
  | { readonly derive: 'below'; readonly of: string; readonly folder: string };

interface Common {
  /** The option without its dashes. */
  readonly option: string;
  readonly group: (typeof groups)[number];
  /** What it is, for `--help`: a phrase. */
  readonly what: string;
  /** Why its default and its bounds are what they are: a sentence or two, for docs/config.md. */
  readonly why: string;
}

export interface IntegerSetting extends Common {
  readonly kind: 'integer';
  readonly preset: number | Extract<Derived, { derive: 'sum' }>;
  readonly min: number;
  readonly max: number;
  readonly unit?: 'ms' | 'bytes';
  readonly powerOfTwo?: true;
}

export interface IntegerOrAllSetting extends Common {
  readonly kind: 'integer-or-all';
  readonly preset: number | 'all';
  readonly min: number;
  readonly max: number;
}

export interface TextSetting extends Common {
  readonly kind: 'text';
  /** Absent: it must be given, unless it is optional. */
  readonly preset?: string | Exclude<Derived, { derive: 'sum' }>;
  /** Without it there is none: its absence means something. */
  readonly isOptional?: true;
  readonly form: TextForm;
}

export type TextForm = 'host' | 'path' | 'name';

export interface ChoiceSetting extends Common {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  /** Choices that have a meaning already and no code yet: refused with these words. */
  readonly notBuilt?: readonly string[];
  readonly preset: string;
}

export interface AddressesSetting extends Common {
  readonly kind: 'addresses';
  readonly preset: readonly string[];
  readonly max: number;
}

export type Setting = IntegerSetting | IntegerOrAllSetting | TextSetting | ChoiceSetting | AddressesSetting;

export type Value = number | string | readonly Address[];

type ValueOf<S extends Setting> = S extends { kind: 'integer' }
  ? number
  : S extends { kind: 'integer-or-all' }
    ? number | 'all'
    : S extends { kind: 'choice'; choices: readonly (infer Choice)[] }
      ? Choice
      : S extends { kind: 'addresses' }
        ? readonly Address[]
        : S extends { isOptional: true }
          ? string | undefined
          : string;

export type Settings = Readonly<Record<string, Setting>>;

export type ConfigOf<S extends Settings> = { readonly [Name in keyof S]: ValueOf<S[Name]> };

/** Without a default, and nothing works without it. */
export const isRequired = (setting: Setting): boolean =>
  setting.preset === undefined && !(setting.kind === 'text' && setting.isOptional === true);

export const optionOf = ({ option }: Setting): string => `--${option}`;

export const VARIABLE_PREFIX = 'PIAZZA_';

export const variableOf = ({ option }: { readonly option: string }): string =>
  VARIABLE_PREFIX + option.toUpperCase().replaceAll('-', '_');
