/**
 * Heartbeat listener: the UDP port on which slaves say that they live.
 *
 * It decodes, counts what it cannot decode, hands the rest on and sends answers. Who is alive, and
 * what to answer, is decided by those it hands them to. An answer that cannot be sent is dropped:
 * to the slave that is one more lost datagram, and the next heartbeat asks again.
 *
 * Invariants
 *   1. Nothing is handed on after `close`.
 *   2. A reading ends, whatever arrives meanwhile.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

import type { Address } from '../../common/config/address.ts';
import {
  decodeHeartbeat,
  encodeHeartbeatAnswer,
  type Heartbeat,
  type HeartbeatAnswer,
} from '../../common/wire/datagram.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  readonly onHeartbeat: (heartbeat: Heartbeat, from: Address) => void;
  /** The socket broke after it was bound: no heartbeat will be heard any more. */
  readonly onFailure: (error: Error) => void;
}

export interface HeartbeatListener {
  readonly port: number;
  /** How many datagrams could not be understood. */
  malformed(): number;
  answer(to: Address, answer: HeartbeatAnswer): void;
  /** Calls back once what waited in the socket has been handed on. */
  readOnce(done: () => void): void;
  close(): Promise<void>;
}

/** Node reads 32 datagrams of a socket in one turn; so many turns empty any receive buffer that systems give. */
const READ_TURNS_MAX = 256;

/** The poll for sockets comes before the immediates of its turn, but after those that were set before it. */
const READ_TURNS_MIN = 2;

/** Answers that the system has not taken yet; beyond that something is wrong with the network, not with us. */
const ANSWERS_WAITING_MAX = 1_024;

/** Asked for, and cut by the system to what it allows: a stalled loop then finds the beats of its sleep. */
const RECEIVE_BUFFER_BYTES = 1_048_576;

export async function listenForHeartbeats(options: ListenerOptions): Promise<HeartbeatListener> {
  const socket = createSocket(isIPv6(options.host) ? 'udp6' : 'udp4');
  const counts = { arrived: 0, malformed: 0 };
  let isOpen = true;
  socket.on('message', (bytes, from) => {
    if (!isOpen) return;
    counts.arrived += 1;
    const heartbeat = decodeHeartbeat(bytes);
    if (heartbeat === undefined) counts.malformed += 1;
    else options.onHeartbeat(heartbeat, addressOf(from));
  });
  await bind(socket, options);
  socket.on('error', options.onFailure);

  return {
    port: socket.address().port,
    malformed: () => counts.malformed,
    answer: (to, answer) => {
      if (!isOpen || socket.getSendQueueCount() >= ANSWERS_WAITING_MAX) return;
      socket.send(encodeHeartbeatAnswer(answer), to.port, to.host, ignore);
    },
    readOnce: (done) => {
      readOn(counts, done, 1);
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

async function bind(socket: Socket, { host, port }: ListenerOptions): Promise<void> {
  const bound = once(socket, 'listening'); // Rejects if the socket says 'error' first.
  socket.bind({ address: host, port });
  try {
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // Some systems refuse where others give what they can: the default buffer holds the beats of many slaves too.
  }
}

/** A turn of the event loop after the other, until one brings nothing more. */
function readOn(counts: { readonly arrived: number }, done: () => void, turn: number): void {
  const before = counts.arrived;
  setImmediate(() => {
    const isEmpty = turn >= READ_TURNS_MIN && counts.arrived === before;
    if (isEmpty || turn >= READ_TURNS_MAX) done();
    else readOn(counts, done, turn + 1);
  });
}

const addressOf = ({ address, port }: RemoteInfo): Address => ({ host: address, port });

/** A datagram that cannot be sent is a lost one; without a callback it would be an 'error' of the socket. */
const ignore = (): void => undefined;
