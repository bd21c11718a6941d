/**
 * The commands about a connection and its process, which the gateway and the slaves answer alike.
 *
 * They look at no data and need nobody's leave: they are answered at once, in their place among
 * the connection's other commands. DBSIZE is not here, since only the role knows what it counts.
 *
 * Version 0.1 has no password: AUTH and HELLO say what Redis says where none is set.
 */
import { Failure, OK, Pairs, type Reply, Simple } from '../reply.ts';
import { checkName, client, nameSession } from './client-commands.ts';
import { command } from './command-listing.ts';
import { echoing, notAnInteger, syntaxError, textOf, wrongArity } from './errors.ts';
import { matchesGlob } from './glob.ts';
import { REDIS_VERSION, renderInfo } from './info.ts';
import { integerOf } from './integer.ts';
import { commands, type CommandSpec, isWord } from './registry.ts';
import type { Session, SessionCommand, Surroundings } from './session.ts';

export type { Session, SessionCommand, Surroundings } from './session.ts';

const PONG = new Simple('PONG');
const RESET = new Simple('RESET');
const EMPTY = Buffer.alloc(0);

const badVersion = new Failure('ERR Protocol version is not an integer or out of range');
const noProtocol = new Failure('NOPROTO unsupported protocol version');
const wrongPassword = new Failure('WRONGPASS invalid username-password pair or user is disabled.');
const noPassword = new Failure(
  'ERR AUTH <password> called without any password configured for the default user. ' +
    'Are you sure your configuration is correct?',
);
const oneDatabase = new Failure('ERR SELECT is not allowed in cluster mode');

const ping: SessionCommand = (args) => {
  if (args.length > 2) return wrongArity('ping');
  return args[1] ?? PONG;
};

const echo: SessionCommand = (args) => args[1] ?? EMPTY;

const quit: SessionCommand = (_, session) => {
  session.closeAfterReplies();
  return OK;
};

const reset: SessionCommand = (_, session) => {
  session.protocol = 2;
  session.name = '';
  session.readOnly = false;
  return RESET;
};

const select: SessionCommand = ([, argument = EMPTY]) => {
  const index = integerOf(argument);
  if (index === undefined) return notAnInteger;
  return index === 0 ? OK : oneDatabase;
};

const auth: SessionCommand = (args) => {
  if (args.length > 3) return syntaxError;
  if (args.length === 2) return noPassword;
  return checkUser(args[1]) ?? OK;
};

/** The one user there is needs no password, so whichever is given is right. */
const checkUser = (name: Buffer | undefined): Failure | undefined =>
  name?.toString('latin1') === 'default' ? undefined : wrongPassword;

const readonly: SessionCommand = (_, session) => {
  session.readOnly = true;
  return OK;
};

const readwrite: SessionCommand = (_, session) => {
  session.readOnly = false;
  return OK;
};

/** Nobody is ever sent an ASK; a client that asks all the same does no harm. */
const asking: SessionCommand = () => OK;

const hello: SessionCommand = (args, session, surroundings) => {
  const version = versionOf(args[1], session);
  if (version instanceof Failure) return version;
  const options = helloOptionsOf(args);
  if (options instanceof Failure) return options;
  // Everything is checked: from here on it happens as a whole.
  if (options.name !== undefined) nameSession(session, options.name);
  session.protocol = version;
  return greeting(session, surroundings);
};

function versionOf(argument: Buffer | undefined, session: Session): 2 | 3 | Failure {
  if (argument === undefined) return session.protocol;
  const version = integerOf(argument);
  if (version === undefined) return badVersion;
  return version === 2 || version === 3 ? version : noProtocol;
}

/** `[AUTH username password] [SETNAME name]`, behind the version; of several names the last counts. */
function helloOptionsOf(args: readonly Buffer[]): { readonly name: Buffer | undefined } | Failure {
  let name: Buffer | undefined;
  let user: Buffer | undefined;
  let index = 2;
  while (index < args.length) {
    const option = args[index] ?? EMPTY;
    const argument = args[index + 1];
    if (isWord(option, 'auth') && index + 2 < args.length) {
      user = argument;
      index += 3;
    } else if (isWord(option, 'setname') && argument !== undefined) {
      const failure = checkName(argument);
      if (failure) return failure;
      name = argument;
      index += 2;
    } else {
      return echoing(`ERR Syntax error in HELLO option '${textOf(option)}'`);
    }
  }
  const failure = user && checkUser(user);
  return failure ?? { name };
}

const greeting = (session: Session, surroundings: Surroundings): Reply =>
  new Pairs([
    ['server', Buffer.from('redis')],
    ['version', Buffer.from(REDIS_VERSION)],
    ['proto', session.protocol],
    ['id', session.id],
    ['mode', Buffer.from('cluster')],
    ['role', Buffer.from('master')],
    ['modules', []],
    ['piazza_version', Buffer.from(surroundings.version)],
  ]);

const info: SessionCommand = (args, _, surroundings) =>
  Buffer.from(renderInfo(surroundings.info(), args.slice(1).map(textOf)));

const config: SessionCommand = (args, _, { configuration }) => {
  if (!isWord(args[1] ?? EMPTY, 'get')) return configHelp;
  const patterns = args.slice(2).map((pattern) => pattern.toString('latin1'));
  const found = [...configuration].filter(([name]) => patterns.some((pattern) => matchesGlob(pattern, name)));
  return new Pairs(found.map(([name, value]) => [name, Buffer.from(value)] as const));
};

const configHelp: Reply = [
  'CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'HELP',
  '    Prints this help.',
].map((line) => new Simple(line));

/** By command name. */
export const sessionCommands: ReadonlyMap<string, SessionCommand> = new Map(
  Object.entries({
    ...{ ping, echo, hello, quit, reset, select, auth, client },
    ...{ readonly, readwrite, asking, command, config, info },
  }),
);

const byIndex: readonly (SessionCommand | undefined)[] = commands.map(({ name }) =>
  sessionCommands.get(name),
);

/** The function of a command of this file; undefined for data, CLUSTER and DBSIZE. */
export const sessionCommandOf = (spec: CommandSpec): SessionCommand | undefined => byIndex[spec.index];
