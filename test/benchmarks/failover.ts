/**
 * How long a death is felt: from the SIGKILL of a slave to the first write that is acknowledged on one of its keys.
 *
 *   npm run bench:failover -- [--kills 10] [--pauses 5] [--slaves 4]
 *
 * All options of the cluster are the defaults. Through the gateway, one writer for each of the dead slave's keys
 * tries again and again; the first to be answered OK ends the measured time, the last one tells when all of the
 * dead slave's partitions were served again. A pause (SIGSTOP) is a death without a word: nothing refuses a
 * connection, so the window has to run out.
 */
import { parseArgs } from 'node:util';

import { Redis } from 'ioredis';

import { slotOf } from '../../src/common/slot.ts';
import { ClusterProcesses, HOST, type SlaveSeat } from '../support/cluster-processes.ts';
import { pause } from '../support/program.ts';
import { machineFacts, progress, publish, type Spread, spreadOf, table } from './report.ts';

type Blow = 'kill' | 'pause';

interface Felt {
  readonly firstMs: number;
  readonly allMs: number;
}

const KEYS_TRIED = 100_000;
/** Keys of the dead slave that are written; one writer each. */
const KEYS_WATCHED = 24;
const STEADY_MS = 300;
/** A failover that takes longer is reported as one that never came. */
const PATIENCE_MS = 30_000;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    pauses: { type: 'string', default: '5' },
    slaves: { type: 'string', default: '4' },
  },
});

async function main(): Promise<void> {
  const facts = machineFacts();
  const cluster = await ClusterProcesses.start({ slaves: Number(values.slaves) });
  try {
    const kills = await blows(cluster, 'kill', Number(values.kills));
    const pauses = await blows(cluster, 'pause', Number(values.pauses));
    publish({
      name: 'failover',
      title: 'From a death to the next write',
      facts: { ...facts, cluster: `${values.slaves} slaves, default options` },
      text: `${textOf(kills, pauses)}\n\nAim: a median of at most 1200 ms from SIGKILL to the first write.`,
      data: { kills, pauses },
    });
  } finally {
    await cluster.end();
  }
}

async function blows(cluster: ClusterProcesses, blow: Blow, count: number): Promise<readonly Felt[]> {
  const felt: Felt[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const victim = cluster.ids[turn % cluster.ids.length] ?? '';
    const one = await strike(cluster, blow, victim);
    progress(
      `${blow} ${turn + 1} (${victim}): first write after ${one.firstMs.toFixed(0)} ms, all after ${one.allMs.toFixed(0)} ms`,
    );
    felt.push(one);
  }
  return felt;
}

async function strike(cluster: ClusterProcesses, blow: Blow, victim: string): Promise<Felt> {
  const gateway = new Redis({ host: HOST, port: cluster.ports.port, maxRetriesPerRequest: 0 });
  try {
    const keys = await keysOf(gateway, cluster.seat(victim));
    for (const key of keys) await gateway.set(key, 'before');
    await pause(STEADY_MS);
    const struckAt = performance.now();
    if (blow === 'kill') cluster.slave(victim).signal('SIGKILL');
    else cluster.pause(victim);
    const felt = await Promise.all(keys.map((key) => firstWrite(gateway, key, struckAt)));
    return { firstMs: Math.min(...felt), allMs: Math.max(...felt) };
  } finally {
    gateway.disconnect();
    if (blow === 'pause') cluster.resume(victim);
    else await cluster.slave(victim).ended;
    await cluster.startAll();
  }
}

/** A key in each of its ranges of slots, or in as many as are watched. */
async function keysOf(gateway: Redis, { port }: SlaveSeat): Promise<readonly string[]> {
  const slots = await gateway.cluster('SLOTS');
  const own = slots.filter(([, , owner]) => Number(owner?.[1]) === port);
  const keys = new Map<number, string>();
  for (let number = 0; number < KEYS_TRIED && keys.size < Math.min(own.length, KEYS_WATCHED); number += 1) {
    const slot = slotOf(`key:${number}`);
    const range = own.findIndex(([first, last]) => first <= slot && slot <= last);
    if (range !== -1) keys.set(range, `key:${number}`);
  }
  return [...keys.values()];
}

async function firstWrite(gateway: Redis, key: string, struckAt: number): Promise<number> {
  for (;;) {
    try {
      await gateway.set(key, 'after');
      return performance.now() - struckAt;
    } catch {
      if (performance.now() - struckAt > PATIENCE_MS) return Infinity;
      await pause(1);
    }
  }
}

function textOf(kills: readonly Felt[], pauses: readonly Felt[]): string {
  const row = (what: string, felt: readonly Felt[], of: (one: Felt) => number): readonly string[] => {
    const { median, min, max }: Spread = spreadOf(felt.map(of));
    return [what, `${felt.length}`, ...[median, min, max].map((ms) => ms.toFixed(0))];
  };
  return table([
    ['ms', 'times', 'median', 'min', 'max'],
    row('SIGKILL to the first write', kills, ({ firstMs }) => firstMs),
    row('SIGKILL to a write in each range', kills, ({ allMs }) => allMs),
    ...(pauses.length === 0
      ? []
      : [
          row('SIGSTOP to the first write', pauses, ({ firstMs }) => firstMs),
          row('SIGSTOP to a write in each range', pauses, ({ allMs }) => allMs),
        ]),
  ]);
}

await main();
