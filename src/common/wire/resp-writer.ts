/**
 * Puts answers on the wire in the client's dialect, many into one piece of memory.
 *
 *      write, write, write ──► │…one segment of a shared pool…│ large value │…segment…│ ──► take()
 *
 * Small answers are copied into segments of a pool that all connections share; large ones are
 * handed on as they are. So a buffer given to a writer is not changed afterwards by anyone.
 * Memory of the pool is never used twice, because a slow socket may still hold a slice of it.
 * Sockets and order of answers are not known here.
 *
 * Invariants
 *   1. A pool has at most one holder; only it has an open piece, which ends where the pool stands.
 *   2. No text breaks the framing: line ends in it become blanks.
 */
import { invariant } from '../invariant.ts';
import { Double, Failure, OK, Pairs, Simple, type Reply } from '../reply.ts';

export type Protocol = 2 | 3;

/** One segment serves a few thousand small answers; larger ones pin more for a slow reader. */
const SEGMENT_BYTES = 64 * 1024;

/** From here on a copy costs more than one more piece in the write. */
const COPIED_BYTES_MAX = 4 * 1024;

/** For so few bytes a loop is quicker than a call into the engine. */
const LOOP_BYTES_MAX = 24;

/** `$`, twelve digits and two line ends: what stands around a bulk string. */
const FRAME_BYTES = 24;

const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

const encodedOk = ascii('+OK\r\n');
const encodedNull2 = ascii('$-1\r\n');
const encodedNull3 = ascii('_\r\n');
const encodedIntegers: readonly Buffer[] = Array.from({ length: 256 }, (_, value) => ascii(`:${value}\r\n`));

/** Where writers that answer in one turn lay their small answers side by side. */
export class SegmentPool {
  buffer: Buffer = Buffer.alloc(SEGMENT_BYTES);
  at = 0;
  holder: RespWriter | undefined;
}

export class RespWriter {
  readonly #pool: SegmentPool;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  /** Where the open piece begins, while this writer holds the pool. */
  #start = 0;

  constructor(pool: SegmentPool = new SegmentPool()) {
    this.#pool = pool;
  }

  /** Bytes written and not taken yet. */
  get size(): number {
    const open = this.#pool.holder === this ? this.#pool.at - this.#start : 0;
    return this.#piecesBytes + open;
  }

  /** Everything written since the last time, in order; the pieces may not be changed. */
  take(): readonly Buffer[] {
    if (this.#pool.holder === this) this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#piecesBytes = 0;
    return pieces;
  }

  write(reply: Reply, protocol: Protocol): void {
    if (reply === OK) return this.#short(encodedOk);
    if (reply === undefined) return this.#short(protocol === 3 ? encodedNull3 : encodedNull2);
    if (typeof reply === 'number') return this.#integer(reply);
    if (Buffer.isBuffer(reply)) return this.#bulk(reply);
    if (reply instanceof Simple || reply instanceof Failure) {
      return this.#line(reply instanceof Failure ? '-' : '+', reply.text);
    }
    this.#rare(reply, protocol);
  }

  #rare(reply: Exclude<Reply, number | Buffer | undefined | Simple | Failure>, protocol: Protocol): void {
    if (typeof reply === 'bigint') return this.#line(':', String(reply));
    if (reply instanceof Double) return this.#double(reply.value, protocol);
    if (reply instanceof Pairs) return this.#pairs(reply, protocol);
    this.#header('*', reply.length);
    for (const element of reply) this.write(element, protocol);
  }

  /** Bytes that are already an answer in the connection's dialect. */
  writeRaw(bytes: Buffer): void {
    if (bytes.length > COPIED_BYTES_MAX) return this.#reference(bytes);
    if (bytes.length <= LOOP_BYTES_MAX) return this.#short(bytes);
    const buffer = this.#reserve(bytes.length);
    buffer.set(bytes, this.#pool.at);
    this.#pool.at += bytes.length;
  }

  #short(bytes: Buffer): void {
    const buffer = this.#reserve(bytes.length);
    let at = this.#pool.at;
    for (let index = 0; index < bytes.length; index += 1, at += 1) {
      buffer[at] = bytes[index] as number; // Below its length, so it is there.
    }
    this.#pool.at = at;
  }

  #integer(value: number): void {
    const encoded = encodedIntegers[value];
    if (encoded !== undefined) return this.#short(encoded);
    invariant(Number.isSafeInteger(value), 'a number in an answer is an integer; others are a Double');
    this.#ascii(`:${value}\r\n`);
  }

  #bulk(bytes: Buffer): void {
    const { length } = bytes;
    if (length > COPIED_BYTES_MAX) {
      this.#header('$', length);
      this.#reference(bytes);
      return this.#ascii('\r\n');
    }
    const pool = this.#pool;
    const buffer = this.#reserve(length + FRAME_BYTES);
    buffer[pool.at] = 0x24;
    let at = writeDecimal(buffer, pool.at + 1, length);
    buffer[at] = CR;
    buffer[at + 1] = LF;
    at += 2;
    if (length <= LOOP_BYTES_MAX) {
      for (let index = 0; index < length; index += 1) buffer[at + index] = bytes[index] as number; // As above.
    } else buffer.set(bytes, at);
    at += length;
    buffer[at] = CR;
    buffer[at + 1] = LF;
    pool.at = at + 2;
  }

  #line(sign: '+' | '-' | ':', text: string): void {
    const clean = text.includes('\r') || text.includes('\n') ? text.replaceAll(/[\r\n]/g, ' ') : text;
    // UTF-8 takes at most three bytes for each unit of a JavaScript string.
    const buffer = this.#reserve(clean.length * 3 + 3);
    this.#pool.at += buffer.write(`${sign}${clean}\r\n`, this.#pool.at, 'utf8');
  }

  #double(value: number, protocol: Protocol): void {
    const text = doubleText(value);
    if (protocol === 3) this.#ascii(`,${text}\r\n`);
    else this.#bulk(ascii(text));
  }

  #pairs({ entries }: Pairs, protocol: Protocol): void {
    if (protocol === 3) this.#header('%', entries.length);
    else this.#header('*', 2 * entries.length);
    for (const [name, value] of entries) {
      this.#bulk(Buffer.from(name, 'utf8'));
      this.write(value, protocol);
    }
  }

  #header(sign: '*' | '%' | '$', count: number): void {
    this.#ascii(`${sign}${count}\r\n`);
  }

  /** Short text of our own making. */
  #ascii(text: string): void {
    const buffer = this.#reserve(text.length);
    let at = this.#pool.at;
    for (let index = 0; index < text.length; index += 1, at += 1) buffer[at] = text.charCodeAt(index);
    this.#pool.at = at;
  }

  #reference(bytes: Buffer): void {
    if (this.#pool.holder === this) this.#seal();
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
  }

  /** Where so many bytes may be written, from the pool's `at` on. */
  #reserve(bytes: number): Buffer {
    const pool = this.#pool;
    if (pool.holder === this && pool.buffer.length - pool.at >= bytes) return pool.buffer;
    if (pool.holder !== undefined) pool.holder.#seal();
    if (pool.buffer.length - pool.at < bytes) {
      pool.buffer = Buffer.alloc(Math.max(SEGMENT_BYTES, bytes));
      pool.at = 0;
    }
    pool.holder = this;
    this.#start = pool.at;
    return pool.buffer;
  }

  /** Ends the open piece and lets go of the pool. */
  #seal(): void {
    const pool = this.#pool;
    pool.holder = undefined;
    if (pool.at === this.#start) return;
    this.#pieces.push(pool.buffer.subarray(this.#start, pool.at));
    this.#piecesBytes += pool.at - this.#start;
  }
}

/** As Redis writes them; JavaScript's shortest digits read back as the same number. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return value > 0 ? 'inf' : '-inf';
}

/** Writes a number ≥ 0 in decimal; where it ends. */
function writeDecimal(buffer: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let index = at + digits - 1; index >= at; index -= 1) {
    const tenth = Math.floor(rest / 10);
    buffer[index] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

const scratch = new RespWriter();

/** One answer as bytes of its own. */
export function encodeReply(reply: Reply, protocol: Protocol): Buffer {
  // A writer whose last answer turned out to be a bug may hold half of it.
  scratch.take();
  scratch.write(reply, protocol);
  return Buffer.concat(scratch.take());
}

/** A command in the form clients send it: an array of bulk strings. Strings are taken as UTF-8. */
export function encodeCommand(args: readonly (Buffer | string)[]): Buffer {
  const bodies = args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg, 'utf8') : arg));
  const size = bodies.reduce((sum, body) => sum + bulkBytes(body.length), headerBytes(bodies.length));
  const command = Buffer.alloc(size);
  command[0] = 0x2a;
  let at = lineEnd(command, writeDecimal(command, 1, bodies.length));
  for (const body of bodies) {
    command[at] = 0x24;
    at = lineEnd(command, writeDecimal(command, at + 1, body.length));
    command.set(body, at);
    at = lineEnd(command, at + body.length);
  }
  return command;
}

function lineEnd(buffer: Buffer, at: number): number {
  buffer[at] = CR;
  buffer[at + 1] = LF;
  return at + 2;
}

const headerBytes = (count: number): number => String(count).length + 3;
const bulkBytes = (length: number): number => headerBytes(length) + length + 2;

/** About how many bytes an answer takes, for those who must bound what waits; never too few by much. */
export function weightOf(reply: Reply): number {
  if (reply instanceof Buffer) return reply.length + FRAME_BYTES;
  const isShort = typeof reply === 'number' || typeof reply === 'bigint';
  if (reply === undefined || isShort || reply instanceof Double) return FRAME_BYTES;
  if (reply instanceof Simple || reply instanceof Failure) return reply.text.length + 3;
  let weight = FRAME_BYTES;
  if (reply instanceof Pairs) {
    for (const [name, value] of reply.entries) weight += FRAME_BYTES + name.length + weightOf(value);
  } else {
    for (const element of reply) weight += weightOf(element);
  }
  return weight;
}
