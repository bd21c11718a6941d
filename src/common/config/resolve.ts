/**
 * Which value wins: command line, then environment, then file, then default.
 *
 *    --port 1 ─┐
 *    PIAZZA_PORT=2 ─┤ first that is there ─► check ─► defaults ─► relations ─► config, or every complaint
 *    { "port": 3 } ─┘
 *
 * A value is checked against the schema wherever it comes from, and a complaint names the place as its author
 * wrote it. What nobody knows is an error where it was surely meant for us (command line, file), and a warning
 * in the environment, which is shared with others.
 */
import { invariant, unreachable } from '../invariant.ts';
import { parseAddress } from './address.ts';
import { nearest } from './nearest.ts';
import { coordinationFindings, type Findings, slaveFindings } from './relations.ts';
import { CONFIG_OPTION, type Configs, otherVariables, type ProgramName, programs } from './schema.ts';
import {
  type Derived,
  isRequired,
  optionOf,
  type Setting,
  type Settings,
  type Value,
  VARIABLE_PREFIX,
  variableOf,
} from './setting.ts';
import { parseValue } from './value.ts';

export interface Sources {
  /** Option without dashes → its value, or its values if it was repeated. */
  readonly commandLine: Readonly<Record<string, string | readonly string[]>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly name: string; readonly content: unknown };
}

export type Resolution<Name extends ProgramName> =
  | { readonly kind: 'config'; readonly config: Configs[Name]; readonly warnings: readonly string[] }
  | { readonly kind: 'complaints'; readonly complaints: readonly string[] };

export function resolve<Name extends ProgramName>(program: Name, sources: Sources): Resolution<Name> {
  const { settings } = programs[program];
  const complaints = [
    ...unknownOptions(settings, Object.keys(sources.commandLine)),
    ...unknownKeys(settings, sources.file),
  ];
  const given = new Map<string, Value>();
  for (const [name, setting] of Object.entries(settings)) {
    const found = lookUp(setting, sources);
    if (found === undefined) {
      if (isRequired(setting)) complaints.push(missing(setting));
      continue;
    }
    const parsed = parseValue(setting, found.raw);
    if (parsed.kind === 'value') given.set(name, parsed.value);
    else complaints.push(`${found.place}: ${parsed.text}`);
  }
  if (complaints.length > 0) return { kind: 'complaints', complaints };

  // Every setting of this program is in `given` or gets its default, and has passed its own check.
  const config = withDefaults(settings, given) as unknown as Configs[Name];
  const found = findingsOn(program, config);
  if (found.complaints.length > 0) return { kind: 'complaints', complaints: found.complaints };
  return { kind: 'config', config, warnings: [...unknownVariables(sources.env), ...found.warnings] };
}

interface Found {
  readonly raw: unknown;
  /** The place as its author wrote it: `--port abc`, `PIAZZA_PORT=abc`, `piazza.json: "port": "abc"`. */
  readonly place: string;
}

function lookUp(setting: Setting, { commandLine, env, file }: Sources): Found | undefined {
  const typed = Object.hasOwn(commandLine, setting.option) ? commandLine[setting.option] : undefined;
  if (typed !== undefined) {
    const texts = typeof typed === 'string' ? [typed] : typed;
    return {
      raw: typed,
      place: texts
        .map((text) => `${optionOf(setting)} ${text}`)
        .join(' ')
        .trimEnd(),
    };
  }
  const variable = variableOf(setting);
  const value = env[variable];
  if (value !== undefined) return { raw: value, place: `${variable}=${value}` };

  const content = file === undefined ? undefined : entriesOf(file.content);
  const entry = content?.find(([name]) => name === setting.option);
  if (file === undefined || entry === undefined) return undefined;
  return { raw: entry[1], place: `${file.name}: "${setting.option}": ${JSON.stringify(entry[1])}` };
}

const missing = (setting: Setting): string =>
  `${optionOf(setting)} is missing: ${setting.what}; or set ${variableOf(setting)}`;

function unknownOptions(settings: Settings, options: readonly string[]): readonly string[] {
  const known = [...Object.values(settings).map(({ option }) => option), CONFIG_OPTION, 'help', 'version'];
  return options
    .filter((option) => !known.includes(option))
    .map((option) => {
      const dashes = option.length === 1 ? '-' : '--';
      return `unknown option ${dashes}${option}${didYouMean(option, known, '--')}`;
    });
}

function unknownKeys(settings: Settings, file: Sources['file']): readonly string[] {
  if (file === undefined) return [];
  const entries = entriesOf(file.content);
  if (entries === undefined) return [`${file.name}: must hold one JSON object of settings`];
  const known = Object.values(settings).map(({ option }) => option);
  return entries
    .filter(([name]) => !known.includes(name))
    .map(([name]) => `${file.name}: unknown setting "${name}"${didYouMean(name, known, '')}`);
}

function unknownVariables(env: Sources['env']): readonly string[] {
  const known = [
    ...Object.values(programs).flatMap(({ settings }) => Object.values(settings).map(variableOf)),
    variableOf({ option: CONFIG_OPTION }),
    ...otherVariables,
  ];
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.includes(name))
    .map((name) => `unknown variable ${name} is ignored${didYouMean(name, known, '')}`);
}

function didYouMean(word: string, known: readonly string[], dashes: string): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `; did you mean ${dashes}${near}?`;
}

function entriesOf(content: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) return undefined;
  return Object.entries(content);
}

/** Derived settings come after what they derive from, in as many rounds as there are links. */
function withDefaults(
  settings: Settings,
  given: ReadonlyMap<string, Value>,
): Readonly<Record<string, Value>> {
  const values = new Map(given);
  const waiting = Object.entries(settings).filter(
    ([name, { preset }]) => !given.has(name) && preset !== undefined,
  );
  for (let rounds = 0; waiting.some(([name]) => !values.has(name)); rounds += 1) {
    invariant(rounds <= waiting.length, 'a default does not derive from itself');
    for (const [name, setting] of waiting) {
      const value = defaultOf(setting, values);
      if (value !== undefined) values.set(name, value);
    }
  }
  return Object.freeze(Object.fromEntries(values));
}

function defaultOf(setting: Setting, values: ReadonlyMap<string, Value>): Value | undefined {
  const { preset } = setting;
  if (setting.kind === 'addresses') return setting.preset.map(addressOf);
  if (typeof preset === 'string' || typeof preset === 'number') return preset;
  invariant(
    preset !== undefined && !Array.isArray(preset),
    () => `${optionOf(setting)} was checked to be there`,
  );
  return derived(preset as Derived, values); // What is neither plain nor a list is a derivation.
}

function derived(preset: Derived, values: ReadonlyMap<string, Value>): Value | undefined {
  const base = values.get(preset.of);
  if (base === undefined) return undefined;
  switch (preset.derive) {
    case 'sum': {
      const sum = Number(base) + preset.plus;
      return base === 0 || sum > 65_535 ? 0 : sum;
    }
    case 'same':
      return base;
    case 'below':
      invariant(typeof base === 'string', () => `a folder is named by a text: ${preset.of}`);
      return `${preset.folder}/${base}`;
    default:
      return unreachable(preset);
  }
}

function addressOf(text: string): { readonly host: string; readonly port: number } {
  const address = parseAddress(text);
  invariant(address !== undefined, () => `a default address is one: ${text}`);
  return address;
}

function findingsOn<Name extends ProgramName>(program: Name, config: Configs[Name]): Findings {
  // The compiler does not see that the name decides the type of the config.
  if (program === 'coordination-server')
    return coordinationFindings(config as Configs['coordination-server']);
  return slaveFindings(config as Configs['slave-server']);
}
