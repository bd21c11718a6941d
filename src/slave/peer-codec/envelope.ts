/**
 * What every frame between slaves begins with, and how log entries follow.
 *
 *     u8 type │ u32 checksum │ u32 head bytes │ head │ tail
 *                            └──── checksummed ────┘  log entries, each with a checksum of its own; or nothing
 *
 * The checksum begins with the type, so no frame can turn into one of another type. Entries pass
 * through as the slices that the log holds; on arrival they are copied together, once, so that an
 * entry that stays in the log for long does not keep the whole chunk that the socket read.
 */
import { checksum } from '../../common/checksum.ts';
import { FieldReader, FieldWriter } from '../../common/wire/fields.ts';
import { decodeItems, type Entry } from '../replication/entry.ts';

const LEAD_BYTES = 1 + 4 + 4;
const SUMMED_FROM = 1 + 4;

export interface Opened {
  readonly type: number;
  readonly head: FieldReader;
  readonly tail: Buffer;
}

/** A writer for a head of so many bytes; it goes to `seal` once they are written. */
export function startFrame(type: number, headBytes: number): FieldWriter {
  const writer = new FieldWriter(LEAD_BYTES + headBytes);
  writer.u8(type);
  writer.u32(0);
  writer.u32(headBytes);
  return writer;
}

export function seal(writer: FieldWriter): Buffer {
  const lead = writer.take();
  lead.writeUInt32BE(checksum(lead.subarray(SUMMED_FROM), lead.readUInt8(0)), 1);
  return lead;
}

/** Undefined: too short, or damaged. */
export function open(frame: Buffer): Opened | undefined {
  if (frame.length < LEAD_BYTES) return undefined;
  const type = frame.readUInt8(0);
  const tailAt = LEAD_BYTES + frame.readUInt32BE(SUMMED_FROM);
  if (tailAt > frame.length) return undefined;
  const lead = frame.subarray(0, tailAt);
  if (checksum(lead.subarray(SUMMED_FROM), type) !== frame.readUInt32BE(1)) return undefined;
  return { type, head: new FieldReader(lead, LEAD_BYTES), tail: frame.subarray(tailAt) };
}

/** The bytes of entries, one behind the other. Those that lie so already, as a turn's drafts do, stay together. */
export function tailOf(entries: readonly Entry[]): readonly Buffer[] {
  const parts: Buffer[] = [];
  let run: { readonly buffer: Buffer; readonly start: number; end: number } | undefined;
  for (const { buffer, offset, length } of entries) {
    if (run?.buffer === buffer && run.end === offset) {
      run.end += length;
    } else {
      if (run) parts.push(run.buffer.subarray(run.start, run.end));
      run = { buffer, start: offset, end: offset + length };
    }
  }
  if (run) parts.push(run.buffer.subarray(run.start, run.end));
  return parts;
}

/** The entries of a tail. Undefined: something in there is no entry, or damaged. */
export function entriesOf(tail: Buffer): readonly Entry[] | undefined {
  const entries: Entry[] = [];
  const items = decodeItems(owned(tail));
  if (items === undefined) return undefined;
  for (const item of items) {
    if (item.kind !== 'entry') return undefined;
    entries.push(item.entry);
  }
  return entries;
}

/** The same bytes with no stranger's bytes kept alive beside them; no copy where a frame has its own memory already. */
function owned(tail: Buffer): Buffer {
  const keeps = tail.buffer.byteLength;
  if (keeps - tail.length <= tail.length >> 3) return tail;
  // `alloc`, because a small copy by any other way is cut from memory that it shares with others.
  const copy = Buffer.alloc(tail.length);
  tail.copy(copy);
  return copy;
}
