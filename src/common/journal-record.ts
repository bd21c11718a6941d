/**
 * One commit as bytes in the commit journal, and back. Reading is total: any bytes give a run of commits.
 *
 *      0      4          8        12       16        24            32
 *      │magic │checksum  │length  │changes │sequence │generation   │ change, change, …
 *                        └─────────────── checksummed ─────────────────────────────────►
 *      change:  kind u8 │ length of a u32 │ length of b u32 │ a │ b      (a: key or from; b: value or to)
 *
 * A journal file is written over and over from its start, so behind the newest record lie old
 * ones. They are told apart by the generation (random, one for each opening of the store) and by the
 * sequence number, which within a generation only grows: the first record that does not
 * continue its predecessor ends the run, and so does one that was torn.
 */
import { checksum } from './checksum.ts';
import { invariant, unreachable } from './invariant.ts';
import type { Change } from './ordered-store.ts';

export interface JournalCommit {
  readonly sequence: number;
  readonly changes: readonly Change[];
}

export interface EncodedCommit {
  readonly bytes: Buffer;
  /** The same changes, as views into `bytes`. */
  readonly changes: readonly Change[];
}

export const GENERATION_BYTES = 8;

/** Four of the largest commands a client may send; a larger commit is a mistake of ours. */
export const COMMIT_BYTES_MAX = 256 * 1_048_576;

const MAGIC = 0x505a4a31; // "PZJ1"
const HEADER_BYTES = 32;
const CHANGE_HEADER_BYTES = 9;
const KINDS = ['put', 'delete', 'delete-range'] as const;
const NOTHING = Buffer.alloc(0);

export function encodeCommit(
  changes: readonly Change[],
  sequence: number,
  generation: Buffer,
): EncodedCommit {
  const bytes = Buffer.alloc(lengthOf(changes));
  let at = HEADER_BYTES;
  const views = changes.map((change) => {
    const [a, b] = partsOf(change);
    bytes[at] = KINDS.indexOf(change.kind);
    bytes.writeUInt32BE(a.length, at + 1);
    bytes.writeUInt32BE(b.length, at + 5);
    at += CHANGE_HEADER_BYTES;
    a.copy(bytes, at);
    b.copy(bytes, at + a.length);
    const view = viewOf(
      change.kind,
      bytes.subarray(at, at + a.length),
      bytes.subarray(at + a.length, at + a.length + b.length),
    );
    at += a.length + b.length;
    return view;
  });
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(bytes.length, 8);
  bytes.writeUInt32BE(changes.length, 12);
  bytes.writeDoubleBE(sequence, 16);
  generation.copy(bytes, 24);
  bytes.writeUInt32BE(checksum(bytes.subarray(8)), 4);
  return { bytes, changes: views };
}

/** The commits of one generation from the start of a journal file, up to the first that does not follow. */
export function decodeCommits(bytes: Buffer, generation: Buffer): readonly JournalCommit[] {
  const commits: JournalCommit[] = [];
  let at = 0;
  for (;;) {
    const length = intactLength(bytes.subarray(at), generation);
    if (length === undefined) return commits;
    const record = bytes.subarray(at, at + length);
    const sequence = record.readDoubleBE(16);
    const last = commits.at(-1);
    if (last !== undefined && sequence !== last.sequence + 1) return commits;
    const changes = decodeChanges(record);
    if (changes === undefined) return commits;
    commits.push({ sequence, changes });
    at += length;
  }
}

/** The length of the record at the start of these bytes, if it is whole and of this generation. */
function intactLength(bytes: Buffer, generation: Buffer): number | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  const length = bytes.readUInt32BE(8);
  if (length < HEADER_BYTES || length > bytes.length || length > COMMIT_BYTES_MAX) return undefined;
  if (!bytes.subarray(24, HEADER_BYTES).equals(generation)) return undefined;
  return checksum(bytes.subarray(8, length)) === bytes.readUInt32BE(4) ? length : undefined;
}

function decodeChanges(record: Buffer): readonly Change[] | undefined {
  const changes: Change[] = [];
  const count = record.readUInt32BE(12);
  let at = HEADER_BYTES;
  while (changes.length < count) {
    if (at + CHANGE_HEADER_BYTES > record.length) return undefined;
    const kind = KINDS[record[at] ?? KINDS.length];
    const middle = at + CHANGE_HEADER_BYTES + record.readUInt32BE(at + 1);
    const end = middle + record.readUInt32BE(at + 5);
    if (kind === undefined || end > record.length) return undefined;
    changes.push(
      viewOf(kind, record.subarray(at + CHANGE_HEADER_BYTES, middle), record.subarray(middle, end)),
    );
    at = end;
  }
  return at === record.length ? changes : undefined;
}

function lengthOf(changes: readonly Change[]): number {
  let bytes = HEADER_BYTES + changes.length * CHANGE_HEADER_BYTES;
  for (const change of changes) {
    const [a, b] = partsOf(change);
    bytes += a.length + b.length;
  }
  invariant(bytes <= COMMIT_BYTES_MAX, () => `a commit has at most ${COMMIT_BYTES_MAX} bytes, not ${bytes}`);
  return bytes;
}

function partsOf(change: Change): readonly [Buffer, Buffer] {
  switch (change.kind) {
    case 'put':
      return [change.key, change.value];
    case 'delete':
      return [change.key, NOTHING];
    case 'delete-range':
      return [change.from, change.to];
    default:
      return unreachable(change);
  }
}

function viewOf(kind: Change['kind'], a: Buffer, b: Buffer): Change {
  switch (kind) {
    case 'put':
      return { kind, key: a, value: b };
    case 'delete':
      return { kind, key: a };
    case 'delete-range':
      return { kind, from: a, to: b };
    default:
      return unreachable(kind);
  }
}
