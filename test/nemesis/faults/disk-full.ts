/** A disk on which there is next to nothing left: the slave refuses what needs room, and goes on. */
import type { DiskKind } from '../disk.ts';
import { type Fault, type Means, missing, victimOf } from '../fault.ts';

/** Far below the reserve, and enough for what was accepted before that was noticed. */
const LEFT_BYTES = 32 * 1_048_576;

/** The slave that has a small disk to itself. */
const among = ({ slaves }: Means): readonly string[] => slaves.slice(2, 3);

export const smallDisksOf = (means: Means): ReadonlyMap<string, DiskKind> =>
  new Map(among(means).map((id) => [id, 'tmpfs']));

const full: Fault = {
  shape: { name: 'disk-full', weight: 'light', victims: 1, lastsMs: [1_500, 6_000] },
  among,
  needs: (means) =>
    means.noRoom ??
    missing(means, 'mount', 'fallocate') ??
    (means.slaves.length < 3 ? 'the third slave has the small disk' : undefined),
  strike: async (world, strike) => {
    const disk = world.disks.get(victimOf(world, strike).id);
    if (disk === undefined) throw new Error('the slave has no disk of its own');
    return disk.fill(LEFT_BYTES);
  },
};

export const diskFullFaults: readonly Fault[] = [full];
