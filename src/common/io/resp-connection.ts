/**
 * One client's connection: bytes in, batches of commands out, answers back in order.
 *
 *      socket ──► parser ──► batch ──► handler ──► answers in order ──► writer ──► socket
 *         ▲                    │
 *         └──── not read ◄─────┘ while too much is unanswered, or unread by the client
 *
 * What a command means is the handler's business. This file only says how much of a client's
 * appetite is served at a time, and what becomes of the connection when the bytes make no sense.
 *
 * Invariants
 *   1. Every command handed over is claimed by one reply or one ticket, in order, in that very call.
 *   2. While there is no room for a command, the socket is not read: what came stays in the parser.
 *   3. After `destroy`, or once it has closed, answers are ignored.
 */
import type { Socket } from 'node:net';

import { Fault } from '../fault.ts';
import { invariant } from '../invariant.ts';
import { Failure, type Reply } from '../reply.ts';
import { AnswerQueue, type Ticket } from '../wire/answer-queue.ts';
import {
  type Parsed,
  type Request,
  type RequestLimits,
  RequestParser,
  type WireRequest,
} from '../wire/resp-request.ts';
import { RespWriter, type SegmentPool } from '../wire/resp-writer.ts';
import type { Budget, Turn, Work } from './resp-shared.ts';

export interface RespHandler {
  opened(connection: RespConnection): void;
  /** All the commands that one read of the socket brought, in order. Each gets exactly one reply: reply(), replyRaw() or defer(), called in order during this call. */
  commands(connection: RespConnection, commands: readonly Request[]): void;
  closed(connection: RespConnection): void;
}

export interface ConnectionLimits {
  /** Commands handed over and not written the answers of. */
  readonly commandsMax: number;
  /** Bytes of unanswered commands; a single larger command passes when nothing else waits. */
  readonly requestBytesMax: number;
  /** With so much output waiting, the client's commands are no longer read. */
  readonly outputPauseBytes: number;
  /** With more than so much output waiting, the next answer ends the connection. */
  readonly outputBytesMax: number;
  readonly request: RequestLimits;
}

export interface Surroundings {
  readonly limits: ConnectionLimits;
  readonly handler: RespHandler;
  readonly pool: SegmentPool;
  readonly turn: Turn;
  readonly budget: Budget;
  /** Told by how much the bytes gathered for unfinished commands have grown. */
  readonly gathered: (bytes: number) => void;
  readonly closed: (connection: RespConnection) => void;
}

/**
 * How much output a batch is meant to make at the most: half of what ends a connection. Answers'
 * sizes are not known beforehand, so as many commands are handed over as answers of late would fit.
 */
const BATCH_OUTPUT_BYTES = 32 * 1024 * 1024;

/** How long a client has to read its last answers, before its connection is cut. */
const FLUSH_MS_MAX = 30_000;

/**
 * How long we go on reading (and forgetting) once the last answer is out. A socket that is closed
 * with unread bytes resets the connection, and the client may never see the answer.
 */
const LINGER_MS = 1_000;

const NO_COMMANDS: readonly WireRequest[] = [];

/** For a command behind the one that ended the connection. */
const unheard: Ticket = { answer: () => undefined, answerRaw: () => undefined };

export class RespConnection {
  readonly id: number;
  /** What the client asked for with HELLO; set by the handler before it answers. */
  protocol: 2 | 3 = 2;
  name = '';
  libName = '';
  libVersion = '';
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly openedAtMs: number = Date.now();
  /** Kept by the handler, who knows names. */
  lastCommand = '';
  /** Commands handed over so far. */
  commandCount = 0;
  /** Whether the client has asked for reads from copies. */
  readOnly = false;

  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #parser: RequestParser;
  readonly #writer: RespWriter;
  readonly #answers: AnswerQueue;
  readonly #work: Work;
  #stage: 'open' | 'closing' | 'closed' = 'open';
  #batch: readonly WireRequest[] = NO_COMMANDS;
  #claimed = 0;
  #gathered = 0;
  /** Whether there is no room for more commands, so the socket is not read. */
  #stalled = false;
  /** Whether the client has said that nothing more will come. */
  #inputOver = false;
  #ended = false;
  #cut: NodeJS.Timeout | undefined;

  constructor(id: number, socket: Socket, around: Surroundings) {
    this.id = id;
    this.#socket = socket;
    this.#around = around;
    this.remoteAddress = addressOf(socket.remoteAddress, socket.remotePort);
    this.localAddress = addressOf(socket.localAddress, socket.localPort);
    this.#parser = new RequestParser(around.limits.request);
    this.#writer = new RespWriter(around.pool);
    this.#answers = new AnswerQueue(this.#writer, (bytes) => this.#onSettling(bytes));
    this.#work = () => {
      this.#onTurn();
    };
  }

  /** Deferred commands that are still unanswered. */
  get pending(): number {
    return this.#answers.pending;
  }

  /** Bytes that came and have not been handed over as commands. */
  get inputBytes(): number {
    return this.#gathered;
  }

  /** Bytes of answers that the client's socket has not taken yet. */
  get outputBytes(): number {
    return this.#writer.size + this.#answers.heldBytes + this.#socket.writableLength;
  }

  /** Answers the next command in order, now. */
  reply(reply: Reply): void {
    if (this.#claim() === undefined || this.#overflows()) return;
    this.#answers.reply(reply, this.protocol);
  }

  /** The same with bytes that are already in this connection's protocol; they are not changed afterwards. */
  replyRaw(bytes: Buffer): void {
    if (this.#claim() === undefined || this.#overflows()) return;
    this.#answers.replyRaw(bytes);
  }

  /** The next command's answer comes later; the answers of those behind it wait for it. */
  defer(): Ticket {
    const command = this.#claim();
    if (command === undefined) return unheard;
    this.#around.budget.take(command.size);
    return this.#answers.defer(this.protocol, command.size);
  }

  /**
   * Takes no more commands, writes all answers up to here (also the deferred ones, when they
   * come), then ends. What is answered after this call, such as the rest of a batch, is dropped.
   */
  closeAfterReplies(): void {
    if (this.#stage !== 'open') return;
    this.#stage = 'closing';
    // What still comes is read and forgotten, so that we hear when the client has gone.
    this.#socket.resume();
    this.#around.turn.add(this.#work);
  }

  /** Writes what has been answered, drops what has not, and ends: the server closes. */
  finish(): void {
    if (this.#stage === 'closed' || this.#ended) return;
    this.#stage = 'closing';
    if (this.#writer.size > 0) this.#send(this.#writer.take());
    this.#socket.resume();
    this.#end();
    this.#cutAfter(LINGER_MS);
  }

  /** Ends at once: answers that the client has not got are lost, and it cannot know what was done. */
  destroy(): void {
    this.#release();
    this.#socket.destroy();
  }

  /** Starts the traffic; apart from the constructor, so that the handler first hears of the connection. */
  start(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => {
      this.#onData(chunk);
    });
    socket.on('end', () => {
      this.#inputOver = true;
      if (!this.#stalled) this.closeAfterReplies();
    });
    socket.on('drain', () => {
      if (this.#stalled) this.#around.turn.add(this.#work);
    });
    socket.on('finish', () => {
      this.#cutAfter(LINGER_MS);
    });
    // A reset or a broken pipe is how many clients say good-bye; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#release();
      this.#around.closed(this);
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#stage !== 'open') return;
    this.#parser.push(chunk);
    if (!this.#stalled) this.#pump();
    this.#flush();
    this.#count();
    this.#wakeIfRoom();
  }

  #onTurn(): void {
    this.#flush();
    if (!this.#stalled || !this.#hasRoom()) return;
    this.#pump();
    this.#flush();
    this.#count();
    this.#wakeIfRoom();
  }

  /** Flushing may have made room at once; the rest goes on in the next turn, since others wait too. */
  #wakeIfRoom(): void {
    if (this.#stalled && this.#hasRoom()) this.#around.turn.add(this.#work);
  }

  #onSettling(requestBytes: number): boolean {
    this.#around.budget.give(requestBytes);
    if (this.#overflows()) return false;
    this.#around.turn.add(this.#work);
    return true;
  }

  /** Hand over what has come, as long as there is room. */
  #pump(): void {
    while (this.#stage === 'open' && this.#hasRoom()) {
      if (!this.#handOver()) return this.#goOn();
    }
    if (this.#stage === 'open') this.#stall();
  }

  /** Hand over one batch; false when the parser has no more. */
  #handOver(): boolean {
    const room = this.#commandsMax() - this.#answers.length;
    const bytesMax = this.#around.limits.requestBytesMax - this.#answers.requestBytes;
    const batch: WireRequest[] = [];
    let bytes = 0;
    let parsed = this.#parser.next();
    while (parsed?.kind === 'request') {
      batch.push(parsed.request);
      bytes += parsed.request.size;
      if (batch.length >= room || bytes >= bytesMax) break;
      parsed = this.#parser.next();
    }
    if (batch.length > 0) this.#give(batch);
    if (parsed === undefined) return false;
    if (parsed.kind !== 'request' && this.#stage === 'open') this.#refuse(parsed);
    return true;
  }

  #give(batch: readonly WireRequest[]): void {
    this.#batch = batch;
    this.#claimed = 0;
    this.commandCount += batch.length;
    this.#around.handler.commands(this, batch);
    const all = this.#claimed === batch.length || this.#stage !== 'open';
    invariant(all, 'each command of a batch is answered or deferred before the next batch');
    this.#batch = NO_COMMANDS;
    this.#claimed = 0;
  }

  #claim(): WireRequest | undefined {
    if (this.#stage !== 'open') return undefined;
    const command = this.#batch[this.#claimed];
    invariant(command !== undefined, 'an answer belongs to a command');
    this.#claimed += 1;
    return command;
  }

  /** A command that was none: too large, or no command at all. */
  #refuse(parsed: Exclude<Parsed, { kind: 'request' }>): void {
    if (parsed.kind === 'oversized') {
      this.#answers.reply(new Failure(`LIMIT ${new Fault('LIMIT', parsed.why).message}`), this.protocol);
      return;
    }
    this.#answers.reply(new Failure(`ERR ${parsed.why}`), this.protocol);
    this.closeAfterReplies();
  }

  /** Whether a command more may be handed over. Half of it must be free again after there was none. */
  #hasRoom(): boolean {
    const { limits, budget } = this.#around;
    const share = this.#stalled ? 0.5 : 1;
    if (budget.exhausted || this.outputBytes >= limits.outputPauseBytes * share) return false;
    const { length, requestBytes } = this.#answers;
    if (length === 0) return true;
    return length < this.#commandsMax() * share && requestBytes < limits.requestBytesMax * share;
  }

  #commandsMax(): number {
    const fitting = Math.floor(BATCH_OUTPUT_BYTES / this.#answers.usualAnswerBytes);
    return Math.max(1, Math.min(this.#around.limits.commandsMax, fitting));
  }

  #stall(): void {
    this.#stalled = true;
    this.#socket.pause();
    if (this.#around.budget.exhausted) this.#around.budget.wait(this.#work);
  }

  #goOn(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#socket.resume();
    if (this.#inputOver) this.closeAfterReplies();
  }

  #count(): void {
    const bytes = this.#stage === 'open' ? this.#parser.buffered : 0;
    if (bytes === this.#gathered) return;
    const grown = bytes - this.#gathered;
    this.#gathered = bytes;
    this.#around.gathered(grown);
  }

  /** Whether so much waits to be read by the client that one answer more ends the connection. */
  #overflows(): boolean {
    if (this.outputBytes <= this.#around.limits.outputBytesMax) return false;
    this.destroy();
    return true;
  }

  #flush(): void {
    if (this.#stage === 'closed' || this.#ended) return;
    if (this.#writer.size > 0) this.#send(this.#writer.take());
    if (this.#stage === 'closing' && this.#answers.length === 0) this.#end();
  }

  #send(pieces: readonly Buffer[]): void {
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.#socket.write(only);
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  #end(): void {
    this.#ended = true;
    this.#cutAfter(FLUSH_MS_MAX);
    this.#socket.end();
  }

  #cutAfter(ms: number): void {
    clearTimeout(this.#cut);
    this.#cut = setTimeout(() => {
      this.destroy();
    }, ms);
    this.#cut.unref();
  }

  /** Gives back what is shared; nothing is answered from here on. */
  #release(): void {
    clearTimeout(this.#cut);
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    this.#count();
    this.#around.budget.give(this.#answers.requestBytes);
    this.#around.budget.forget(this.#work);
    this.#answers.close();
    this.#writer.take();
  }
}

/** As `CLIENT LIST` shows it. */
function addressOf(host: string | undefined, port: number | undefined): string {
  if (host === undefined || port === undefined) return '';
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
