/**
 * Heartbeat worker: the thread that says "I am here", so that a busy main loop is not taken for a death.
 *
 * Each interval it reads the shared counters and sends one datagram to where it was last told to. It
 * knows nothing of storage and must never import it: a native library that hangs in one thread would
 * take the other's word away. That the main loop itself lives is told by its own counter, which only
 * the main loop moves.
 *
 * It sends nothing before it has been told both who it is and where to.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { parentPort, workerData } from 'node:worker_threads';

import type { Address } from '../../common/config/address.ts';
import { epoch, type SlaveId, type StoreId } from '../../common/ids.ts';
import { invariant, unreachable } from '../../common/invariant.ts';
import { decodeHeartbeatAnswer, encodeHeartbeat, type HeartbeatAnswer } from '../../common/wire/datagram.ts';
import { readCounters } from './heartbeat-counters.ts';

/** Who sends; what a slave is registered as. */
export interface HeartbeatIdentity {
  readonly clusterId: string;
  readonly slave: SlaveId;
  readonly store: StoreId;
  readonly bootNonce: string;
}

export interface WorkerStart {
  readonly memory: SharedArrayBuffer;
  readonly heartbeatMs: number;
}

export type ToWorker =
  | { readonly kind: 'identity'; readonly identity: HeartbeatIdentity }
  | { readonly kind: 'target'; readonly target: Address }
  | { readonly kind: 'unheard'; readonly unheard: readonly SlaveId[] };

export type FromWorker = { readonly kind: 'answer'; readonly answer: HeartbeatAnswer };

/** The way to a coordination server, once its name is resolved. */
interface Route {
  readonly socket: Socket;
  readonly address: string;
  readonly port: number;
}

/** Heartbeats that the system has not taken yet; an old one is worth nothing, so few are kept. */
const BEATS_WAITING_MAX = 8;

const main = parentPort;
invariant(main !== null, 'the heartbeat worker runs beside a main thread');
const { memory, heartbeatMs } = workerData as WorkerStart; // The sender's side of this file makes it.

let identity: HeartbeatIdentity | undefined;
let target: Address | undefined;
let unheard: readonly SlaveId[] = [];
let route: Route | undefined;
let resolving: Address | undefined;
let sequence = 0;

main.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'identity':
      identity = message.identity;
      beat(); // A slave that has just registered need not wait to be heard.
      break;
    case 'target':
      target = message.target;
      resolving = undefined;
      route?.socket.close();
      route = undefined;
      beat();
      break;
    case 'unheard':
      unheard = message.unheard;
      break;
    default:
      unreachable(message);
  }
});

setInterval(beat, heartbeatMs);

function beat(): void {
  if (identity === undefined || target === undefined) return;
  if (route === undefined) {
    resolve(target);
    return;
  }
  if (route.socket.getSendQueueCount() >= BEATS_WAITING_MAX) return;
  sequence += 1;
  const { viewEpoch, ...counters } = readCounters(memory);
  const bytes = encodeHeartbeat({ ...identity, ...counters, viewEpoch: epoch(viewEpoch), sequence, unheard });
  // A datagram that cannot be sent is a lost one, and the next follows soon.
  route.socket.send(bytes, route.port, route.address, () => undefined);
}

/** Names are resolved once for each target, not for each beat: the resolver's threads are the disk's threads too. */
function resolve(wanted: Address): void {
  if (resolving === wanted) return;
  resolving = wanted;
  lookup(wanted.host, (error, address, family) => {
    if (resolving !== wanted) return; // We have been sent elsewhere meanwhile.
    resolving = undefined;
    if (error) return; // The next beat asks again.
    route = { socket: openSocket(family), address, port: wanted.port };
    beat();
  });
}

function openSocket(family: number): Socket {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  socket.on('message', (bytes) => {
    const answer = decodeHeartbeatAnswer(bytes);
    // An answer to what we never asked, or from another cluster's server, is not ours.
    if (answer === undefined || answer.clusterId !== identity?.clusterId || answer.sequence > sequence)
      return;
    main?.postMessage({ kind: 'answer', answer } satisfies FromWorker);
  });
  socket.on('error', () => {
    if (route?.socket !== socket) return; // Closed already, when we were sent elsewhere.
    route = undefined;
    socket.close();
  });
  return socket;
}
