/** keyrange: who owns which part of the ring. keyrange-read: who may be read for which part. */
import type { KeyRange } from '../../../common/message/admin.ts';
import { columns } from '../table.ts';
import { exit } from '../world.ts';
import { type Command, type Context, printJson } from './command.ts';

async function print(context: Context, copies: boolean): Promise<typeof exit.done> {
  const ranges = await context.cluster.keyRanges({ ...context.call, copies });
  if (context.json) await printJson(context, ranges);
  else await context.world.out(rangeText(ranges, copies));
  return exit.done;
}

export const keyrange: Command = (parser, run) =>
  parser.command(
    'keyrange',
    'Say who owns which part of the ring',
    (args) => args,
    (global) => run(global, (context) => print(context, false)),
  );

export const keyrangeRead: Command = (parser, run) =>
  parser.command(
    'keyrange-read',
    'Say who may be read for which part of the ring',
    (args) => args,
    (global) => run(global, (context) => print(context, true)),
  );

export function rangeText(ranges: readonly KeyRange[], copies: boolean): string {
  const head = ['slots', 'partitions', 'owner', 'address', ...(copies ? ['copies'] : [])];
  const rows = ranges.map((range) => [
    `${range.firstSlot}-${range.lastSlot}`,
    String(range.partitions),
    range.owner ?? '(nobody)',
    range.address ?? '-',
    ...(copies ? [range.copies.map(({ id, address }) => `${id} ${address}`).join(', ') || '-'] : []),
  ]);
  return columns([head, ...rows]);
}
