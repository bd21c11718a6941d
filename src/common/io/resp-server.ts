/**
 * The TCP server that speaks to clients, for slaves and for the gateway: it accepts, counts and closes.
 *
 * How one connection is read and answered is `resp-connection.ts`; what commands mean is the handler's.
 *
 * Invariants
 *   1. At most `connectionsMax` clients at a time; one more is told so and closed.
 *   2. `handler.closed` is called once for each `handler.opened`, also when the server closes.
 */
import { createServer, type Server, type Socket } from 'node:net';

import { Failure } from '../reply.ts';
import { requestLimits } from '../wire/resp-request.ts';
import { encodeReply, SegmentPool } from '../wire/resp-writer.ts';
import {
  type ConnectionLimits,
  RespConnection,
  type RespHandler,
  type Surroundings,
} from './resp-connection.ts';
import { Budget, Turn } from './resp-shared.ts';

export type { Ticket } from '../wire/answer-queue.ts';
export type { Request } from '../wire/resp-request.ts';
export { RespConnection, type RespHandler } from './resp-connection.ts';

export interface RespLimits extends ConnectionLimits {
  readonly connectionsMax: number;
  /** Bytes of unanswered commands, over all connections. */
  readonly processRequestBytesMax: number;
  /** Bytes of commands that have not come whole, over all connections: beyond, the largest is cut off. */
  readonly processGatheredBytesMax: number;
}

const MiB = 1024 * 1024;

export const respLimits: RespLimits = {
  connectionsMax: 10_000,
  commandsMax: 1_000,
  requestBytesMax: 4 * MiB,
  processRequestBytesMax: 64 * MiB,
  // Four commands of the largest kind may be on their way at a time.
  processGatheredBytesMax: 256 * MiB,
  outputPauseBytes: MiB,
  outputBytesMax: 64 * MiB,
  request: requestLimits,
};

/** Connections that the system may hold before we accept them; Redis' default. */
const BACKLOG = 511;

/** A client whose machine has vanished is noticed after about so long, as with Redis. */
const KEEP_ALIVE_MS = 300_000;

/** How long one that is turned away has to read why. */
const REFUSED_MS = 1_000;

const tooMany = encodeReply(new Failure('ERR max number of clients reached'), 2);

export interface RespServer {
  readonly port: number;
  readonly connections: ReadonlyMap<number, RespConnection>;
  /** Accepts nobody any more, writes what has been answered, closes every connection. */
  close(): Promise<void>;
}

export interface RespServerOptions {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  readonly handler: RespHandler;
  readonly limits?: Partial<RespLimits>;
}

/** Listens; rejects if it cannot, for instance because the port is taken. */
export async function serveResp({ host, port, handler, limits }: RespServerOptions): Promise<RespServer> {
  const clients = new Clients(handler, { ...respLimits, ...limits });
  const server = createServer({
    noDelay: true,
    allowHalfOpen: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.on('connection', (socket) => {
    clients.accept(socket);
  });
  await listening(server, host, port);
  // A connection that could not be accepted (no file descriptors left) is its client's trouble, not our end.
  server.on('error', () => undefined);

  const address = server.address();
  return {
    port: typeof address === 'string' ? port : (address?.port ?? port),
    connections: clients.connections,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await clients.close();
      await closed;
    },
  };
}

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', reject);
      resolve();
    });
  });

class Clients {
  readonly connections = new Map<number, RespConnection>();
  readonly #limits: RespLimits;
  readonly #around: Surroundings;
  #nextId = 1;
  #gatheredBytes = 0;
  #emptied: () => void = () => undefined;

  constructor(handler: RespHandler, limits: RespLimits) {
    const turn = new Turn();
    this.#limits = limits;
    this.#around = {
      limits,
      handler,
      pool: new SegmentPool(),
      turn,
      budget: new Budget(limits.processRequestBytesMax, turn),
      gathered: (bytes) => {
        this.#onGathered(bytes);
      },
      closed: (connection) => {
        this.connections.delete(connection.id);
        handler.closed(connection);
        if (this.connections.size === 0) this.#emptied();
      },
    };
  }

  accept(socket: Socket): void {
    if (this.connections.size >= this.#limits.connectionsMax) {
      turnAway(socket);
      return;
    }
    const connection = new RespConnection(this.#nextId, socket, this.#around);
    this.#nextId += 1;
    this.connections.set(connection.id, connection);
    connection.start();
    this.#around.handler.opened(connection);
  }

  /** Resolves when the handler has heard of every end. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#emptied = resolve;
      if (this.connections.size === 0) resolve();
      for (const connection of this.connections.values()) connection.finish();
    });
  }

  /** Unfinished commands may not be refused one by one, since none can be answered before it is whole. */
  #onGathered(bytes: number): void {
    this.#gatheredBytes += bytes;
    if (this.#gatheredBytes <= this.#limits.processGatheredBytesMax) return;
    let largest: RespConnection | undefined;
    for (const connection of this.connections.values()) {
      if (largest === undefined || connection.inputBytes > largest.inputBytes) largest = connection;
    }
    largest?.destroy();
  }
}

function turnAway(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.end(tooMany);
  socket.resume();
  const cut = setTimeout(() => {
    socket.destroy();
  }, REFUSED_MS);
  socket.once('close', () => {
    clearTimeout(cut);
  });
}
