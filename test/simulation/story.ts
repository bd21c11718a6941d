/**
 * A run as a story that a person can follow: one line an event, faults marked, and what was found at the end.
 *
 *      3500.0 ── crash s2 for 1204 ms           what was done to the cluster
 *      3501.0 s2 declared dead: …               what its own log says
 */
import { textOf } from './faults.ts';
import type { Plan } from './plan.ts';
import { complaintOf, type Outcome } from './trial.ts';

const LINES_MAX = 200;

const LEGEND = [
  'times are simulated milliseconds; ── marks what was done to the cluster, the rest is what its log says;',
  'an operation is told as: began … ended client: command → answer; ? is an outcome that nobody knows; > marks what cannot be',
];

export function storyOf(plan: Plan, outcome: Outcome): readonly string[] {
  const { seed, slaves, replicas, partitions, clients, weather, faults } = plan;
  const { story } = outcome;
  return [
    `seed ${seed}: ${slaves} slaves, ${replicas} copies, ${partitions} partitions, clients ${clients.join(' ') || 'none'}`,
    `frames lost, twice, late: ${weather.lostPercent} %, ${weather.twicePercent} %, ${weather.latePercent} %`,
    ...LEGEND,
    ...(faults.length <= LINES_MAX / 4
      ? ['', 'planned:', ...faults.map((fault) => `${fault.at.toFixed(1).padStart(9)} ${textOf(fault)}`)]
      : []),
    '',
    ...(story.length > LINES_MAX ? [`(${story.length - LINES_MAX} lines before these)`] : []),
    ...story.slice(-LINES_MAX),
    '',
    complaintOf(outcome) ?? 'all is well',
  ];
}
