/**
 * Where clients are served: whom they ask, how a connection to them is made, and what an answer means to a client.
 */
import { key } from '../../src/common/ids.ts';
import { Failure, type Reply } from '../../src/common/reply.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import { answerOf } from '../judge/answer.ts';
import type { Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import type { GatewayDesk } from './gateway-desk.ts';
import type { Process } from './process.ts';
import type { SlaveProcess } from './slave.ts';
import { isRead, type Outcome } from './workload.ts';

export type Server = SlaveProcess | GatewayDesk;

/** Longer than the gateway and a slave may take with a request, together with a little. */
export const PATIENCE_MS = 4_500;

/** How often a client looks whether its connection is still there. */
const LOOK_MS = 50;

const DEFINITE = /^(CLUSTERDOWN|TRYAGAIN|MOVED|NOREPLICAS|NOSPACE)/;
const MOVED = /^MOVED \d+ (.+):\d+$/;

export const isSlave = (server: Server | undefined): server is SlaveProcess =>
  server !== undefined && 'directory' in server;

const processOf = (server: Server, cluster: Cluster): Process =>
  (isSlave(server) ? server : cluster.coordination).process;

/** What a reply says of the command. An error that tells of state, such as WRONGTYPE, is an answer like others. */
export function outcomeOf(reply: Reply): Outcome {
  if (!(reply instanceof Failure)) return { reply: answerOf(reply) };
  const { text } = reply;
  if (DEFINITE.test(text)) return 'refused';
  return text.startsWith('ERR value') || text.startsWith('WRONGTYPE')
    ? { reply: answerOf(reply) }
    : 'unknown';
}

/** The same, of an answer that is judged as a copy's. */
export const asReadAt = (copy: string | undefined, outcome: Outcome): Outcome =>
  copy !== undefined && typeof outcome === 'object' ? { ...outcome, copy } : outcome;

/** Who answers for it, if it is a refusal that says so. */
export const movedTo = (reply: Reply): string | undefined =>
  reply instanceof Failure ? MOVED.exec(reply.text)?.[1] : undefined;

/** Whom some slave's view names for the key of this command. Views lag, so it may be the wrong one. */
export function ownerInSomeView(
  { world, slaves, settings }: Cluster,
  command: readonly string[],
): Server | undefined {
  const views = [...slaves.values()].filter(({ isUp, state }) => isUp && state.view !== undefined);
  if (views.length === 0) return undefined;
  const { view } = world.pick(views).state;
  const owner = view?.configurations[placeOf(command, settings.partitions)]?.members[0];
  return owner && slaves.get(owner.slave);
}

/** Keys of one command share a partition. */
const placeOf = ([, name = '']: readonly string[], partitions: number): number =>
  partitionOf(slotOf(key(Buffer.from(name))), partitions);

/** A command on its way, and what its server was in when it was sent. */
export interface Sent {
  readonly at: number;
  readonly pauses: number;
  readonly isToPaused: boolean;
  /** As whose it is judged, if a copy may have answered for the gateway. */
  readonly copy: string | undefined;
}

/** Sends a command to a server, behind what was sent on this connection before. */
export function send(
  cluster: Cluster,
  server: Server,
  connection: Connection,
  command: readonly string[],
): Sent {
  const args = command.map((word) => Buffer.from(word));
  const process = processOf(server, cluster);
  connection.carry(() => {
    process.to(() => {
      if (connection.isOpen) server.take(connection, args);
    });
  });
  return {
    ...{ at: cluster.world.now, pauses: process.pauses, isToPaused: process.isPaused },
    copy: isSlave(server) ? undefined : copyBehind(cluster, connection, command),
  };
}

/** Partitions to which each connection to the gateway has sent a write: from then on it reads at their owners. */
const written = new WeakMap<Connection, Set<number>>();

function copyBehind(
  { arrangement: { readFrom }, settings }: Cluster,
  connection: Connection,
  command: readonly string[],
): string | undefined {
  if (readFrom === 'owner') return undefined;
  const places = written.get(connection) ?? new Set();
  written.set(connection, places);
  const place = placeOf(command, settings.partitions);
  if (!isRead(command)) places.add(place);
  return places.has(place) ? undefined : 'the gateway';
}

export interface Watched {
  readonly server: Server;
  readonly connection: Connection;
  /** What the client waits for; undefined: nothing any more. */
  first(): Sent | undefined;
  /** Nothing is to be expected any more; `isOwed`: although nothing has happened to the server. */
  giveUp(isOwed: boolean): void;
}

/** Nobody waits for ever: a server that says nothing although nothing has happened to it breaks its word. */
export function watch(cluster: Cluster, { server, connection, first, giveUp }: Watched): void {
  const { world } = cluster;
  const process = processOf(server, cluster);
  const { life } = process;
  const look = (): void => {
    const sent = first();
    if (sent === undefined) return;
    const isBroken = !connection.isOpen || process.life !== life;
    if (!isBroken && world.now - sent.at < PATIENCE_MS) return world.in(LOOK_MS, look);
    giveUp(!isBroken && !sent.isToPaused && process.pauses === sent.pauses && !connection.isStuck);
  };
  world.in(LOOK_MS, look);
}

export const nameOf = (server: Server): string => (isSlave(server) ? server.id : 'the gateway');
