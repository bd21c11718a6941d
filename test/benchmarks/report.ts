/** What a benchmark leaves behind: the machine, the numbers and their spread, as a page and as JSON, under a date. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';

/** From the project's directory, where `npm run` starts what it runs. */
const RESULTS = 'test/benchmarks/results/';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? NaN;
  return { median: (lower + upper) / 2, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}

export type Facts = Readonly<Record<string, string>>;

/** Whatever a reader must know to compare these numbers with others. */
export function machineFacts(): Facts {
  const [cpu] = cpus();
  return {
    processors: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    'file system of the data': firstLineOf('stat', ['-f', '-c', '%T', tmpdir()]),
    node: process.version,
    'redis-server': firstLineOf('redis-server', ['--version']),
    commit: firstLineOf('git', ['rev-parse', '--short', 'HEAD']),
    'load before the run (1 min)': loadavg()[0]?.toFixed(2) ?? 'unknown',
  };
}

function firstLineOf(program: string, args: readonly string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return stdout?.split('\n', 1)[0]?.trim() || 'not known';
}

/** Rows of equal length, the first one the head; columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

export interface Report {
  /** The benchmark's name; the files are `DATE-NAME.md` and `DATE-NAME.json`. */
  readonly name: string;
  readonly title: string;
  readonly facts: Facts;
  /** Markdown below the facts. */
  readonly text: string;
  /** The numbers as they were measured. */
  readonly data: unknown;
}

/** Prints the page, and leaves it and the numbers under test/benchmarks/results. */
export function publish({ name, title, facts, text, data }: Report): void {
  const date = new Date().toISOString().slice(0, 10);
  const list = Object.entries(facts).map(([fact, value]) => `- ${fact}: ${value}`);
  const page = `# ${title}, ${date}\n\n${list.join('\n')}\n\n${text}\n`;
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${date}-${name}`);
  writeFileSync(`${file}.md`, page);
  writeFileSync(`${file}.json`, `${JSON.stringify({ name, date, facts, data }, undefined, 2)}\n`);
  process.stdout.write(`\n${page}\nleft in ${file}.md and .json\n`);
}

export const progress = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
