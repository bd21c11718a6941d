/**
 * Watches how much room is left on the disk of a directory, and says when it gets too little.
 *
 *      free  ──────╲                    ╱────    plenty again above the reserve and a quarter
 *      reserve ─ ─ ─╲─ ─ ─ ─ ─ ─ ─ ─ ─ ╱─ ─ ─
 *                    ╲________________╱          low below the reserve
 *
 * What `low` means (NOSPACE, no learner) the slave decides. The reserve is there so that what is
 * already accepted can still be finished: the store's journal and the transaction that copies its
 * backlog into the tree need up to some 100 MiB. An error from the file system is told like low
 * space is; a question the disk does not answer is not asked twice.
 */
import { statfs } from 'node:fs';

export interface DiskSpace {
  readonly isLow: boolean;
  readonly freeBytes: number;
  readonly reserveBytes: number;
}

export interface DiskSpaceOptions {
  readonly dir: string;
  /** Left out: 1 % of the disk, but at least 128 MiB and at most 1 GiB. */
  readonly reserveBytes?: number;
  /** What the store can use again inside its files. */
  readonly reusableBytes?: () => number;
  readonly everyMs?: number;
  /** The first answer, then each change of `isLow`. */
  readonly onChange: (space: DiskSpace) => void;
  readonly onError: (error: Error) => void;
}

export interface DiskSpaceWatch {
  /** The newest answer. */
  readonly space: DiskSpace | undefined;
  stop(): void;
}

const MIB = 1_048_576;
const RESERVE_SHARE = 0.01;
const RESERVE_BYTES_MIN = 128 * MIB;
const RESERVE_BYTES_MAX = 1_024 * MIB;
const EVERY_MS = 1_000;

/** Plenty again only with a quarter more than the reserve, so that a disk at the edge does not flap. */
const RECOVERED_SHARE = 1.25;

export const defaultReserve = (diskBytes: number): number =>
  Math.min(RESERVE_BYTES_MAX, Math.max(RESERVE_BYTES_MIN, Math.floor(diskBytes * RESERVE_SHARE)));

export const isLowSpace = (freeBytes: number, reserveBytes: number, wasLow: boolean): boolean =>
  freeBytes < (wasLow ? reserveBytes * RECOVERED_SHARE : reserveBytes);

export function watchDiskSpace(options: DiskSpaceOptions): DiskSpaceWatch {
  const { dir, everyMs = EVERY_MS, reusableBytes = () => 0 } = options;
  let space: DiskSpace | undefined;
  let asking = false;
  let stopped = false;
  const ask = (): void => {
    if (asking) return;
    asking = true;
    statfs(dir, (error, stats) => {
      asking = false;
      if (stopped) return;
      if (error) {
        options.onError(error);
        return;
      }
      const before = space;
      const reserveBytes = options.reserveBytes ?? defaultReserve(stats.blocks * stats.bsize);
      const freeBytes = stats.bavail * stats.bsize + reusableBytes();
      space = { isLow: isLowSpace(freeBytes, reserveBytes, before?.isLow ?? false), freeBytes, reserveBytes };
      if (space.isLow !== before?.isLow) options.onChange(space);
    });
  };
  const timer = setInterval(ask, everyMs).unref();
  ask();
  return {
    get space() {
      return space;
    },
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}
