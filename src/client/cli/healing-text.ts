/**
 * How far the healing is, as a line of the status page.
 *
 *   [#############.................]   45%  115 of 256 partitions settled  12.3 MiB copied  4.1 MiB/s  about 20 s
 *
 * How long it will take only somebody who keeps looking can say: `pace` is what he has seen so far.
 */
import type { Status } from '../../common/message/admin.ts';
import type { Pace } from './pace.ts';
import { barText } from './progress.ts';
import { durationText } from './status-text.ts';

/** Undefined: nothing heals, or nothing was given out yet. */
export function healingText(status: Status, pace?: Pace): string | undefined {
  const { healing, partitions, state, lost } = status;
  if (healing.partitions === 0 || (state === 'unavailable' && lost === undefined)) return undefined;
  const settled = Math.max(0, partitions - healing.partitions);
  const { copiedBytes, bytesPerSecond } = healing;
  return [
    barText(settled / Math.max(1, partitions)),
    `${settled} of ${partitions} partitions settled`,
    ...(copiedBytes === undefined ? [] : [`${bytesText(copiedBytes)} copied`]),
    ...(bytesPerSecond === undefined ? [] : [`${bytesText(bytesPerSecond)}/s`]),
    ...(pace?.leftMs === undefined ? [] : [`about ${durationText(pace.leftMs)}`]),
  ].join('  ');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1_024 ** power;
  return `${power === 0 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[power] ?? ''}`;
}
