/**
 * Answers leave in the order of their commands, also when some are known later than others.
 *
 *      commands    GET a     SET b      PING
 *      answers     now       a ticket   now
 *      written     at once   ┄┄┄┄┄┄┄┄►  waits behind the ticket
 *
 * While nothing waits, an answer goes straight to the writer. Each ticket keeps the protocol
 * that the connection spoke when its command came, since HELLO may change it meanwhile. This
 * file knows neither sockets nor limits; it only keeps count for those who set them.
 *
 * Invariants
 *   1. The first in the queue is an open ticket: whatever stood before it has been written.
 *   2. `pending` counts the open tickets, `requestBytes` the bytes of their commands, and
 *      `heldBytes` about what the answers in the queue will take.
 */
import { invariant } from '../invariant.ts';
import type { Reply } from '../reply.ts';
import { type Protocol, type RespWriter, weightOf } from './resp-writer.ts';

/** An answer that is owed. Given once; after its connection has closed it is ignored. */
export interface Ticket {
  answer(reply: Reply): void;
  /** The same, with bytes in the protocol that the connection spoke when the ticket was made. */
  answerRaw(bytes: Buffer): void;
}

/** A guess at the first answers' size, before any was seen. */
const FIRST_ANSWER_BYTES = 256 * 1024;

/** By how much the guess sinks with each smaller answer: a few dozen answers make up its mind. */
const SINKING = 1 / 32;

export class AnswerQueue {
  readonly #writer: RespWriter;
  readonly #settling: (requestBytes: number) => boolean;
  #first: Owed | undefined;
  #last: Owed | undefined;
  #closed = false;
  length = 0;
  pending = 0;
  requestBytes = 0;
  heldBytes = 0;
  /** How large answers are of late: jumps to the largest, sinks slowly. */
  usualAnswerBytes = FIRST_ANSWER_BYTES;

  /** @param settling - called just before a ticket's answer is taken, with the size of its command; false: the queue was closed. */
  constructor(writer: RespWriter, settling: (requestBytes: number) => boolean) {
    this.#writer = writer;
    this.#settling = settling;
  }

  reply(reply: Reply, protocol: Protocol): void {
    if (this.#first === undefined) this.#write(reply, undefined, protocol);
    else this.#hold(reply, undefined, protocol);
  }

  replyRaw(bytes: Buffer): void {
    if (this.#first === undefined) this.#write(undefined, bytes, 2);
    else this.#hold(undefined, bytes, 2);
  }

  defer(protocol: Protocol, requestBytes: number): Ticket {
    const owed = new Owed(this, protocol, requestBytes);
    this.pending += 1;
    this.requestBytes += requestBytes;
    this.#append(owed);
    return owed;
  }

  /** Called by a ticket: what it owed is known. */
  settle(owed: Owed, reply: Reply, raw: Buffer | undefined): void {
    if (this.#closed) return;
    invariant(!owed.known, 'a command is answered once');
    this.pending -= 1;
    this.requestBytes -= owed.requestBytes;
    // Who closes the queue meanwhile says so: then there is nowhere to put the answer.
    if (!this.#settling(owed.requestBytes)) return;

    owed.know(reply, raw);
    if (owed === this.#first) this.#writeKnown();
    else this.heldBytes += owed.weight;
  }

  /** Nobody reads any more: drop what is held, ignore what comes. */
  close(): void {
    this.#closed = true;
    this.#first = undefined;
    this.#last = undefined;
    this.length = 0;
    this.pending = 0;
    this.requestBytes = 0;
    this.heldBytes = 0;
  }

  #append(owed: Owed): void {
    if (this.#last === undefined) this.#first = owed;
    else this.#last.next = owed;
    this.#last = owed;
    this.length += 1;
  }

  #hold(reply: Reply, raw: Buffer | undefined, protocol: Protocol): void {
    const owed = new Owed(this, protocol, 0);
    owed.know(reply, raw);
    this.heldBytes += owed.weight;
    this.#append(owed);
  }

  #writeKnown(): void {
    let owed = this.#first;
    while (owed?.known === true) {
      this.#write(owed.reply, owed.raw, owed.protocol);
      this.length -= 1;
      owed = owed.next;
      // What follows was counted when it became known behind an open ticket.
      if (owed?.known === true) this.heldBytes -= owed.weight;
    }
    this.#first = owed;
    if (owed === undefined) this.#last = undefined;
  }

  #write(reply: Reply, raw: Buffer | undefined, protocol: Protocol): void {
    const before = this.#writer.size;
    if (raw === undefined) this.#writer.write(reply, protocol);
    else this.#writer.writeRaw(raw);
    const bytes = this.#writer.size - before;
    const sunk = this.usualAnswerBytes * (1 - SINKING);
    this.usualAnswerBytes = bytes > sunk ? bytes : sunk;
  }
}

/** A place in the queue: a ticket, or an answer that waits behind one. */
class Owed implements Ticket {
  readonly #queue: AnswerQueue;
  readonly protocol: Protocol;
  readonly requestBytes: number;
  known = false;
  reply: Reply;
  raw: Buffer | undefined;
  weight = 0;
  next: Owed | undefined;

  constructor(queue: AnswerQueue, protocol: Protocol, requestBytes: number) {
    this.#queue = queue;
    this.protocol = protocol;
    this.requestBytes = requestBytes;
    this.reply = undefined;
    this.raw = undefined;
    this.next = undefined;
  }

  answer(reply: Reply): void {
    this.#queue.settle(this, reply, undefined);
  }

  answerRaw(bytes: Buffer): void {
    this.#queue.settle(this, undefined, bytes);
  }

  know(reply: Reply, raw: Buffer | undefined): void {
    this.known = true;
    this.reply = reply;
    this.raw = raw;
    this.weight = raw === undefined ? weightOf(reply) : raw.length;
  }
}
