/**
 * status [--watch]: how the cluster is, and what that means now.
 *
 * Watching redraws in place on a terminal, and writes a line for each change into a pipe. It outlives a
 * cluster that cannot be reached: that is when somebody watches. It ends, with status 0, when it is told to.
 */
import { PiazzaError } from '../../errors.ts';
import { healingText } from '../healing-text.ts';
import { Pace } from '../pace.ts';
import { painter } from '../paint.ts';
import { statusLine, statusText } from '../status-text.ts';
import { exit, type ExitStatus } from '../world.ts';
import { Screen } from '../screen.ts';
import { type Command, type Context, printJson } from './command.ts';

const WATCH_MS = 500;

/** A page that is older than this says so: whoever watches wants to know that nobody answers. */
const LOOK_MS_MAX = 1_500;

export const status: Command = (parser, run) =>
  parser.command(
    'status',
    'Say how the cluster and its slaves are',
    (args) =>
      args.option('watch', { type: 'boolean', describe: 'keep looking, twice a second, until interrupted' }),
    ({ watch: watching, ...global }) =>
      run(global, async (context) => (watching === true ? watch(context) : printOnce(context))),
  );

async function printOnce(context: Context): Promise<ExitStatus> {
  const { world, cluster, call } = context;
  const answer = await cluster.status(call);
  if (context.json) await printJson(context, answer);
  else {
    const paint = painter(world.terminal.color && world.terminal.out);
    await world.out(statusText(answer, paint, healingText(answer)));
  }
  return exit.done;
}

async function watch(context: Context): Promise<ExitStatus> {
  const { world, call } = context;
  const show = world.terminal.out && !context.json ? onScreen(context) : intoPipe(context);
  try {
    while (!call.signal.aborted) {
      await show.look();
      await world.sleep(WATCH_MS, call.signal);
    }
  } finally {
    await show.end();
  }
  return exit.done;
}

interface Show {
  look(): Promise<void>;
  end(): Promise<void>;
}

/** The answer as this show wants it, or why there is none. */
async function textOf(
  context: Context,
  text: (answer: Awaited<ReturnType<Context['cluster']['status']>>) => string,
): Promise<string> {
  try {
    const timeoutMs = Math.min(LOOK_MS_MAX, context.call.timeoutMs);
    return text(await context.cluster.status({ ...context.call, timeoutMs }));
  } catch (error) {
    if (!(error instanceof PiazzaError)) throw error;
    return `${error.code} ${error.message}\n`;
  }
}

function onScreen(context: Context): Show {
  const { world, call } = context;
  const screen = new Screen(world);
  const paint = painter(world.terminal.color);
  const pace = new Pace();
  let last = '';
  return {
    look: async () => {
      const page = await textOf(context, (answer) => {
        pace.add(world.monotonicMs(), answer.healing.partitions);
        return statusText(answer, paint, healingText(answer, pace));
      });
      if (call.signal.aborted) return;
      last = page;
      await screen.draw(`${page}\n${paint(`every ${WATCH_MS} ms; Ctrl-C ends`, 'dim')}\n`);
    },
    end: async () => {
      await screen.leave();
      await world.out(last);
    },
  };
}

function intoPipe(context: Context): Show {
  const { world, json, call } = context;
  let last: string | undefined;
  return {
    look: async () => {
      const line = await textOf(context, (answer) =>
        json ? `${JSON.stringify(answer)}\n` : `${statusLine(answer)}\n`,
      );
      // Uptime moves with every look; what else there is to tell does not.
      const told = line.replace(/"uptimeMs":\d+(\.\d+)?/, '');
      if (told === last || call.signal.aborted) return;
      last = told;
      const stamp = new Date(world.wallMs()).toISOString();
      if (json && !line.startsWith('{')) world.complain(line.trimEnd());
      else await world.out(json ? line : `${stamp} ${line}`);
    },
    end: () => Promise.resolve(),
  };
}
