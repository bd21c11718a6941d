/**
 * One connection, one question at a time, and the plain truth about what became of it.
 *
 *     no connection                     refused: nothing was sent
 *     an answer, or an error            as it says
 *     the connection breaks, or time    unknown: it may have been done, or may be done yet
 *
 * It sends nothing twice.
 */
import { connect, type Socket } from 'node:net';

import { decodeReply, ReplyScanner } from '../../src/common/wire/resp-reply.ts';
import { faults } from '../../src/common/fault.ts';
import { answerOf } from '../judge/answer.ts';
import type { Answer } from '../judge/history.ts';
import { commandBytes } from '../support/wire.ts';
import type { Heard } from './history.ts';

const CONNECT_MS = 1_000;

const definite = new Set([
  ...Object.entries(faults)
    .filter(([, fault]) => fault.definite)
    .map(([code]) => code),
  'MOVED',
]);

export const codeOf = (text: string): string => text.split(' ', 1)[0] ?? '';

/** What an answer says about its operation. */
export function heardOf(answer: Answer): Heard {
  if (answer === null || typeof answer !== 'object' || !('error' in answer))
    return { kind: 'answer', answer };
  return { kind: definite.has(codeOf(answer.error)) ? 'refused' : 'unknown', why: answer.error };
}

export class RespClient {
  readonly #host: string;
  readonly #port: number;
  /** Sent first on every new connection, and to be answered with OK. */
  readonly #greeting: readonly string[] | undefined;
  #socket: Socket | undefined;
  #scanner = new ReplyScanner();
  #opened = 0;
  #settle: ((heard: Heard) => void) | undefined;

  constructor(at: { readonly host: string; readonly port: number }, greeting?: readonly string[]) {
    this.#host = at.host;
    this.#port = at.port;
    this.#greeting = greeting;
  }

  /** How many connections there have been. */
  get opened(): number {
    return this.#opened;
  }

  /** What became of it, within that time. */
  async ask(command: readonly string[], withinMs: number): Promise<Heard> {
    const socket = this.#socket ?? (await this.#open(withinMs));
    return socket === undefined
      ? { kind: 'refused', why: 'no connection' }
      : this.#exchange(socket, command, withinMs);
  }

  end(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(withinMs: number): Promise<Socket | undefined> {
    const socket = connect(this.#port, this.#host);
    socket.setNoDelay(true);
    const isOpen = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), CONNECT_MS);
      socket.once('connect', () => resolve(true));
      socket.once('close', () => resolve(false));
      socket.on('error', () => undefined); // The close that follows tells.
      socket.once('close', () => clearTimeout(timer));
      socket.once('connect', () => clearTimeout(timer));
    });
    if (!isOpen) {
      socket.destroy();
      return undefined;
    }
    this.#scanner = new ReplyScanner();
    this.#socket = socket;
    this.#opened += 1;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    socket.once('close', () => this.#over(socket, 'the connection broke'));
    if (this.#greeting === undefined) return socket;
    const greeted = await this.#exchange(socket, this.#greeting, withinMs);
    if (greeted.kind === 'answer') return this.#socket;
    this.end();
    return undefined;
  }

  #exchange(socket: Socket, command: readonly string[], withinMs: number): Promise<Heard> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#over(socket, 'no answer in time'), withinMs);
      this.#settle = (heard) => {
        clearTimeout(timer);
        this.#settle = undefined;
        resolve(heard);
      };
      if (socket.destroyed) this.#over(socket, 'the connection broke');
      else socket.write(commandBytes(...command));
    });
  }

  #hear(chunk: Buffer): void {
    this.#scanner.push(chunk);
    for (let scanned = this.#scanner.next(); scanned !== undefined; scanned = this.#scanner.next()) {
      const reply = scanned.kind === 'reply' ? decodeReply(scanned.raw) : undefined;
      if (scanned.kind === 'broken') throw new Error(`an answer that is none: ${scanned.why}`);
      this.#settle?.(heardOf(answerOf(reply)));
    }
  }

  #over(socket: Socket, why: string): void {
    if (this.#socket === socket) this.#socket = undefined;
    socket.destroy();
    this.#settle?.({ kind: 'unknown', why });
  }
}
