/**
 * One event as a line for people, in their own time.
 *
 *     12  2026-03-01 14:02:11.250  warn  s2 declared dead: its window was missed
 */
import type { ClusterEvent } from '../../common/message/admin.ts';
import type { Paint } from './paint.ts';

const NUMBER_WIDTH = 6;

export function eventText({ number, at, level, text }: ClusterEvent, paint: Paint): string {
  const place = String(number).padStart(NUMBER_WIDTH);
  // What a slave says of itself may stand in it, and must not reach the terminal as a command.
  const plain = text.replaceAll(/[\x00-\x1f\x7f]/g, ' ');
  return `${paint(`${place}  ${localTime(at)}`, 'dim')}  ${level === 'warn' ? paint('warn', 'yellow') : 'info'}  ${plain}`;
}

export function localTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}
