/**
 * Clients that ask at a fixed rate, whether they are answered or not.
 *
 * A latency is counted from the instant at which the command was due, not from when it could be sent: whoever
 * waits for an answer before he asks again does not notice a stall but once.
 */
import { Redis } from 'ioredis';

import { HOST } from '../support/cluster-processes.ts';

export interface OpenLoadOptions {
  readonly port: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly perSecond: number;
  readonly connections: number;
  /** Of a hundred commands so many are SETs. */
  readonly sets: number;
}

/** What was measured while a phase was on. */
export interface Phase {
  readonly name: string;
  readonly latencies: number[];
  readonly errors: Map<string, number>;
  readonly startedAt: number;
}

const FILL_BATCH = 500;
const TURN_MS = 1;

export class OpenLoad {
  readonly #options: OpenLoadOptions;
  readonly #connections: readonly Redis[];
  readonly #value: Buffer;
  #phase: Phase = phaseOf('nothing');
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  #asked = 0;
  #open = 0;

  constructor(options: OpenLoadOptions) {
    this.#options = options;
    this.#value = Buffer.alloc(options.valueBytes, 'v');
    const connect = (): Redis => new Redis({ host: HOST, port: options.port, maxRetriesPerRequest: 0 });
    this.#connections = Array.from({ length: options.connections }, connect);
    for (const connection of this.#connections) connection.on('error', () => undefined);
  }

  async fill(): Promise<void> {
    const [connection] = this.#connections;
    for (let from = 0; from < this.#options.keys; from += FILL_BATCH) {
      const batch = connection?.pipeline();
      for (let at = from; at < Math.min(from + FILL_BATCH, this.#options.keys); at += 1)
        batch?.set(keyOf(at), this.#value);
      const answers = (await batch?.exec()) ?? [];
      const [failed] = answers.flatMap(([error]) => error ?? []);
      if (failed !== undefined) throw failed;
    }
  }

  /** From now on, commands that become due count for this phase. */
  enter(name: string): Phase {
    this.#phase = phaseOf(name);
    if (this.#timer === undefined) {
      this.#dueAt = performance.now();
      this.#timer = setInterval(() => this.#turn(), TURN_MS);
    }
    return this.#phase;
  }

  /** Asks no more, and waits for what is open. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const end = performance.now() + 10_000;
    while (this.#open > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  end(): void {
    clearInterval(this.#timer);
    for (const connection of this.#connections) connection.disconnect();
  }

  #turn(): void {
    const now = performance.now();
    for (; this.#dueAt <= now; this.#dueAt += 1_000 / this.#options.perSecond) this.#ask(this.#dueAt);
  }

  #ask(dueAt: number): void {
    const { keys, sets } = this.#options;
    const number = (this.#asked += 1);
    const connection = this.#connections[number % this.#connections.length];
    if (connection === undefined) return;
    const key = keyOf(Math.floor(Math.random() * keys));
    const phase = this.#phase;
    const answer = number % 100 < sets ? connection.set(key, this.#value) : connection.getBuffer(key);
    this.#open += 1;
    answer.then(
      () => {
        this.#open -= 1;
        phase.latencies.push(performance.now() - dueAt);
      },
      (error: unknown) => {
        this.#open -= 1;
        const word = error instanceof Error ? (error.message.split(' ', 1)[0] ?? '') : 'unknown';
        phase.errors.set(word, (phase.errors.get(word) ?? 0) + 1);
      },
    );
  }
}

const keyOf = (number: number): string => `key:${number}`;

const phaseOf = (name: string): Phase => ({
  name,
  latencies: [],
  errors: new Map(),
  startedAt: performance.now(),
});

/** The latency that this share of them does not pass. */
export function percentile(latencies: readonly number[], share: number): number {
  const sorted = Float64Array.from(latencies).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
