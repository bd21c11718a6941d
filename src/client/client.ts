/**
 * The library's door: a cluster as an object with `put`, `get` and `delete`.
 *
 * Every call is one operation of session.ts: it ends within its time, as an answer or as one of the
 * errors of errors.ts. Calls may be made side by side; they share one connection for each server, and
 * two calls that are not awaited one after the other may take effect in any order.
 *
 * It speaks plain RESP2, so it can be used with any Redis; `status` and its kin need Piazza.
 */
import {
  admin,
  type ClusterEvent,
  decodeEvents,
  decodeKeyRanges,
  decodeRing,
  decodeStatus,
  decodeWhere,
  type KeyRange,
  type RingPicture,
  type Status,
  type Where,
} from '../common/message/admin.ts';
import { type Prng, prng } from '../common/prng.ts';
import { type Reply, Simple } from '../common/reply.ts';
import { type Address, parseAddress } from './address.ts';
import { AbortedError, AnswerError, PiazzaError, UsageError } from './errors.ts';
import type { Words } from './io/connection.ts';
import { Operation } from './io/operation.ts';
import { Pool } from './io/pool.ts';
import { SignalWatch } from './io/signal-watch.ts';
import { errorOf } from './outcome-error.ts';
import type { Purpose } from './retry.ts';
import { type ScanPage, scanPageOf } from './scan-page.ts';

export const DEFAULT_ADDRESS = '127.0.0.1:7000';
export const DEFAULT_TIMEOUT_MS = 5_000;

/** `setTimeout` takes no more; 24 days are as good as for ever. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

const COPIED_BYTES_MAX = 32 * 1024;

export interface CallOptions {
  /** Ends the call with an `AbortedError`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that this call may last; the client's own timeout by default. */
  readonly timeoutMs?: number | undefined;
}

export interface ConnectOptions extends CallOptions {
  /** Contact points, `host:port`, tried in turn. The gateway, or any slave, or several of either. */
  readonly addresses?: readonly string[] | undefined;
  /** True: reach out with the first call, not before. */
  readonly lazy?: boolean | undefined;
}

export interface PutOptions extends CallOptions {
  /** Seconds until the key is gone, with fractions down to a millisecond; it stays for ever by default. */
  readonly ttlSeconds?: number | undefined;
}

export interface EventsOptions extends CallOptions {
  /** Only those with a higher number; all that are kept by default. */
  readonly since?: number | undefined;
}

export interface ForfeitOptions extends CallOptions {
  /** What is in the partitions is lost for good: whoever calls says that it may be. */
  readonly loseData: true;
}

/** What a raw command is: only a `read` is repeated after it was sent. */
export interface CommandOptions extends CallOptions {
  readonly purpose?: Purpose | undefined;
}

export class PiazzaClient implements AsyncDisposable {
  readonly #contacts: readonly Address[];
  readonly #timeoutMs: number;
  readonly #pool = new Pool();
  // Chance here only keeps clients from marching in step, so any seed that differs will do.
  readonly #random: Prng = prng(Math.floor(performance.timeOrigin + performance.now() * 1_000) ^ process.pid);
  readonly #underWay = new Set<Operation>();
  readonly #signals = new SignalWatch();
  #closed = false;

  private constructor(contacts: readonly Address[], timeoutMs: number) {
    this.#contacts = contacts;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * A client, once one of the contact points has answered.
   *
   * @throws UsageError for an address that is none; UnreachableError if nobody answers in time.
   */
  static async connect(options: ConnectOptions = {}): Promise<PiazzaClient> {
    const addresses = options.addresses ?? [DEFAULT_ADDRESS];
    if (addresses.length === 0) throw new UsageError('an address to connect to is needed');
    const contacts = addresses.map(contactOf);
    const client = new PiazzaClient(contacts, timeoutOf(options.timeoutMs ?? DEFAULT_TIMEOUT_MS));
    if (options.lazy === true) return client;
    try {
      await client.command(['PING'], { ...options, purpose: 'read' });
    } catch (error) {
      // Who refuses a PING is there, and may take other commands.
      if (error instanceof PiazzaError && error.name === 'RefusedError') return client;
      await client.close();
      throw error;
    }
    return client;
  }

  /**
   * Stores a value under a key, in one atomic step, and says whether the key was there before.
   *
   * @throws RefusedError, UnreachableError: nothing was done. UncertainError: it may or may not have been.
   */
  async put(
    key: string | Buffer,
    value: string | Buffer,
    options: PutOptions = {},
  ): Promise<'inserted' | 'updated'> {
    const expiry = options.ttlSeconds === undefined ? [] : ['PX', String(ttlMsOf(options.ttlSeconds))];
    const before = await this.command(['SET', key, value, 'GET', ...expiry], options);
    if (before === undefined) return 'inserted';
    if (Buffer.isBuffer(before)) return 'updated';
    throw strange('SET', before);
  }

  /** The value's bytes; undefined where the key is absent. */
  async get(key: string | Buffer, options: CallOptions = {}): Promise<Buffer | undefined> {
    const value = await this.command(['GET', key], { ...options, purpose: 'read' });
    if (value === undefined) return undefined;
    if (!Buffer.isBuffer(value)) throw strange('GET', value);
    // A reply is a slice of what the socket brought; a small one would keep all of that alive.
    return value.length < COPIED_BYTES_MAX ? Buffer.from(value) : value;
  }

  /** The value as UTF-8 text; bytes that are none become U+FFFD. */
  async getString(key: string | Buffer, options: CallOptions = {}): Promise<string | undefined> {
    return (await this.get(key, options))?.toString('utf8');
  }

  /** True if the key was there. */
  async delete(key: string | Buffer, options: CallOptions = {}): Promise<boolean> {
    const count = await this.command(['DEL', key], options);
    if (typeof count === 'number') return count > 0;
    throw strange('DEL', count);
  }

  /** How the cluster is, as its coordination server sees it. */
  async status(options: CallOptions = {}): Promise<Status> {
    return this.#ask([admin.status], decodeStatus, options);
  }

  /** Where a key lives. */
  async where(key: string | Buffer, options: CallOptions = {}): Promise<Where> {
    return this.#ask([admin.where, key], decodeWhere, options);
  }

  /** Who answers for which slots; with `copies`, also who else may be read there. */
  async keyRanges(options: CallOptions & { readonly copies?: boolean } = {}): Promise<readonly KeyRange[]> {
    return this.#ask(
      [options.copies === true ? admin.keyRangeRead : admin.keyRange],
      decodeKeyRanges,
      options,
    );
  }

  /** The ring with its tokens, and the owner of each partition. */
  async ring(options: CallOptions = {}): Promise<RingPicture> {
    return this.#ask([admin.ring], decodeRing, options);
  }

  /** What happened in the cluster, and why, oldest first: the newest thousand events at most. */
  async events(options: EventsOptions = {}): Promise<readonly ClusterEvent[]> {
    return this.#ask([admin.events, String(options.since ?? 0)], decodeEvents, options);
  }

  /**
   * Orders a slave to hand everything over and leave. Answers when the order is taken; it is done when `status`
   * lists the slave no more.
   *
   * @throws RefusedError with the reason when it is turned down.
   */
  async drain(slave: string, options: CallOptions = {}): Promise<void> {
    await this.#order([admin.drain, slave], options);
  }

  /**
   * Strikes a dead slave that will not return from the list.
   *
   * @throws RefusedError with the reason when it is turned down.
   */
  async forget(slave: string, options: CallOptions = {}): Promise<void> {
    await this.#order([admin.forget, slave], options);
  }

  /**
   * Gives lost partitions up: they begin anew, empty.
   *
   * @throws RefusedError with the reason when it is turned down.
   */
  async forfeit(partitions: readonly number[], options: ForfeitOptions): Promise<void> {
    await this.#order([admin.forfeit, ...partitions.map(String), admin.yesLoseData], options);
  }

  /** One page of everything, ordered by partition: begin with the cursor "0", end when it comes back. */
  async scan(cursor: string, count: number, options: CallOptions = {}): Promise<ScanPage> {
    const reply = await this.command([admin.word, admin.scan, cursor, String(count)], {
      ...options,
      purpose: 'read',
    });
    const page = scanPageOf(reply);
    if (page === undefined) throw strange(`${admin.word} ${admin.scan}`, reply);
    return page;
  }

  /**
   * Any command, as words; answers with the reply as it came. Taken for a write unless `purpose` says otherwise.
   *
   * @throws RefusedError for an error reply, and as every call.
   */
  async command(words: Words, options: CommandOptions = {}): Promise<Reply> {
    if (this.#closed) throw new UsageError('the client was closed');
    if (words.length === 0) throw new UsageError('a command has at least one word');
    if (options.signal?.aborted === true) throw new AbortedError(true);
    const { purpose = 'write', signal } = options;
    const timeoutMs = timeoutOf(options.timeoutMs ?? this.#timeoutMs);
    const means = { contacts: this.#contacts, pool: this.#pool, random: this.#random };
    const operation = new Operation({ words, purpose, timeoutMs }, means);
    this.#underWay.add(operation);
    const forget = signal === undefined ? undefined : this.#signals.add(signal, operation);
    const outcome = await operation.outcome;
    forget?.();
    this.#underWay.delete(operation);
    if (outcome.kind === 'answer') return outcome.reply;
    throw errorOf(outcome);
  }

  /** Ends every connection; calls under way end with an `AbortedError`. */
  close(): Promise<void> {
    this.#closed = true;
    for (const operation of this.#underWay) operation.abort();
    this.#pool.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #order(words: Words, options: CallOptions): Promise<void> {
    const reply = await this.command([admin.word, ...words], {
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
    const isTaken = reply instanceof Simple && reply.text === 'OK';
    if (!isTaken) throw strange(`${admin.word} ${String(words[0])}`, reply);
  }

  async #ask<Answer>(
    words: Words,
    decode: (text: string) => Answer | undefined,
    options: CallOptions,
  ): Promise<Answer> {
    const reply = await this.command([admin.word, ...words], { ...options, purpose: 'read' });
    const answer = Buffer.isBuffer(reply) ? decode(reply.toString('utf8')) : undefined;
    if (answer === undefined) throw strange(`${admin.word} ${String(words[0])}`, reply);
    return answer;
  }
}

function contactOf(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new UsageError(`an address is HOST:PORT, not "${text}"`);
  return address;
}

function timeoutOf(ms: number): number {
  if (!(ms > 0)) throw new UsageError(`a timeout is a number of milliseconds above 0, not ${ms}`);
  return Math.min(ms, TIMEOUT_MAX_MS);
}

function ttlMsOf(seconds: number): number {
  const ms = Math.round(seconds * 1_000);
  if (!Number.isSafeInteger(ms) || ms < 1) {
    throw new UsageError(`a time to live is a number of seconds, 0.001 or more, not ${seconds}`);
  }
  return ms;
}

const strange = (command: string, reply: Reply): AnswerError =>
  new AnswerError(
    `${command} was answered with ${reply === undefined ? 'nothing' : `an unexpected ${typeof reply}`}`,
  );
