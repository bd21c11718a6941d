/**
 * How fast the simulated world runs, against real time, on one core: five slaves, calm and in trouble.
 *
 *   npm run bench:simulation -- [--rounds 15]
 *
 * Two simulated minutes each, after eight runs to warm up. What it costs is events, so those are counted as well.
 */
import { parseArgs } from 'node:util';

import { type Plan, planOf, USUAL_PACE } from '../simulation/plan.ts';
import { attempt } from '../simulation/trial.ts';
import { machineFacts, progress, publish, spreadOf, table } from './report.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });

const AIM = 1_000;

/** Until it is compiled. */
const WARM_UP = 8;

/** Twenty times as slow as the default, as for slaves that are far apart. */
const SLOW_PACE = { heartbeatMs: 4_000, windowMs: 12_000, promiseMs: 10_000, requestTimeoutMs: 30_000 };

const usual = (seed: number): Plan => ({
  ...planOf(seed, { slaves: 5, replicas: 2, partitions: 8 }),
  pace: USUAL_PACE,
});

const WORLDS: Readonly<Record<string, (seed: number) => Plan>> = {
  'nobody asks, nothing happens': (seed) => ({ ...usual(seed), faults: [], clients: [] }),
  'the same, at a slow pace': (seed) => ({ ...usual(seed), faults: [], clients: [], pace: SLOW_PACE }),
  'four clients, nothing happens': (seed) => ({
    ...usual(seed),
    faults: [],
    clients: ['gateway', 'direct', 'copy', 'gateway'],
  }),
  'clients and faults as they come': usual,
  'whatever a seed draws': (seed) => planOf(seed),
};

interface Measured {
  readonly timesRealTime: number;
  readonly eventsPerSecond: number;
  readonly microsPerEvent: number;
}

function measure(plan: Plan): Measured {
  const begun = performance.now();
  const { simulatedMs, events } = attempt(plan);
  const ms = performance.now() - begun;
  return {
    timesRealTime: simulatedMs / ms,
    eventsPerSecond: (events / simulatedMs) * 1_000,
    microsPerEvent: (ms * 1_000) / events,
  };
}

function main(): void {
  const facts = machineFacts();
  const rows: string[][] = [['world', '× real time', 'least', 'most', 'events a second', 'µs an event']];
  const data: Record<string, readonly Measured[]> = {};
  for (const [name, planFor] of Object.entries(WORLDS)) {
    for (let round = 0; round < WARM_UP; round += 1) measure(planFor(round + 1));
    const runs = Array.from({ length: Number(values.rounds) }, (_, round) => measure(planFor(round + 1)));
    const { median, min, max } = spreadOf(runs.map(({ timesRealTime }) => timesRealTime));
    rows.push([
      ...[name, median.toFixed(0), min.toFixed(0), max.toFixed(0)],
      spreadOf(runs.map(({ eventsPerSecond }) => eventsPerSecond)).median.toFixed(0),
      spreadOf(runs.map(({ microsPerEvent }) => microsPerEvent)).median.toFixed(1),
    ]);
    data[name] = runs;
    progress(`${name}: ${median.toFixed(0)} × real time`);
  }
  publish({
    name: 'simulation',
    title: 'How fast the simulated world runs',
    facts,
    text: `${table(rows)}\n\nAim: ${AIM} × real time on one core.`,
    data,
  });
}

main();
