/**
 * A disk that takes its time, or that fails: strace changes what the kernel answers to a slave that runs.
 *
 * A slave whose disk has failed must stop itself and say why, and must not start again on that directory. It comes
 * back with an empty one, so this costs a store.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { pause } from '../../support/program.ts';
import { type Fault, missing, startAgain, victimOf, type World } from '../fault.ts';
import type { Server } from '../server.ts';

const CALLS = 'fdatasync,fsync,msync';

const DELAY_MIN_MS = 20;
const DELAY_MAX_MS = 400;

/** With writes coming in, a disk is asked many times a second. */
const STOP_PATIENCE_MS = 10_000;

/** It refuses before it has looked at anything but a file's name. */
const REFUSAL_PATIENCE_MS = 10_000;

/** It attaches to some tens of threads. */
const ATTACH_MS = 300;

const slow: Fault = {
  shape: { name: 'disk-slow', weight: 'light', victims: 1, lastsMs: [500, 5_000] },
  needs: (means) => missing(means, 'strace'),
  strike: async (world, strike) => {
    const slave = victimOf(world, strike);
    const delayMs = Math.round(DELAY_MIN_MS + strike.chance * (DELAY_MAX_MS - DELAY_MIN_MS));
    world.tell(`each flush of ${slave.id} takes ${delayMs} ms`);
    const tracer = await attached(slave, `delay_enter=${delayMs * 1_000}`);
    return () => detach(tracer);
  },
};

const failing: Fault = {
  shape: { name: 'disk-failing', weight: 'store', victims: 1, lastsMs: [1_000, 4_000] },
  needs: (means) => missing(means, 'strace'),
  strike: async (world, strike) => {
    const slave = victimOf(world, strike);
    slave.mayEnd();
    const tracer = await attached(slave, 'error=EIO');
    await stopsItself(world, slave);
    await detach(tracer);
    return () => returnsEmpty(world, slave);
  },
};

async function attached(slave: Server, rule: string): Promise<ChildProcess> {
  const tracer = spawn(
    'strace',
    [
      ...['-f', '-qq', '-o', '/dev/null', '-p', `${slave.pid}`],
      ...['-e', `trace=${CALLS}`, '-e', `inject=${CALLS}:${rule}`],
    ],
    { stdio: 'ignore' },
  );
  await Promise.race([once(tracer, 'spawn'), once(tracer, 'error')]);
  await pause(ATTACH_MS);
  return tracer;
}

/** Lets go of the slave; killed, it would leave a thread of it standing still. */
async function detach(tracer: ChildProcess): Promise<void> {
  if (tracer.exitCode !== null || tracer.signalCode !== null) return;
  const ended = once(tracer, 'exit');
  tracer.kill('SIGINT');
  await ended;
}

async function stopsItself({ finding, tell }: World, slave: Server): Promise<void> {
  const end = await slave.endWithin(STOP_PATIENCE_MS);
  if (end === undefined) {
    finding(`${slave.id} went on for ${STOP_PATIENCE_MS} ms though every flush failed`);
    return slave.kill();
  }
  if (end.status !== 1) finding(`${slave.id} ended with ${end.status ?? end.signal} when its disk failed`);
  const lines = readFileSync(slave.seat.logFile, 'utf8').split('\n');
  const said = lines.findLast((line) => /EIO|I\/O|Input\/output/i.test(line));
  if (said === undefined) finding(`${slave.id} did not say that its disk had failed`);
  else tell(`${slave.id} stopped itself: ${said.slice(0, 200)}`);
}

async function returnsEmpty({ finding }: World, slave: Server): Promise<void> {
  slave.start();
  const end = await slave.endWithin(REFUSAL_PATIENCE_MS);
  if (end?.status !== 1) finding(`${slave.id} started again on a directory whose disk had failed`);
  await slave.kill();
  slave.empty();
  await startAgain([slave]);
}

export const diskCallFaults: readonly Fault[] = [slow, failing];
