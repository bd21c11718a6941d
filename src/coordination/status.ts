/**
 * What an observer may see of the cluster, from the coordination server's state.
 *
 * Everything here is computed when it is asked for and remembered nowhere. `healthy` is a strong
 * word: every partition is served by the slaves that the placement names, all of them.
 */
import type { Partition, SlaveId } from '../common/ids.ts';
import type {
  ClusterState,
  Healing,
  RingPicture,
  SlaveStatus,
  Status,
  Where,
} from '../common/message/admin.ts';
import { key } from '../common/ids.ts';
import { partitionOf, slotOf } from '../common/slot.ts';
import type { Configuration, SlaveRecord, View } from '../common/view.ts';
import { bytesPerSecond } from './copied-bytes.ts';
import { ringOf } from './ring.ts';
import { settingsOf, type State } from './state.ts';

const MEANING: Readonly<Record<ClusterState, string>> = {
  healthy: 'every partition has all its copies',
  healing: 'everything that is served is served; copies are being made',
  degraded: 'it serves with fewer copies than asked for, and there is no slave to make more on',
  unavailable: 'some partitions have no live full copy',
};

export const meaningOf = (state: ClusterState): string => MEANING[state];

export function healthOf(state: State): ClusterState {
  const { view, target, lost } = state;
  if (
    lost.size > 0 ||
    view.configurations.some(({ epoch }) => epoch === 0) ||
    target.every((slaves) => slaves.length === 0)
  )
    return 'unavailable';
  if (healingPartitions(state) > 0) return 'healing';
  const wanted = wantedCopies(state);
  return view.configurations.some(({ members }) => members.length < wanted) ? 'degraded' : 'healthy';
}

/** How many members a partition is to have; with `all`, as many as there are slaves. */
function wantedCopies(state: State): number {
  const { replicas } = settingsOf(state);
  const { size } = state.view.slaves;
  return Math.max(replicas === 0 ? size : replicas, settingsOf(state).minCopies);
}

/** Partitions that are changing hands, waiting for a copy, or not open yet. */
export function healingPartitions(state: State): number {
  const { view, target, intentions, serving } = state;
  let count = 0;
  view.configurations.forEach((configuration, index) => {
    const partition = index as Partition; // An index of configurations is a partition.
    const isSettled = isAsWanted(configuration, target[index] ?? []) && !intentions.has(partition);
    if (!isSettled || !serving.has(partition)) count += 1;
  });
  return count;
}

function isAsWanted({ members }: Configuration, wanted: readonly string[]): boolean {
  return (
    members.length === wanted.length &&
    members[0]?.slave === wanted[0] &&
    wanted.every((slave) => members.some((member) => member.slave === slave))
  );
}

/** As people count: s2 before s10. */
const names = new Intl.Collator('en', { numeric: true });

const inOrder = ({ slaves }: View): readonly SlaveRecord[] =>
  [...slaves.values()].sort((a, b) => names.compare(a.id, b.id));

export function statusOf(state: State): Status {
  const { view, lost } = state;
  const { replication, replicas, partitions } = settingsOf(state);
  const held = heldOf(view);
  return {
    epoch: view.epoch,
    replication,
    replicas: replicas === 0 ? 'all' : replicas,
    partitions,
    state: healthOf(state),
    slaves: inOrder(view).map((record) => slaveStatus(state, record, held.get(record.id))),
    healing: healingOf(state),
    ...(lost.size === 0 ? {} : { lost: [...lost].map(([partition, slaves]) => ({ partition, slaves })) }),
  };
}

function healingOf(state: State): Healing {
  const partitions = healingPartitions(state);
  if (partitions === 0) return { partitions, copiedBytes: 0, bytesPerSecond: 0 };
  const { copied, now } = state;
  return { partitions, copiedBytes: copied.bytes, bytesPerSecond: bytesPerSecond(copied, now) };
}

/** Partitions that a slave holds, as their owner and as a copy. */
interface Held {
  own: number;
  previous: number;
}

/** In one walk for all slaves; another store than a slave has now holds nothing of its. */
function heldOf({ slaves, configurations }: View): ReadonlyMap<SlaveId, Held> {
  const held = new Map<SlaveId, Held>([...slaves.keys()].map((id) => [id, { own: 0, previous: 0 }]));
  for (const { members } of configurations) {
    members.forEach(({ slave, store }, place) => {
      const counts = held.get(slave);
      if (counts === undefined || slaves.get(slave)?.store !== store) return;
      if (place === 0) counts.own += 1;
      else counts.previous += 1;
    });
  }
  return held;
}

function slaveStatus(state: State, record: SlaveRecord, held: Held = { own: 0, previous: 0 }): SlaveStatus {
  const { id, pid, host, port, peerPort, stage, zone } = record;
  const report = state.sessions.get(id)?.report;
  return {
    id,
    pid,
    address: `${host}:${port}`,
    peerAddress: `${host}:${peerPort}`,
    state: stage,
    ...(zone === undefined ? {} : { zone }),
    own: { partitions: held.own, keys: report?.ownKeys ?? 0 },
    previous: { partitions: held.previous, keys: report?.previousKeys ?? 0 },
    ...(report === undefined ? {} : { commands: report.commands, space: report.isLowOnSpace ? 'low' : 'ok' }),
  };
}

export function whereOf({ settings, configurations }: View, name: Buffer): Where {
  const slot = slotOf(key(name));
  const partition = partitionOf(slot, settings.partitions);
  const configuration = configurations[partition];
  const [owner, ...copies] = configuration?.members ?? [];
  return {
    key: name.toString(),
    slot,
    partition,
    epoch: configuration?.epoch ?? 0,
    ...(owner === undefined ? {} : { owner: owner.slave }),
    copies: copies.map(({ slave }) => slave),
  };
}

export function ringPictureOf(view: View): RingPicture {
  const { partitions, replicas, tokens } = view.settings;
  const slaves = inOrder(view);
  const alive = slaves.filter(({ stage }) => stage !== 'dead').map(({ id }) => id);
  const places = new Map(slaves.map(({ id }, place) => [id, place]));
  const seats = ringOf(alive, tokens).seats.keys.map(({ token, slave }) => ({ token, slave }));
  return {
    epoch: view.epoch,
    partitions,
    replicas: replicas === 0 ? 'all' : replicas,
    slaves: slaves.map(({ id, host, port, stage }) => ({ id, address: `${host}:${port}`, state: stage })),
    tokens: seats,
    owners: view.configurations.map(({ members }) =>
      members[0] === undefined ? -1 : (places.get(members[0].slave) ?? -1),
    ),
  };
}
