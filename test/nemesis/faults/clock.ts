/**
 * Clocks that are wrong: a wall clock that jumps, and clocks that all run a little fast or slow.
 *
 * libfaketime stands between the slave and its clocks. It reads the wall clock's error from a file, so that the
 * clock can jump while the slave runs; a rate it is given at its start.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Fault, type Means, startAgain, victimOf, type World } from '../fault.ts';
import type { Server } from '../server.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

const JUMPS_S = [0.3, -0.3, 5, -5, 3_600, -3_600];

/** Two of them may drift apart by one percent. */
const RATES = [1.004, 0.996];

const needs = ({ hasFile }: Means): string | undefined =>
  hasFile(LIBRARY) ? undefined : 'libfaketime not installed';

const fileOf = ({ dir }: Pick<World, 'dir'>, id: string): string => join(dir, `clock-of-${id}`);

const says = (seconds: number): string => `${seconds < 0 ? '' : '+'}${seconds}\n`;

/** Only the last slave: the others show what happens without. */
const among = ({ slaves }: Means): readonly string[] => slaves.slice(-1);

const jump: Fault = {
  shape: { name: 'clock-jump', weight: 'light', victims: 1, lastsMs: [500, 6_000] },
  among,
  needs,
  strike: async (world, strike) => {
    const slave = victimOf(world, strike);
    const seconds = JUMPS_S[Math.floor(strike.chance * JUMPS_S.length)] ?? 0;
    const file = fileOf(world, slave.id);
    world.tell(`the wall clock of ${slave.id} jumps by ${seconds} s`);
    writeFileSync(file, says(seconds));
    return () => writeFileSync(file, says(0));
  },
};

const rate: Fault = {
  shape: { name: 'clock-rate', weight: 'down', victims: 1, lastsMs: [3_000, 12_000] },
  among: ({ slaves }) => slaves.slice(0, -1),
  needs,
  strike: async (world, strike) => {
    const slave = victimOf(world, strike);
    const times = RATES[Math.floor(strike.chance * RATES.length)] ?? 1;
    world.tell(`all clocks of ${slave.id} run ${times} times as fast`);
    await restarted(slave, { ...common, FAKETIME: `+0 x${times}` });
    return () => restarted(slave, {});
  },
};

const common = { LD_PRELOAD: LIBRARY, FAKETIME_DISABLE_SHM: '1' };

async function restarted(slave: Server, environment: NodeJS.ProcessEnv): Promise<void> {
  await slave.kill();
  slave.wear(environment);
  await startAgain([slave]);
}

/** Before it starts: a slave whose wall clock is to jump while it runs. */
export function prepareClock(world: Pick<World, 'dir'>, slave: Server): void {
  const file = fileOf(world, slave.id);
  writeFileSync(file, says(0));
  slave.wear({
    ...common,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
  });
}

export const clockFaults: readonly Fault[] = [jump, rate];
