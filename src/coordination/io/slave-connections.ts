/**
 * The gateway's connections to slaves: one for each, dialled until it stands, written once a turn.
 *
 *    follow(list) ──► dial ──► the greeting ──► +OK ──► opened ──► send … replies … ──► closed ──► dial again
 *                      ▲ 20 ms, doubling to 500, after each failure
 *
 * Bytes that are handed over wait for the end of the turn and leave in one write. When a connection ends,
 * `closed` says how many of the last commands were still waiting so; all others count as sent, whatever the
 * system did with them. What is forwarded, and what becomes of it, is the gateway's business.
 */
import { connect, type Socket } from 'node:net';

import type { SlaveId } from '../../common/ids.ts';
import { ReplyScanner, SIGN } from '../../common/wire/resp-reply.ts';
import { encodeCommand } from '../../common/wire/resp-writer.ts';
import { type Place, samePlace } from '../gateway/dial-list.ts';

export interface ConnectionEvents {
  opened(slave: SlaveId): void;
  /** Whole replies as bytes, all that one read of the socket brought. */
  replies(slave: SlaveId, replies: readonly Buffer[]): void;
  /** Only after `opened`. `unsent`: so many of the last commands never left. */
  closed(slave: SlaveId, unsent: number, why: string): void;
}

const REDIAL_MS_MIN = 20;
const REDIAL_MS_MAX = 500;

/** A dial that is neither accepted nor refused, or not greeted, for so long is given up. */
const GREETING_MS_MAX = 1_000;

/** From here on a copy costs more than one more piece in the write. */
const COPIED_BYTES_MAX = 4 * 1024;

export class SlaveConnections {
  readonly #greeting: Buffer;
  readonly #events: ConnectionEvents;
  readonly #connections = new Map<SlaveId, SlaveConnection>();

  /** `greeting`: the command that says what kind of connection it is to be. */
  constructor(greeting: readonly string[], events: ConnectionEvents) {
    this.#greeting = encodeCommand(greeting);
    this.#events = events;
  }

  /** Connects to all on the list, and to nobody else. */
  follow(list: ReadonlyMap<SlaveId, Place>): void {
    for (const [slave, connection] of this.#connections) {
      const place = list.get(slave);
      if (place !== undefined && samePlace(place, connection.place)) continue;
      this.#connections.delete(slave);
      connection.close('the slave is no longer there');
    }
    for (const [slave, place] of list) {
      if (this.#connections.has(slave)) continue;
      this.#connections.set(
        slave,
        new SlaveConnection({ slave, place, greeting: this.#greeting }, this.#events),
      );
    }
  }

  send(slave: SlaveId, parts: readonly Buffer[], commands: number): void {
    this.#connections.get(slave)?.send(parts, commands);
  }

  /** Ends a connection that is good for nothing; it is dialled again. */
  drop(slave: SlaveId, why: string): void {
    this.#connections.get(slave)?.drop(why);
  }

  close(): void {
    this.follow(new Map());
  }
}

interface Target {
  readonly slave: SlaveId;
  readonly place: Place;
  readonly greeting: Buffer;
}

class SlaveConnection {
  readonly place: Place;
  readonly #slave: SlaveId;
  readonly #greeting: Buffer;
  readonly #events: ConnectionEvents;
  #stage: 'dialling' | 'open' | 'waiting' | 'closed' = 'waiting';
  #socket: Socket | undefined;
  #scanner = new ReplyScanner();
  #redialMs = REDIAL_MS_MIN;
  #timer: NodeJS.Timeout | undefined;
  #pieces: Buffer[] = [];
  #unsent = 0;

  constructor({ slave, place, greeting }: Target, events: ConnectionEvents) {
    this.#slave = slave;
    this.place = place;
    this.#greeting = greeting;
    this.#events = events;
    this.#dial();
  }

  send(parts: readonly Buffer[], commands: number): void {
    if (this.#stage !== 'open') return;
    if (this.#unsent === 0) {
      setImmediate(() => {
        this.#flush();
      });
    }
    for (const part of parts) this.#pieces.push(part);
    this.#unsent += commands;
  }

  drop(why: string): void {
    if (this.#stage === 'open' || this.#stage === 'dialling') this.#end(why);
  }

  /** For good. */
  close(why: string): void {
    clearTimeout(this.#timer);
    const wasOpen = this.#stage === 'open';
    this.#stage = 'closed';
    this.#socket?.destroy();
    if (wasOpen) this.#tellClosed(why);
  }

  #dial(): void {
    const { host, port } = this.place;
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    this.#stage = 'dialling';
    this.#socket = socket;
    this.#scanner = new ReplyScanner();
    this.#timer = setTimeout(() => {
      this.drop('it does not greet');
    }, GREETING_MS_MAX);
    socket.on('connect', () => {
      socket.write(this.#greeting);
    });
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket === socket) this.#onData(chunk);
    });
    // What was wrong is told by the event; 'close' follows, and would not know.
    socket.on('error', (error) => {
      if (this.#socket === socket) this.drop(error.message);
    });
    socket.on('end', () => {
      if (this.#socket === socket) this.drop('the slave closed the connection');
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.drop('the connection closed');
    });
  }

  #onData(chunk: Buffer): void {
    this.#scanner.push(chunk);
    const replies: Buffer[] = [];
    let next = this.#scanner.next();
    while (next?.kind === 'reply') {
      if (this.#stage === 'dialling') this.#onGreeting(next.sign, next.raw);
      else replies.push(next.raw);
      next = this.#scanner.next();
    }
    // What came whole before the nonsense is told first: it is answered, whatever follows.
    if (replies.length > 0 && this.#stage === 'open') this.#events.replies(this.#slave, replies);
    if (next !== undefined) this.drop(next.why);
  }

  #onGreeting(sign: number, raw: Buffer): void {
    if (sign === SIGN.error) {
      this.drop(`it will not have us: ${raw.toString('utf8', 1).trimEnd()}`);
      return;
    }
    clearTimeout(this.#timer);
    this.#stage = 'open';
    this.#redialMs = REDIAL_MS_MIN;
    this.#events.opened(this.#slave);
  }

  #flush(): void {
    if (this.#stage !== 'open' || this.#unsent === 0) return;
    const pieces = joined(this.#pieces);
    this.#pieces = [];
    this.#unsent = 0;
    this.#socket?.cork();
    for (const piece of pieces) this.#socket?.write(piece);
    this.#socket?.uncork();
  }

  #end(why: string): void {
    clearTimeout(this.#timer);
    const wasOpen = this.#stage === 'open';
    this.#stage = 'waiting';
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#timer = setTimeout(() => {
      this.#dial();
    }, this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MS_MAX);
    if (wasOpen) this.#tellClosed(why);
  }

  #tellClosed(why: string): void {
    const unsent = this.#unsent;
    this.#pieces = [];
    this.#unsent = 0;
    this.#events.closed(this.#slave, unsent, why);
  }
}

/** Runs of small pieces made one; large ones as they are. */
function joined(pieces: readonly Buffer[]): readonly Buffer[] {
  const found: Buffer[] = [];
  let run: Buffer[] = [];
  const endRun = (): void => {
    if (run.length > 0) found.push(run.length === 1 && run[0] !== undefined ? run[0] : Buffer.concat(run));
    run = [];
  };
  for (const piece of pieces) {
    if (piece.length <= COPIED_BYTES_MAX) {
      run.push(piece);
      continue;
    }
    endRun();
    found.push(piece);
  }
  endRun();
  return found;
}
