/**
 * COMMAND: what there is, told to clients in the form of Redis 7.0.
 *
 * Cluster clients find the keys of a command in the ten elements of its description, and read
 * them by position, so the form is Redis' to the last element.
 */
import { Failure, Pairs, type Reply, Simple } from '../reply.ts';
import { keysOf } from './check.ts';
import { syntaxError } from './errors.ts';
import { matchesGlob } from './glob.ts';
import { keyBytes } from '../ids.ts';
import { commandOf, commands, type CommandSpec, isWord, subcommandOf } from './registry.ts';
import type { SessionCommand } from './session.ts';

const unknown = new Failure('ERR Invalid command specified');
const keyless = new Failure('ERR The command has no key arguments');
const badArity = new Failure('ERR Invalid number of arguments specified for command');

const EMPTY = Buffer.alloc(0);

export const command: SessionCommand = (args) => {
  const [, subcommand] = args;
  if (subcommand === undefined) return commands.map(description);
  switch (subcommand.toString('latin1').toLowerCase()) {
    case 'count':
      return commands.length;
    case 'info':
      return info(args.slice(2));
    case 'docs':
      return docs(args.slice(2));
    case 'list':
      return list(args.slice(2));
    case 'getkeys':
      return getKeys(args.slice(2));
    default:
      return help;
  }
};

function info(names: readonly Buffer[]): Reply {
  if (names.length === 0) return commands.map(description);
  return names.map((name) => {
    const spec = specOf(name);
    return spec && description(spec);
  });
}

/** The command of this name; a subcommand is named with its container: `client|id`. */
function specOf(name: Buffer): CommandSpec | undefined {
  const bar = name.indexOf('|');
  if (bar === -1) return commandOf(name);
  const container = commandOf(name.subarray(0, bar));
  return container && subcommandOf(container, name.subarray(bar + 1));
}

/** The ten elements, in Redis' order. */
const description = (spec: CommandSpec): Reply => [
  Buffer.from(spec.name),
  spec.arity,
  simples(spec.flags),
  spec.firstKey,
  spec.lastKey,
  spec.keyStep,
  simples(spec.categories),
  spec.tips.map((tip) => Buffer.from(tip)),
  spec.firstKey === 0 ? [] : [keySpecification(spec)],
  (spec.subcommands ?? []).map(description),
];

/** Keys begin at an index and go on as a range; `lastkey` counts from the first, or, negative, from the end. */
function keySpecification({ keyFlags, firstKey, lastKey, keyStep }: CommandSpec): Reply {
  const relativeLast = lastKey < 0 ? lastKey : lastKey - firstKey;
  const range = new Pairs([
    ['lastkey', relativeLast],
    ['keystep', keyStep],
    ['limit', 0],
  ]);
  return new Pairs([
    ['flags', simples(keyFlags)],
    ['begin_search', typed('index', new Pairs([['index', firstKey]]))],
    ['find_keys', typed('range', range)],
  ]);
}

const typed = (type: string, spec: Reply): Reply =>
  new Pairs([
    ['type', Buffer.from(type)],
    ['spec', spec],
  ]);

const simples = (words: readonly string[]): readonly Simple[] => words.map((word) => new Simple(word));

/** Names that are not known are left out, as in Redis. */
function docs(names: readonly Buffer[]): Reply {
  const specs = names.length === 0 ? commands : names.map(specOf).filter((spec) => spec !== undefined);
  return new Pairs(specs.map(documentation));
}

function documentation(spec: CommandSpec): readonly [string, Reply] {
  const entries: (readonly [string, Reply])[] = [
    ['summary', Buffer.from(spec.summary)],
    ['since', Buffer.from(spec.since)],
    ['group', Buffer.from(spec.group)],
  ];
  if (spec.subcommands) entries.push(['subcommands', new Pairs(spec.subcommands.map(documentation))]);
  return [spec.name, new Pairs(entries)];
}

/** `[FILTERBY (MODULE name | ACLCAT category | PATTERN pattern)]` */
function list(options: readonly Buffer[]): Reply {
  const wanted = filterOf(options);
  if (wanted instanceof Failure) return wanted;
  const all = commands.flatMap((spec) => [spec, ...(spec.subcommands ?? [])]);
  return all.filter(wanted).map((spec) => Buffer.from(spec.name));
}

function filterOf(options: readonly Buffer[]): ((spec: CommandSpec) => boolean) | Failure {
  if (options.length === 0) return () => true;
  const [filterBy = EMPTY, kind = EMPTY, value = EMPTY] = options;
  if (options.length !== 3 || !isWord(filterBy, 'filterby')) return syntaxError;
  const text = value.toString('latin1');
  switch (kind.toString('latin1').toLowerCase()) {
    case 'module':
      return () => false;
    case 'aclcat':
      return (spec) => spec.categories.includes(`@${text.toLowerCase()}`);
    case 'pattern':
      return (spec) => matchesGlob(text, spec.name);
    default:
      return syntaxError;
  }
}

function getKeys(args: readonly Buffer[]): Reply {
  const spec = commandOf(args[0] ?? EMPTY);
  if (spec === undefined) return unknown;
  if (spec.firstKey === 0) return keyless;
  const fits = spec.arity >= 0 ? args.length === spec.arity : args.length >= -spec.arity;
  return fits ? keysOf(spec, args).map(keyBytes) : badArity;
}

const help: Reply = simples([
  'COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  '(no subcommand)',
  '    Return details about all commands.',
  'COUNT',
  '    Return the total number of commands.',
  'LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]',
  '    Return a list of all commands.',
  'INFO [<command-name> ...]',
  '    Return details about multiple commands.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple commands.',
  'GETKEYS <full-command>',
  '    Return the keys from a full command.',
  'HELP',
  '    Prints this help.',
]);
