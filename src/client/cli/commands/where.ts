/** where KEY: its slot, its partition, who answers for it and who holds copies. */
import { plainWord } from '../shield.ts';
import { columns } from '../table.ts';
import { exit } from '../world.ts';
import { type Command, printJson } from './command.ts';

export const where: Command = (parser, run) =>
  parser.command(
    'where <key>',
    'Say where a key lives: slot, partition, owner, copies',
    (args) => args.positional('key', { type: 'string', demandOption: true, describe: 'the key' }),
    ({ key, ...global }) =>
      run(global, async (context) => {
        const place = await context.cluster.where(plainWord(key), context.call);
        if (context.json) {
          await printJson(context, place);
          return exit.done;
        }
        const rows = [
          ['key', place.key],
          ['slot', String(place.slot)],
          ['partition', String(place.partition)],
          ['epoch', String(place.epoch)],
          ['owner', place.owner ?? 'nobody may answer for it now'],
          ['copies', place.copies.join(', ') || 'none'],
        ];
        await context.world.out(columns(rows));
        return exit.done;
      }),
  );
