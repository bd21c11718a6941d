/**
 * export FILE: writes every key as a line of NDJSON.
 *
 * The file appears under its name when it is whole. What it holds is no snapshot of one instant: each key
 * is as it was at some moment during the export. While a partition is lost there is no export at all.
 */
import { Progress } from '../progress.ts';
import { recordText } from '../record.ts';
import { plainWord } from '../shield.ts';
import { exit, type Sink } from '../world.ts';
import { RefusedError } from '../../errors.ts';
import { type Command, type Context, printJson } from './command.ts';

/** Keys asked for at once; the server ends a page earlier where values are large. */
const PAGE_KEYS = 512;

const FIRST = '0';

export const exportFile: Command = (parser, run) =>
  parser.command(
    'export <file>',
    'Write every key as a line of NDJSON; - writes to standard output',
    (args) => args.positional('file', { type: 'string', demandOption: true, describe: 'the file, or -' }),
    ({ file, ...global }) =>
      run(global, async (context) => {
        const { world } = context;
        const path = plainWord(file);
        // Asked before the file is touched: a cluster that refuses leaves no trace.
        const total = await totalOf(context);
        const sink = await world.openSink(path);
        const keys = await pour(context, sink, total);
        // Standard output carries the data then, and nothing else.
        if (context.json && path !== '-') await printJson(context, { keys });
        else world.complain(`${keys} exported`);
        return exit.done;
      }),
  );

async function pour(context: Context, sink: Sink, total: number | undefined): Promise<number> {
  const progress = new Progress('export', context.world);
  try {
    let keys = 0;
    let cursor = FIRST;
    do {
      const page = await context.cluster.scan(cursor, PAGE_KEYS, context.call);
      keys += page.records.length;
      if (page.records.length > 0) await sink.write(linesFor(page.records.map(recordText)));
      progress.show({ keys, share: total === undefined || total === 0 ? undefined : keys / total });
      ({ cursor } = page);
    } while (cursor !== FIRST);
    await sink.finish();
    return keys;
  } catch (error) {
    await sink.abandon();
    throw error;
  } finally {
    progress.end();
  }
}

const linesFor = (lines: readonly string[]): Buffer =>
  Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');

/** For the progress bar only: undefined where nobody knows. */
async function totalOf({ cluster, call }: Context): Promise<number | undefined> {
  try {
    const { slaves } = await cluster.status(call);
    return slaves.reduce((sum, { own }) => sum + own.keys, 0);
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}
