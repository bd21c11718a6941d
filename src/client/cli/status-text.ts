/**
 * A cluster's status as a page for people: first what it means now, then the slaves.
 *
 *   healthy    every key has all the copies it should
 *
 *   SLAVE  STATE  ADDRESS         PID   OWN         KEYS  PREVIOUS  KEYS
 *   s1     alive  127.0.0.1:7001  4242  86 (33.6%)  1234  84        1199
 *
 * The sentences follow the contract's words for the four states. Only text is made here.
 */
import { unreachable } from '../../common/invariant.ts';
import type {
  ClusterState,
  LostPartition,
  SlaveState,
  SlaveStatus,
  Status,
} from '../../common/message/admin.ts';
import { counted } from './counted.ts';
import type { Color, Paint } from './paint.ts';
import { columns } from './table.ts';

/** How many lost partitions are named one by one; the rest are counted. */
const LOST_SHOWN_MAX = 8;

const STATE_COLORS: Readonly<Record<ClusterState, Color>> = {
  healthy: 'green',
  healing: 'yellow',
  degraded: 'yellow',
  unavailable: 'red',
};

const SLAVE_COLORS: Readonly<Record<SlaveState, Color>> = {
  joining: 'cyan',
  alive: 'green',
  suspect: 'yellow',
  dead: 'red',
  draining: 'cyan',
};

/** `progress`: a line on how far the healing is. */
export function statusText(status: Status, paint: Paint, progress?: string): string {
  const { epoch, replication, replicas, partitions, state } = status;
  const copies =
    replicas === 'all'
      ? 'a copy on every slave'
      : counted(replicas, 'copy of each key', 'copies of each key');
  const lines = [
    `${paint(state, STATE_COLORS[state])}  ${meaningOf(status)}`,
    paint(
      `epoch ${epoch}, ${replication}, ${copies}, ${counted(partitions, 'partition', 'partitions')}${upText(status)}`,
      'dim',
    ),
    ...(progress === undefined ? [] : [progress]),
    ...lostLines(status.lost ?? [], paint),
    '',
  ];
  return `${lines.join('\n')}\n${slaveTable(status, paint)}`;
}

/** What the state means for whoever uses the cluster now, in plain words. */
export function meaningOf({ state, healing, lost, slaves }: Status): string {
  switch (state) {
    case 'healthy':
      return slaves.length === 0
        ? 'no slave has joined yet, so there is nothing to serve'
        : 'every key has all the copies it should';
    case 'healing':
      return `everything is served; copies of ${counted(healing.partitions, 'partition', 'partitions')} are being made or moved`;
    case 'degraded':
      return 'everything is served, with fewer copies than asked for and no slave to make more on: start another slave';
    case 'unavailable':
      if (lost === undefined) return 'nothing has been given out yet: slaves are gathering, or none has come';
      return (
        `${counted(lost.length, 'partition has', 'partitions have')} no live full copy: the keys in it can be ` +
        'neither read nor written until one of the slaves named here returns'
      );
    default:
      return unreachable(state);
  }
}

const upText = ({ coordination }: Status): string =>
  coordination === undefined
    ? ''
    : `, coordination server ${coordination.pid} up ${durationText(coordination.uptimeMs)}`;

export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

function lostLines(lost: readonly LostPartition[], paint: Paint): readonly string[] {
  const shown = lost
    .slice(0, LOST_SHOWN_MAX)
    .map(({ partition, slaves }) =>
      paint(
        `  lost: partition ${partition}, held by ${slaves.join(', ') || 'no slave that is known'}`,
        'red',
      ),
    );
  const more = lost.length - shown.length;
  return more > 0 ? [...shown, paint(`  and ${more} more (--json lists them all)`, 'red')] : shown;
}

function slaveTable({ slaves, partitions }: Status, paint: Paint): string {
  if (slaves.length === 0) return 'no slaves\n';
  const hasZones = slaves.some(({ zone }) => zone !== undefined);
  const head = [
    ...['SLAVE', ...(hasZones ? ['ZONE'] : []), 'STATE', 'ADDRESS'],
    ...['PID', 'OWN', 'KEYS', 'PREVIOUS', 'KEYS', ''],
  ];
  const rows = slaves.map((slave) => [
    slave.id,
    ...(hasZones ? [slave.zone ?? '-'] : []),
    paint(slave.state, SLAVE_COLORS[slave.state]),
    slave.address,
    String(slave.pid),
    `${slave.own.partitions} (${((100 * slave.own.partitions) / Math.max(1, partitions)).toFixed(1)}%)`,
    String(slave.own.keys),
    String(slave.previous.partitions),
    String(slave.previous.keys),
    noteOf(slave, paint),
  ]);
  return columns([head, ...rows]);
}

/** Only what is out of the ordinary. */
function noteOf(slave: SlaveStatus, paint: Paint): string {
  const { space, lag, durability, state, own, previous } = slave;
  const notes = [
    ...(state === 'draining' ? [`${leftText(own.partitions + previous.partitions)} to hand over`] : []),
    ...(space === 'low' ? [paint('low on disk space', 'red')] : []),
    ...(lag !== undefined && lag >= 100 ? [paint(`event loop ${Math.round(lag)} ms late`, 'yellow')] : []),
    ...(durability === 'os' ? ['not fsynced'] : []),
  ];
  return notes.join(', ');
}

const leftText = (partitions: number): string => counted(partitions, 'partition', 'partitions');

/** One line that changes exactly when something worth telling has changed: for `--watch` into a pipe. */
export function statusLine(status: Status): string {
  const slaves = status.slaves.map(
    ({ id, state, own, previous }) =>
      `${id}=${state}:${own.partitions}/${own.keys}+${previous.partitions}/${previous.keys}`,
  );
  const lost = status.lost === undefined || status.lost.length === 0 ? [] : [`lost=${status.lost.length}`];
  return [
    status.state,
    `epoch=${status.epoch}`,
    `healing=${status.healing.partitions}`,
    ...lost,
    ...slaves,
  ].join(' ');
}
