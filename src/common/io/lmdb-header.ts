/**
 * A look at a directory before LMDB is let near it: its library ends the whole process with a
 * segmentation fault when it cannot open a file, where a line that says why is wanted.
 *
 *      data.mdb   │ page 0: … magic @24, version @28, page size @48 … │ page 1: … magic @24 … │ …
 */
import { closeSync, constants, fstatSync, openSync, readSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

import { StoreFailure } from '../ordered-store.ts';

const MAGIC = 0xbeefc0de;
const FORMAT_VERSION = 2;
const MAGIC_AT = 24;
const VERSION_AT = 28;
const PAGE_SIZE_AT = 48;
const HEADER_BYTES = 64;

/** A new environment takes two pages and its lock file two more; the rest is for whoever shares the disk. */
const FREE_BYTES_MIN = 1_048_576;

/** Throws unless LMDB can open what is there, or make it. */
export function checkDirectory(dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  if (bavail * bsize < FREE_BYTES_MIN) throw new StoreFailure(`no room is left in ${dir}`);
  closeSync(openOrMake(join(dir, 'lock.mdb')));
  const path = join(dir, 'data.mdb');
  const fd = openOrMake(path);
  try {
    const { size } = fstatSync(fd);
    if (size > 0 && !isEnvironment(fd, size))
      throw new StoreFailure(`${path} is damaged, or not a store of Piazza's`);
  } finally {
    closeSync(fd);
  }
}

const openOrMake = (path: string): number => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);

function isEnvironment(fd: number, size: number): boolean {
  const first = headerAt(fd, 0);
  const pageSize = first.readUInt32LE(PAGE_SIZE_AT);
  return isMeta(first) && pageSize >= HEADER_BYTES && size >= 2 * pageSize && isMeta(headerAt(fd, pageSize));
}

// LMDB writes numbers as the machine has them; all machines that run this have the low byte first.
const isMeta = (header: Buffer): boolean =>
  header.readUInt32LE(MAGIC_AT) === MAGIC && header.readUInt32LE(VERSION_AT) === FORMAT_VERSION;

function headerAt(fd: number, position: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  readSync(fd, header, 0, HEADER_BYTES, position);
  return header;
}
