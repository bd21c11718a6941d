/**
 * A trial: one plan, a cluster, clients, and trouble of every kind; then peace, and the judges.
 *
 * What must hold: the truths at every event (`truths.ts`), every history linearizable, reads at copies never
 * made up and never going back, an answer to everything that was asked of a server that could answer, and,
 * once the trouble is over, a healthy cluster that answers for every key within bounded time.
 */
import { invariant } from '../../src/common/invariant.ts';
import { key } from '../../src/common/ids.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import type { ClusterSettings } from '../../src/common/view.ts';
import { judgeCopies } from '../judge/copies.ts';
import type { Operation } from '../judge/history.ts';
import { judge } from '../judge/linearizability.ts';
import { Cluster } from './cluster.ts';
import type { Coverage } from './coverage.ts';
import { makePeace, strike } from './faults.ts';
import { type Pace, type Plan, QUIET_MS, USUAL_PACE } from './plan.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly violations: readonly string[];
  readonly health: string;
  readonly unanswered: readonly string[];
  readonly acknowledged: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly story: readonly string[];
  readonly history: readonly Operation[];
  readonly coverage: Coverage;
}

const SETTINGS: Omit<ClusterSettings, keyof Pace | 'replicas' | 'partitions'> = {
  minCopies: 1,
  tokens: 8,
  replication: 'successor',
};

/** After the last trouble the world must be whole again within this, with the usual promises. */
const HEALING_MS = 25_000;
/** A learner that gets no further is given up after twenty promises, and another one begins. */
const HEALING_PROMISES = 25;

const healingMsOf = ({ promiseMs }: Pace): number =>
  HEALING_MS + HEALING_PROMISES * Math.max(0, promiseMs - USUAL_PACE.promiseMs);

/** What was broken last comes back by itself within this: operators, timers, late messages. */
const SETTLING_MS = 6_000;
const READING_MS = 12_000;

export function attempt(plan: Plan): Outcome {
  const world = new World(plan.seed);
  const { pace, replicas, partitions } = plan;
  const cluster = new Cluster(world, { ...SETTINGS, ...pace, replicas, partitions }, plan);
  const workload = new Workload(cluster);
  const ended = live(cluster, workload, plan);
  const history = [...workload.history, ...cluster.losses.operations()];
  const violations = ended.broken === undefined ? violationsOf(history, plan) : [ended.broken];
  return {
    ...{ violations, health: ended.health, unanswered: [...workload.unanswered, ...ended.unread] },
    ...{ acknowledged: workload.acknowledged, simulatedMs: world.now, events: world.happened },
    ...{ story: cluster.story, history, coverage: cluster.coverage },
  };
}

interface Ended {
  readonly health: string;
  readonly unread: readonly string[];
  /** A truth or an invariant that did not hold. */
  readonly broken: string | undefined;
}

function live(cluster: Cluster, workload: Workload, plan: Plan): Ended {
  try {
    const health = trouble(cluster, workload, plan);
    return { health, unread: lookBack(cluster, workload), broken: undefined };
  } catch (error) {
    const broken = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { health: 'unknown', unread: [], broken };
  }
}

/** Answers with the cluster's health when it has had time to heal. */
function trouble(cluster: Cluster, workload: Workload, plan: Plan): string {
  const { world } = cluster;
  for (let index = 1; index <= plan.slaves; index += 1) cluster.addSlave(`s${index}`);
  for (const fault of plan.faults) world.at(fault.at, () => strike(cluster, fault));
  run(cluster, QUIET_MS - 500);
  workload.start(plan.clients);
  cluster.peers.weather = plan.weather;
  run(cluster, QUIET_MS + plan.troubledMs);
  makePeace(cluster);
  cluster.say('── peace');
  const peaceAt = world.now;
  run(cluster, peaceAt + SETTLING_MS);
  cluster.forfeitAgain();
  run(cluster, peaceAt + healingMsOf(plan.pace), () => cluster.health === 'healthy');
  return cluster.health;
}

/** Clients come to rest, and every key is read once more. */
function lookBack(cluster: Cluster, workload: Workload): readonly string[] {
  const { world } = cluster;
  workload.stop();
  run(cluster, world.now + SETTLING_MS);
  let unread: readonly string[] = ['nobody was asked'];
  workload.readAll((names) => {
    unread = names;
  });
  run(cluster, world.now + READING_MS);
  return unread;
}

function run(cluster: Cluster, until: number, isOver: () => boolean = () => false): void {
  cluster.world.runUntil(until, isOver);
  const { stopped } = cluster.coordination;
  invariant(stopped === undefined, `the coordination server stopped: ${stopped}`);
}

/** A wall clock that jumps takes the instants of expiry with it; then only what was seen gone is judged. */
const FOR_EVER = 1e9;
/** There are many hand-overs, one soon after the other. */
const LEAPS_MAX = 120;

function violationsOf(history: readonly Operation[], { faults, partitions, pace }: Plan): readonly string[] {
  const hasJumps = faults.some(({ kind }) => kind === 'wall-jump' || kind === 'sleep');
  // A clock may leap by a promise at each hand-over, and falls back when all who knew of it were down at once.
  const leapsMs = LEAPS_MAX * pace.promiseMs;
  const clock = hasJumps ? { earlyMs: FOR_EVER, lateMs: FOR_EVER } : { earlyMs: leapsMs, lateMs: leapsMs };
  const strong = judge(history, clock);
  const found: string[] = [];
  if (strong.verdict === 'undecided') found.push(`undecided: ${strong.why}`);
  if (strong.verdict === 'impossible') {
    found.push(
      `impossible: ${lineOf(strong.failed)}`,
      ...strong.states.map((state) => `  held: ${JSON.stringify(state)}`),
    );
    found.push(
      ...strong.around.map(
        (operation) => `  ${operation === strong.failed ? '>' : ' '} ${lineOf(operation)}`,
      ),
    );
  }
  const copies = judgeCopies(history, {
    partitionOf: (name) => `${partitionOf(slotOf(key(Buffer.from(name))), partitions)}`,
  });
  if (copies.verdict === 'impossible')
    found.push(
      `a copy answered what was ${copies.why}: ${lineOf(copies.failed)}`,
      ...(copies.seen ? [`  after: ${lineOf(copies.seen)}`] : []),
    );
  return found;
}

const lineOf = ({ client, command, began, ended, reply, copy }: Operation): string =>
  `${began.toFixed(1)} … ${ended === Infinity ? '?' : ended.toFixed(1)} ${client}${copy === undefined ? '' : ` at ${copy}`}: ${command.join(' ')} → ${JSON.stringify(reply)}`;

/** What is wrong with an outcome, if anything. */
export function complaintOf({ violations, health, unanswered }: Outcome): string | undefined {
  if (violations.length > 0) return `a history that could not be:\n${violations.join('\n')}`;
  if (health !== 'healthy') return `the cluster is ${health} long after the last trouble`;
  return unanswered.length > 0 ? `no answer for ${unanswered.join(', ')}` : undefined;
}
