/** Watching a real directory. */
import { tmpdir } from 'node:os';

import { expect } from 'chai';

import { watchDiskSpace, type DiskSpace } from '../../src/slave/io/disk-space.ts';

const untilChanged = (options: {
  readonly dir: string;
  readonly reserveBytes?: number;
}): Promise<DiskSpace> =>
  new Promise((resolve, reject) => {
    const watch = watchDiskSpace({
      ...options,
      onChange: (space) => {
        watch.stop();
        resolve(space);
      },
      onError: (error) => {
        watch.stop();
        reject(error);
      },
    });
  });

describe('a watch on disk space', () => {
  it('says at once how much is free', async () => {
    const space = await untilChanged({ dir: tmpdir(), reserveBytes: 1 });
    expect(space.isLow).to.equal(false);
    expect(space.freeBytes).to.be.above(0);
  });

  it('says so when the reserve is touched', async () => {
    expect((await untilChanged({ dir: tmpdir(), reserveBytes: Number.MAX_SAFE_INTEGER })).isLow).to.equal(
      true,
    );
  });

  it('tells of each change, and not of what stays', async () => {
    let reusable = 0;
    const seen: boolean[] = [];
    await new Promise<void>((resolve) => {
      const watch = watchDiskSpace({
        dir: tmpdir(),
        reserveBytes: 2 ** 60,
        reusableBytes: () => reusable,
        everyMs: 5,
        onChange: ({ isLow }) => {
          seen.push(isLow);
          reusable = isLow ? 2 ** 62 : 0;
          if (seen.length < 4) return;
          watch.stop();
          resolve();
        },
        onError: () => {
          resolve();
        },
      });
      // The watch itself holds no process open.
      setTimeout(resolve, 3_000).unref();
      const keep = setInterval(() => seen.length >= 4 && clearInterval(keep), 20);
    });
    expect(seen).to.deep.equal([true, false, true, false]);
  });

  it('tells of a directory that is not there', async () => {
    const error = await untilChanged({ dir: '/there/is/no/such/directory' }).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(Error);
  });
});
