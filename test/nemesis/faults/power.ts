/** Power that is lost: what was not flushed is gone, which no kill can show. */
import { type Disk, type DiskKind } from '../disk.ts';
import {
  COORDINATION,
  type Fault,
  type Means,
  missing,
  startAgain,
  victimsOf,
  type World,
} from '../fault.ts';
import type { Server } from '../server.ts';
import { everybody } from './kill.ts';

/** They have disks that can lose their power; the others' page cache outlives their processes. */
const among = ({ slaves }: Means): readonly string[] => [...slaves.slice(0, 2), COORDINATION];

/** What a server's data lie on so that power can be lost. */
export const disksOf = (means: Means): ReadonlyMap<string, DiskKind> =>
  new Map(among(means).map((id, at) => [id, at % 2 === 0 ? 'xfs' : 'ext4']));

const needs = (means: Means): string | undefined =>
  means.noRoom ?? missing(means, 'mount', 'mkfs.xfs', 'mkfs.ext4', 'xfs_io');

const power: Fault = {
  shape: { name: 'power', weight: 'down', victims: 1, lastsMs: [300, 5_000] },
  among,
  needs,
  strike: (world, strike) => dark(world, victimsOf(world, strike)),
};

const powerEverything: Fault = {
  shape: { name: 'power-everything', weight: 'all', victims: 0, lastsMs: [100, 3_000] },
  needs,
  strike: (world) => dark(world, everybody(world)),
};

async function dark({ disks }: World, servers: readonly Server[]): Promise<() => Promise<void>> {
  // Killed first: a slave that meets a disk without power calls it broken.
  await Promise.all(servers.map((server) => server.kill()));
  const struck = servers
    .map(({ id }) => disks.get(id))
    .filter((disk): disk is Disk => disk !== undefined && losable.has(disk.kind));
  for (const disk of struck) await disk.losePower();
  return async () => {
    for (const disk of struck) await disk.regainPower();
    await startAgain(servers);
  };
}

const losable: ReadonlySet<DiskKind> = new Set(['xfs', 'ext4']);

export const powerFaults: readonly Fault[] = [power, powerEverything];
