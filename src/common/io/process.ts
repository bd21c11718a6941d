/**
 * The life of a program: started once, stopped by a signal, by its parent's death, or by itself.
 *
 *     start ──► running ──(SIGTERM, SIGINT, parent gone, end)──► stopping ──► exit
 *       │          │                                                │
 *       └─ fail    └─ a Bug: exit 1 at once        second signal, or out of patience: exit at once
 *
 * It is the one place that catches a `Bug`, and all it does is to say so and end: whoever runs us starts us
 * anew, from what is durable. It does not know what runs.
 *
 * Exit status: 0 stopped as asked; 1 failed, or was cut short by a Bug or by its own slowness to stop;
 * 128 + the signal's number when a second signal came.
 */
import { constants } from 'node:os';
import { Socket } from 'node:net';

import { Bug } from '../invariant.ts';
import { type Log, oneLine, writeAll } from './log.ts';

/** What a graceful stop may take: above what children get (5 s), below the 10 s after which containers are killed. */
const STOP_PATIENCE_MS = 8_000;

/** Without a parent there is nobody to wait for: long enough to close the store. */
const ORPHAN_PATIENCE_MS = 1_000;

/** Names an inherited pipe; when it closes, whoever started this process is gone, however it went. */
export const PARENT_FD_VARIABLE = 'PIAZZA_PARENT_FD';

export interface Running {
  /** Stops everything in good order. Bounded here: it is not waited for longer than a few seconds. */
  stop(why: string): Promise<void>;
}

/** What a program may say about its own end. */
export interface Ending {
  /** Stops in good order, then exits with this status (default 0). */
  end(why: string, status?: number): void;
  /** Exits with 1, at once, after one line that says what to do. */
  fail(line: string): never;
}

export interface ProgramOptions {
  readonly name: string;
  readonly log: Log;
  /** What a graceful stop may take beyond the usual. */
  readonly stopMs?: number;
  /** May reject: the error's message is then the line that is printed, and the exit status 1. */
  readonly start: (ending: Ending) => Promise<Running>;
}

/** Prints to standard output what somebody waits for there; synchronously, so that no exit swallows it. */
export const say = (line: string): void => writeAll(1, `${line}\n`);

export function runProgram(options: ProgramOptions): void {
  new Life(options).begin();
}

class Life {
  readonly #name: string;
  readonly #log: Log;
  readonly #start: ProgramOptions['start'];
  readonly #patienceMs: number;
  #running: Running | undefined;
  #stopping: { readonly why: string; readonly status: number } | undefined;

  constructor({ name, log, start, stopMs = 0 }: ProgramOptions) {
    this.#name = name;
    this.#log = log;
    this.#patienceMs = STOP_PATIENCE_MS + stopMs;
    this.#start = start;
  }

  begin(): void {
    process.on('uncaughtException', (error) => this.#die(error));
    process.on('unhandledRejection', (reason) => this.#die(reason));
    // Whoever read our output may go; that is no reason to stop.
    process.stdout.on('error', () => undefined);
    process.stderr.on('error', () => undefined);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#onSignal(signal));
    this.#watchParent();

    const ending: Ending = {
      end: (why, status = 0) => this.#stop(why, status, this.#patienceMs),
      fail: (line) => this.#fail(line),
    };
    this.#start(ending).then(
      (running) => this.#onStarted(running),
      (error: unknown) => this.#onStartFailed(error),
    );
  }

  #onStarted(running: Running): void {
    this.#running = running;
    if (this.#stopping !== undefined) this.#finish(running, this.#stopping);
  }

  #onStartFailed(error: unknown): void {
    // Being stopped is a fair reason for a start not to succeed.
    if (this.#stopping !== undefined) process.exit(this.#stopping.status);
    if (error instanceof Bug || !(error instanceof Error)) this.#die(error);
    this.#log.debug(error.stack ?? '');
    this.#fail(error.message);
  }

  #onSignal(signal: 'SIGTERM' | 'SIGINT'): void {
    if (this.#stopping === undefined) {
      this.#stop(signal, 0, this.#patienceMs);
      return;
    }
    this.#log.warn(`${this.#name} stops at once: ${signal} while it was stopping`);
    process.exit(128 + constants.signals[signal]);
  }

  #stop(why: string, status: number, patienceMs: number): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = { why, status };
    this.#log.info(`${this.#name} stops: ${why}`);
    setTimeout(() => {
      this.#log.error(`${this.#name} did not stop within ${patienceMs} ms and is cut short`);
      process.exit(1);
    }, patienceMs);
    // A start that is under way ends first, and is then stopped like any other.
    if (this.#running !== undefined) this.#finish(this.#running, this.#stopping);
  }

  #finish(running: Running, { why, status }: { readonly why: string; readonly status: number }): void {
    running.stop(why).then(
      () => process.exit(status),
      (error: unknown) => this.#die(error),
    );
  }

  /** Our own mistake, or one of a library: nothing in memory can be trusted any more. */
  #die(error: unknown): never {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const what = error instanceof Bug ? 'a bug' : 'an unexpected error';
    this.#log.error(`${this.#name} stops at once: ${what}: ${messageOf(error)}`, { stack });
    process.exit(1);
  }

  #fail(line: string): never {
    this.#log.error(oneLine(line));
    process.exit(1);
  }

  #watchParent(): void {
    const text = process.env[PARENT_FD_VARIABLE];
    if (text === undefined) return;
    // Not for our own children: the number would mean something else to them.
    Reflect.deleteProperty(process.env, PARENT_FD_VARIABLE);
    const pipe = parentPipe(text);
    if (pipe === undefined)
      this.#fail(`${PARENT_FD_VARIABLE}=${text} names no pipe: start this program without it`);
    pipe
      .on('error', () => undefined)
      .on('close', () => this.#stop('the process that started it is gone', 0, ORPHAN_PATIENCE_MS))
      .resume()
      .unref();
  }
}

function parentPipe(text: string): Socket | undefined {
  try {
    return /^\d{1,4}$/.test(text)
      ? new Socket({ fd: Number(text), readable: true, writable: false })
      : undefined;
  } catch {
    return undefined; // Node throws at a descriptor that is not open, or is a file.
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
