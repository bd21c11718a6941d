/**
 * Names and numbers that must never be confused, though to the machine they look alike.
 *
 * The constructors here are the only places where a plain value becomes one of ours; they
 * assert, so what comes from outside is checked (`isName`) before it is named.
 */
import { invariant } from './invariant.ts';

declare const brand: unique symbol;
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A slave's name, chosen by its operator, unique in the cluster at any one time. */
export type SlaveId = Brand<string, 'SlaveId'>;

/** The random name of a data directory, made when it was empty. Same slave, other store: a stranger without data. */
export type StoreId = Brand<string, 'StoreId'>;

/** A run of neighbouring slots, 0 ≤ partition < partitions; the unit of ownership, copying and ordering. */
export type Partition = Brand<number, 'Partition'>;

/** Redis Cluster's slot: CRC16 of the key, 0 ≤ slot < 16384. */
export type Slot = Brand<number, 'Slot'>;

/** The number of a configuration. Used once, handed out by the journal, never goes back. 0: before the first. */
export type Epoch = Brand<number, 'Epoch'>;

/** A key's bytes, one character a byte (latin1), so that it can index a Map. */
export type Key = Brand<string, 'Key'>;

export const SLOTS = 16_384;

/** A name that an operator gives: of a slave, or of a zone, which is slaves that may fail together. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What a name looks like, for people. */
export const NAME_WANTED = '1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit';

export const isName = (text: string): boolean => NAME.test(text);

export function slaveId(text: string): SlaveId {
  invariant(isName(text), () => `a slave id is ${NAME_WANTED}: "${text}"`);
  return text as SlaveId;
}

export function storeId(text: string): StoreId {
  invariant(/^[0-9a-f]{32}$/.test(text), () => `a store id is 32 hex digits: "${text}"`);
  return text as StoreId;
}

export function partition(index: number): Partition {
  invariant(
    Number.isInteger(index) && index >= 0 && index < SLOTS,
    () => `a partition is an index: ${index}`,
  );
  return index as Partition;
}

export function slot(index: number): Slot {
  invariant(
    Number.isInteger(index) && index >= 0 && index < SLOTS,
    () => `a slot lies below ${SLOTS}: ${index}`,
  );
  return index as Slot;
}

export function epoch(count: number): Epoch {
  invariant(Number.isSafeInteger(count) && count >= 0, () => `an epoch counts: ${count}`);
  return count as Epoch;
}

/** Every string of bytes is a key; limits are checked where commands come in. */
export const key = (bytes: Buffer): Key => bytes.toString('latin1') as Key;

export const keyBytes = (name: Key): Buffer => Buffer.from(name, 'latin1');
