/**
 * The commit journal: two files into which every commit goes before anything else is done with it.
 *
 *      journal.0   [ 41 42 43 … 97 ]░old░        full: written no more, free once the tree holds 97
 *      journal.1   [ 98 99 ]░░░old░░░░           the current one: written from its start again
 *
 * The files are never made shorter in normal use and never renamed: writing over blocks that
 * exist spares the file system's own journal. It decides nothing but which file is current; what
 * a commit means, and when it has reached the tree, its owner knows.
 *
 * Invariants
 *   1. A file is written over from its start only when everything in it was released.
 *   2. All commits of one `append` lie in one file, so one fdatasync makes them durable.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';

import { invariant } from '../invariant.ts';
import { decodeCommits, type JournalCommit } from '../journal-record.ts';

/** A full file is this long. Two of them hold what the tree takes in between; reading them back takes well under a second. */
const FILE_BYTES = 16 * 1_048_576;

/** A file that one flood made longer than this is cut when its turn comes again. */
const FILE_BYTES_MAX = 4 * FILE_BYTES;

/** Buffers in one writev; the kernel takes 1,024. */
const PIECES_MAX = 512;

interface JournalFile {
  readonly fd: number;
  /** The highest sequence number written to it since the store was opened. */
  last: number;
}

export interface Recovered {
  readonly commits: readonly JournalCommit[];
  /** The sequence number that is missing although later ones are there. */
  readonly gapAt: number | undefined;
}

export class CommitJournal {
  readonly #files: readonly [JournalFile, JournalFile];
  #current: JournalFile;
  /** Files with records that no sync has covered. */
  readonly #unsynced = new Set<JournalFile>();
  #position = 0;
  #released = 0;

  constructor(dir: string) {
    const open = (name: string): JournalFile => ({
      fd: openSync(join(dir, name), constants.O_RDWR | constants.O_CREAT, 0o600),
      last: 0,
    });
    this.#files = [open('journal.0'), open('journal.1')];
    this.#current = this.#files[0];
    // A file whose name a power loss can take away holds nothing.
    syncDirectory(dir);
  }

  /** The commits of this generation that follow on sequence number `applied`, without a gap. */
  recover(generation: Buffer, applied: number): Recovered {
    const runs = this.#files
      .map(({ fd }) => decodeCommits(readAll(fd), generation))
      .sort((one, other) => (one[0]?.sequence ?? 0) - (other[0]?.sequence ?? 0));
    const commits: JournalCommit[] = [];
    for (const commit of runs.flat()) {
      const wanted = applied + commits.length + 1;
      if (commit.sequence > wanted) return { commits, gapAt: wanted };
      if (commit.sequence === wanted) commits.push(commit);
    }
    return { commits, gapAt: undefined };
  }

  /** Hands the records to the operating system. Throws what the disk says. */
  append(records: readonly Buffer[], last: number): void {
    if (this.#position >= FILE_BYTES) this.#turnOver();
    for (let at = 0; at < records.length; at += PIECES_MAX) {
      this.#position = writeAll(this.#current.fd, records.slice(at, at + PIECES_MAX), this.#position);
    }
    this.#current.last = last;
    this.#unsynced.add(this.#current);
  }

  /** Calls back when everything appended before is on disk, or with the first error. One at a time. */
  sync(callback: (error?: Error) => void): void {
    const files = [...this.#unsynced];
    this.#unsynced.clear();
    const next = (): void => {
      const file = files.pop();
      if (file === undefined) return callback();
      fdatasync(file.fd, (error) => {
        if (error === null) next();
        else callback(error);
      });
    };
    if (files.length === 0) process.nextTick(next);
    else next();
  }

  /** The tree holds everything up to this sequence number, durably. */
  release(sequence: number): void {
    this.#released = sequence;
  }

  get sizeBytes(): number {
    return this.#files.reduce((sum, { fd }) => sum + fstatSync(fd).size, 0);
  }

  close(): void {
    for (const { fd } of this.#files) closeSync(fd);
  }

  #turnOver(): void {
    const next = this.#files[this.#current === this.#files[0] ? 1 : 0];
    // Not free yet: the current one grows on, within what its owner leaves undrained.
    if (next.last > this.#released) return;
    if (fstatSync(next.fd).size > FILE_BYTES_MAX) ftruncateSync(next.fd, FILE_BYTES);
    this.#current = next;
    this.#position = 0;
  }
}

/** From the start, wherever the descriptor stands. */
function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(fd, bytes, at, bytes.length - at, at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

/** Makes the names in a directory as durable as their files. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A write may stop short; the rest then either goes on or says why not (a full disk says so only now). */
function writeAll(fd: number, pieces: readonly Buffer[], position: number): number {
  const total = pieces.reduce((sum, { length }) => sum + length, 0);
  const written = writevSync(fd, pieces, position);
  if (written === total) return position + total;
  const rest = Buffer.concat(pieces).subarray(written);
  invariant(written > 0, 'a write that does not fail writes something');
  return writeAll(fd, [rest], position + written);
}
