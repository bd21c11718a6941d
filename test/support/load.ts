/**
 * A steady load on a cluster: writers and readers through the gateway and through a cluster client, all of them
 * kept in one ledger, so that nothing that was acknowledged can go missing unnoticed.
 *
 *     keys 0 … n-1 ─┬─ even: written through the gateway     (an error that is definite is taken at its word)
 *                   └─ odd: through ioredis.Cluster          (it sends again by itself: every error is unknown)
 *
 * Readers of both kinds read all keys. Each writer has its keys to itself and waits for each answer.
 */
import { Cluster, Redis } from 'ioredis';

import { faults } from '../../src/common/fault.ts';
import { HOST } from './cluster-processes.ts';
import { Ledger } from './ledger.ts';
import { pause } from './program.ts';

type Client = Redis | Cluster;

export type Way = 'gateway' | 'cluster';

export interface LoadOptions {
  /** Where the gateway is. */
  readonly port: number;
  readonly keys: number;
}

/** An error that a client got, and when. */
export interface Trouble {
  readonly way: Way;
  readonly what: 'read' | 'write';
  readonly text: string;
  readonly atMs: number;
}

/** Enough to keep every slave busy, few enough to leave the processors to the programs. */
const WRITERS_PER_WAY = 8;
const READERS_PER_WAY = 2;
const THINK_MS = 4;

const CHUNK = 500;

/** A write that was uncertain is written again. */
const FILL_TRIES_MAX = 5;

export class Load {
  readonly ledger = new Ledger();
  readonly troubles: Trouble[] = [];
  /** The longest that one writer had to go on without an acknowledged write. */
  readonly longestSilenceMs: Record<Way, number> = { gateway: 0, cluster: 0 };
  readonly #keys: readonly string[];
  readonly #clients: Readonly<Record<Way, Client>>;
  #workers: readonly Promise<void>[] = [];
  #isStopping = false;

  constructor({ port, keys }: LoadOptions) {
    this.#keys = Array.from({ length: keys }, (_, number) => `key-${number}`);
    this.#clients = {
      // What was sent and not answered is not sent again: its outcome is told as it is.
      gateway: new Redis({ host: HOST, port, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }),
      cluster: new Cluster([{ host: HOST, port }]),
    };
    // What goes wrong is told by the command that it happens to.
    for (const client of Object.values(this.#clients)) client.on('error', () => undefined);
  }

  /** Writes every key until it is acknowledged. */
  async fill(): Promise<void> {
    let missing = this.#keys;
    for (let tries = 0; missing.length > 0; tries += 1) {
      if (tries >= FILL_TRIES_MAX)
        throw new Error(`${missing.length} keys could not be written: ${this.summary}`);
      const failed: string[] = [];
      for (const keys of chunksOf(missing)) failed.push(...(await this.#fillChunk(keys)));
      missing = failed;
    }
  }

  async #fillChunk(keys: readonly string[]): Promise<readonly string[]> {
    const begun = keys.map((key) => ({ key, ...this.ledger.begin(key) }));
    const pipeline = this.#clients.gateway.pipeline();
    for (const { key, value } of begun) pipeline.set(key, value);
    const answers = (await pipeline.exec()) ?? [];
    return begun.flatMap((write, at) => {
      const [error] = answers[at] ?? [new Error('no answer')];
      if (error) this.#writeFailed('gateway', write, error);
      else this.ledger.acknowledge(write.key, write.number);
      return error ? [write.key] : [];
    });
  }

  start(): void {
    this.#isStopping = false;
    const ways = ['gateway', 'cluster'] as const;
    this.#workers = ways.flatMap((way, wayNumber) => {
      const own = this.#keys.filter((_, number) => number % ways.length === wayNumber);
      const shareOf = (writer: number): readonly string[] =>
        own.filter((_, number) => number % WRITERS_PER_WAY === writer);
      return [
        ...Array.from({ length: WRITERS_PER_WAY }, (_, writer) => this.#write(way, shareOf(writer))),
        ...Array.from({ length: READERS_PER_WAY }, () => this.#read(way)),
      ];
    });
  }

  /** Lets every command that is under way end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
  }

  /** Reads every key by both ways; what is wrong is in the ledger's violations. Throws where a key cannot be read. */
  async readAll(): Promise<void> {
    for (const keys of chunksOf(this.#keys)) {
      const floors = keys.map((key) => this.ledger.floor(key));
      const byGateway = await this.#clients.gateway.mget(...keys);
      keys.forEach((key, at) => this.ledger.judge(key, floors[at] ?? 0, byGateway[at] ?? undefined));
      await Promise.all(
        keys.map(async (key) => {
          const floor = this.ledger.floor(key);
          this.ledger.judge(key, floor, (await this.#clients.cluster.get(key)) ?? undefined);
        }),
      );
    }
  }

  /** Reads each key through the gateway, and tells the errors in place of the keys that could not be read. */
  async readEach(): Promise<{ readonly errors: readonly string[] }> {
    const errors: string[] = [];
    for (const keys of chunksOf(this.#keys)) {
      const floors = keys.map((key) => this.ledger.floor(key));
      const pipeline = this.#clients.gateway.pipeline();
      for (const key of keys) pipeline.get(key);
      const answers = (await pipeline.exec()) ?? [];
      keys.forEach((key, at) => {
        const [error, value] = answers[at] ?? [new Error('no answer')];
        if (error) errors.push(error.message);
        else this.ledger.judge(key, floors[at] ?? 0, typeof value === 'string' ? value : undefined);
      });
    }
    return { errors };
  }

  end(): void {
    this.#isStopping = true;
    for (const client of Object.values(this.#clients)) client.disconnect();
  }

  troublesOf(way: Way): readonly string[] {
    return this.troubles.filter((trouble) => trouble.way === way).map(({ what, text }) => `${what}: ${text}`);
  }

  /** In a line: what was done, and what went wrong how often. */
  get summary(): string {
    const counts = new Map<string, number>();
    for (const { way, what, text } of this.troubles) {
      // Details, such as the number of a partition, make many kinds of one.
      const kind = `${way} ${what}: ${text.replace(/ \([^)]*\)$/, '').replace(/partition \d+/, 'partition …')}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const troubles = [...counts].map(([kind, count]) => `${count} × ${kind}`);
    return `${JSON.stringify(this.ledger.counts)}, silent ${JSON.stringify(this.longestSilenceMs)}; ${troubles.join('; ')}`;
  }

  async #write(way: Way, keys: readonly string[]): Promise<void> {
    let quietSince = performance.now();
    for (let turn = 0; !this.#isStopping; turn = (turn + 1) % keys.length) {
      const key = keys[turn] ?? '';
      const { number, value } = this.ledger.begin(key);
      try {
        await this.#clients[way].set(key, value);
        this.ledger.acknowledge(key, number);
        this.longestSilenceMs[way] = Math.max(this.longestSilenceMs[way], performance.now() - quietSince);
        quietSince = performance.now();
      } catch (error) {
        this.#writeFailed(way, { key, number }, error);
      }
      await pause(THINK_MS);
    }
  }

  #writeFailed(
    way: Way,
    { key, number }: { readonly key: string; readonly number: number },
    error: unknown,
  ): void {
    const text = this.#note(way, 'write', error);
    if (way === 'gateway' && isDefinite(text)) this.ledger.refuse(key, number);
    else this.ledger.leaveOpen(key, number);
  }

  async #read(way: Way): Promise<void> {
    while (!this.#isStopping) {
      const key = this.#keys[Math.floor(Math.random() * this.#keys.length)] ?? '';
      const floor = this.ledger.floor(key);
      try {
        this.ledger.judge(key, floor, (await this.#clients[way].get(key)) ?? undefined);
      } catch (error) {
        this.#note(way, 'read', error);
      }
      await pause(THINK_MS);
    }
  }

  #note(way: Way, what: Trouble['what'], error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    this.troubles.push({ way, what, text, atMs: performance.now() });
    return text;
  }
}

const definite = new Set(
  Object.entries(faults)
    .filter(([, fault]) => fault.definite)
    .map(([code]) => code),
);

const isDefinite = (text: string): boolean => definite.has(text.split(' ', 1)[0] ?? '');

function* chunksOf(keys: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < keys.length; at += CHUNK) yield keys.slice(at, at + CHUNK);
}
