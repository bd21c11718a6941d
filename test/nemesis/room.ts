/**
 * A room of our own: mount, network and process namespaces in which the run goes on as the first process.
 *
 *     npm run nemesis ──► outside: makes the directory, waits, clears up
 *                            └─ unshare ─► inside: process 1, and every server, mount and interface
 *
 * When process 1 ends, however it ends, the kernel ends every process in there, and with the last of them the mounts
 * and the network: nothing has to be taken down, and nothing can be left.
 */
import { spawnSync } from 'node:child_process';

import { hasTool } from '../support/tools.ts';

const FLAGS = [
  ...['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/** Why there can be no such room here; undefined: there can. */
export function noRoomReason(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces are there only on Linux';
  if (process.getuid?.() !== 0) return 'not root, so no namespaces of our own';
  // Without it not even the loopback of a new namespace can be brought up.
  if (!hasTool('ip')) return 'ip not installed';
  const { status, error, stderr } = spawnSync('unshare', [...FLAGS, 'true'], { encoding: 'utf8' });
  if (error !== undefined) return 'unshare not installed';
  return status === 0 ? undefined : `no namespaces of our own: ${stderr.trim()}`;
}

/** The words that run a command in such a room. */
export const inRoom = (command: readonly string[]): readonly string[] => ['unshare', ...FLAGS, ...command];
