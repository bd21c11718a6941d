/**
 * What a run that was killed has left: its directory, and on the loopback its servers. Both are known by the
 * directory's name, which has the number of the process that made it.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = 'piazza-nemesis-run-';

export const runDirOf = (pid: number): string => join(tmpdir(), `${PREFIX}${pid}`);

/** Ends and removes what belongs to runs that are over. */
export function clearLeftovers(): void {
  const dirs = readdirSync(tmpdir())
    .filter((name) => name.startsWith(PREFIX) && !lives(Number(name.slice(PREFIX.length))))
    .map((name) => join(tmpdir(), name));
  for (const dir of dirs) clearRun(dir);
}

/** Ends what still runs on data below that directory, and removes it. */
export function clearRun(dir: string): void {
  if (basename(dir).startsWith(PREFIX)) {
    for (const pid of serversBelow(dir)) kill(pid);
    rmSync(dir, { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // Somebody else's: it lives.
  }
}

/** Processes that were told to keep their data there. */
function serversBelow(dir: string): readonly number[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`)
    .filter((name) => {
      const words = wordsOf(name);
      return words.some((word, at) => words[at - 1] === '--dir' && word.startsWith(`${dir}/`));
    })
    .map(Number);
}

function wordsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // It has ended since it was listed.
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended since it was listed.
  }
}
