/** The end of a run: the verdict, the table of what was done, and what is kept of it when all was not well. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Made, Outcome } from './attack.ts';
import type { Cluster } from './cluster.ts';
import type { Skipped } from './faults.ts';
import type { History } from './history.ts';
import type { RunPlan } from './plan.ts';
import { kindsOf, type Said, trouble } from './server-logs.ts';
import type { Story } from './story.ts';
import { verdictOn } from './verdict.ts';

export interface Ending {
  readonly plan: RunPlan;
  readonly dir: string;
  readonly story: Story;
  readonly cluster: Cluster;
  readonly history: History;
  readonly skipped: readonly Skipped[];
  readonly outcome: Outcome;
}

/** Of long lists the first lines tell enough; the kept files have all. */
const LINES_MAX = 25;

/** An error of a code that no fault explains. */
const STRANGE = /^unknown: (?!UNCERTAIN)[A-Z]+\b/;

/** Whether all was well. */
export async function conclude(ending: Ending): Promise<boolean> {
  const { plan, story, history, cluster, outcome } = ending;
  for (const [reason, times] of history.reasons)
    if (STRANGE.test(reason)) story.finding(`an answer that no fault explains, ${times} times: ${reason}`);
  story.tell(`judging ${history.operations.length} operations`);
  const said = trouble(cluster.servers);
  for (const { server, text } of said.filter((line) => isDefect(line, ending)))
    story.finding(`${server} said: ${text}`);
  const verdict = verdictOn(
    history.operations,
    outcome.made.some(({ name }) => name === 'clock-jump'),
  );
  const isWell = verdict.kind === 'possible' && story.findings.length === 0;
  const lines = [
    ...['', ...faultTable(ending)],
    ...['', `operations: ${JSON.stringify(history.counts)}`],
    ...firstOf(
      [...history.reasons].sort(([, a], [, b]) => b - a).map(([why, times]) => `  ${times} × ${why}`),
    ),
    ...['', `what the servers warned of: ${said.length} lines`],
    ...firstOf(kindsOf(said).map((kind) => `  ${kind}`)),
    ...['', ...story.findings.map((finding) => `FINDING: ${finding}`)],
    `verdict: ${verdict.kind}: ${verdict.why}`,
    `nemesis: seed ${plan.seed}: ${isWell ? 'passed' : 'FAILED'}`,
  ];
  for (const line of lines) console.log(line);
  if (!isWell || plan.keep) keep(ending, lines);
  return isWell;
}

/** What no fault explains: an error, or words that are no log line, such as a stack. */
function isDefect({ server, level, text }: Said, { outcome }: Ending): boolean {
  if (level === 'warn') return false;
  const hadItsDiskFail = outcome.made.some(
    ({ name, victims }) => name === 'disk-failing' && victims.includes(server),
  );
  // The storage library prints what its disk answers; the slave is to say what has failed.
  return !hadItsDiskFail || (level === 'error' && !/EIO|Input\/output error/.test(text));
}

const firstOf = (lines: readonly string[]): readonly string[] =>
  lines.length <= LINES_MAX
    ? lines
    : [...lines.slice(0, LINES_MAX), `  … and ${lines.length - LINES_MAX} more kinds`];

function faultTable({ outcome, skipped }: Ending): readonly string[] {
  const byName = new Map<string, Made[]>();
  for (const made of outcome.made) byName.set(made.name, [...(byName.get(made.name) ?? []), made]);
  const rows = [...byName].map(([name, all]) => {
    const seconds = all.reduce((sum, { atMs, healedMs }) => sum + healedMs - atMs, 0) / 1_000;
    return `  ${name.padEnd(20)} ${String(all.length).padStart(3)} times, ${seconds.toFixed(1).padStart(6)} s`;
  });
  return [
    'faults made:',
    ...(rows.length === 0 ? ['  none'] : rows),
    ...outcome.omitted.map((what) => `  planned and not made: ${what}`),
    ...skipped.map(({ name, why }) => `  SKIPPED ${name}: ${why}`),
  ];
}

/** Keeps what was recorded, what was told and what the servers said, and names the place. */
export function keep(
  { plan, dir, story, history }: Pick<Ending, 'plan' | 'dir' | 'story' | 'history'>,
  lines: readonly string[] = [],
): void {
  const kept = join(tmpdir(), `piazza-nemesis-kept-${plan.seed}-${Date.now()}`);
  mkdirSync(kept);
  writeFileSync(join(kept, 'history.jsonl'), history.lines);
  const troubles = history.troubles.map((trouble) => `${JSON.stringify(trouble)}\n`);
  writeFileSync(join(kept, 'troubles.jsonl'), troubles.join(''));
  writeFileSync(join(kept, 'story.txt'), `${[...story.lines, ...lines].join('\n')}\n`);
  cpSync(join(dir, 'logs'), join(kept, 'logs'), { recursive: true });
  console.log(`kept: ${kept}`);
}
