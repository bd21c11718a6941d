/** get KEY: the value's bytes as they are; a newline only to a terminal. */
import { isUtf8 } from '../record.ts';
import { plainWord } from '../shield.ts';
import { exit } from '../world.ts';
import { type Command, printJson } from './command.ts';

export const get: Command = (parser, run) =>
  parser.command(
    'get <key>',
    'Print the value stored under a key',
    (args) => args.positional('key', { type: 'string', demandOption: true, describe: 'the key' }),
    ({ key, ...global }) =>
      run(global, async (context) => {
        const { world, cluster, call } = context;
        const name = plainWord(key);
        const value = await cluster.get(name, call);
        if (value === undefined) {
          world.complain(`"${name}" is absent`);
          return exit.refused;
        }
        if (context.json) {
          const encoding = isUtf8(value) ? 'utf8' : 'base64';
          await printJson(context, { key: name, value: value.toString(encoding), encoding });
          return exit.done;
        }
        await world.out(value);
        if (world.terminal.newline) await world.out('\n');
        return exit.done;
      }),
  );
