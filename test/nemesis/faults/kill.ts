/** Servers that are killed without a warning and come back with what their disks hold. */
import {
  type Fault,
  type Heal,
  nothing,
  startAgain,
  theCoordination,
  victimsOf,
  type World,
} from '../fault.ts';
import type { Server } from '../server.ts';
import type { Shape } from '../schedule.ts';

const DOWN_MS: Shape['lastsMs'] = [300, 6_000];

const kill: Fault = {
  shape: { name: 'kill', weight: 'down', victims: 1, lastsMs: DOWN_MS },
  needs: nothing,
  strike: (world, strike) => killed(victimsOf(world, strike)),
};

const killTwo: Fault = {
  shape: { name: 'kill-two', weight: 'down', victims: 2, lastsMs: DOWN_MS },
  needs: ({ replicas }) =>
    replicas < 3 ? 'with two copies, two slaves can hold all copies of a key' : undefined,
  strike: (world, strike) => killed(victimsOf(world, strike)),
};

const killCoordination: Fault = {
  shape: { name: 'kill-coordination', weight: 'light', victims: 1, lastsMs: DOWN_MS },
  among: theCoordination,
  needs: nothing,
  strike: (world, strike) => killed(victimsOf(world, strike)),
};

const killEverything: Fault = {
  shape: { name: 'kill-everything', weight: 'all', victims: 0, lastsMs: [100, 3_000] },
  needs: nothing,
  strike: (world) => killed(everybody(world)),
};

export const everybody = ({ coordination, slaves }: World): readonly Server[] => [
  coordination,
  ...slaves.values(),
];

async function killed(servers: readonly Server[]): Promise<Heal> {
  await Promise.all(servers.map((server) => server.kill()));
  return () => startAgain(servers);
}

export const kills: readonly Fault[] = [kill, killTwo, killCoordination, killEverything];
