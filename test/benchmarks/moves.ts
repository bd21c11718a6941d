/**
 * How many copies a change makes, beside the fewest it could make.
 *
 *   npm run bench:moves -- [--slaves 3,5,10,20,50] [--partitions 256,1024] [--replicas 2,3] [--rings 3]
 *
 * The real coordinator, with slaves that answer at once. Partitions are of equal size here, so a copy that is made
 * is a partition's bytes that are moved; a hand-over to a slave that has a copy already moves none. The fewest:
 *
 *     join     what the newcomer is to hold, by the placement
 *     drain    what the leaver held
 *     death    what the dead slave held
 *     restart  nothing: it comes back with what it had before anybody missed it
 */
import { parseArgs } from 'node:util';

import { slaveId } from '../../src/common/ids.ts';
import { type Cost, PlannedCluster, slaveNames } from './planned-cluster.ts';
import { machineFacts, progress, publish, table } from './report.ts';

const { values } = parseArgs({
  options: {
    slaves: { type: 'string', default: '3,5,10,20,50' },
    partitions: { type: 'string', default: '256,1024' },
    replicas: { type: 'string', default: '2,3' },
    rings: { type: 'string', default: '3' },
  },
});

const CHANGES = ['join', 'drain', 'death', 'restart'] as const;
type Change = (typeof CHANGES)[number];

interface Moved {
  readonly slaves: number;
  readonly partitions: number;
  readonly replicas: number;
  readonly change: Change;
  readonly made: number;
  readonly fewest: number;
}

const numbers = (text: string): readonly number[] => text.split(',').map(Number);

function main(): void {
  const facts = machineFacts();
  const all = sizes().flatMap((size) => {
    const rings = Array.from({ length: Number(values.rings) }, (_, ring) => changesOf(size, ring + 1));
    progress(`${size.partitions} partitions, ${size.replicas} copies, ${size.slaves} slaves: done`);
    return rings.flat();
  });
  publish({
    name: 'moves',
    title: 'Copies that a change makes',
    facts: { ...facts, rings: `${values.rings} of each size, 32 tokens for each slave` },
    text: textOf(all),
    data: all,
  });
}

type Size = Pick<Moved, 'slaves' | 'partitions' | 'replicas'>;

const sizes = (): readonly Size[] =>
  numbers(values.partitions).flatMap((partitions) =>
    numbers(values.replicas).flatMap((replicas) =>
      numbers(values.slaves).map((slaves) => ({ slaves, partitions, replicas })),
    ),
  );

function changesOf(size: Size, ring: number): readonly Moved[] {
  const names = slaveNames(size.slaves, ring);
  const [victim = ''] = names;
  const cluster = new PlannedCluster({ ...size, slaves: names });
  const moved: Moved[] = [];
  const note = (change: Change, cost: Cost | undefined, fewest: number): void => {
    if (cost !== undefined) moved.push({ ...size, change, made: cost.grows, fewest });
  };
  note('restart', cluster.restart(victim), 0);
  const join = cluster.join('guest');
  const held = heldBy(cluster, 'guest');
  note('join', join, held);
  const drain = cluster.drain('guest');
  note('drain', drain, missable(size, held));
  if (drain === undefined) cluster.kill('guest');
  const before = heldBy(cluster, victim);
  note('death', cluster.kill(victim), size.slaves > size.replicas ? before : 0);
  return moved;
}

/** A guest's leave needs copies elsewhere only where others are left to make them on. */
const missable = ({ slaves, replicas }: Size, held: number): number => (slaves >= replicas ? held : 0);

const heldBy = ({ state }: PlannedCluster, name: string): number =>
  state.view.configurations.filter(({ members }) => members.some(({ slave }) => slave === slaveId(name)))
    .length;

function textOf(all: readonly Moved[]): string {
  const titles = [
    ...new Set(all.map(({ partitions, replicas }) => `${partitions} partitions, ${replicas} copies`)),
  ];
  return titles
    .map((title) => {
      const those = all.filter((one) => title === `${one.partitions} partitions, ${one.replicas} copies`);
      const slaves = [...new Set(those.map((one) => one.slaves))];
      const rows = slaves.map((count) => [
        `${count}`,
        ...CHANGES.map((change) =>
          cellOf(those.filter((one) => one.slaves === count && one.change === change)),
        ),
      ]);
      return `## ${title}\n\n${table([['slaves', ...CHANGES], ...rows])}`;
    })
    .concat('Each cell: copies made, the fewest possible, and their quotient; means over the rings.')
    .join('\n\n');
}

function cellOf(those: readonly Moved[]): string {
  if (those.length === 0) return 'turned down';
  const mean = (of: (one: Moved) => number): number =>
    those.reduce((sum, one) => sum + of(one), 0) / those.length;
  const [made, fewest] = [mean((one) => one.made), mean((one) => one.fewest)];
  const quotient = fewest === 0 ? '' : ` (${(made / fewest).toFixed(2)})`;
  return `${made.toFixed(0)} of ${fewest.toFixed(0)}${quotient}`;
}

main();
