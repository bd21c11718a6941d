/**
 * import FILE: puts every line of an NDJSON file.
 *
 * Stops at the first line that cannot be read or is not taken, waits for what is under way, and says how
 * far it came. Every line is a plain put, so an import that stopped may be run again.
 */
import { PiazzaError } from '../../errors.ts';
import { explain } from '../run-errors.ts';
import { linesOf, LineTooLong } from '../lines.ts';
import { Progress } from '../progress.ts';
import { type DataRecord, parseRecord } from '../record.ts';
import { plainWord } from '../shield.ts';
import { WriteWindow } from '../window.ts';
import { exit, type ExitStatus, type Source } from '../world.ts';
import { type Command, type Context, printJson } from './command.ts';

export const importFile: Command = (parser, run) =>
  parser.command(
    'import <file>',
    'Put every line of an NDJSON file: {"key","value","encoding"}; - reads standard input',
    (args) => args.positional('file', { type: 'string', demandOption: true, describe: 'the file, or -' }),
    ({ file, ...global }) =>
      run(global, async (context) => {
        const source = await context.world.openSource(plainWord(file));
        const load = new Load(context, source);
        await load.run();
        return load.report();
      }),
  );

class Load {
  readonly #context: Context;
  readonly #source: Source;
  readonly #window = new WriteWindow();
  readonly #progress: Progress;
  #line = 0;
  #bytes = 0;
  #expired = 0;
  /** What is wrong with the line at which reading stopped. */
  #complaint: string | undefined;
  /** The line of the first write that was not taken. */
  #failedLine: number | undefined;

  constructor(context: Context, source: Source) {
    this.#context = context;
    this.#source = source;
    this.#progress = new Progress('import', context.world);
  }

  async run(): Promise<void> {
    try {
      for await (const line of linesOf(this.#source.chunks)) {
        this.#line += 1;
        this.#bytes += line.length + 1;
        if (!(await this.#take(line))) break;
        this.#showProgress();
      }
    } catch (error) {
      this.#line += 1;
      this.#complaint = readingComplaint(error);
    } finally {
      await this.#window.drain();
      this.#progress.end();
    }
  }

  /** False: stop. */
  async #take(line: Buffer): Promise<boolean> {
    if (this.#context.call.signal.aborted) return false;
    const text = line.toString('utf8');
    if (text.trim() === '') return true;
    const parsed = parseRecord(text);
    if (parsed.kind === 'complaint') {
      this.#complaint = parsed.text;
      return false;
    }
    return this.#put(parsed.record, this.#line);
  }

  async #put(record: DataRecord, line: number): Promise<boolean> {
    const { key, value, expiresAtMs } = record;
    if (expiresAtMs !== undefined && expiresAtMs <= this.#context.world.wallMs()) {
      this.#expired += 1;
      return true;
    }
    const { cluster, call } = this.#context;
    const expiry = expiresAtMs === undefined ? [] : ['PXAT', String(expiresAtMs)];
    const perform = async (): Promise<void> => {
      try {
        await cluster.command(['SET', key, value, ...expiry], call);
      } catch (error) {
        this.#failedLine ??= line;
        throw error;
      }
    };
    return this.#window.add({ key: key.toString('latin1'), bytes: key.length + value.length, perform });
  }

  #showProgress(): void {
    const { bytes } = this.#source;
    const share = bytes === undefined || bytes === 0 ? undefined : this.#bytes / bytes;
    this.#progress.show({ keys: this.#window.done, share });
  }

  async report(): Promise<ExitStatus> {
    const { world, call, json } = this.#context;
    const { done, failure, failed } = this.#window;
    if (json)
      await printJson(this.#context, { stored: done, expired: this.#expired, failed, lines: this.#line });
    else
      world.complain(
        `${done} stored${this.#expired === 0 ? '' : `, ${this.#expired} left out that had expired`}`,
      );
    const others = failed > 1 ? `; ${failed - 1} more lines near it were not acknowledged either` : '';
    if (failure !== undefined) {
      world.complain(`stopped: line ${this.#failedLine ?? 0} was not taken${others}`);
      return explain(failure.error, world);
    }
    if (this.#complaint !== undefined) {
      world.complain(`stopped: line ${this.#line} ${this.#complaint}; nothing after it was stored`);
      return exit.refused;
    }
    if (!call.signal.aborted) return exit.done;
    world.complain(`interrupted before line ${this.#line}`);
    return exit.refused;
  }
}

function readingComplaint(error: unknown): string {
  if (error instanceof LineTooLong) return error.message;
  if (error instanceof PiazzaError || !(error instanceof Error) || !('code' in error)) throw error;
  return `cannot be read: ${error.message}`;
}
