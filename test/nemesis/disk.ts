/**
 * Where a slave's data lie: in a plain directory, or on a small file system of its own that can be filled or can
 * lose its power.
 *
 * Mounts are made inside the namespaces of room.ts and end with them.
 */
import { mkdirSync } from 'node:fs';
import { open, rm, statfs, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { toolOutput } from '../support/tools.ts';

export type DiskKind = 'plain' | 'tmpfs' | 'xfs' | 'ext4';

/** Far above the reserve below which a slave takes no writes, and enough for an xfs. */
const SIZE_MIB = 512;

const MIB = 1_048_576;

/** The mount point keeps its place; the data lie one below, which a fresh file system does not fill with its own. */
export class Disk {
  readonly kind: DiskKind;
  readonly dir: string;
  readonly #mountPoint: string;
  readonly #image: string;

  private constructor(kind: DiskKind, place: string) {
    this.kind = kind;
    this.#mountPoint = place;
    this.#image = `${place}.image`;
    this.dir = join(place, 'data');
  }

  static async make(kind: DiskKind, place: string): Promise<Disk> {
    const disk = new Disk(kind, place);
    mkdirSync(place, { recursive: true });
    if (kind === 'tmpfs')
      await toolOutput('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', place]);
    if (kind === 'xfs' || kind === 'ext4') await disk.#format(kind);
    return disk;
  }

  async #format(kind: 'xfs' | 'ext4'): Promise<void> {
    await (await open(this.#image, 'w')).close();
    await truncate(this.#image, SIZE_MIB * MIB);
    await toolOutput(`mkfs.${kind}`, ['-q', ...(kind === 'ext4' ? ['-F'] : []), this.#image]);
    await this.#mount();
  }

  /** Everything that was not flushed is gone, and the file system refuses everything until it is mounted anew. */
  async losePower(): Promise<void> {
    // -F: xfs_io on a file system that is not xfs.
    const foreign = this.kind === 'ext4' ? ['-F'] : [];
    await toolOutput('xfs_io', [...foreign, '-x', '-c', 'shutdown', this.#mountPoint]);
  }

  async regainPower(): Promise<void> {
    await toolOutput('umount', [this.#mountPoint]);
    await this.#mount();
  }

  async #mount(): Promise<void> {
    await toolOutput('mount', ['-o', 'loop', this.#image, this.#mountPoint]);
  }

  /** Takes room with a file of ballast until only so much is free; the undo removes it. */
  async fill(leaveBytes: number): Promise<() => Promise<void>> {
    const path = join(this.#mountPoint, 'ballast');
    const { bavail, bsize } = await statfs(this.#mountPoint);
    const bytes = bavail * bsize - leaveBytes;
    if (bytes > 0) await toolOutput('fallocate', ['--length', `${bytes}`, path]);
    return () => rm(path, { force: true });
  }
}
