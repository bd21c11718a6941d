/**
 * The real world for the command line: this process, its terminal, its clock, its files.
 *
 * The first SIGINT or SIGTERM ends what is under way; the second ends the process at once.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

import { PiazzaClient } from '../client.ts';
import { ReadlineConversation } from './conversation.ts';
import { openSink, openSource, readText } from './files.ts';
import { run } from './run.ts';
import { exit, type Sink, type Terminal, type World } from './world.ts';
import { packageVersion } from '../../common/io/version.ts';

const HISTORY_FILE = '.piazza_history';

/** What a terminal has if it does not say. */
const COLUMNS = 80;
const ROWS = 24;

export async function main(): Promise<void> {
  // Whoever read our output has heard enough (`export - | head`): no reason for a stack.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exit.refused);
    throw error;
  });
  const status = await run(process.argv.slice(2), realWorld());
  await out('');
  // Not by running dry: a read of standard input that nobody waits for would keep the process.
  process.exit(status);
}

function realWorld(): World {
  const signal = stopSignal();
  return {
    version: packageVersion(),
    env: process.env,
    terminal: terminal(),
    signal,
    out,
    complain: (line) => void process.stderr.write(`${line}\n`),
    err: (text) => void process.stderr.write(text),
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
    sleep,
    connect: (options) => PiazzaClient.connect(options),
    readText,
    openSource: (path) =>
      path === '-' ? Promise.resolve({ chunks: process.stdin, bytes: undefined }) : openSource(path),
    openSink: (path) => (path === '-' ? Promise.resolve(standardOutput) : openSink(path)),
    converse: (wish) => {
      const person = isTerminal(process.stdin) && isTerminal(process.stdout);
      const historyFile = join(homedir(), HISTORY_FILE);
      return new ReadlineConversation(
        { input: process.stdin, output: process.stdout, terminal: person, historyFile, signal },
        wish,
      );
    },
  };
}

function terminal(): Terminal {
  const { stdout, stderr, env } = process;
  const noColor = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  return {
    out: isTerminal(stdout),
    err: isTerminal(stderr),
    newline: isTerminal(stdout),
    color: isTerminal(stdout) && !noColor && env['TERM'] !== 'dumb',
    columns: () => stdout.columns || COLUMNS,
    rows: () => stdout.rows || ROWS,
  };
}

/** Undefined, whatever the types say, where there is none. */
const isTerminal = ({ isTTY }: { readonly isTTY?: boolean }): boolean => isTTY === true;

function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    const onSignal = (): void => {
      if (!stop.signal.aborted) {
        stop.abort();
        return;
      }
      process.removeListener(name, onSignal);
      process.kill(process.pid, name);
    };
    process.on(name, onSignal);
  }
  return stop.signal;
}

const out = (text: string | Buffer): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(text, () => {
      resolve();
    });
  });

const standardOutput: Sink = {
  write: out,
  finish: () => Promise.resolve(),
  abandon: () => Promise.resolve(),
};

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
