/**
 * The status as a page of plain text, for whoever opens the HTTP port in a browser or with curl.
 *
 *     healthy: every partition has all its copies
 *     epoch 12, successor, 2 copies of each key, 256 partitions
 *
 *     SLAVE  STATE  ADDRESS         PID   OWN  KEYS  PREVIOUS  KEYS
 *     s1     alive  127.0.0.1:7001  4242  86   1234  84        1199
 *
 * Only text is made here, of what the status says.
 */
import type { LostPartition, SlaveStatus, Status } from '../common/message/admin.ts';
import { meaningOf } from './status.ts';

/** How many lost partitions are named one by one; the rest are counted. */
const LOST_SHOWN_MAX = 16;

const headOf = (hasZones: boolean): readonly string[] => [
  ...['SLAVE', ...(hasZones ? ['ZONE'] : []), 'STATE', 'ADDRESS'],
  ...['PID', 'OWN', 'KEYS', 'PREVIOUS', 'KEYS'],
];

export function statusPage(status: Status): string {
  const { epoch, replication, replicas, partitions, state, slaves, lost = [], healing } = status;
  const copies = replicas === 'all' ? 'a copy on every slave' : `${replicas} copies of each key`;
  const lines = [
    `${state}: ${meaningOf(state)}`,
    `epoch ${epoch}, ${replication}, ${copies}, ${partitions} partitions`,
    ...(healing.partitions === 0
      ? []
      : [`${healing.partitions} partitions are changing hands or waiting for a copy`]),
    ...lostLines(lost),
    '',
    ...(slaves.length === 0 ? ['no slave has joined yet'] : tableOf(slaves)),
  ];
  return `${lines.join('\n')}\n`;
}

function lostLines(lost: readonly LostPartition[]): readonly string[] {
  const shown = lost
    .slice(0, LOST_SHOWN_MAX)
    .map(
      ({ partition, slaves }) =>
        `partition ${partition} is lost until one of these returns: ${slaves.join(', ')}`,
    );
  return lost.length > shown.length ? [...shown, `and ${lost.length - shown.length} more`] : shown;
}

function tableOf(slaves: readonly SlaveStatus[]): readonly string[] {
  const hasZones = slaves.some(({ zone }) => zone !== undefined);
  return columns([headOf(hasZones), ...slaves.map((slave) => rowOf(slave, hasZones))]);
}

const rowOf = (
  { id, zone, state, address, pid, own, previous }: SlaveStatus,
  hasZones: boolean,
): readonly string[] => [
  ...[id, ...(hasZones ? [zone ?? '-'] : []), state, address],
  ...[pid, own.partitions, own.keys, previous.partitions, previous.keys].map(String),
];

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, place) => Math.max(...rows.map((row) => row[place]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, place) => cell.padEnd(widths[place] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
