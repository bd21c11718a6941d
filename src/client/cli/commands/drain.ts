/**
 * drain ID: has a slave hand everything over and leave, and waits until it has.
 *
 * The order is given once; the cluster then carries it out by itself. So an interruption ends the waiting alone, a
 * coordination server that is away for a while is waited for, and the end is that the status lists the slave no more.
 */
import { PiazzaError } from '../../errors.ts';
import { DrainText } from '../drain-text.ts';
import { Progress } from '../progress.ts';
import { plainWord } from '../shield.ts';
import { exit, type ExitStatus } from '../world.ts';
import { type Command, type Context, printJson } from './command.ts';

const LOOK_EVERY_MS = 500;
/** A look that takes longer is one that failed; the next may find somebody. */
const LOOK_MS_MAX = 1_500;
/** Where no terminal shows a bar, a line so often. */
const LINE_EVERY_MS = 5_000;

export const drain: Command = (parser, run) =>
  parser.command(
    'drain <id>',
    'Have a slave hand everything over and leave; wait until it has',
    (args) => args.positional('id', { type: 'string', demandOption: true, describe: "the slave's id" }),
    ({ id, ...global }) =>
      run(global, async (context) => {
        const slave = plainWord(id);
        await context.cluster.drain(slave, context.call);
        return new Drain(context, slave).run();
      }),
  );

class Drain {
  readonly #context: Context;
  readonly #slave: string;
  readonly #progress: Progress;
  readonly #text: DrainText;
  #wasDraining = false;
  #isAway = false;
  #lineAt = -Infinity;

  constructor(context: Context, slave: string) {
    this.#context = context;
    this.#slave = slave;
    this.#progress = new Progress('drain', context.world);
    this.#text = new DrainText(slave);
  }

  async run(): Promise<ExitStatus> {
    const { world, call } = this.#context;
    try {
      while (!call.signal.aborted) {
        const ended = await this.#look();
        if (ended !== undefined) return await this.#finish(ended);
        await world.sleep(LOOK_EVERY_MS, call.signal);
      }
    } finally {
      this.#progress.end();
    }
    world.complain(`interrupted: the drain of ${this.#slave} goes on by itself, and status shows it`);
    return exit.uncertain;
  }

  /** Undefined: it goes on. Empty: it is done. Else the reason why it will not be. */
  async #look(): Promise<string | undefined> {
    const { world, cluster, call } = this.#context;
    try {
      const timeoutMs = Math.min(LOOK_MS_MAX, call.timeoutMs);
      const { slaves } = await cluster.status({ ...call, timeoutMs });
      this.#isAway = false;
      const found = slaves.find(({ id }) => id === this.#slave);
      if (found === undefined) return '';
      if (found.state === 'dead') return this.#text.died(found);
      if (this.#wasDraining && found.state !== 'draining')
        return `${this.#slave} is ${found.state} again, and drains no more`;
      this.#wasDraining ||= found.state === 'draining';
      this.#text.add(found, world.monotonicMs());
      this.#show();
    } catch (error) {
      if (!(error instanceof PiazzaError)) throw error;
      this.#sayAway(error);
    }
    return undefined;
  }

  #show(): void {
    const { world } = this.#context;
    if (world.terminal.err) return this.#progress.draw(() => this.#text.bar());
    if (world.monotonicMs() - this.#lineAt < LINE_EVERY_MS) return;
    this.#lineAt = world.monotonicMs();
    world.complain(this.#text.line());
  }

  #sayAway({ code, message }: PiazzaError): void {
    const { world, call } = this.#context;
    if (this.#isAway || call.signal.aborted) return;
    this.#isAway = true;
    this.#progress.end();
    world.complain(`${code} ${message}; the drain of ${this.#slave} goes on, and is looked for again`);
  }

  async #finish(why: string): Promise<ExitStatus> {
    const { world, json } = this.#context;
    this.#progress.end();
    const drained = why === '';
    if (json) await printJson(this.#context, { slave: this.#slave, drained });
    else if (drained) await world.out('drained\n');
    if (!drained) world.complain(why);
    return drained ? exit.done : exit.refused;
  }
}
