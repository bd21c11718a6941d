/** Worlds of one private copy, in a process of its own, under a bound: the seed at which they complain, and of what. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Line } from './seeds.ts';

/** One world takes some seconds; one that takes so long never ends. */
const SEED_MS_MAX = 120_000;

/** In MiB: a bug that fills the memory dies of it alone. */
const HEAP_MAX = 1_024;

export interface Seeds {
  readonly first: number;
  readonly most: number;
  /** The search is given up after so long. */
  readonly boundMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

export interface Search {
  /** The last world that was begun. */
  readonly seed: number;
  /** Undefined: nobody has noticed anything. */
  readonly complaint: string | undefined;
  readonly ms: number;
}

export function search(tree: string, { first, most, boundMs, signal }: Seeds): Promise<Search> {
  const began = performance.now();
  const program = join(tree, 'test/planted/seeds.js');
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${HEAP_MAX}`, program, `${first}`, `${most}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    },
  );
  let seed = first;
  let complaint: string | undefined;
  let isGivenUp = false;
  let last = '';
  const stuck = setTimeout(() => {
    complaint = `the world of this seed did not end within ${SEED_MS_MAX / 1_000} s`;
    child.kill('SIGKILL');
  }, SEED_MS_MAX);
  const bound = setTimeout(() => {
    isGivenUp = true;
    child.kill('SIGKILL');
  }, boundMs);
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line; // Written by seeds.ts.
    stuck.refresh();
    ({ seed, complaint } = { complaint: undefined, ...line });
  });
  child.stderr.on('data', (chunk: Buffer) => (last = chunk.toString().trim()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(stuck);
      clearTimeout(bound);
      if (status !== 0 && !isGivenUp) complaint ??= `the process ended with ${status ?? 'a signal'}: ${last}`;
      resolve({ seed, complaint, ms: performance.now() - began });
    });
  });
}
