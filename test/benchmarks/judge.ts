/**
 * How many operations a second the judge of linearizability gets through.
 *
 *   npm run bench:judge -- [--operations 1000000] [--clients 50] [--keys 200] [--unknown 2]
 *
 * The history happened (see `test/judge/random-history.ts`), a few keys are hot, so every object is searched to its
 * end. Seconds are those of the processor, so that others on the machine do not count. Nothing is left behind: the
 * figures are for whoever changes the search.
 */
import { parseArgs } from 'node:util';

import { type Operation } from '../judge/history.ts';
import { judge } from '../judge/linearizability.ts';
import { randomHistory, type Traffic } from '../judge/random-history.ts';
import { progress, table } from './report.ts';

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    clients: { type: 'string', default: '50' },
    keys: { type: 'string', default: '200' },
    unknown: { type: 'string', default: '2' },
  },
});

const mixes: Readonly<Record<string, Traffic['commands']>> = {
  'reads and writes': [(key) => ['GET', key], (key, value) => ['SET', key, value]],
  counters: [(key) => ['GET', key], (key) => ['INCR', key]],
  everything: [
    (key) => ['GET', key],
    (key) => ['GET', key],
    (key) => ['GET', key],
    (key, value) => ['SET', key, value],
    (key, value) => ['SET', key, value],
    (key, value) => ['SET', key, value, 'NX'],
    (key, value) => ['SET', key, value, 'XX'],
    (key, value) => ['GETSET', key, value],
    (key) => ['DEL', key],
    (key) => ['EXISTS', key],
    (key) => ['INCR', `n${key}`],
    (key) => ['GET', `n${key}`],
  ],
};

const traffic: Omit<Traffic, 'commands'> = {
  seed: 1,
  clients: Number(values.clients),
  keys: Number(values.keys),
  hotKeys: 5,
  operations: Number(values.operations),
  unknownPercent: Number(values.unknown),
};

const rows = Object.entries(mixes).map(([name, commands]) => {
  const history = randomHistory({ ...traffic, commands });
  const row = [name, ...measured(history), ...measured(spoiled(history))];
  progress(row.join('  '));
  return row;
});

process.stdout.write(
  `${table([['commands', 'verdict', 's', 'operations/s', 'with a wrong reply', 's', 'operations/s'], ...rows])}\n`,
);

function measured(history: readonly Operation[]): readonly string[] {
  const start = process.cpuUsage();
  const result = judge(history);
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  return [result.verdict, seconds.toFixed(1), Math.round(history.length / seconds).toString()];
}

/** The last answer of a read is one that was right long before. */
function spoiled(history: readonly Operation[]): readonly Operation[] {
  const isRead = ({ command, reply }: Operation): boolean =>
    command[0] === 'GET' && typeof reply === 'string';
  const last = history.findLastIndex(isRead);
  const key = history[last]?.command[1];
  const old = history.find((operation) => isRead(operation) && operation.command[1] === key);
  return old === undefined
    ? history
    : history.map((operation, index) => (index === last ? { ...operation, reply: old.reply } : operation));
}
