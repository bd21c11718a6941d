/** What the servers said while they were attacked: warnings counted by kind, and what sounds like a defect. */
import { existsSync, readFileSync } from 'node:fs';

import type { Server } from './server.ts';

export interface Said {
  readonly server: string;
  readonly level: string;
  readonly text: string;
}

/** Lines of the level `warn` and above, and lines that are no log lines at all, such as a stack. */
export function trouble(servers: readonly Server[]): readonly Said[] {
  return servers.flatMap(({ id, seat }) =>
    existsSync(seat.logFile)
      ? readFileSync(seat.logFile, 'utf8')
          .split('\n')
          .flatMap((line) => saidIn(id, line))
      : [],
  );
}

function saidIn(server: string, line: string): readonly Said[] {
  if (line === '' || line.startsWith('=== ') || line.startsWith('ready ')) return [];
  try {
    const { level, name, msg } = JSON.parse(line) as Readonly<Record<string, unknown>>; // A line of ours, or it throws.
    if (level === 'info' || level === 'debug') return [];
    return [{ server, level: String(level), text: `${String(name)}: ${String(msg)}` }];
  } catch {
    return [{ server, level: 'plain', text: line }];
  }
}

/** One line for each kind: numbers, names and addresses make many lines of one. */
export function kindsOf(said: readonly Said[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { level, text } of said) {
    const kind = `${level} ${text.replaceAll(/\d+(\.\d+)*(:\d+)?|\bs\d+\b/g, '…')}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${count} × ${kind}`);
}
