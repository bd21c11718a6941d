/**
 * The slaves of `--with-slaves`: child processes, kept alive, and ended with us.
 *
 *     spawn ──► (ready id=… port=…) ──► serves ──► dies ──► waits ──► spawn
 *                                                    └─ five times wrong usage: given up
 *
 * Each is in a session of its own, so that Ctrl-C at the terminal reaches this process alone, which then ends
 * them in good order. Each holds the read end of a pipe of ours: when we die, however we die, it closes, and
 * the child ends itself. What the slaves do in the cluster is not known here.
 *
 * Invariants
 *   1. Of each id at most one process runs.
 *   2. After `stop` has resolved none runs, and none is started any more.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CONFIG_OPTION, coordinationSettings } from '../../common/config/schema.ts';
import { variableOf } from '../../common/config/setting.ts';
import { type Log, writeToStandardError } from '../../common/io/log.ts';
import { PARENT_FD_VARIABLE } from '../../common/io/process.ts';
import { afterDeath, newborn } from '../restart-policy.ts';
import { LineCutter, parseReadyLine, prefixedLine } from './child-output.ts';

/** How long the slaves may take to end when asked to, before they are killed. Below the patience with us. */
const STOP_PATIENCE_MS = 5_000;

/** The first descriptor after standard input, output and error. */
const PARENT_FD = 3;

export interface SuperviseOptions {
  readonly count: number;
  /** The port of s1; the others follow. 0, or beyond 65535: the system picks. */
  readonly firstPort: number;
  /** `HOST:PEER_PORT` of the coordination server, as the slaves dial it. */
  readonly coordination: string;
  /** Each slave's directory is made in this one, under its id. */
  readonly dirParent: string;
  /** Options for every slave, such as `--host`, `--log-format`. */
  readonly extraArgs?: readonly string[];
  readonly log: Log;
  /** A slave serves: at its start, and again after each restart. */
  readonly onStarted: (id: string, pid: number, port: number) => void;
  /** Asked when one has ended: is it still wanted, or did it leave the cluster for good (drained)? Default: wanted. */
  readonly isWanted?: (id: string) => boolean;
  /** Where the slaves' own log lines go, named; default: standard error. */
  readonly writeLine?: (line: string) => void;
  /** The slave's program; default: the one that was built with this one. */
  readonly slaveMain?: string;
  /** How long a slave may take to end; default 5 s. */
  readonly stopPatienceMs?: number;
}

export interface Slaves {
  /** The ids of those whose process runs. */
  readonly running: () => readonly string[];
  /** Ends all at once; resolves when none is left. */
  stop(): Promise<void>;
}

export function superviseSlaves(options: SuperviseOptions): Slaves {
  const nannies = Array.from({ length: options.count }, (_, index) => new Nanny(options, index));
  for (const nanny of nannies) nanny.start();
  return {
    running: () => nannies.filter(({ isRunning }) => isRunning).map(({ id }) => id),
    stop: async () => {
      await Promise.all(nannies.map((nanny) => nanny.stop()));
    },
  };
}

/** Looks after one child through all its lives. */
class Nanny {
  readonly id: string;
  readonly #port: number;
  readonly #options: SuperviseOptions;
  #child: ChildProcess | undefined;
  #history = newborn;
  #restart: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #stopped: () => void = () => undefined;

  constructor(options: SuperviseOptions, index: number) {
    this.id = `s${index + 1}`;
    this.#options = options;
    const port = options.firstPort + index;
    this.#port = options.firstPort === 0 || port > 65_535 ? 0 : port;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const { slaveMain = defaultSlaveMain() } = this.#options;
    const startedAt = performance.now();
    const child = spawn(process.execPath, [...ownNodeOptions(), slaveMain, ...this.#args()], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
      env: childEnvironment(process.env),
    });
    this.#child = child;
    this.#listen(child);
    const ended = once((why: string, status: number | undefined) => {
      this.#onEnded(why, { livedMs: performance.now() - startedAt, status });
    });
    child.on('error', (error) => {
      // Of a signal that could not be sent, too: then the process still lives, and 'exit' is to come.
      if (child.pid === undefined) ended(error.message, undefined);
    });
    child.on('exit', (status, signal) => {
      ended(signal === null ? `exit status ${status ?? 0}` : signal, status ?? undefined);
    });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  #end(): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) return Promise.resolve();
    const { log, stopPatienceMs = STOP_PATIENCE_MS } = this.#options;
    child.kill('SIGTERM');
    const kill = setTimeout(() => {
      log.warn(`${this.id} did not end within ${stopPatienceMs} ms and is killed`);
      child.kill('SIGKILL');
    }, stopPatienceMs);
    return new Promise((resolve) => {
      this.#stopped = () => {
        clearTimeout(kill);
        resolve();
      };
    });
  }

  #args(): readonly string[] {
    const { coordination, dirParent, extraArgs = [] } = this.#options;
    const dir = join(dirParent, this.id);
    const own = ['--id', this.id, '--port', String(this.#port), '--coordination', coordination, '--dir', dir];
    return [...own, ...extraArgs];
  }

  #listen(child: ChildProcess): void {
    const { writeLine = (line) => writeToStandardError(`${line}\n`), onStarted } = this.#options;
    listenLines(child.stdout ?? undefined, (line) => {
      const ready = parseReadyLine(line);
      if (ready !== undefined && child.pid !== undefined) onStarted(this.id, child.pid, ready.port);
    });
    listenLines(child.stderr ?? undefined, (line) => {
      writeLine(prefixedLine(this.id, line));
    });
    // Nothing ever comes from there; a child that dies may break it, which its exit tells better.
    child.stdio[PARENT_FD]?.on('error', () => undefined);
  }

  #onEnded(why: string, death: { readonly livedMs: number; readonly status: number | undefined }): void {
    this.#child = undefined;
    if (this.#stopping !== undefined) {
      this.#stopped();
      return;
    }
    const { log, isWanted = () => true } = this.#options;
    if (!isWanted(this.id)) {
      log.info(`${this.id} has left and is not started again (${why})`);
      return;
    }
    const verdict = afterDeath(this.#history, death);
    if (verdict.kind === 'give up') {
      log.error(`${this.id} is given up: it ended at once again and again (${why}); its lines above say why`);
      return;
    }
    log.warn(`${this.id} ended (${why}) and is started again in ${verdict.afterMs} ms`);
    this.#history = verdict.history;
    this.#restart = setTimeout(() => {
      this.start();
    }, verdict.afterMs);
  }
}

function listenLines(stream: NodeJS.ReadableStream | undefined, onLine: (line: string) => void): void {
  const cutter = new LineCutter(onLine);
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    cutter.push(text);
  });
  stream?.on('end', () => {
    cutter.end();
  });
  stream?.on('error', () => undefined);
}

/** Built, this file is JavaScript and so is the slave's; run from source, both are TypeScript. */
function defaultSlaveMain(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../slave/main.${extension}`, import.meta.url));
}

/** What makes this process able to run its sources lets the children run theirs. A debugger's port is taken, though. */
const ownNodeOptions = (): readonly string[] =>
  process.execArgv.filter((option) => !option.startsWith('--inspect'));

/**
 * Settings of ours that came by the environment are not the slaves': `PIAZZA_PORT` would be everybody's port.
 * Those that only slaves have (`PIAZZA_DURABILITY`) pass through.
 */
function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = new Set<string>([
    variableOf({ option: CONFIG_OPTION }),
    ...Object.values(coordinationSettings).map(variableOf),
  ]);
  const inherited = Object.entries(env).filter(([name]) => !ours.has(name));
  return { ...Object.fromEntries(inherited), [PARENT_FD_VARIABLE]: String(PARENT_FD) };
}

function once<Args extends readonly unknown[]>(call: (...args: Args) => void): (...args: Args) => void {
  let isDone = false;
  return (...args) => {
    if (isDone) return;
    isDone = true;
    call(...args);
  };
}
