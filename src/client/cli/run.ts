/**
 * The command line: reads words, runs one command, answers with an exit status.
 *
 * yargs splits the words and draws the help. What a command does is in commands/; how an error becomes a
 * status, in run-errors.ts. Nothing here ends the process.
 */
import yargs, { type Argv } from 'yargs';

import { nearest } from '../../common/config/nearest.ts';
import { PiazzaError } from '../errors.ts';
import { commandNames, commands } from './commands/index.ts';
import type { Run } from './commands/command.ts';
import { converse } from './prompt.ts';
import { explain, Misuse } from './run-errors.ts';
import { type Global, settingsOf, unknownVariables } from './settings.ts';
import { plainText, plainWord, shielded } from './shield.ts';
import { exit, type ExitStatus, type World } from './world.ts';

const HELP_COLUMNS_MAX = 100;

export async function run(argv: readonly string[], world: World): Promise<ExitStatus> {
  for (const warning of unknownVariables(world.env)) world.complain(`piazza-client: ${warning}`);
  return runCommand(argv, world, (global) => converse(global, world, runCommand));
}

/** Runs the command that the words make; `otherwise`, where they make none. */
export async function runCommand(
  argv: readonly string[],
  world: World,
  otherwise: (global: Global) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  let status: ExitStatus = exit.done;
  let printed = '';
  const perform: Run = async (global, body) => {
    status = await inContext(global, world, body);
  };
  try {
    const parser = parserOf(perform, world).command(
      '$0 [words..]',
      false,
      (args) => args.positional('words', { type: 'string', array: true }),
      async ({ words, ...global }) => {
        if (words !== undefined && words.length > 0) throw unknownCommand(words);
        status = await otherwise(global);
      },
    );
    await parser.parseAsync([...shielded(argv)], {}, (_error, _argv, output) => {
      printed = output;
    });
  } catch (error) {
    status = explain(error, world);
  }
  if (printed !== '') await world.out(`${withoutWords(plainText(printed))}\n`);
  return status;
}

/** The place for words that make no command is there to catch them, not to be offered. */
const withoutWords = (help: string): string => help.replace(/Positionals:\n {2}words .*\n\n/, '');

function parserOf(perform: Run, world: World): Argv<Global> {
  const parser = yargs()
    .scriptName('piazza-client')
    .usage('$0 [options] COMMAND\n\nTalk to a Piazza cluster. Without a command: an interactive prompt.')
    .locale('en')
    .wrap(Math.min(HELP_COLUMNS_MAX, world.terminal.columns()))
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
    .option('connect', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'HOST:PORT to talk to; repeat it for more, tried in turn (PIAZZA_CONNECT)',
      defaultDescription: '127.0.0.1:7000',
    })
    .option('timeout', {
      type: 'string',
      requiresArg: true,
      describe: 'milliseconds that a command may last (PIAZZA_TIMEOUT)',
      defaultDescription: '5000',
    })
    .option('json', { type: 'boolean', describe: 'output for machines (PIAZZA_JSON)' })
    .option('config', {
      type: 'string',
      requiresArg: true,
      describe: 'a JSON file of settings: { "connect": ["db1:7000"], "timeout": 2000 }',
    })
    .epilogue(
      'A value that looks like an option goes after --.\n' +
        'Exit status: 0 done, 1 absent or refused, 2 wrong usage, 3 not reached in time, 4 outcome unknown.',
    )
    .strict()
    .exitProcess(false)
    .help()
    .version(world.version)
    .fail((complaint: string | undefined, error: Error | undefined) => {
      throw error instanceof PiazzaError || error instanceof Misuse ? error : asMisuse(complaint, error);
    });
  return commands.reduce<Argv<Global>>((built, command) => command(built, perform), parser);
}

/** yargs tells a mistake in the words by a complaint, or by an error of its own kind; all else is a bug. */
function asMisuse(complaint: string | undefined, error: Error | undefined): Error {
  if (error !== undefined && error.name !== 'YError') return error;
  const text = plainText(complaint ?? error?.message ?? 'wrong usage');
  const hint = text.startsWith('Not enough non-option')
    ? ' (a value that looks like an option goes after --)'
    : '';
  return new Misuse(text + hint);
}

function unknownCommand(words: readonly string[]): Misuse {
  const word = plainWord(words[0] ?? '');
  const near = nearest(word, commandNames);
  return new Misuse(`unknown command "${word}"${near === undefined ? '' : `; did you mean ${near}?`}`);
}

async function inContext(global: Global, world: World, body: Parameters<Run>[1]): Promise<ExitStatus> {
  const settings = await settingsOf(global, world);
  const { addresses, timeoutMs, json } = settings;
  const { signal } = world;
  // Lazily: the one timeout is then the command's, and not spent twice.
  const cluster = await world.connect({ addresses, timeoutMs, lazy: true });
  try {
    return await body({ world, cluster, json, addresses, call: { signal, timeoutMs } });
  } finally {
    await cluster.close();
  }
}
