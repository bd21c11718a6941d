/**
 * A built program that runs as a real process: its lines as they come, and its end.
 *
 * The programs are taken from dist (TEST_DIST names another place). Whatever a test leaves running is killed
 * when the test process ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { join } from 'node:path';

import packageJson from '../../package.json' with { type: 'json' };
import { LineCutter } from '../../src/coordination/io/child-output.ts';

export type ProgramName = keyof typeof packageJson.bin;

export interface ProgramEnd {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

/** How long a program may take for what it does in a second when nothing else runs. */
export const PATIENCE_MS = 30_000;

/** A failure message shows so many of the last lines of standard error. */
const TAIL_LINES = 40;

/** Below the ports that systems pick for outgoing connections, so that a redial cannot meet itself there. */
const PORT_FIRST = 12_000;
const PORT_COUNT = 18_000;
const PORT_TRIES_MAX = 100;

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

export const programFile = (name: ProgramName): string =>
  join(process.env['TEST_DIST'] ?? 'dist', packageJson.bin[name].replace(/^dist\//, ''));

export class Program {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly ended: Promise<ProgramEnd>;
  readonly #title: string;
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  constructor(name: ProgramName, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.#title = [name, ...args].join(' ');
    const child = spawn(process.execPath, [programFile(name), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: withoutOurs(env),
    });
    this.process = child;
    alive.add(child);
    collect(child.stdout, this.lines, () => this.#wake());
    collect(child.stderr, this.errors, () => this.#wake());
    this.ended = new Promise((resolve) => {
      child.once('close', (status, signal) => {
        alive.delete(child);
        this.#isOver = true;
        this.#wake();
        resolve({ status: status ?? undefined, signal: signal ?? undefined });
      });
    });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The last lines of its standard error, under its command line. */
  get tail(): string {
    return [`$ ${this.#title}`, ...this.errors.slice(-TAIL_LINES)].join('\n    ');
  }

  /** The first line on standard output, from the given one on, that begins so. Fails when the program ends first. */
  async line(start: string, from = 0): Promise<string> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.lines.slice(from).find((line) => line.startsWith(start));
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (this.#isOver || leftMs <= 0) throw new Error(`no line "${start}" came from\n${this.tail}`);
      await this.#nextNews(leftMs);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Ends it at once, also while it is paused, and waits for the end. */
  async kill(): Promise<void> {
    if (!this.#isOver) this.signal('SIGKILL');
    await this.ended;
  }

  #nextNews(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function collect(stream: NodeJS.ReadableStream | null, lines: string[], news: () => void): void {
  const cutter = new LineCutter((line) => {
    lines.push(line);
    news();
  });
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => cutter.push(text));
}

/** Settings of whoever runs the tests are not the tests'. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PIAZZA_')));

/** A number that was free for TCP and UDP a moment ago, and that no outgoing connection gets. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORT_COUNT);
    if ((await isFreeForTcp(port)) && (await isFreeForUdp(port))) return port;
  }
  throw new Error('there is no free port');
}

const isFreeForTcp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

const isFreeForUdp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4').once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });

/** Waits until it holds; what it throws meanwhile counts as no. `now` says how things are when patience ends. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  {
    withinMs = PATIENCE_MS,
    now = () => '',
  }: { readonly withinMs?: number; readonly now?: () => string } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (
    !(await Promise.resolve()
      .then(holds)
      .catch(() => false))
  ) {
    if (performance.now() > deadline) throw new Error(`not ${what} within ${withinMs} ms; ${now()}`);
    await pause(POLL_MS);
  }
}

const POLL_MS = 20;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
