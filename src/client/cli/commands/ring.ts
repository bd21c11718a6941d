/** ring: the ring, drawn. */
import { painter } from '../paint.ts';
import { ringText } from '../ring-text.ts';
import { exit } from '../world.ts';
import { type Command, printJson } from './command.ts';

export const ring: Command = (parser, run) =>
  parser.command(
    'ring',
    'Draw the ring: who owns which part of it',
    (args) => args,
    (global) =>
      run(global, async (context) => {
        const { world, cluster, call } = context;
        const picture = await cluster.ring(call);
        if (context.json) await printJson(context, picture);
        else await world.out(ringText(picture, painter(world.terminal.color && world.terminal.out)));
        return exit.done;
      }),
  );
