/**
 * The registry: which commands there are, and what everyone must agree on about each.
 *
 * The gateway routes by it, a slave checks by it, `COMMAND` prints it. It does not know what a
 * command does: the functions lie with the role that runs them, in arrays by `spec.index`, so
 * that the way from the bytes of a name to its function is one hash and no second search.
 *
 * Invariants (checked when the table is read)
 *   1. No two names share a hash, so a look-up compares one name at most.
 *   2. `commands[spec.index] === spec`.
 */
import { invariant } from '../invariant.ts';
import { commandTable, commandTips } from './table.ts';

/**
 * `read` and `write` are evaluated on a partition's data; `connection` needs its connection only;
 * `cluster` the view; `server` what the whole process knows.
 */
export type CommandKind = 'read' | 'write' | 'connection' | 'cluster' | 'server';

export interface CommandSpec {
  /** Its place in `commands`. */
  readonly index: number;
  /** Lower case; a subcommand's is `client|id`. */
  readonly name: string;
  /** Arguments, the name counted; negative: at least so many. */
  readonly arity: number;
  readonly kind: CommandKind;
  /** Position of the first key; 0: it has none. */
  readonly firstKey: number;
  /** Position of the last key; negative: counted from the end. */
  readonly lastKey: number;
  readonly keyStep: number;
  readonly flags: readonly string[];
  /** Redis' access-control categories, each with its `@`. */
  readonly categories: readonly string[];
  /** What it does to its keys, in Redis' words (`RO access`). */
  readonly keyFlags: readonly string[];
  readonly tips: readonly string[];
  readonly group: string;
  readonly since: string;
  readonly summary: string;
  /** A write that can need room on the disk. */
  readonly grows?: boolean;
  /** How the gateway splits it over partitions: parts in the order of keys, or numbers to add up. */
  readonly splits?: 'mget' | 'sum';
  /** Of a container such as CLIENT; undefined for everything else. */
  readonly subcommands?: readonly CommandSpec[];
}

const KINDS: Readonly<Record<string, CommandKind>> = {
  read: 'read',
  write: 'write',
  connection: 'connection',
  cluster: 'cluster',
  server: 'server',
};

const SPLITS: Readonly<Record<string, 'mget' | 'sum'>> = {
  mget: 'mget',
  del: 'sum',
  unlink: 'sum',
  exists: 'sum',
};

const COLUMNS = 10;

/** The order in which Redis lists categories. */
const CATEGORY_ORDER = [
  'keyspace',
  'read',
  'write',
  'string',
  'admin',
  'fast',
  'slow',
  'dangerous',
  'connection',
];

/** Names are short: who sends a long one asks for no command of ours, and is not hashed to the end. */
const HASHED_BYTES_MAX = 16;

export const commands: readonly CommandSpec[] = readTable();

const commandsByHash: ReadonlyMap<number, CommandSpec> = byHash(commands);

/** The command of this name, in any mixture of cases. Allocates nothing. */
export function commandOf(name: Buffer): CommandSpec | undefined {
  return withName(commandsByHash.get(hashOf(name)), name);
}

/** The subcommand of this name, if the command is a container that has it. */
export function subcommandOf(spec: CommandSpec, name: Buffer): CommandSpec | undefined {
  return spec.subcommands?.find((subcommand) => isName(name, subcommand.name, spec.name.length + 1));
}

/** Is this the word, in any mixture of cases? `word` is lower case. */
export const isWord = (bytes: Buffer, word: string): boolean => isName(bytes, word, 0);

const withName = (spec: CommandSpec | undefined, name: Buffer): CommandSpec | undefined =>
  spec !== undefined && isName(name, spec.name, 0) ? spec : undefined;

function isName(bytes: Buffer, name: string, from: number): boolean {
  if (bytes.length !== name.length - from) return false;
  for (let index = 0; index < bytes.length; index += 1) {
    if (lowerCase(bytes[index] ?? 0) !== name.charCodeAt(from + index)) return false;
  }
  return true;
}

const lowerCase = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

function hashOf(name: Buffer): number {
  const length = Math.min(name.length, HASHED_BYTES_MAX);
  let hash = name.length;
  // `| 0x20` makes letters lower case and confuses a few other bytes; the comparison tells them apart.
  for (let index = 0; index < length; index += 1)
    hash = (Math.imul(hash, 31) + ((name[index] ?? 0) | 0x20)) | 0;
  return hash;
}

function byHash(specs: readonly CommandSpec[]): ReadonlyMap<number, CommandSpec> {
  const found = new Map(specs.map((spec) => [hashOf(Buffer.from(spec.name)), spec]));
  invariant(found.size === specs.length, 'two commands share a hash');
  return found;
}

type Row = Omit<CommandSpec, 'index' | 'subcommands'>;

function readTable(): readonly CommandSpec[] {
  const [, ...lines] = commandTable.trim().split('\n');
  const rows = lines.map(rowOf);
  const isSubcommand = (row: Row): boolean => row.name.includes('|');
  return rows
    .filter((row) => !isSubcommand(row))
    .map((row, index) => {
      const mine = rows.filter((other) => isSubcommand(other) && other.name.startsWith(`${row.name}|`));
      if (mine.length === 0) return { index, ...row };
      return { index, ...row, subcommands: mine.map((subcommand) => ({ index, ...subcommand })) };
    });
}

function rowOf(line: string): Row {
  const cells = line.split(/\s{2,}/);
  invariant(cells.length === COLUMNS, () => `the command table has a broken row: ${line}`);
  // All cells are there, as was just counted.
  const [name, arity, kindName, keys, flagWords, area, keyFlags, group, since, summary] = cells as Cells;
  const kind = KINDS[kindName];
  invariant(kind !== undefined, () => `the command table has a kind that is none: ${line}`);
  const [firstKey = 0, lastKey = 0, keyStep = 0] = keys.split(' ').map(Number);
  const flags = wordsOf(flagWords);
  const splits = SPLITS[name];
  return {
    ...{ name, arity: Number(arity), kind, firstKey, lastKey, keyStep, flags, group, since, summary },
    categories: categoriesOf(flags, wordsOf(area), name),
    keyFlags: wordsOf(keyFlags),
    tips: wordsOf(commandTips[name]),
    ...(flags.includes('denyoom') ? { grows: true } : {}),
    ...(splits === undefined ? {} : { splits }),
  };
}

type Cells = [string, string, string, string, string, string, string, string, string, string];

function wordsOf(cell: string | undefined): readonly string[] {
  return cell === undefined || cell === '-' ? [] : cell.split(' ');
}

/** Most categories follow from the flags, as in Redis; the area is what does not. */
function categoriesOf(flags: readonly string[], area: readonly string[], name: string): readonly string[] {
  const found = new Set([...area, flags.includes('fast') ? 'fast' : 'slow']);
  if (flags.includes('readonly')) found.add('read');
  if (flags.includes('write')) found.add('write');
  if (flags.includes('admin')) for (const category of ['admin', 'dangerous']) found.add(category);
  const unknown = [...found].filter((category) => !CATEGORY_ORDER.includes(category));
  invariant(unknown.length === 0, () => `the area of ${name} is unknown: ${unknown.join(' ')}`);
  return CATEGORY_ORDER.filter((category) => found.has(category)).map((category) => `@${category}`);
}
