/**
 * Whether `done` means what it says: a disk made slow or broken by strace, and processes killed with no warning.
 *
 * strace changes what the kernel answers to the calls of the child process. Where it is missing, or not
 * allowed to trace, the tests that need it are skipped by name.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expect } from 'chai';

import { openLmdbStore } from '../../src/common/io/lmdb-store.ts';
import type { Durability } from '../../src/common/io/lmdb-environment.ts';

const child = new URL('./lmdb-child.ts', import.meta.url).pathname;
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const DELAY_MS = 200;

/** Runs a command and gives the lines it printed, and how it ended. */
async function linesOf(command: ChildProcess): Promise<readonly string[]> {
  const lines: string[] = [];
  if (command.stdout === null) return lines;
  createInterface(command.stdout).on('line', (line) => lines.push(line));
  await once(command, 'close');
  return lines;
}

const node = (dir: string, ...words: readonly string[]): readonly string[] => [
  '--import',
  'tsx',
  child,
  dir,
  ...words,
];

describe('what an LMDB store calls done', () => {
  let dir: string;
  const children: ChildProcess[] = [];
  const start = (command: string, words: readonly string[], stderr: 'inherit' | 'ignore'): ChildProcess => {
    const started = spawn(command, words, { stdio: ['ignore', 'pipe', stderr] });
    children.push(started);
    return started;
  };

  /** Where: a file of the store; only calls on it are changed. strace counts `when` for each thread on its own. */
  const traced = (rule: string, where: string, ...words: readonly string[]): ChildProcess =>
    start(
      'strace',
      [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-P',
        join(dir, where),
        '-e',
        `inject=${rule}`,
        process.execPath,
        ...node(dir, ...words),
      ],
      // LMDB prints what goes wrong; here that is wanted to go wrong.
      'ignore',
    );

  const timesOf = async (durability: Durability, where: string): Promise<readonly number[]> => {
    const [line = ''] = await linesOf(
      traced(`fdatasync:delay_enter=${DELAY_MS * 1_000}`, where, durability, 'time'),
    );
    return line.split(' ').map(Number);
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'piazza-durability-'));
  });

  afterEach(() => {
    // strace, killed, leaves what it traces running; the child ends itself when it has counted enough.
    for (const one of children.splice(0)) one.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  for (const durability of ['fsync', 'os'] as const) {
    it(`is there after a kill -9, to the last number that was printed (${durability})`, async () => {
      for (const afterMs of [150, 400]) {
        const running = start(process.execPath, node(dir, durability, 'count'), 'inherit');
        const lines = linesOf(running);
        await once(running.stdout as NonNullable<ChildProcess['stdout']>, 'data');
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        running.kill('SIGKILL');
        const said = (await lines).map(Number);
        expect(said.length).to.be.above(20);
        await expectAllThere(dir, durability, said.length);
      }
    }).timeout(20_000);
  }

  (canTrace ? describe : describe.skip)('on a disk that strace makes slow or broken', () => {
    it('waits for fdatasync with fsync', async () => {
      const [shortest] = await timesOf('fsync', 'journal.0');
      expect(shortest).to.be.above(DELAY_MS * 0.9);
    }).timeout(20_000);

    it('does not wait for fdatasync with os', async () => {
      // Not for the journal's, and not for that of the tree, which is under way while the commits are timed.
      for (const where of ['journal.0', 'data.mdb']) {
        const [, longest] = await timesOf('os', where);
        expect(longest, where).to.be.below(DELAY_MS * 0.5);
      }
    }).timeout(20_000);

    it('is never said after a failed fdatasync, and the failure is told once', async () => {
      const failing = traced('fdatasync:error=EIO:when=5+', 'journal.0', 'fsync', 'count');
      const lines = await linesOf(failing);
      const numbers = lines.filter((line) => /^\d+$/.test(line));
      expect(lines.slice(numbers.length)).to.deep.equal(['failed StoreFailure', 'read StoreFailure']);
      expect(failing.exitCode).to.equal(3);
      await expectAllThere(dir, 'fsync', numbers.length);
    }).timeout(20_000);

    it('ends too when only the tree’s disk fails behind os', async () => {
      const failing = traced('fdatasync:error=EIO:when=8+', 'data.mdb', 'os', 'count');
      const lines = await linesOf(failing);
      expect(lines.slice(-2)).to.deep.equal(['failed StoreFailure', 'read StoreFailure']);
      expect(failing.exitCode).to.equal(3);
      await expectAllThere(dir, 'os', lines.length - 2);
    }).timeout(20_000);

    it('ends when the disk is full', async () => {
      const failing = traced('pwrite64,pwritev:error=ENOSPC:when=40+', 'journal.0', 'os', 'count');
      const lines = await linesOf(failing);
      expect(lines.slice(-2)).to.deep.equal(['failed StoreFailure', 'read StoreFailure']);
      expect(failing.exitCode).to.equal(3);
      await expectAllThere(dir, 'os', lines.length - 2);
    }).timeout(20_000);
  });
});

/** Every number that was printed, and perhaps the one that was on its way. */
async function expectAllThere(dir: string, durability: Durability, count: number): Promise<void> {
  const store = openLmdbStore({
    dir,
    durability,
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    for (let number = 0; number < count; number += 1) {
      expect(store.get(Buffer.from(`n${number}`))?.length, `commit ${number}`).to.equal(3_000);
    }
    const last = Number(store.get(Buffer.from('last')) ?? -1);
    expect(last).to.be.at.least(count - 1);
  } finally {
    await store.close();
  }
}
