/**
 * Where the command line's few settings come from: the words typed, then the environment, then the file
 * given with --config, then the default. A value is checked the same way whatever its source.
 */
import { CONFIG_OPTION, otherVariables, programs } from '../../common/config/schema.ts';
import { VARIABLE_PREFIX, variableOf } from '../../common/config/setting.ts';
import { nearest } from '../../common/config/nearest.ts';
import { parseAddress } from '../address.ts';
import { DEFAULT_ADDRESS, DEFAULT_TIMEOUT_MS } from '../client.ts';
import { UsageError } from '../errors.ts';
import { plainWord } from './shield.ts';
import type { World } from './world.ts';

export interface Settings {
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
  readonly json: boolean;
}

/** What yargs hands on: everything is text, or a list of texts where it was given more than once. */
export interface Global {
  readonly connect?: readonly string[] | undefined;
  readonly timeout?: string | readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly config?: string | readonly string[] | undefined;
}

const NAMES = ['connect', 'timeout', 'json'] as const;
type Name = (typeof NAMES)[number];

/** A day; a command that may last longer than that is one that may last for ever. */
const TIMEOUT_MAX_MS = 86_400_000;
const ADDRESSES_MAX = 16;

interface Given {
  readonly value: unknown;
  /** How a complaint names the source: `--timeout`, `PIAZZA_TIMEOUT`, `timeout in piazza.json`. */
  readonly place: string;
}

export async function settingsOf(words: Global, world: World): Promise<Settings> {
  const path = once('--config', words.config) ?? world.env[variableOf({ option: CONFIG_OPTION })];
  const file = path === undefined ? undefined : await readFile(path, world);
  const find = (name: Name): Given | undefined => given(name, words, world) ?? inFile(name, path ?? '', file);
  return {
    addresses: addressesOf(find('connect')),
    timeoutMs: timeoutOf(find('timeout')),
    json: flagOf(find('json')),
  };
}

/** Variables that look like ours and mean nothing to any of our programs are more often a typing error than not. */
export function unknownVariables(env: World['env']): readonly string[] {
  const known = new Set([
    ...Object.values(programs).flatMap(({ settings }) => Object.values(settings).map(variableOf)),
    ...[...NAMES, CONFIG_OPTION].map((option) => variableOf({ option })),
    ...otherVariables,
  ]);
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.has(name))
    .map((name) => {
      const near = nearest(name, [...known]);
      return `unknown variable ${name} is ignored${near === undefined ? '' : `; did you mean ${near}?`}`;
    });
}

function given(name: Name, words: Global, { env }: World): Given | undefined {
  if (words[name] !== undefined) return { value: words[name], place: `--${name}` };
  const variable = variableOf({ option: name });
  return env[variable] === undefined ? undefined : { value: env[variable], place: variable };
}

async function readFile(path: string, world: World): Promise<ReadonlyMap<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(await world.readText(path));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path}: is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(`${path}: must hold one JSON object of settings`);
  }
  const settings = new Map<string, unknown>(Object.entries(content));
  for (const name of settings.keys()) {
    if (NAMES.some((known) => known === name)) continue;
    throw new UsageError(`${path}: unknown setting "${name}"; there are ${NAMES.join(', ')}`);
  }
  return settings;
}

function inFile(name: Name, path: string, file: ReadonlyMap<string, unknown> | undefined): Given | undefined {
  const value = file?.get(name);
  return value === undefined ? undefined : { value, place: `${name} in ${path}` };
}

/** yargs gathers what was given twice; only --connect may be. */
function once(place: string, value: string | readonly string[] | undefined): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new UsageError(`${place} must be given only once`);
}

function addressesOf(source: Given | undefined): readonly string[] {
  if (source === undefined) return [DEFAULT_ADDRESS];
  const { value, place } = source;
  // A variable holds one text, so commas part its addresses.
  const texts = (Array.isArray(value) ? value : [value]).flatMap((one: unknown) =>
    typeof one === 'string' ? one.split(',').map((text) => text.trim()) : [undefined],
  );
  const addresses = texts.filter(
    (text) => text !== undefined && parseAddress(text) !== undefined,
  ) as string[]; // Just checked.
  if (addresses.length === 0 || addresses.length !== texts.length || addresses.length > ADDRESSES_MAX) {
    throw new UsageError(`${place} must be HOST:PORT, at most ${ADDRESSES_MAX} of them`);
  }
  return addresses;
}

function timeoutOf(source: Given | undefined): number {
  if (source === undefined) return DEFAULT_TIMEOUT_MS;
  const { value, place } = source;
  const text = typeof value === 'number' ? String(value) : value;
  const ms =
    typeof text === 'string' && /^\d{1,9}$/.test(plainWord(text)) ? Number(plainWord(text)) : undefined;
  if (ms === undefined || ms < 1 || ms > TIMEOUT_MAX_MS) {
    throw new UsageError(`${place} must be a whole number of milliseconds from 1 to ${TIMEOUT_MAX_MS}`);
  }
  return ms;
}

function flagOf(source: Given | undefined): boolean {
  if (source === undefined) return false;
  const { value, place } = source;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0' || value === '') return false;
  throw new UsageError(`${place} must be true or false`);
}
