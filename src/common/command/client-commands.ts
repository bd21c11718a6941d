/**
 * CLIENT: what a connection is called, and what can be told about the others.
 *
 * CLIENT SETINFO came with Redis 7.2; it is here because every newer library sends it first, and
 * because it makes CLIENT LIST worth reading.
 */
import { Failure, OK, type Reply, Simple } from '../reply.ts';
import { echoing, syntaxError, textOf } from './errors.ts';
import { integerOf } from './integer.ts';
import { isWord } from './registry.ts';
import type { Session, SessionCommand, Surroundings } from './session.ts';

const badName = new Failure('ERR Client names cannot contain spaces, newlines or special characters.');

const badId = new Failure('ERR Invalid client ID');

const EMPTY = Buffer.alloc(0);

/** Printable, and no blank: a name stands between blanks in CLIENT LIST. */
const isAttribute = (bytes: Buffer): boolean => bytes.every((byte) => byte >= 0x21 && byte <= 0x7e);

/** Gives the connection a name; an empty one takes it away. */
export function nameSession(session: Session, name: Buffer): Failure | undefined {
  const failure = checkName(name);
  if (failure === undefined) session.name = name.toString('latin1');
  return failure;
}

/** May this be a connection's name? The error if not. */
export const checkName = (name: Buffer): Failure | undefined => (isAttribute(name) ? undefined : badName);

export const client: SessionCommand = (args, session, surroundings) => {
  const [, subcommand = EMPTY, argument = EMPTY] = args;
  switch (subcommand.toString('latin1').toLowerCase()) {
    case 'id':
      return session.id;
    case 'getname':
      return session.name === '' ? undefined : Buffer.from(session.name, 'latin1');
    case 'setname':
      return nameSession(session, argument) ?? OK;
    case 'setinfo':
      return setInfo(args, session);
    case 'list':
      return list(args, surroundings);
    case 'info':
      return Buffer.from(`${describe(session, surroundings.nowMs)}\n`);
    default:
      return help;
  }
};

function setInfo(args: readonly Buffer[], session: Session): Reply {
  const [, , option = EMPTY, value = EMPTY] = args;
  const isName = isWord(option, 'lib-name');
  if (!isName && !isWord(option, 'lib-ver')) return echoing(`ERR Unrecognized option '${textOf(option)}'`);
  if (!isAttribute(value)) {
    return echoing(`ERR ${textOf(option)} cannot contain spaces, newlines or special characters.`);
  }
  if (isName) session.libName = value.toString('latin1');
  else session.libVersion = value.toString('latin1');
  return OK;
}

const TYPES: readonly string[] = ['normal', 'master', 'replica', 'slave', 'pubsub'];

function list(args: readonly Buffer[], surroundings: Surroundings): Reply {
  const wanted = filterOf(args);
  if (wanted instanceof Failure) return wanted;
  const lines: string[] = [];
  for (const session of surroundings.sessions()) {
    if (wanted(session)) lines.push(`${describe(session, surroundings.nowMs)}\n`);
  }
  return Buffer.from(lines.join(''));
}

/** Which connections CLIENT LIST was asked for: all, those of a type, or those with these ids. */
function filterOf(args: readonly Buffer[]): ((session: Session) => boolean) | Failure {
  const [, , option, argument] = args;
  if (option === undefined) return () => true;
  if (isWord(option, 'type') && argument !== undefined && args.length === 4) {
    const type = textOf(argument).toLowerCase();
    if (!TYPES.includes(type)) return echoing(`ERR Unknown client type '${textOf(argument)}'`);
    return () => type === 'normal';
  }
  if (!isWord(option, 'id') || argument === undefined) return syntaxError;
  const ids = new Set(args.slice(3).map(integerOf));
  return ids.has(undefined) ? badId : (session) => ids.has(session.id);
}

/** One line of CLIENT LIST: the fields of Redis' own that mean something here, in its order. */
function describe(session: Session, nowMs: number): string {
  const ageSeconds = Math.max(0, Math.floor((nowMs - session.openedAtMs) / 1000));
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', session.id],
    ['addr', session.remoteAddress],
    ['laddr', session.localAddress],
    ['name', session.name],
    ['age', ageSeconds],
    ['flags', session.readOnly ? 'r' : 'N'],
    ['db', 0],
    ['multi', -1],
    ['cmd', session.lastCommand === '' ? 'NULL' : session.lastCommand],
    ['user', 'default'],
    ['resp', session.protocol],
    ['lib-name', session.libName],
    ['lib-ver', session.libVersion],
    ['tot-cmds', session.commandCount],
  ];
  return fields.map(([field, value]) => `${field}=${value}`).join(' ');
}

const help: Reply = [
  'CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GETNAME',
  '    Return the name of the current connection.',
  'ID',
  '    Return the ID of the current connection.',
  'INFO',
  '    Return information about the current client connection.',
  'LIST [options ...]',
  '    Return information about client connections. Options:',
  '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
  '      Return clients of specified type.',
  '    * ID <id> [<id> ...]',
  '      Return clients with these IDs.',
  'SETINFO (LIB-NAME|LIB-VER) <value>',
  '    Tell which library the connection belongs to.',
  'SETNAME <name>',
  '    Assign the name <name> to the current connection.',
  'HELP',
  '    Prints this help.',
].map((line) => new Simple(line));
