/**
 * The command line: from the words that a person typed to a config, or to a page of help, or to complaints.
 *
 * yargs splits the words and draws the help; which values are right is our schema's business, so that a wrong
 * number gets the same complaint from wherever it comes. Exit status 2 is wrong usage, everywhere in Piazza.
 */
import { readFileSync } from 'node:fs';

import yargs, { type Options } from 'yargs';

import { createLog, writeAll } from '../../io/log.ts';
import { type Resolution, resolve, type Sources } from '../resolve.ts';
import { CONFIG_OPTION, type Configs, type Program, type ProgramName, programs } from '../schema.ts';
import { groups, type Setting, variableOf } from '../setting.ts';
import { described, presetText } from '../setting-text.ts';
import { packageVersion } from '../../io/version.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A file of settings is short; something larger is another file. */
const CONFIG_FILE_BYTES_MAX = 1024 * 1024;

const HELP_COLUMNS_MAX = 110;

export type CommandLine<Name extends ProgramName> =
  | Resolution<Name>
  /** `--help` or `--version`: print this and end well. */
  | { readonly kind: 'print'; readonly text: string };

/** The config of this start; whoever asked for help gets it, and whoever got it wrong is told, and the process ends. */
export function loadConfig<Name extends ProgramName>(
  program: Name,
  argv: readonly string[],
  env: Env,
): Configs[Name] {
  const outcome = readCommandLine(program, argv, env);
  if (outcome.kind === 'print') {
    writeAll(1, `${outcome.text}\n`);
    process.exit(0);
  }
  if (outcome.kind === 'complaints') {
    for (const complaint of outcome.complaints) writeAll(2, `${program}: ${complaint}\n`);
    writeAll(2, `${program}: --help lists all options\n`);
    process.exit(2);
  }
  const { config, warnings } = outcome;
  const log = createLog({ format: config.logFormat, level: config.logLevel });
  for (const warning of warnings) log.warn(warning);
  return config;
}

/** The same without an end: reads the file that `--config` names, and nothing else of the world. */
export function readCommandLine<Name extends ProgramName>(
  program: Name,
  argv: readonly string[],
  env: Env,
): CommandLine<Name> {
  const words = split(programs[program], argv);
  if (words.kind !== 'words') return words;

  const { [CONFIG_OPTION]: typed, ...commandLine } = words.options;
  const name = typed ?? env[variableOf({ option: CONFIG_OPTION })];
  if (name === undefined) return resolve(program, { commandLine, env });
  if (typeof name !== 'string') return complain(`--${CONFIG_OPTION} must be given only once`);
  const file = readFile(name);
  return typeof file === 'string' ? complain(file) : resolve(program, { commandLine, env, file });
}

type Words =
  | { readonly kind: 'words'; readonly options: Sources['commandLine'] }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'complaints'; readonly complaints: readonly string[] };

function split(program: Program, argv: readonly string[]): Words {
  let printed = '';
  const parsed: unknown = parser(program).parse([...argv], {}, (_error, _argv, output) => {
    printed = output;
  });
  if (printed !== '') return { kind: 'print', text: withoutTypes(printed) };

  const options: Record<string, string | readonly string[]> = {};
  const extra: string[] = [];
  for (const [name, value] of Object.entries(parsed as Readonly<Record<string, unknown>>)) {
    if (name === '_' || name === '--')
      extra.push(...(value as readonly unknown[]).map(String)); // yargs' own lists
    else if (name !== '$0' && value !== undefined) options[name] = textsOf(value);
  }
  if (extra.length > 0)
    return complain(`unexpected word "${extra[0] ?? ''}": this program takes options only`);
  return { kind: 'words', options };
}

/** Unknown options may come as booleans or numbers; the schema judges texts. */
const textsOf = (value: unknown): string | readonly string[] =>
  Array.isArray(value) ? value.map(String) : value === true ? '' : String(value);

function parser(program: Program): ReturnType<typeof yargs> {
  const settings = Object.values(program.settings);
  let parsing = yargs([])
    .scriptName(program.name)
    .usage(`$0 [options]\n\n${program.summary}`)
    .locale('en')
    .wrap(Math.min(HELP_COLUMNS_MAX, process.stdout.columns || HELP_COLUMNS_MAX))
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'populate--': true,
    })
    .exitProcess(false)
    .version(packageVersion())
    .help()
    .alias('help', 'h')
    .describe({ help: 'print this page', version: 'print the version' })
    .group(['config', 'help', 'version'], 'General');
  for (const group of groups) {
    for (const setting of settings.filter((one) => one.group === group)) {
      parsing = parsing.option(setting.option, yargsOption(setting));
    }
  }
  parsing = parsing.option(CONFIG_OPTION, {
    string: true,
    describe: 'a JSON file of settings: { "port": 7000 }',
    group: 'General',
  });
  for (const [command, what] of program.examples) parsing = parsing.example(command, what);
  return parsing.epilogue(
    'Each option can also be set in the environment (PIAZZA_PORT for --port) or in the file given with --config; ' +
      'the command line wins, then the environment, then the file.',
  );
}

const yargsOption = (setting: Setting): Options => ({
  string: true,
  describe: described(setting),
  group: setting.group,
  ...(setting.preset === undefined ? {} : { defaultDescription: presetText(setting) }),
});

/** Every option is a text to yargs, which is no news to a reader. Blanks keep the defaults in their column. */
const withoutTypes = (help: string): string =>
  help
    .replaceAll(/\[(?:string|boolean)\]/g, (tag) => ' '.repeat(tag.length))
    .replaceAll(/ +$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n');

/** The file, or a complaint. */
function readFile(name: string): { readonly name: string; readonly content: unknown } | string {
  try {
    const text = readFileSync(name, 'utf8');
    if (text.length > CONFIG_FILE_BYTES_MAX) return `${name}: too large for a file of settings`;
    return { name, content: JSON.parse(text) as unknown };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return error instanceof SyntaxError
      ? `${name}: is no JSON: ${why}`
      : `--${CONFIG_OPTION} ${name}: ${why}`;
  }
}

const complain = (text: string): { readonly kind: 'complaints'; readonly complaints: readonly string[] } => ({
  kind: 'complaints',
  complaints: [text],
});
