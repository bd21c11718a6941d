/** Servers that stand still, for less and for more than a promise lasts (500 ms), and wake without knowing it. */
import { type Fault, nothing, theCoordination, victimsOf } from '../fault.ts';
import type { Server } from '../server.ts';

const pauseShort: Fault = {
  shape: { name: 'pause-short', weight: 'light', victims: 1, lastsMs: [50, 480] },
  needs: nothing,
  strike: async (world, strike) => paused(victimsOf(world, strike)),
};

const pauseLong: Fault = {
  shape: { name: 'pause-long', weight: 'down', victims: 1, lastsMs: [600, 5_000] },
  needs: nothing,
  strike: async (world, strike) => paused(victimsOf(world, strike)),
};

const pauseCoordination: Fault = {
  shape: { name: 'pause-coordination', weight: 'light', victims: 1, lastsMs: [200, 4_000] },
  among: theCoordination,
  needs: nothing,
  strike: async (world, strike) => paused(victimsOf(world, strike)),
};

function paused(servers: readonly Server[]): () => void {
  // One that has ended by itself is told elsewhere; here it needs no pause and no waking.
  const signal = (name: NodeJS.Signals): void => {
    for (const server of servers) if (server.isUp) server.signal(name);
  };
  signal('SIGSTOP');
  return () => signal('SIGCONT');
}

export const pauses: readonly Fault[] = [pauseShort, pauseLong, pauseCoordination];
