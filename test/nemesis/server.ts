/**
 * One server of the cluster under attack: started, killed and started again on the same seat and directory.
 *
 * All of them end with the process that started them. What a server prints goes to a file of its own, with a line for each start. Whoever ends it says so before; an end that
 * nobody asked for is told to `endedByItself`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { pause, type ProgramName, programFile } from '../support/program.ts';

const READY_POLL_MS = 50;

export interface Seat {
  readonly id: string;
  readonly program: ProgramName;
  readonly options: readonly string[];
  /** Its data; where it lies is a disk's business. */
  readonly dir: string;
  readonly host: string;
  readonly port: number;
  readonly logFile: string;
  /** What stands before the command line, to run it elsewhere. */
  readonly prefix: readonly string[];
}

export interface End {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export class Server {
  readonly seat: Seat;
  readonly #endedByItself: (server: Server, end: End) => void;
  #process: ChildProcess | undefined;
  #ended: Promise<End> = Promise.resolve({ status: undefined, signal: undefined });
  #mayEnd = false;
  #environment: NodeJS.ProcessEnv = {};

  constructor(seat: Seat, endedByItself: (server: Server, end: End) => void) {
    this.seat = seat;
    this.#endedByItself = endedByItself;
  }

  get id(): string {
    return this.seat.id;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.id} does not run`);
    return pid;
  }

  /** Variables that it starts with from now on, beside those of everybody. */
  wear(environment: NodeJS.ProcessEnv): void {
    this.#environment = environment;
  }

  start(): void {
    if (this.#process !== undefined) throw new Error(`${this.id} runs already`);
    const { program, options, dir, logFile, prefix } = this.seat;
    const [command = '', ...args] = [
      ...[...prefix, process.execPath, programFile(program)],
      ...[...options, '--dir', dir, '--log-format', 'json'],
    ];
    const log = openSync(logFile, 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      env: { ...withoutOurs(process.env), ...this.#environment },
    });
    writeSync(log, `=== started as process ${child.pid ?? 'none'}\n`);
    closeSync(log);
    this.#process = child;
    alive.add(child);
    this.#mayEnd = false;
    this.#ended = new Promise((resolve) => {
      const over = (end: End): void => {
        this.#process = undefined;
        alive.delete(child);
        if (!this.#mayEnd) this.#endedByItself(this, end);
        resolve(end);
      };
      child.once('error', () => over({ status: undefined, signal: undefined }));
      child.once('exit', (status, signal) =>
        over({ status: status ?? undefined, signal: signal ?? undefined }),
      );
    });
  }

  /** Waits until it serves; gives up when it has ended or the time is over, which may be another fault's doing. */
  async served(withinMs: number): Promise<void> {
    const start = `=== started as process ${this.#process?.pid ?? 'none'}\n`;
    for (
      const deadline = performance.now() + withinMs;
      performance.now() < deadline;
      await pause(READY_POLL_MS)
    ) {
      const [, said = ''] = readFileSync(this.seat.logFile, 'utf8').split(start);
      if (!this.isUp || said.includes('\nready ')) return;
    }
  }

  /** From now on its end is not told: something has been done that may end it. */
  mayEnd(): void {
    this.#mayEnd = true;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** SIGKILL, also while it is paused; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#mayEnd = true;
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  /** Its end is wanted: waits for it so long. Undefined: it still runs. */
  async endWithin(ms: number): Promise<End | undefined> {
    this.mayEnd();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
    const end = await Promise.race([this.#ended, patience]);
    clearTimeout(timer);
    return end;
  }

  /** Everything below its directory, but not that: it may be where a disk is mounted. */
  empty(): void {
    mkdirSync(this.seat.dir, { recursive: true });
    for (const name of readdirSync(this.seat.dir))
      rmSync(join(this.seat.dir, name), { recursive: true, force: true });
  }
}

/** Settings of whoever starts the run are not the run's. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PIAZZA_')));
