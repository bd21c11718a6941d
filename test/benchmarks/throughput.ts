/**
 * How many GETs and SETs a second, beside redis-server in the same run.
 *
 *   npm run bench:throughput -- [--rounds 5] [--scale 1] [--slaves 3]
 *
 * redis-benchmark with 50 connections and 100,000 keys, one command at a time (-P 1) and sixteen (-P 16). Every
 * round measures everything once, so that whatever else the machine does meets all alike; the median of the rounds
 * counts, and the spread is told. redis-server holds one copy; Piazza holds two, and waits for both.
 *
 *     os     acknowledged when it is in the operating system's hands   beside: redis-server without a log
 *     fsync  acknowledged when it is on disk at both copies            beside: redis-server, appendfsync always
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { freePort, until } from '../support/program.ts';
import { runTool, toolOutput } from '../support/tools.ts';
import { machineFacts, progress, publish, type Spread, spreadOf, table } from './report.ts';

type Durability = 'os' | 'fsync';
type Command = 'SET' | 'GET';

/** Where the benchmark connects, and what it sends. */
interface Door {
  readonly name: string;
  readonly port: number;
  readonly options: readonly string[];
  /** Keys that one slave owns: the benchmark does not follow MOVED without --cluster. */
  readonly key: string | undefined;
}

interface Measured {
  readonly durability: Durability;
  readonly command: Command;
  readonly pipeline: number;
  readonly door: string;
  readonly perSecond: number[];
}

const PIPELINES = [1, 16] as const;
const COMMANDS = ['SET', 'GET'] as const;
const DURABILITIES = ['os', 'fsync'] as const;
const CONNECTIONS = 50;
const KEYS = 100_000;
const ONE_SLOT_KEY = 'key:{owner}:__rand_int__';
const REDIS = 'redis-server';

/** Enough for a second or two each; writes to disk are slower. */
const requestsFor = (command: Command, pipeline: number, durability: Durability): number =>
  (pipeline === 1 ? 30_000 : 200_000) * (command === 'SET' && durability === 'fsync' ? 0.5 : 1);

const RUN_MS_MAX = 180_000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    slaves: { type: 'string', default: '3' },
  },
});

async function main(): Promise<void> {
  const facts = machineFacts();
  const all: Measured[] = [];
  for (const durability of DURABILITIES) all.push(...(await measureAll(durability)));
  publish({
    name: 'throughput',
    title: 'Commands a second',
    facts: {
      ...facts,
      cluster: `${values.slaves} slaves on this machine, two copies of each key, 256 partitions`,
      load: `redis-benchmark -c ${CONNECTIONS} -r ${KEYS}, values of 3 bytes; ${values.rounds} rounds`,
    },
    text: DURABILITIES.map((durability) => textOf(durability, all)).join('\n\n'),
    data: all.map((measured) => ({ ...measured, ...spreadOf(measured.perSecond) })),
  });
}

async function measureAll(durability: Durability): Promise<readonly Measured[]> {
  const cluster = await ClusterProcesses.start({
    slaves: Number(values.slaves),
    slave: ['--durability', durability],
  });
  const redis = await startRedis(durability).catch(async (error: unknown) => {
    await cluster.end();
    throw error;
  });
  try {
    const doors = await doorsOf(cluster, redis.port);
    const all = COMMANDS.flatMap((command) =>
      PIPELINES.flatMap((pipeline) =>
        doors.map((door) => ({
          door,
          measured: { durability, command, pipeline, door: door.name, perSecond: [] },
        })),
      ),
    );
    for (let round = 1; round <= Number(values.rounds); round += 1) {
      for (const { door, measured } of all) await measure(door, measured, round);
    }
    return all.map(({ measured }) => measured);
  } finally {
    await redis.stop();
    await cluster.end();
  }
}

async function doorsOf(cluster: ClusterProcesses, redisPort: number): Promise<readonly Door[]> {
  const { owner } = await cluster.where(ONE_SLOT_KEY);
  const { port } = cluster.ports;
  return [
    { name: REDIS, port: redisPort, options: [], key: undefined },
    { name: 'slaves (--cluster)', port, options: ['--cluster'], key: undefined },
    { name: 'gateway', port, options: [], key: undefined },
    { name: 'one owner', port: owner.port, options: [], key: ONE_SLOT_KEY },
  ];
}

async function measure(door: Door, measured: Measured, round: number): Promise<void> {
  const { command, pipeline, durability, perSecond } = measured;
  const requests = Math.max(
    CONNECTIONS,
    Math.round(requestsFor(command, pipeline, durability) * Number(values.scale)),
  );
  const load = ['-c', `${CONNECTIONS}`, '-r', `${KEYS}`, '-n', `${requests}`, '-P', `${pipeline}`, '--csv'];
  const words = door.key === undefined ? ['-t', command.toLowerCase()] : wordsOf(command, door.key);
  const where = ['-h', HOST, '-p', `${door.port}`, ...door.options];
  const out = await toolOutput('redis-benchmark', [...where, ...load, ...words], { withinMs: RUN_MS_MAX });
  const rate = Number(/^"[^"]*","([\d.]+)"/m.exec(out.replace(/^"test".*$/m, ''))?.[1]);
  if (!Number.isFinite(rate)) throw new Error(`redis-benchmark gave no number: ${out}`);
  perSecond.push(rate);
  progress(`${durability} round ${round}: ${command} -P ${pipeline} at ${door.name}: ${rate.toFixed(0)}/s`);
}

const wordsOf = (command: Command, key: string): readonly string[] =>
  command === 'SET' ? ['SET', key, 'xxx'] : ['GET', key];

interface RunningRedis {
  readonly port: number;
  stop(): Promise<void>;
}

async function startRedis(durability: Durability): Promise<RunningRedis> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'piazza-bench-redis-'));
  const log =
    durability === 'fsync' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const options = ['--port', `${port}`, '--bind', HOST, '--save', '', '--dir', dir, ...log];
  const child: ChildProcess = spawn(REDIS, options, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  process.once('exit', () => child.kill('SIGKILL'));
  await until('answering', async () => {
    const { status } = await runTool('redis-cli', ['-p', `${port}`, 'PING']);
    return status === 0;
  });
  return {
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function textOf(durability: Durability, all: readonly Measured[]): string {
  const mine = all.filter((measured) => measured.durability === durability);
  const rows = mine.map(({ command, pipeline, door, perSecond }) => {
    const spread = spreadOf(perSecond);
    const redis = mine.find(
      (other) => other.command === command && other.pipeline === pipeline && other.door === REDIS,
    );
    const ratio = spread.median / spreadOf(redis?.perSecond ?? []).median;
    return [command, `${pipeline}`, door, ...numbersOf(spread), `${(ratio * 100).toFixed(0)} %`];
  });
  return `## --durability ${durability}\n\n${table([
    ['command', '-P', 'where', 'median/s', 'min/s', 'max/s', 'of redis-server'],
    ...rows,
  ])}`;
}

const numbersOf = ({ median, min, max }: Spread): readonly string[] =>
  [median, min, max].map((rate) => rate.toFixed(0));

await main();
