/** Commands that have a name and no code yet: they say so, and fail, instead of being unknown. */
import { exit } from '../world.ts';
import type { Command } from './command.ts';

const NOT_BUILT = [['bench', 'Measure the cluster']] as const;

export const notBuiltNames: readonly string[] = NOT_BUILT.map(([usage]) => usage.replace(/ .*/, ''));

export const notBuilt: Command = (parser, run) =>
  NOT_BUILT.reduce(
    (built, [usage, what]) =>
      built.command(
        usage,
        `${what} (not built yet)`,
        // Whatever options it will take, the answer is the same.
        (args) => args.strict(false),
        (global) =>
          run(global, ({ world }) => {
            world.complain('not built yet');
            return Promise.resolve(exit.refused);
          }),
      ),
    parser,
  );
