/**
 * `npm run nemesis -- [--seconds 120] [--seed N] [--slaves 5] [--replicas 2] [--faults kill,pause,…] [--keep]`
 *
 * Real servers, real sockets, real disks, and everything that can be made to go wrong with them on one machine, while
 * clients write down what they saw. In the end all is healed, the cluster must become healthy, and what was written
 * down must be possible. Status 0: it was; 1: it was not; 2: the command line makes no sense.
 *
 * The seed decides which faults come when, and what clients ask for; what the machine makes of it differs each time.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { clearLeftovers, clearRun, runDirOf } from './leftovers.ts';
import { planOf, type RunPlan } from './plan.ts';
import { inRoom, noRoomReason } from './room.ts';
import { perform, type Trial } from './trial.ts';

/** Set for the process in the room: where everything lies, and why it is no room of our own, if so. */
const DIR = 'NEMESIS_DIR';
const NO_ROOM = 'NEMESIS_NO_ROOM';

function planOrEnd(): RunPlan {
  try {
    return planOf(process.argv.slice(2), Date.now() % 1_000_000);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

/** The run goes on in a process of its own; this one waits, and clears up whatever happens to that. */
async function outside(plan: RunPlan): Promise<number> {
  clearLeftovers();
  const dir = runDirOf(process.pid);
  mkdirSync(dir);
  const noRoom = noRoomReason();
  const self = [process.execPath, '--import', 'tsx', fileURLToPath(import.meta.url)];
  const again = [...self, ...process.argv.slice(2), '--seed', `${plan.seed}`];
  const [command = '', ...args] = noRoom === undefined ? inRoom(again) : again;
  const child = spawn(command, args, {
    // Its standard input ends with this process, whatever ends that.
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, [DIR]: dir, [NO_ROOM]: noRoom ?? '' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => child.kill('SIGKILL'));
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  clearRun(dir);
  return status;
}

/** Ends when whoever waits outside has ended: nobody would clear up. */
async function inside(trial: Trial): Promise<number> {
  process.stdin.resume().once('close', () => process.exit(1));
  return (await perform(trial)) ? 0 : 1;
}

const plan = planOrEnd();
const dir = process.env[DIR];
process.exit(
  dir === undefined
    ? await outside(plan)
    : await inside({ plan, dir, noRoom: process.env[NO_ROOM] || undefined }),
);
