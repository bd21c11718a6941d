/**
 * A trial: one seed, a cluster, clients, and trouble of every kind; then peace, and the judges.
 *
 * What must hold: no two authorities at any event, every history linearizable, and, once the
 * trouble is over, a healthy cluster that answers for every key within bounded time.
 */
import { invariant } from '../../src/common/invariant.ts';
import type { ClusterSettings } from '../../src/common/view.ts';
import { Cluster } from './cluster.ts';
import { CALM, type Weather } from './peer-network.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

export interface Plan {
  readonly seed: number;
  readonly slaves: number;
  readonly replicas: number;
  readonly weather: Weather;
  /** How many troubles, some hundred milliseconds apart. */
  readonly troubles: number;
  readonly kinds: readonly Trouble[];
}

export type Trouble = 'crash' | 'crash-all' | 'pause' | 'cut' | 'coordinator' | 'join';

export interface Outcome {
  readonly violations: readonly string[];
  readonly health: string;
  readonly unanswered: readonly string[];
  readonly acknowledged: number;
  readonly unknown: number;
  readonly story: readonly string[];
}

const SETTINGS: Omit<ClusterSettings, 'replicas'> = {
  partitions: 8,
  minCopies: 1,
  tokens: 8,
  replication: 'successor',
  heartbeatMs: 200,
  windowMs: 600,
  promiseMs: 500,
  requestTimeoutMs: 3_000,
};

/** After the last trouble the world must be whole again within this. */
const HEALING_MS = 20_000;

export function attempt(plan: Plan): Outcome {
  const world = new World(plan.seed);
  const cluster = new Cluster(world, { ...SETTINGS, replicas: plan.replicas });
  for (let index = 1; index <= plan.slaves; index += 1) cluster.addSlave(`s${index}`);
  world.runUntil(3_000);
  const workload = new Workload(cluster, { keys: 6, clients: 5 });
  cluster.peers.weather = plan.weather;
  let when = 3_200;
  for (let count = 0; count < plan.troubles; count += 1) {
    when += world.between(50, 1_800);
    run(cluster, when);
    trouble(cluster, world.pick(plan.kinds));
  }
  run(cluster, when + 500);
  makePeace(cluster);
  run(cluster, when + 500 + HEALING_MS, () => cluster.health === 'healthy');
  workload.stop();
  run(cluster, world.now + 5_000);
  let unanswered: readonly string[] = ['nobody was asked'];
  workload.readAll((names) => {
    unanswered = names;
  });
  run(cluster, world.now + 5_000);
  return {
    ...{ violations: workload.violations(), health: cluster.health, unanswered, story: cluster.story },
    ...{ acknowledged: workload.acknowledged, unknown: workload.unknown },
  };
}

function run(cluster: Cluster, until: number, isOver: () => boolean = () => false): void {
  cluster.world.runUntil(until, () => {
    cluster.checkTruths();
    invariant(cluster.stopped === undefined, `the coordination server stopped: ${cluster.stopped}`);
    return isOver();
  });
}

function trouble(cluster: Cluster, kind: Trouble): void {
  const { world } = cluster;
  const node = world.pick([...cluster.slaves.values()]);
  cluster.story.push(`${world.now.toFixed(1)} — trouble: ${kind} ${node.id}`);
  switch (kind) {
    case 'crash':
      cluster.crashSlave(node);
      world.in(world.between(20, 4_000), () => {
        cluster.startSlave(node);
      });
      return;
    case 'crash-all':
      for (const each of cluster.slaves.values()) {
        cluster.crashSlave(each);
        world.in(world.between(20, 2_500), () => {
          cluster.startSlave(each);
        });
      }
      return;
    case 'pause':
      cluster.pauseSlave(node, world.between(20, 3_000));
      return;
    case 'cut':
      cluster.peers.cut(node, world.pick([...cluster.slaves.values()].filter((other) => other !== node)));
      world.in(world.between(100, 4_000), () => {
        cluster.peers.mend();
      });
      return;
    case 'coordinator':
      cluster.crashCoordinator();
      world.in(world.between(20, 3_000), () => {
        cluster.startCoordinator();
      });
      return;
    case 'join':
      if (cluster.slaves.size < 6) cluster.addSlave(`s${cluster.slaves.size + 1}`);
  }
}

function makePeace(cluster: Cluster): void {
  cluster.peers.weather = CALM;
  cluster.peers.mend();
  cluster.startCoordinator();
  for (const node of cluster.slaves.values()) cluster.startSlave(node);
}
