/**
 * One TCP connection to one server that speaks RESP: commands go out in order, replies come back in order.
 *
 * Many operations share a connection; each is an exchange in a queue. What an exchange is told, and in
 * this order: `sent` before its first byte is handed to the system, then exactly one of `answered` and
 * `broken`; nothing after it was forgotten. So `broken` without `sent` means that no byte left.
 *
 * A connection that was too slow once is *retired*: it takes no new exchanges and ends with its last
 * one. What a connection does not know: retries, deadlines, MOVED. Those are session.ts.
 *
 * Limits: EXCHANGES_MAX unanswered, UNSENT_BYTES_MAX waiting for the system. Beyond them an exchange is
 * broken at once, unsent, which the session takes as "try again soon".
 */
import { createConnection, type Socket } from 'node:net';

import { Deque } from '../../common/deque.ts';
import { invariant } from '../../common/invariant.ts';
import type { Reply } from '../../common/reply.ts';
import { decodeReply, ReplyScanner } from '../../common/wire/resp-reply.ts';
import { encodeCommand } from '../../common/wire/resp-writer.ts';
import type { Address } from '../address.ts';

/** Ten thousand unanswered commands on one socket are a server that hangs, or a caller that does not wait. */
export const EXCHANGES_MAX = 10_000;

/** The largest command Piazza takes is 64 MiB; one of those and little more may wait in our memory. */
export const UNSENT_BYTES_MAX = 80 * 1024 * 1024;

/** Idle connections are probed after this, so that a vanished peer is noticed without traffic. */
const KEEP_ALIVE_MS = 10_000;

export type Words = readonly (string | Buffer)[];

export interface Exchange {
  sent(): void;
  answered(reply: Reply): void;
  broken(why: string): void;
}

interface Pending {
  readonly words: Words;
  exchange: Exchange | undefined;
}

type Stage = 'connecting' | 'open' | 'closed';

export class Connection {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #scanner = new ReplyScanner();
  /** Before the connection is open, those that wait for it; after, those that were written. */
  readonly #pending = new Deque<Pending>();
  #stage: Stage = 'connecting';
  #retired = false;
  #awaited = 0;
  #corked = false;

  constructor(address: Address) {
    this.address = address;
    this.#socket = createConnection({ host: address.host, port: address.port, noDelay: true });
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#socket.on('connect', () => {
      this.#onConnect();
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.close(reasonOf(error));
    });
    this.#socket.on('close', () => {
      this.close('the connection was closed');
    });
    // A server that says goodbye answers nothing more, so there is no half of the link left to use.
    this.#socket.on('end', () => {
      this.close('the server closed the connection');
    });
  }

  /** May be given another exchange. */
  get usable(): boolean {
    return this.#stage !== 'closed' && !this.#retired;
  }

  get idle(): boolean {
    return this.#awaited === 0;
  }

  /** Begins an exchange; answers with the way to forget it. */
  ask(words: Words, exchange: Exchange): () => void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      exchange.broken(refusal);
      return () => undefined;
    }
    const pending: Pending = { words, exchange };
    this.#pending.push(pending);
    this.#awaited += 1;
    if (this.#stage === 'open') this.#write(pending);
    return () => {
      if (pending.exchange === undefined) return;
      pending.exchange = undefined;
      this.#release();
    };
  }

  /** Takes no more exchanges, and ends with the last one that somebody still waits for. */
  retire(): void {
    this.#retired = true;
    if (this.#awaited === 0) this.close('retired');
  }

  close(why: string): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    this.#socket.destroy();
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      const { exchange } = next;
      next.exchange = undefined;
      exchange?.broken(why);
    }
    this.#awaited = 0;
  }

  #refusal(): string | undefined {
    if (this.#stage === 'closed') return 'the connection is closed';
    if (this.#retired) return 'the connection is being given up';
    if (this.#pending.length >= EXCHANGES_MAX) return `${EXCHANGES_MAX} commands wait for an answer already`;
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) return 'too many bytes wait to be sent already';
    return undefined;
  }

  #onConnect(): void {
    this.#stage = 'open';
    const waiting = this.#pending.length;
    for (let index = 0; index < waiting; index += 1) {
      const next = this.#pending.shift();
      invariant(next, 'a queue holds as many as it says');
      // Forgotten before it was sent: nobody is owed its answer, so it is never sent.
      if (next.exchange === undefined) continue;
      this.#pending.push(next);
      this.#write(next);
    }
  }

  #write({ words, exchange }: Pending): void {
    exchange?.sent();
    this.#gather();
    this.#socket.write(encodeCommand(words));
  }

  /** Commands of one turn of the event loop leave in one write. */
  #gather(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }

  #onData(chunk: Buffer): void {
    this.#scanner.push(chunk);
    for (let next = this.#scanner.next(); next !== undefined; next = this.#scanner.next()) {
      if (next.kind === 'broken') {
        this.close(next.why);
        return;
      }
      if (!this.#answer(next.raw)) return;
    }
  }

  /** False: the connection has ended. */
  #answer(raw: Buffer): boolean {
    const pending = this.#pending.shift();
    if (pending === undefined) {
      this.close('the server answered what nobody asked');
      return false;
    }
    const { exchange } = pending;
    // Nobody waits for it any more, but its place in the order counts.
    if (exchange === undefined) return true;
    pending.exchange = undefined;
    exchange.answered(decodeReply(raw));
    this.#release();
    return this.#stage === 'open';
  }

  #release(): void {
    this.#awaited -= 1;
    if (this.#retired && this.#awaited === 0) this.close('retired');
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
};

const reasonOf = ({ code, message }: NodeJS.ErrnoException): string =>
  REASONS[code ?? ''] ?? (message || String(code));
