/** forget ID: strikes a dead slave that will not return. */
import { plainWord } from '../shield.ts';
import { exit } from '../world.ts';
import { type Command, printJson } from './command.ts';

export const forget: Command = (parser, run) =>
  parser.command(
    'forget <id>',
    'Strike a dead slave that will not return from the list',
    (args) => args.positional('id', { type: 'string', demandOption: true, describe: "the slave's id" }),
    ({ id, ...global }) =>
      run(global, async (context) => {
        const slave = plainWord(id);
        await context.cluster.forget(slave, context.call);
        if (context.json) await printJson(context, { slave, forgotten: true });
        else await context.world.out('forgotten\n');
        return exit.done;
      }),
  );
