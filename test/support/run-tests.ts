/**
 * Runs suites one after the other and ends with one line that sums them: `N passed, N failed`.
 *
 *   node --import tsx test/support/run-tests.ts unit system
 *
 * A suite that dies, hangs or finds no test is a failure, never a silence. With PIAZZA_CI=1 a skipped test is
 * one too: who sets it has installed every foreign tool. Programs under test see no PIAZZA_ variable of the
 * caller's: their settings come from the tests alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { closingLine, type Counts, noCounts, sumOf, withSkipsAsFailures } from './counts.ts';

interface Suite {
  readonly config: string;
  /** After this the suite is stuck: it is ended, and has failed. */
  readonly boundMs: number;
  /** Beyond this it is too slow to be run before every commit, and says so. */
  readonly comfortMs: number;
}

const suites: ReadonlyMap<string, Suite> = new Map([
  ['unit', { config: '.mocharc.unit.json', boundMs: 180_000, comfortMs: 20_000 }],
  ['system', { config: '.mocharc.system.json', boundMs: 480_000, comfortMs: 240_000 }],
]);

const inCi = process.env['PIAZZA_CI'] === '1';

/** The suite that runs, so that who stops this program stops it too. */
let running: ChildProcess | undefined;

async function main(names: readonly string[]): Promise<void> {
  let total = noCounts;
  for (const name of names) total = sumOf(total, await runSuite(name));
  say(`\n${closingLine(total)}`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

async function runSuite(name: string): Promise<Counts> {
  const suite = suites.get(name);
  if (suite === undefined)
    throw new Error(`There is no suite "${name}"; there are: ${[...suites.keys()].join(', ')}`);
  const room = mkdtempSync(join(tmpdir(), 'piazza-tests-'));
  const countsFile = join(room, 'counts.json');
  say(`\n${name}`);
  const started = performance.now();
  try {
    const end = await runMocha(suite, countsFile);
    const ms = performance.now() - started;
    return judge(name, end, readCounts(countsFile), ms);
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

/** How a run of mocha ended: by itself with a status, by a signal, or by our patience. */
interface End {
  readonly status: number | undefined;
  readonly stuck: boolean;
}

function runMocha({ config, boundMs }: Suite, countsFile: string): Promise<End> {
  const args = ['node_modules/mocha/bin/mocha.js', '--config', config, '--forbid-only'];
  const reporting = ['--reporter', './test/support/reporter.ts'];
  // A group of its own, so that the bound ends whatever the tests have started.
  const child = spawn(process.execPath, [...args, ...reporting], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...withoutOurs(process.env), TEST_COUNTS: countsFile },
    detached: true,
  });
  running = child;
  let stuck = false;
  const bound = setTimeout(() => {
    stuck = true;
    signalGroup(child, 'SIGKILL');
  }, boundMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => {
      clearTimeout(bound);
      running = undefined;
      signalGroup(child, 'SIGKILL'); // Whatever a broken test has left behind.
      resolve({ status: status ?? undefined, stuck });
    });
  });
}

const withoutOurs = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('PIAZZA_')));

function readCounts(file: string): Counts | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Counts; // Written by our own reporter.
  } catch {
    return undefined; // The suite died before its end.
  }
}

function judge(name: string, end: End, told: Counts | undefined, ms: number): Counts {
  const counts = countedIn(told);
  const trouble = troubleIn(end, told);
  if (trouble !== undefined) say(`  ${name} ${trouble}`);
  const judged = trouble === undefined ? counts : sumOf(counts, { ...noCounts, failed: 1 });
  if (ms > (suites.get(name)?.comfortMs ?? 0)) sayWhatIsSlow(judged);
  say(`${name}: ${closingLine(judged)} in ${(ms / 1_000).toFixed(1)} s`);
  return judged;
}

function countedIn(told: Counts = noCounts): Counts {
  if (!inCi || told.skipped === 0) return told;
  say('  Here a skipped test is a failure (PIAZZA_CI=1).');
  return withSkipsAsFailures(told);
}

/** What went wrong with the suite itself, beside its tests. */
function troubleIn({ status, stuck }: End, told: Counts | undefined): string | undefined {
  if (stuck) return 'did not end in time and was stopped';
  if (told === undefined) return `died before its end (status ${status ?? 'unknown'})`;
  if (told.passed + told.failed + told.skipped === 0) return 'found no test to run';
  if (status !== 0 && told.failed === 0)
    return `ended with status ${status ?? 'unknown'}, though no test failed`;
  return undefined;
}

function sayWhatIsSlow({ slowest }: Counts): void {
  say('  This is slower than is comfortable. The slowest tests:');
  for (const { title, ms } of slowest) say(`  ${String(ms).padStart(7)} ms  ${title}`);
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (running !== undefined) signalGroup(running, signal);
    process.exit(130);
  });
}

await main(process.argv.slice(2));
