/**
 * Node ids in Redis' shape: 40 hex digits, derived from a name, the same on every machine.
 *
 * Clients use them as names only. They are no secret and guard nothing; that two names share all
 * 160 bits is not expected to happen to anybody.
 */
import { hash32 } from '../hash.ts';
import type { SlaveId } from '../ids.ts';

/** A node id is so many hashes of 32 bits, side by side. */
const LANES = [0, 1, 2, 3, 4];

export const nodeIdOfSlave = (id: SlaveId): string => nodeId(`slave ${id}`);

/** A gateway has no id of its own: its address is its name. */
export const nodeIdOfGateway = (host: string, port: number): string => nodeId(`gateway ${host}:${port}`);

const nodeId = (name: string): string =>
  LANES.map((lane) => hash32(`${name} ${lane}`).toString(16).padStart(8, '0')).join('');
