/**
 * How fast a slave is copied to another.
 *
 *   npm run bench:copying -- [--mib 512] [--partitions 16] [--value 1024] [--durability fsync]
 *
 * One slave holds everything; a second one joins, and is to hold a copy of all of it. The time runs from its
 * registration until it is a member of every partition; what counts is the bytes of values. Beside it: how busy the
 * two processes were, and how many bytes they wrote for each byte of value, to see what bounds it. (Linux only.)
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { ClusterProcesses } from '../support/cluster-processes.ts';
import { until } from '../support/program.ts';
import { OpenLoad } from './open-load.ts';
import { machineFacts, progress, publish, table } from './report.ts';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '512' },
    partitions: { type: 'string', default: '16' },
    value: { type: 'string', default: '1024' },
    durability: { type: 'string', default: 'fsync' },
  },
});

const COPY_MS_MAX = 900_000;
const TICKS_PER_SECOND = 100;
const AIM_MB_S = 100;

interface Usage {
  readonly cpuSeconds: number;
  readonly writtenBytes: number;
  readonly writes: number;
}

async function main(): Promise<void> {
  const facts = machineFacts();
  const valueBytes = Number(values.value);
  const keys = Math.round((Number(values.mib) * 2 ** 20) / valueBytes);
  const cluster = await ClusterProcesses.start({
    slaves: 1,
    startsAs: 'degraded',
    coordination: ['--replicas', '2', '--partitions', values.partitions],
    slave: ['--durability', values.durability],
  });
  const { port } = cluster.ports;
  const load = new OpenLoad({ port, keys, valueBytes, perSecond: 1, connections: 1, sets: 0 });
  try {
    await load.fill();
    progress(`${keys} values of ${valueBytes} bytes are there`);
    const copied = await copy(cluster);
    publish({
      name: 'copying',
      title: 'Copying a slave',
      facts: {
        ...facts,
        data: `${values.mib} MiB in values of ${valueBytes} bytes, ${values.partitions} partitions, --durability ${values.durability}`,
      },
      text: textOf(copied, keys * valueBytes),
      data: { ...copied, bytes: keys * valueBytes },
    });
  } finally {
    load.end();
    await cluster.end();
  }
}

interface Copied {
  readonly memberSeconds: number;
  readonly healthySeconds: number;
  readonly owner: Usage;
  readonly learner: Usage;
}

async function copy(cluster: ClusterProcesses): Promise<Copied> {
  const pidOf = (id: string): number => cluster.slave(id).pid;
  const before = usageOf(pidOf('s1'));
  const guest = await cluster.addSlave();
  const start = performance.now();
  const secondsSince = (): number => (performance.now() - start) / 1_000;
  const isMember = async (): Promise<boolean> => {
    const { slaves } = await cluster.status();
    const there = slaves.find(({ id }) => id === guest);
    return (
      there !== undefined && there.own.partitions + there.previous.partitions === Number(values.partitions)
    );
  };
  await until('a member of everything', isMember, { withinMs: COPY_MS_MAX, now: () => cluster.story });
  const memberSeconds = secondsSince();
  const owner = difference(usageOf(pidOf('s1')), before);
  const learner = usageOf(pidOf(guest));
  await cluster.reach('healthy', ({ state }) => state === 'healthy', COPY_MS_MAX);
  return { memberSeconds, healthySeconds: secondsSince(), owner, learner };
}

/** What the kernel has counted for a process since it began. */
function usageOf(pid: number): Usage {
  const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(afterName[11]) + Number(afterName[12]);
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  const counted = (name: string): number => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? NaN);
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    writtenBytes: counted('write_bytes'),
    writes: counted('syscw'),
  };
}

const difference = (after: Usage, before: Usage): Usage => ({
  cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  writtenBytes: after.writtenBytes - before.writtenBytes,
  writes: after.writes - before.writes,
});

function textOf({ memberSeconds, healthySeconds, owner, learner }: Copied, bytes: number): string {
  const speed = (seconds: number): string => (bytes / 1e6 / seconds).toFixed(1);
  const row = (name: string, usage: Usage): readonly string[] => [
    name,
    `${usage.cpuSeconds.toFixed(1)} s, ${((100 * usage.cpuSeconds) / memberSeconds).toFixed(0)} %`,
    (usage.writtenBytes / bytes).toFixed(2),
    `${usage.writes}`,
  ];
  return [
    table([
      ['from registered', 'seconds', 'MB/s'],
      ['to a member of everything', memberSeconds.toFixed(1), speed(memberSeconds)],
      ['to healthy, half of it handed over', healthySeconds.toFixed(1), speed(healthySeconds)],
    ]),
    table([
      ['process', 'processor', 'bytes written for each of value', 'writes'],
      row('owner', owner),
      row('learner', learner),
    ]),
    `Aim: ${AIM_MB_S} MB/s or more.`,
  ].join('\n\n');
}

await main();
