/**
 * Fields one behind the other, as frames between slaves are made of: big-endian, fixed in width.
 *
 *     u8 u16 u32 u48 f64      numbers; a double is always finite
 *     text                    u8 length (0 to 64) │ so many printable ASCII bytes, no blanks
 *     store                   16 bytes
 *
 * The reader is total. Once something is missing or wrong it is broken, has nothing left and gives
 * harmless stand-ins, so that who reads asks once, at the end, instead of after each field; and a
 * loop over what is left ends. Neither of the two knows what the fields mean.
 */
import {
  type Epoch,
  isName,
  type Partition,
  SLOTS,
  type SlaveId,
  slaveId,
  type StoreId,
  storeId,
} from '../ids.ts';
import { invariant } from '../invariant.ts';
import type { Stamp } from '../time.ts';

/** The largest number of six bytes: epochs and sequence numbers end here on the wire, and in log entries. */
export const U48_MAX = 2 ** 48 - 1;

export const STORE_BYTES = 16;

const U32_SPAN = 2 ** 32;
const TEXT = /^[\x21-\x7e]{0,64}$/;
/** What a broken reader gives where a name was to be. */
const NOBODY = slaveId('0');
const NO_STORE = storeId('0'.repeat(2 * STORE_BYTES));

/** Whether this fits into a text field; it may be empty. */
export const isText = (text: string): boolean => TEXT.test(text);

export const textBytes = (text: string): number => 1 + text.length;

/** Writes into a buffer of just the right size. */
export class FieldWriter {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.alloc(bytes);
  }

  /** What was written; all of it must have been. */
  take(): Buffer {
    invariant(this.#at === this.#buffer.length, 'the fields fill the room that was counted for them');
    return this.#buffer;
  }

  u8(value: number): void {
    this.#at = this.#buffer.writeUInt8(value, this.#at);
  }

  u16(value: number): void {
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
  }

  u32(value: number): void {
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }

  u48(value: number): void {
    // Two writes: Buffer's own for six bytes goes byte by byte.
    this.#buffer.writeUInt16BE(Math.floor(value / U32_SPAN), this.#at);
    this.#at = this.#buffer.writeUInt32BE(value % U32_SPAN, this.#at + 2);
  }

  f64(value: number): void {
    this.#at = this.#buffer.writeDoubleBE(value, this.#at);
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  text(text: string): void {
    invariant(isText(text), 'a text in a frame has up to 64 printable characters');
    this.u8(text.length);
    this.#at += this.#buffer.write(text, this.#at, 'latin1');
  }

  store(store: StoreId): void {
    this.#at += this.#buffer.write(store, this.#at, STORE_BYTES, 'hex');
  }
}

export class FieldReader {
  readonly #buffer: Buffer;
  #at: number;
  #isBroken = false;

  constructor(buffer: Buffer, at = 0) {
    this.#buffer = buffer;
    this.#at = at;
  }

  /** Bytes that were not read yet; none once the reader is broken. */
  get left(): number {
    return this.#buffer.length - this.#at;
  }

  /** Whether every field was there and right, and nothing is left over. */
  isDone(): boolean {
    return !this.#isBroken && this.left === 0;
  }

  refuse(): void {
    this.#isBroken = true;
    this.#at = this.#buffer.length;
  }

  u8(): number {
    return this.#has(1) ? this.#buffer.readUInt8(this.#at++) : 0;
  }

  u16(): number {
    if (!this.#has(2)) return 0;
    this.#at += 2;
    return this.#buffer.readUInt16BE(this.#at - 2);
  }

  u32(): number {
    if (!this.#has(4)) return 0;
    this.#at += 4;
    return this.#buffer.readUInt32BE(this.#at - 4);
  }

  u48(): number {
    if (!this.#has(6)) return 0;
    this.#at += 6;
    return this.#buffer.readUInt16BE(this.#at - 6) * U32_SPAN + this.#buffer.readUInt32BE(this.#at - 4);
  }

  f64(): number {
    if (!this.#has(8)) return 0;
    const value = this.#buffer.readDoubleBE(this.#at);
    this.#at += 8;
    if (Number.isFinite(value)) return value;
    this.refuse();
    return 0;
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) this.refuse();
    return value === 1;
  }

  text(): string {
    const length = this.u8();
    if (!this.#has(length)) return '';
    this.#at += length;
    const text = this.#buffer.toString('latin1', this.#at - length, this.#at);
    if (isText(text)) return text;
    this.refuse();
    return '';
  }

  partition(): Partition {
    const index = this.u16();
    if (index >= SLOTS) this.refuse();
    // Branded here, since the constructor composes its complaint for every number that it is given.
    return (index < SLOTS ? index : 0) as Partition;
  }

  epoch(): Epoch {
    // Six bytes cannot hold anything that is no epoch; see `partition` for why the constructor is not asked.
    return this.u48() as Epoch;
  }

  stamp(): Stamp {
    return this.f64() as Stamp;
  }

  slave(): SlaveId {
    const text = this.text();
    if (isName(text)) return slaveId(text);
    this.refuse();
    return NOBODY;
  }

  store(): StoreId {
    if (!this.#has(STORE_BYTES)) return NO_STORE;
    this.#at += STORE_BYTES;
    // 16 bytes in hex are a store id.
    return this.#buffer.toString('hex', this.#at - STORE_BYTES, this.#at) as StoreId;
  }

  #has(bytes: number): boolean {
    if (this.left >= bytes) return true;
    this.refuse();
    return false;
  }
}
