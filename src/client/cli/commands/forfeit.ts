/** forfeit PARTITION… --yes-lose-data: gives lost partitions up, with whatever was in them. */
import { partition, SLOTS } from '../../../common/ids.ts';
import type { Status } from '../../../common/message/admin.ts';
import { slotsOf } from '../../../common/slot.ts';
import { PiazzaError, UsageError } from '../../errors.ts';
import { plainWord } from '../shield.ts';
import { exit } from '../world.ts';
import { type Command, type Context, printJson } from './command.ts';

/** How many partitions are described one by one before anything is given up. */
const DESCRIBED_MAX = 16;

export const forfeit: Command = (parser, run) =>
  parser.command(
    'forfeit <partition..>',
    'Give lost partitions up: they begin anew, empty',
    (args) =>
      args
        .positional('partition', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'the numbers of lost partitions, as status names them',
        })
        .option('yes-lose-data', { type: 'boolean', describe: 'what was in them may be lost for good' }),
    ({ partition: words, 'yes-lose-data': mayLose, ...global }) =>
      run(global, async (context) => {
        const partitions = partitionsOf(words.map(plainWord));
        if (mayLose !== true) {
          await explain(context, partitions);
          return exit.usage;
        }
        await context.cluster.forfeit(partitions, { ...context.call, loseData: true });
        if (context.json) await printJson(context, { partitions, forfeited: true });
        else await context.world.out('forfeited\n');
        return exit.done;
      }),
  );

function partitionsOf(words: readonly string[]): readonly number[] {
  const numbers = words.map((word) => {
    const number = /^\d{1,5}$/.test(word) ? Number(word) : SLOTS;
    if (number >= SLOTS)
      throw new UsageError(`a partition is a number from 0 to ${SLOTS - 1}, not "${word}"`);
    return number;
  });
  return [...new Set(numbers)];
}

/** What would be lost, as far as the cluster can be asked, and what to type. */
async function explain({ cluster, call, world }: Context, partitions: readonly number[]): Promise<void> {
  world.complain('piazza-client: nothing was done: forfeit gives up for good whatever these partitions hold');
  try {
    const status = await cluster.status(call);
    for (const number of partitions.slice(0, DESCRIBED_MAX)) world.complain(`  ${describe(status, number)}`);
    if (partitions.length > DESCRIBED_MAX) world.complain(`  and ${partitions.length - DESCRIBED_MAX} more`);
  } catch (error) {
    if (!(error instanceof PiazzaError)) throw error;
    world.complain(`  what they are cannot be said now: ${error.code} ${error.message}`);
  }
  world.complain(`to do it, type: piazza-client forfeit ${partitions.join(' ')} --yes-lose-data`);
}

function describe({ partitions, lost = [] }: Status, number: number): string {
  if (number >= partitions) return `partition ${number}: there is none, the last one is ${partitions - 1}`;
  const found = lost.find((one) => one.partition === number);
  if (found === undefined) return `partition ${number}: it is not lost, and cannot be given up`;
  const { first, last } = slotsOf(partition(number), partitions);
  const slaves = found.slaves.join(', ') || 'no slave that is known';
  return `partition ${number}: every key in slots ${first} to ${last}; ${slaves} could bring it back`;
}
