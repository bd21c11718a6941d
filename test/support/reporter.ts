/**
 * Tells how a suite went: every failure readably at the end, every skip by name, and the counts for whoever asked.
 *
 * With `--reporter-option verbose=true` each test is named as it ends (the system tests take seconds each).
 * With TEST_COUNTS=FILE the counts are left in FILE as JSON, for run-tests.ts, which says the closing line;
 * without it the closing line is said here. A run whose process does not end by itself has left something
 * open (a socket, a timer, a child): that is said, and is a failure.
 */
import { writeFileSync, writeSync } from 'node:fs';

import Mocha, { type MochaOptions, type Runner, type Test } from 'mocha';

import { closingLine, type Counts } from './counts.ts';

/** A healthy run ends within milliseconds of its last test. */
const ENDING_PATIENCE_MS = 10_000;

const SLOWEST_SHOWN = 5;

export default class Reporter {
  readonly #failures: Test[] = [];
  readonly #skipped: string[] = [];
  readonly #ran: { readonly title: string; readonly ms: number }[] = [];
  readonly #verbose: boolean;

  constructor(runner: Runner, options: MochaOptions) {
    const asked = (options.reporterOptions ?? {}) as Readonly<Record<string, unknown>>;
    this.#verbose = asked['verbose'] === 'true' || asked['verbose'] === true;
    runner.on('pass', (test) => this.#passed(test));
    runner.on('fail', (test, error: unknown) => this.#failed(test, error));
    runner.on('pending', (test) => this.#skip(test));
    runner.once('end', () => this.#end());
  }

  #passed(test: Test): void {
    const ms = test.duration ?? 0;
    this.#ran.push({ title: titleOf(test), ms });
    if (this.#verbose) say(`  ✓ ${titleOf(test)} (${ms} ms)`);
  }

  #failed(test: Test, error: unknown): void {
    // Mocha's own list wants the error on the test; a test can fail twice (its body, then a late throw).
    if (test.err === undefined && error instanceof Error) test.err = error;
    if (!this.#failures.includes(test)) this.#failures.push(test);
    say(`  ✗ ${titleOf(test)}`);
  }

  #skip(test: Test): void {
    this.#skipped.push(titleOf(test));
    if (this.#verbose) say(`  – ${titleOf(test)} (skipped)`);
  }

  #end(): void {
    if (this.#failures.length > 0) Mocha.reporters.Base.list(this.#failures);
    for (const title of this.#skipped) say(`  skipped: ${title}`);
    this.#leaveCounts({
      passed: this.#ran.length,
      failed: this.#failures.length,
      skipped: this.#skipped.length,
      slowest: [...this.#ran].sort((a, b) => b.ms - a.ms).slice(0, SLOWEST_SHOWN),
    });
    setTimeout(endByForce, ENDING_PATIENCE_MS).unref();
  }

  #leaveCounts(counts: Counts): void {
    const file = process.env['TEST_COUNTS'];
    if (file === undefined) say(`\n${closingLine(counts)}`);
    else writeFileSync(file, JSON.stringify(counts));
  }
}

function endByForce(): void {
  writeSync(
    2,
    'The tests are over, but something still holds the process open (a socket, a timer, a child).\n',
  );
  // Mocha sets the status to the number of failures while the process exits; this handler is the later one.
  process.once('exit', () => {
    process.exitCode = 1;
  });
  process.exit();
}

const titleOf = (test: Test): string => test.titlePath().join(' › ');

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
