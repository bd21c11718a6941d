/** delete KEY: status 1 where there was nothing to delete. */
import { plainWord } from '../shield.ts';
import { exit } from '../world.ts';
import { type Command, printJson } from './command.ts';

export const remove: Command = (parser, run) =>
  parser.command(
    'delete <key>',
    'Delete a key',
    (args) => args.positional('key', { type: 'string', demandOption: true, describe: 'the key' }),
    ({ key, ...global }) =>
      run(global, async (context) => {
        const name = plainWord(key);
        const deleted = await context.cluster.delete(name, context.call);
        if (context.json) await printJson(context, { key: name, deleted });
        else if (deleted) await context.world.out('deleted\n');
        if (!deleted) context.world.complain(`"${name}" is absent`);
        return deleted ? exit.done : exit.refused;
      }),
  );
