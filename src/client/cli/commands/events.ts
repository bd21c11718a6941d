/**
 * events [--follow] [--since N]: what happened in the cluster, and why.
 *
 * Following asks once a second, and outlives a coordination server that is away: that is when somebody follows. It
 * asks from the last event that it has seen, so that a log that has begun anew shows.
 */
import type { ClusterEvent } from '../../../common/message/admin.ts';
import { PiazzaError, UsageError } from '../../errors.ts';
import { eventText } from '../event-text.ts';
import { painter } from '../paint.ts';
import { exit, type ExitStatus } from '../world.ts';
import type { Command, Context } from './command.ts';

const LOOK_EVERY_MS = 1_000;
const LOOK_MS_MAX = 1_500;

export const events: Command = (parser, run) =>
  parser.command(
    'events',
    'Tell what happened in the cluster, and why',
    (args) =>
      args
        .option('follow', { type: 'boolean', describe: 'go on telling, until interrupted' })
        .option('since', { type: 'string', requiresArg: true, describe: 'only those with a higher number' }),
    ({ follow, since, ...global }) =>
      run(global, async (context) => {
        const from = sinceOf(since);
        if (follow === true) return new Follower(context, from).run();
        await print(context, await context.cluster.events({ ...context.call, since: from }));
        return exit.done;
      }),
  );

function sinceOf(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--since is the number of an event, not "${text}"`);
  return Number(text);
}

async function print({ world, json }: Context, told: readonly ClusterEvent[]): Promise<void> {
  const paint = painter(world.terminal.color && world.terminal.out);
  const lines = told.map((event) => (json ? JSON.stringify(event) : eventText(event, paint)));
  if (lines.length > 0) await world.out(`${lines.join('\n')}\n`);
}

class Follower {
  readonly #context: Context;
  #since: number;
  #last: ClusterEvent | undefined;
  #isAway = false;

  constructor(context: Context, since: number) {
    this.#context = context;
    this.#since = since;
  }

  async run(): Promise<ExitStatus> {
    const { world, call } = this.#context;
    while (!call.signal.aborted) {
      await this.#look();
      await world.sleep(LOOK_EVERY_MS, call.signal);
    }
    return exit.done;
  }

  async #look(): Promise<void> {
    const { cluster, call } = this.#context;
    const since = this.#last === undefined ? this.#since : this.#last.number - 1;
    const timeoutMs = Math.min(LOOK_MS_MAX, call.timeoutMs);
    try {
      const found = await cluster.events({ ...call, timeoutMs, since });
      this.#isAway = false;
      const fresh = this.#newOf(found);
      await print(this.#context, fresh);
      this.#last = fresh.at(-1) ?? this.#last;
    } catch (error) {
      if (!(error instanceof PiazzaError)) throw error;
      this.#sayAway(error);
    }
  }

  /** The first one should be the last that was told before, unless so much has happened that it is gone. */
  #newOf(found: readonly ClusterEvent[]): readonly ClusterEvent[] {
    const [first, ...others] = found;
    if (this.#last === undefined || (first !== undefined && first.number > this.#last.number)) return found;
    if (first?.at === this.#last.at) return others;
    this.#context.world.complain('this is another log of events: it is told from its beginning');
    this.#last = undefined;
    this.#since = 0;
    return [];
  }

  #sayAway({ code, message }: PiazzaError): void {
    const { world, call } = this.#context;
    if (this.#isAway || call.signal.aborted) return;
    this.#isAway = true;
    world.complain(`${code} ${message}; it is asked again until it answers`);
  }
}
