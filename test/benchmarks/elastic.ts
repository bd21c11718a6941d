/**
 * What clients feel while a slave joins, and while it is drained.
 *
 *   npm run bench:elastic -- [--keys 200000] [--rate 2000] [--connections 16] [--steady 10]
 *
 * Three slaves with default options, values of 64 bytes, at the gateway; of ten commands eight are GETs. The rate is
 * fixed and does not wait for answers (open-load.ts). A fourth slave joins, and when it holds what it is to hold it
 * is drained again.
 */
import { parseArgs } from 'node:util';

import { Redis } from 'ioredis';

import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { pause } from '../support/program.ts';
import { OpenLoad, percentile, type Phase } from './open-load.ts';
import { machineFacts, progress, publish, table } from './report.ts';

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '200000' },
    rate: { type: 'string', default: '2000' },
    connections: { type: 'string', default: '16' },
    steady: { type: 'string', default: '10' },
  },
});

const SLAVES = 3;
const VALUE_BYTES = 64;
const CHANGE_MS_MAX = 600_000;

interface Felt {
  readonly phase: Phase;
  readonly seconds: number;
}

async function main(): Promise<void> {
  const facts = machineFacts();
  const cluster = await ClusterProcesses.start({ slaves: SLAVES });
  const load = new OpenLoad({
    ...{ port: cluster.ports.port, keys: Number(values.keys), valueBytes: VALUE_BYTES },
    ...{ perSecond: Number(values.rate), connections: Number(values.connections), sets: 20 },
  });
  try {
    await load.fill();
    const { felt, why } = await changes(cluster, load);
    publish({
      name: 'elastic',
      title: 'What clients feel while a slave joins and leaves',
      facts: {
        ...facts,
        cluster: `${SLAVES} slaves and a fourth, default options`,
        load: `${values.keys} keys of ${VALUE_BYTES} bytes, ${values.rate} commands a second, 80 % GET, over ${values.connections} connections`,
      },
      text: [textOf(felt), ...(why === undefined ? [] : [`Drain was turned down: ${why}`])].join('\n\n'),
      data: felt.map(({ phase, seconds }) => ({ name: phase.name, seconds, ...figuresOf(phase) })),
    });
  } finally {
    load.end();
    await cluster.end();
  }
}

async function changes(
  cluster: ClusterProcesses,
  load: OpenLoad,
): Promise<{ readonly felt: readonly Felt[]; readonly why: string | undefined }> {
  const felt: Felt[] = [];
  const during = async (name: string, done: () => Promise<void>): Promise<void> => {
    const phase = load.enter(name);
    try {
      await done();
    } finally {
      felt.push({ phase, seconds: (performance.now() - phase.startedAt) / 1_000 });
      progress(`${name}: ${felt.at(-1)?.seconds.toFixed(1)} s`);
    }
  };
  const steady = (): Promise<void> => pause(Number(values.steady) * 1_000);
  let guest = '';
  await during('before', steady);
  await during('join', async () => {
    guest = await cluster.addSlave();
    await cluster.reach(
      'healthy with four',
      ({ state, slaves }) => state === 'healthy' && slaves.every((slave) => slave.state === 'alive'),
      CHANGE_MS_MAX,
    );
  });
  await during('after the join', steady);
  let why: string | undefined;
  await during('drain', async () => {
    why = await drain(cluster, guest);
  });
  if (why === undefined) await during('after the drain', steady);
  await load.stop();
  return { felt: why === undefined ? felt : felt.filter(({ phase }) => phase.name !== 'drain'), why };
}

/** Why it is turned down; undefined: it is done, and the slave is listed no more. */
async function drain(cluster: ClusterProcesses, id: string): Promise<string | undefined> {
  const gateway = new Redis({ host: HOST, port: cluster.ports.port });
  try {
    await gateway.call('PIAZZA', 'DRAIN', id);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    gateway.disconnect();
  }
  await cluster.reach(
    `healthy without ${id}`,
    ({ state, slaves }) => state === 'healthy' && slaves.every((slave) => slave.id !== id),
    CHANGE_MS_MAX,
  );
  return undefined;
}

const figuresOf = ({ latencies, errors }: Phase): Readonly<Record<string, unknown>> => ({
  commands: latencies.length,
  ...{ p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) },
  ...{ p999: percentile(latencies, 0.999), max: percentile(latencies, 1) },
  errors: Object.fromEntries(errors),
});

function textOf(felt: readonly Felt[]): string {
  const rows = felt.map(({ phase, seconds }) => {
    const { latencies, errors } = phase;
    const [p50, p99, p999, max] = [0.5, 0.99, 0.999, 1].map((share) =>
      percentile(latencies, share).toFixed(1),
    );
    const words = [...errors].map(([word, count]) => `${count} ${word}`).join(', ') || '0';
    return [
      phase.name,
      seconds.toFixed(1),
      `${latencies.length}`,
      ...[p50, p99, p999, max].map(String),
      words,
    ];
  });
  return table([
    ['phase', 'seconds', 'answers', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'errors'],
    ...rows,
  ]);
}

await main();
