/**
 * Heartbeats on the wire: what a slave says by UDP, and what the coordination server answers.
 *
 *     heartbeat   magic 4 · version 1 · kind 1 · flags 1 · cluster s · slave s · store 16 · boot nonce s
 *                 sequence 8 · view epoch 8 · loop counter 8 · commands 8 · last commit 8 · loop lag 4
 *                 unheard: count 1, then s each
 *     answer      magic 4 · version 1 · kind 1 · verdict 1 · cluster s · epoch 8 · sequence 8
 *
 * Numbers are big-endian and unsigned; `s` is a length of one byte, 1 to 64, and so many printable ASCII
 * bytes. A heartbeat always fits into one datagram that no network splits: the list of unheard peers is
 * cut to what fits (14 of the longest names, some hundred short ones). The planner moves the first cut
 * pairs apart, and then there is room for the others.
 *
 * The decoders are total: any bytes give a value or undefined, never an exception. A datagram of another
 * version is undefined too: who cannot be understood is not heard.
 *
 * It does not know which slave is alive, nor which cluster is ours.
 */
import { type Epoch, epoch, isName, type SlaveId, slaveId, type StoreId, storeId } from '../ids.ts';
import { invariant } from '../invariant.ts';

export interface Heartbeat {
  readonly clusterId: string;
  readonly slave: SlaveId;
  readonly store: StoreId;
  readonly bootNonce: string;
  /** Counts the datagrams of this start, from 1. */
  readonly sequence: number;
  /** Of the newest view that the slave has. */
  readonly viewEpoch: Epoch;
  /** How far the main loop has turned; an idle loop advances it by a timer. */
  readonly loopCounter: number;
  /** Commands served since the start. */
  readonly commands: number;
  /** The number of the last storage commit that is done. */
  readonly lastCommit: number;
  /** By how much the main loop's timer was late when it last ran. */
  readonly loopLagMs: number;
  /** A storage commit has hung for a whole window. */
  readonly commitHung: boolean;
  /** Peers from which there has been no promise for a window; may be cut short. */
  readonly unheard: readonly SlaveId[];
}

export interface HeartbeatAnswer {
  readonly clusterId: string;
  readonly epoch: Epoch;
  /** The sequence number of the heartbeat that this answers. */
  readonly sequence: number;
  readonly verdict: 'heard' | 'register-afresh';
}

/** No network that carries IP splits a datagram of this size, nor adds a second one to a window. */
export const DATAGRAM_BYTES_MAX = 1_200;

/** The longest name that fits into a datagram's text field. */
export const DATAGRAM_TEXT_MAX = 64;

const MAGIC = Buffer.from('PZZA', 'latin1');
const VERSION = 1;
const KIND = { heartbeat: 1, answer: 2 } as const;
const COMMIT_HUNG = 1;
const VERDICTS = ['heard', 'register-afresh'] as const;
const UNHEARD_MAX = 255;
const STORE_BYTES = 16;
const LAG_MAX = 0xffff_ffff;
const TEXT = /^[\x21-\x7e]{1,64}$/;

/** Whether this can be a cluster id or a boot nonce on the wire: 1 to 64 printable ASCII characters, no blanks. */
export const isDatagramText = (text: string): boolean => TEXT.test(text);

export function encodeHeartbeat(beat: Heartbeat): Buffer {
  const head = Buffer.concat([
    headOf(KIND.heartbeat, beat.commitHung ? COMMIT_HUNG : 0),
    textOf(beat.clusterId),
    textOf(beat.slave),
    Buffer.from(beat.store, 'hex'),
    textOf(beat.bootNonce),
    ...[beat.sequence, beat.viewEpoch, beat.loopCounter, beat.commands, beat.lastCommit].map(countOf),
    lagOf(beat.loopLagMs),
  ]);
  return Buffer.concat([head, listOf(beat.unheard, DATAGRAM_BYTES_MAX - head.length)]);
}

export function encodeHeartbeatAnswer(answer: HeartbeatAnswer): Buffer {
  return Buffer.concat([
    headOf(KIND.answer, VERDICTS.indexOf(answer.verdict)),
    textOf(answer.clusterId),
    countOf(answer.epoch),
    countOf(answer.sequence),
  ]);
}

export function decodeHeartbeat(bytes: Buffer): Heartbeat | undefined {
  const reader = new Reader(bytes);
  const flags = readHead(reader, KIND.heartbeat);
  const clusterId = reader.text();
  const slave = reader.slave();
  const store = reader.bytes(STORE_BYTES).toString('hex');
  const bootNonce = reader.text();
  const sequence = reader.count();
  const viewEpoch = reader.count();
  const loopCounter = reader.count();
  const commands = reader.count();
  const lastCommit = reader.count();
  const loopLagMs = reader.lag();
  const unheard = reader.slaves();
  if (!reader.isDone() || flags > COMMIT_HUNG) return undefined;
  return {
    clusterId,
    slave: slaveId(slave),
    store: storeId(store),
    bootNonce,
    sequence,
    viewEpoch: epoch(viewEpoch),
    loopCounter,
    commands,
    lastCommit,
    loopLagMs,
    commitHung: flags === COMMIT_HUNG,
    unheard: unheard.map(slaveId),
  };
}

export function decodeHeartbeatAnswer(bytes: Buffer): HeartbeatAnswer | undefined {
  const reader = new Reader(bytes);
  const verdict = VERDICTS[readHead(reader, KIND.answer)];
  const clusterId = reader.text();
  const announced = reader.count();
  const sequence = reader.count();
  if (!reader.isDone() || verdict === undefined) return undefined;
  return { clusterId, epoch: epoch(announced), sequence, verdict };
}

const headOf = (kind: number, detail: number): Buffer =>
  Buffer.concat([MAGIC, Buffer.from([VERSION, kind, detail])]);

function textOf(text: string): Buffer {
  invariant(
    isDatagramText(text),
    () => `a name in a datagram is 1 to ${DATAGRAM_TEXT_MAX} printable characters: "${text}"`,
  );
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}

function countOf(count: number): Buffer {
  invariant(Number.isSafeInteger(count) && count >= 0, () => `a datagram carries counts: ${count}`);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(count));
  return bytes;
}

/** Whole milliseconds; a lag beyond seven weeks is told as seven weeks. */
function lagOf(lagMs: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Math.min(LAG_MAX, Math.max(0, Math.round(lagMs))));
  return bytes;
}

function listOf(slaves: readonly SlaveId[], room: number): Buffer {
  const texts: Buffer[] = [];
  let used = 1;
  for (const text of slaves.slice(0, UNHEARD_MAX).map(textOf)) {
    if (used + text.length > room) break;
    texts.push(text);
    used += text.length;
  }
  return Buffer.concat([Buffer.from([texts.length]), ...texts]);
}

/** The flags or verdict behind a proper head; the reader is broken where there is none. */
function readHead(reader: Reader, kind: number): number {
  const magic = reader.bytes(MAGIC.length);
  const version = reader.byte();
  const told = reader.byte();
  if (!magic.equals(MAGIC) || version !== VERSION || told !== kind) reader.refuse();
  return reader.byte();
}

/**
 * Reads on from field to field. Once something is missing or wrong it is broken and gives harmless
 * stand-ins, so that who reads asks once, at the end, instead of after each field.
 */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #broken: boolean;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#broken = bytes.length > DATAGRAM_BYTES_MAX;
  }

  /** Whether every field was there and right, and nothing is left over. */
  isDone(): boolean {
    return !this.#broken && this.#at === this.#bytes.length;
  }

  refuse(): void {
    this.#broken = true;
  }

  bytes(length: number): Buffer {
    if (this.#broken || this.#at + length > this.#bytes.length) {
      this.#broken = true;
      return Buffer.alloc(length);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  byte(): number {
    return this.bytes(1).readUInt8();
  }

  count(): number {
    const count = this.bytes(8).readBigUInt64BE();
    if (count <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(count);
    this.#broken = true;
    return 0;
  }

  lag(): number {
    return this.bytes(4).readUInt32BE();
  }

  text(): string {
    const text = this.bytes(this.byte()).toString('latin1');
    if (!isDatagramText(text)) this.#broken = true;
    return text;
  }

  slave(): string {
    const text = this.text();
    if (!isName(text)) this.#broken = true;
    return text;
  }

  slaves(): readonly string[] {
    const count = this.byte();
    const slaves: string[] = [];
    while (slaves.length < count && !this.#broken) slaves.push(this.slave());
    return slaves;
  }
}
