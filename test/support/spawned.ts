/** A program, ours as it is built or a test's own from its source: its lines as they come, and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { LineCutter } from '../../src/coordination/io/child-output.ts';

export interface Ended {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

export class Spawned {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #waiting = new Set<() => void>();

  /** `file`: one beside this one (`./fake-program.ts`), or a built one (`dist/slave/main.js`). */
  constructor(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    const isBuilt = file.startsWith('dist/');
    const path = fileURLToPath(new URL(isBuilt ? `../../${file}` : file, import.meta.url));
    this.process = spawn(process.execPath, [...(isBuilt ? [] : ['--import', 'tsx']), path, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env,
    });
    this.#collect(this.process.stdout ?? undefined, this.lines);
    this.#collect(this.process.stderr ?? undefined, this.errors);
    this.ended = new Promise((resolve) => {
      this.process.once('close', (status, signal) =>
        resolve({ status: status ?? undefined, signal: signal ?? undefined }),
      );
    });
  }

  /** The first line on standard output that begins so. Waits for it as long as the test may last. */
  async line(start: string): Promise<string> {
    for (;;) {
      const found = this.lines.find((line) => line.startsWith(start));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  #collect(stream: NodeJS.ReadableStream | undefined, lines: string[]): void {
    const cutter = new LineCutter((line) => {
      lines.push(line);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => cutter.push(text));
  }
}

/** Whether a process of this id lives. One that has ended and that nobody has asked about yet does not. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
