/**
 * Log entries: what one partition's authority decided in one turn, as bytes.
 *
 *     u32 length │ u32 checksum of the rest │ u8 kind │ u16 partition │ u48 epoch │ u48 seq │ then, by kind:
 *       entry   u48 epoch of the entry before │ f64 stamp │ u32 effects │ effect …
 *       cut     nothing: the log of this partition ends at (epoch, seq); what came after never became history
 *       reset   nothing: the log begins anew after (epoch, seq); the table was wiped
 *     effect    u8 kind │ u16 key length │ key │ put: f64 expires at │ u32 value length │ value
 *
 * The same bytes go to the disk and to the peers; they are encoded once. An entry names its
 * predecessor, so a log can be checked link by link. Decoding is total: hostile bytes give
 * `undefined`, never a throw. This file does not know what effects mean.
 */
import { checksum } from '../../common/checksum.ts';
import { epoch, type Epoch, key, type Partition, partition, SLOTS } from '../../common/ids.ts';
import { type Stamp, stamp } from '../../common/time.ts';
import type { Effect } from '../commands/evaluation.ts';

/** An entry as it lies in a larger buffer: no bytes are copied until somebody needs them alone. */
export interface Entry {
  readonly partition: Partition;
  readonly epoch: Epoch;
  readonly seq: number;
  /** The epoch of entry `seq - 1`. */
  readonly previousEpoch: Epoch;
  readonly stamp: Stamp;
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
}

export type LogItem =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | {
      readonly kind: 'cut' | 'reset';
      readonly partition: Partition;
      readonly epoch: Epoch;
      readonly seq: number;
    };

const KIND = { entry: 1, cut: 2, reset: 3 } as const;
const HEAD_BYTES = 4 + 4 + 1 + 2 + 6 + 6;
const ENTRY_HEAD_BYTES = HEAD_BYTES + 6 + 8 + 4;
const PUT = 1;
const DELETE = 2;
const EFFECT_HEAD_BYTES = 1 + 2;
const PUT_HEAD_BYTES = 8 + 4;

export interface Draft {
  readonly partition: Partition;
  readonly epoch: Epoch;
  readonly seq: number;
  readonly previousEpoch: Epoch;
  readonly stamp: Stamp;
  readonly effects: readonly Effect[];
}

export function draftBytes(effects: readonly Effect[]): number {
  let bytes = ENTRY_HEAD_BYTES;
  for (const effect of effects) bytes += effectBytes(effect);
  return bytes;
}

export const effectBytes = (effect: Effect): number =>
  EFFECT_HEAD_BYTES + effect.key.length + (effect.kind === 'put' ? PUT_HEAD_BYTES + effect.value.length : 0);

/** Writes the drafts one behind the other into one buffer. */
export function encodeDrafts(drafts: readonly Draft[]): readonly Entry[] {
  const lengths = drafts.map((draft) => draftBytes(draft.effects));
  const buffer = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  return drafts.map((draft, index) => {
    const length = lengths[index] ?? 0;
    writeDraft(buffer, offset, draft);
    seal(buffer, offset, length);
    const at = offset;
    offset += length;
    return entryAt(draft, { buffer, offset: at, length });
  });
}

interface Place {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly length: number;
}

type EntryHead = Pick<Entry, 'partition' | 'epoch' | 'seq' | 'previousEpoch' | 'stamp'>;

/** Field by field: entries are made by the thousand, and a spread costs more than all the rest. */
const entryAt = (
  { partition, epoch, seq, previousEpoch, stamp }: EntryHead,
  { buffer, offset, length }: Place,
): Entry => ({ partition, epoch, seq, previousEpoch, stamp, buffer, offset, length });

function writeDraft(buffer: Buffer, offset: number, draft: Draft): void {
  writeHead(buffer, offset, KIND.entry, draft);
  buffer.writeUIntBE(draft.previousEpoch, offset + HEAD_BYTES, 6);
  buffer.writeDoubleBE(draft.stamp, offset + HEAD_BYTES + 6);
  buffer.writeUInt32BE(draft.effects.length, offset + HEAD_BYTES + 14);
  let at = offset + ENTRY_HEAD_BYTES;
  for (const effect of draft.effects) at = writeEffect(buffer, at, effect);
}

interface Head {
  readonly partition: Partition;
  readonly epoch: Epoch;
  readonly seq: number;
}

function writeHead(buffer: Buffer, offset: number, kind: number, head: Head): void {
  buffer[offset + 8] = kind;
  buffer.writeUInt16BE(head.partition, offset + 9);
  buffer.writeUIntBE(head.epoch, offset + 11, 6);
  buffer.writeUIntBE(head.seq, offset + 17, 6);
}

function writeEffect(buffer: Buffer, offset: number, effect: Effect): number {
  buffer[offset] = effect.kind === 'put' ? PUT : DELETE;
  buffer.writeUInt16BE(effect.key.length, offset + 1);
  let at = offset + EFFECT_HEAD_BYTES;
  buffer.write(effect.key, at, 'latin1');
  at += effect.key.length;
  if (effect.kind === 'delete') return at;
  buffer.writeDoubleBE(effect.expiresAt, at);
  buffer.writeUInt32BE(effect.value.length, at + 8);
  effect.value.copy(buffer, at + PUT_HEAD_BYTES);
  return at + PUT_HEAD_BYTES + effect.value.length;
}

function seal(buffer: Buffer, offset: number, length: number): void {
  buffer.writeUInt32BE(length, offset);
  buffer.writeUInt32BE(checksum(buffer.subarray(offset + 8, offset + length)), offset + 4);
}

/** A mark in the log that is no entry: see the head of this file. */
export function encodeMark(kind: 'cut' | 'reset', head: Head): Buffer {
  const buffer = Buffer.alloc(HEAD_BYTES);
  writeHead(buffer, 0, KIND[kind], head);
  seal(buffer, 0, HEAD_BYTES);
  return buffer;
}

export const entryBytes = (entry: Entry): Buffer =>
  entry.buffer.subarray(entry.offset, entry.offset + entry.length);

/** Reads items that lie one behind the other. `undefined`: something in there is not ours, or broken. */
export function decodeItems(buffer: Buffer): readonly LogItem[] | undefined {
  const items: LogItem[] = [];
  for (let offset = 0; offset < buffer.length;) {
    const length = buffer.length - offset >= HEAD_BYTES ? buffer.readUInt32BE(offset) : 0;
    if (length < HEAD_BYTES || length > buffer.length - offset) return undefined;
    const item = decodeItem(buffer, offset, length);
    if (item === undefined) return undefined;
    items.push(item);
    offset += length;
  }
  return items;
}

function decodeItem(buffer: Buffer, offset: number, length: number): LogItem | undefined {
  if (checksum(buffer.subarray(offset + 8, offset + length)) !== buffer.readUInt32BE(offset + 4))
    return undefined;
  const index = buffer.readUInt16BE(offset + 9);
  if (index >= SLOTS) return undefined;
  const at = {
    partition: partition(index),
    epoch: epoch(u48(buffer, offset + 11)),
    seq: u48(buffer, offset + 17),
  };
  const kind = buffer[offset + 8];
  if (kind === KIND.cut) return { kind: 'cut', ...at };
  if (kind === KIND.reset) return { kind: 'reset', ...at };
  if (kind !== KIND.entry || length < ENTRY_HEAD_BYTES) return undefined;
  const when = buffer.readDoubleBE(offset + HEAD_BYTES + 6);
  if (!Number.isFinite(when)) return undefined;
  const previousEpoch = epoch(u48(buffer, offset + HEAD_BYTES));
  const head = { partition: at.partition, epoch: at.epoch, seq: at.seq, previousEpoch, stamp: stamp(when) };
  const entry = entryAt(head, { buffer, offset, length });
  return isWhole(entry) ? { kind: 'entry', entry } : undefined;
}

const u48 = (buffer: Buffer, offset: number): number =>
  buffer.readUInt16BE(offset) * 0x1_0000_0000 + buffer.readUInt32BE(offset + 2);

/** The last entry of each partition among items that were checked before: nothing is decoded but heads. */
export function lastSeqs(buffer: Buffer): ReadonlyMap<number, number> {
  const lasts = new Map<number, number>();
  for (let offset = 0; offset < buffer.length; offset += buffer.readUInt32BE(offset)) {
    if (buffer[offset + 8] === KIND.entry)
      lasts.set(buffer.readUInt16BE(offset + 9), u48(buffer, offset + 17));
  }
  return lasts;
}

/** Whether the effects fill the entry just so; nothing is made of them yet. */
function isWhole(entry: Entry): boolean {
  const { buffer } = entry;
  const end = entry.offset + entry.length;
  let at = entry.offset + ENTRY_HEAD_BYTES;
  for (let left = countOf(entry); left > 0; left -= 1) {
    if (end - at < EFFECT_HEAD_BYTES) return false;
    const kind = buffer[at];
    at += EFFECT_HEAD_BYTES + buffer.readUInt16BE(at + 1);
    if (kind === DELETE) continue;
    if (kind !== PUT || end - at < PUT_HEAD_BYTES || !Number.isFinite(buffer.readDoubleBE(at))) return false;
    at += PUT_HEAD_BYTES + buffer.readUInt32BE(at + 8);
  }
  return at === end;
}

const countOf = ({ buffer, offset }: Entry): number => buffer.readUInt32BE(offset + HEAD_BYTES + 14);

/** What the entry does. Values are slices of the entry's buffer. `undefined`: the bytes are broken. */
export function effectsOf(entry: Entry): readonly Effect[] | undefined {
  const { buffer } = entry;
  const end = entry.offset + entry.length;
  const count = countOf(entry);
  if (count * EFFECT_HEAD_BYTES > entry.length) return undefined;
  const effects: Effect[] = [];
  let at = entry.offset + ENTRY_HEAD_BYTES;
  for (let index = 0; index < count; index += 1) {
    if (end - at < EFFECT_HEAD_BYTES) return undefined;
    const effect = readEffect(buffer, at, end);
    if (effect === undefined) return undefined;
    effects.push(effect);
    at += effectBytes(effect);
  }
  return at === end ? effects : undefined;
}

function readEffect(buffer: Buffer, offset: number, end: number): Effect | undefined {
  const kind = buffer[offset];
  const keyEnd = offset + EFFECT_HEAD_BYTES + buffer.readUInt16BE(offset + 1);
  if (keyEnd > end) return undefined;
  const name = key(buffer.subarray(offset + EFFECT_HEAD_BYTES, keyEnd));
  if (kind === DELETE) return { kind: 'delete', key: name };
  if (kind !== PUT || end - keyEnd < PUT_HEAD_BYTES) return undefined;
  const expiresAt = buffer.readDoubleBE(keyEnd);
  const valueStart = keyEnd + PUT_HEAD_BYTES;
  const valueEnd = valueStart + buffer.readUInt32BE(keyEnd + 8);
  if (valueEnd > end || !Number.isFinite(expiresAt)) return undefined;
  return { kind: 'put', key: name, value: buffer.subarray(valueStart, valueEnd), expiresAt };
}
