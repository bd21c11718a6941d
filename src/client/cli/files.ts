/**
 * Files as commands see them: a source to read from, and a sink that appears whole or not at all.
 *
 * A sink is written as FILE.tmp, flushed to the disk, and renamed. Where FILE is no ordinary file (a
 * device, a pipe) there is nothing to rename, and it is written to directly.
 */
import { open, readFile, realpath, rename, stat, unlink, type FileHandle } from 'node:fs/promises';

import { UsageError } from '../errors.ts';
import type { Sink, Source } from './world.ts';

const CHUNK_BYTES = 256 * 1024;

/** A file of settings is short; something larger is another file. */
const TEXT_BYTES_MAX = 1024 * 1024;

export async function readText(path: string): Promise<string> {
  const text = await orUsage(path, readFile(path, 'utf8'));
  if (text.length > TEXT_BYTES_MAX) throw new UsageError(`${path}: too large for a file of settings`);
  return text;
}

export async function openSource(path: string): Promise<Source> {
  const file = await orUsage(path, open(path, 'r'));
  const about = await file.stat();
  if (about.isDirectory()) {
    await file.close();
    throw new UsageError(`${path}: is a directory`);
  }
  // The stream closes the file at its end, or when reading is given up.
  const chunks = file.createReadStream({ highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>; // No encoding is set.
  return { chunks, bytes: about.isFile() ? about.size : undefined };
}

export async function openSink(path: string): Promise<Sink> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory() === true) throw new UsageError(`${path}: is a directory`);
  if (there !== undefined && !there.isFile()) return directSink(await orUsage(path, open(path, 'w')));
  // Through a link, so that the link stays one.
  const target = there === undefined ? path : await realpath(path);
  const temporary = `${target}.tmp`;
  return renamedSink(await orUsage(temporary, open(temporary, 'w')), temporary, target);
}

const directSink = (file: FileHandle): Sink => ({
  write: (bytes) => writeAll(file, bytes),
  finish: () => file.close(),
  abandon: () => file.close(),
});

const renamedSink = (file: FileHandle, temporary: string, target: string): Sink => ({
  write: (bytes) => writeAll(file, bytes),
  finish: async () => {
    await file.sync();
    await file.close();
    await rename(temporary, target);
  },
  abandon: async () => {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
  },
});

/** A disk that is full, or the like: a plain sentence, not a stack. */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  await orUsage('write', file.writeFile(bytes));
}

async function orUsage<Result>(what: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new UsageError(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
