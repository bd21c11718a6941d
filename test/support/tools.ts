/** Foreign programs that tests use where they are installed: run to their end, with a bound. */
import { spawn, spawnSync } from 'node:child_process';

export interface ToolEnd {
  readonly status: number | undefined;
  readonly out: string;
  readonly err: string;
}

export interface ToolRun {
  /** Goes to its standard input, which is then closed. */
  readonly input?: string | Buffer;
  /** A run that takes longer is ended, and has failed. */
  readonly withinMs?: number;
}

const RUN_MS_MAX = 60_000;

export const hasTool = (name: string): boolean => spawnSync(name, ['--version']).error === undefined;

/** `out` has one character for each byte. */
export function runTool(
  name: string,
  args: readonly string[],
  { input = '', withinMs = RUN_MS_MAX }: ToolRun = {},
): Promise<ToolEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { timeout: withinMs, killSignal: 'SIGKILL' });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? undefined, out, err }));
    // A tool that ends early does not read the rest.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Runs a tool in the way a shell would: fails unless it ended with 0. Answers with what it printed. */
export async function toolOutput(name: string, args: readonly string[], run: ToolRun = {}): Promise<string> {
  const { status, out, err } = await runTool(name, args, run);
  if (status !== 0)
    throw new Error(`${name} ${args.join(' ')} ended with ${status ?? 'a signal'}: ${out}${err}`);
  return out;
}
