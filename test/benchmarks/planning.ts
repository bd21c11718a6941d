/**
 * What it costs to plan a change: 200 slaves and 4,096 partitions by default.
 *
 *   npm run bench:planning -- [--slaves 200] [--partitions 4096] [--replicas 2] [--rounds 5]
 *
 * The real coordinator, with slaves that answer at once. For each join, death, restart, return and drain: the time
 * of the step that makes the first plan, of the longest step, and of all steps until nothing is left to be planned;
 * and how many bytes of view each slave is sent, beside the size of the whole view.
 */
import { parseArgs } from 'node:util';

import { type Cost, PlannedCluster, slaveNames } from './planned-cluster.ts';
import { machineFacts, progress, publish, spreadOf, table } from './report.ts';

const { values } = parseArgs({
  options: {
    slaves: { type: 'string', default: '200' },
    partitions: { type: 'string', default: '4096' },
    replicas: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});

const AIM_MS = 50;

function main(): void {
  const facts = machineFacts();
  const costs = new Map<string, Cost[]>();
  const names = slaveNames(Number(values.slaves), 1);
  const options = { partitions: Number(values.partitions), replicas: Number(values.replicas) };
  const cluster = new PlannedCluster({ slaves: names, ...options, countsBytes: true });
  const note = (what: string, cost: Cost | undefined): void => {
    if (cost === undefined) return progress(`${what} is turned down: skipped`);
    costs.set(what, [...(costs.get(what) ?? []), cost]);
    progress(`${what}: first plan ${cost.firstPlanMs.toFixed(1)} ms, all ${cost.totalMs.toFixed(0)} ms`);
  };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const [guest, victim, sleeper] = [
      `guest-${round}`,
      names[round * 3 + 1] ?? '',
      names[round * 3 + 2] ?? '',
    ];
    note('join', cluster.join(guest));
    note('restart', cluster.restart(sleeper));
    note('death', cluster.kill(victim));
    note('return', cluster.restart(victim));
    note('drain', cluster.drain(guest));
  }
  publish({
    name: 'planning',
    title: 'What a change costs to plan',
    facts: {
      ...facts,
      cluster: `${values.slaves} slaves, ${values.partitions} partitions, ${values.replicas} copies`,
    },
    text: textOf(costs, cluster.wholeViewBytes),
    data: { wholeViewBytes: cluster.wholeViewBytes, costs: Object.fromEntries(costs) },
  });
}

function textOf(costs: ReadonlyMap<string, readonly Cost[]>, wholeBytes: number): string {
  const times = [...costs].map(([what, all]) => {
    const spread = (of: (cost: Cost) => number): readonly string[] => {
      const { median, max } = spreadOf(all.map(of));
      return [median.toFixed(1), max.toFixed(1)];
    };
    const plan = spread(({ firstPlanMs }) => firstPlanMs);
    const longest = spread(({ longestStepMs }) => longestStepMs);
    const total = spread(({ totalMs }) => totalMs);
    const verdict = Number(longest[1]) <= AIM_MS ? 'yes' : 'no';
    return [what, ...plan, ...longest, ...total, verdict];
  });
  const bytes = [...costs].map(([what, all]) => {
    const [sent, frames, steps, grows] = [
      spreadOf(all.map(({ viewBytes }) => viewBytes)).median,
      spreadOf(all.map(({ viewFrames }) => viewFrames)).median,
      spreadOf(all.map((cost) => cost.steps)).median,
      spreadOf(all.map((cost) => cost.grows)).median,
    ];
    const share = `${((100 * sent) / wholeBytes).toFixed(1)} %`;
    return [what, ...[steps, grows, frames, sent].map((number) => number.toFixed(0)), share];
  });
  const head = ['first plan', 'worst', 'longest step', 'worst', 'all steps', 'worst', `worst ≤ ${AIM_MS}`];
  return [
    table([['ms, median', ...head], ...times]),
    `Sent to each slave; the whole view has ${wholeBytes} bytes.`,
    table([['median', 'steps', 'copies', 'view frames', 'bytes', 'of the whole'], ...bytes]),
    `Aim: no step of a single change takes longer than ${AIM_MS} ms.`,
  ].join('\n\n');
}

main();
