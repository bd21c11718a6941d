/**
 * Links: framed TCP connections, for control (slave and coordination server) and between slaves.
 *
 *    send ─► outgoing list ──(end of this turn)──► one gathered write ─► socket ─► chunks ─► frames of one read
 *
 * All that is sent within one turn of the event loop leaves in one write; all frames that one read brought
 * are handed over together. A link never reconnects: a connection that breaks and returns is a new link, and
 * what the two ends know of each other starts anew. It does not know what frames mean, and judges nobody:
 * a stranger's bytes close the link, with the reason handed to `closed`.
 *
 * Invariants
 *   1. `closed` is called exactly once for each link, never from within a call of ours into the link.
 *   2. After `close` or `destroy` no frame is handed over any more, and `send` does nothing.
 *   3. What waits to be sent is bounded: a peer that does not read loses its link.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

import { FrameCutter, frameHeader, gathered } from './link-frames.ts';

/** Beyond this a peer is not slow but gone: several times the largest frame, small beside a machine's memory. */
export const LINK_WAITING_BYTES_MAX = 256 * 1024 * 1024;

/** How long a link that was closed may take to hand its last bytes over before it is cut. */
const CLOSE_PATIENCE_MS = 2_000;

/** A cluster has tens of slaves; more than this is somebody who dials in a loop. */
const ACCEPTED_LINKS_MAX = 4_096;

const KEEP_ALIVE_MS = 10_000;

export interface LinkHandler {
  /** All frames that one read brought, in order; each starts with its type byte. They are slices of what was read. */
  frames(link: Link, frames: readonly Buffer[]): void;
  /** The link is gone; `why` is a phrase for the log. Called once. */
  closed(link: Link, why: string): void;
  /** Everything sent so far is in the operating system's hands again, after it had piled up. */
  drained?(link: Link): void;
}

export interface LinkLimits {
  /** Default `LINK_WAITING_BYTES_MAX`. */
  readonly waitingBytesMax?: number;
}

export class Link {
  /** The other end, as `address:port`. */
  readonly remote: string;
  readonly #socket: Socket;
  readonly #cutter = new FrameCutter();
  readonly #waitingBytesMax: number;
  #handler: LinkHandler | undefined;
  #outgoing: Buffer[] = [];
  #outgoingBytes = 0;
  #why: string | undefined;

  constructor(socket: Socket, limits: LinkLimits = {}) {
    this.#socket = socket;
    this.#waitingBytesMax = limits.waitingBytesMax ?? LINK_WAITING_BYTES_MAX;
    this.remote = addressText(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
  }

  /** From now on the handler hears of this link. Called once, in the turn in which the socket was connected. */
  attach(handler: LinkHandler): void {
    this.#handler = handler;
    this.#socket
      .on('data', (chunk: Buffer) => {
        this.#receive(chunk);
      })
      .on('drain', () => {
        if (this.isOpen) handler.drained?.(this);
      })
      .on('end', () => {
        this.#finish('closed by the other side');
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        this.#why ??= `broken (${error.code ?? error.message})`;
      })
      .on('close', () => {
        handler.closed(this, this.#why ?? 'closed by the other side');
      });
  }

  get isOpen(): boolean {
    return this.#why === undefined;
  }

  /** Bytes that were sent here and that the operating system has not taken yet. */
  get waitingBytes(): number {
    return this.#outgoingBytes + this.#socket.writableLength;
  }

  /**
   * Sends one frame, its type byte first, without the length; parts are joined on the wire.
   * The buffers belong to the link from here on and must not change. On a link that is not open: nothing.
   */
  send(frame: Buffer | readonly Buffer[]): void {
    if (!this.isOpen) return;
    const parts = Buffer.isBuffer(frame) ? [frame] : frame;
    let length = 0;
    for (const part of parts) length += part.length;
    const header = frameHeader(length);
    if (this.#outgoing.length === 0) {
      process.nextTick(() => {
        this.#flush();
      });
    }
    this.#outgoing.push(header);
    for (const part of parts) this.#outgoing.push(part);
    this.#outgoingBytes += header.length + length;
    if (this.waitingBytes > this.#waitingBytesMax) {
      this.destroy(`cut: the other side does not read, and ${this.waitingBytes} bytes wait for it`);
    }
  }

  /** Stops reading, so that the other side has to wait: for whoever cannot keep up with what arrives. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends what waits, then ends the link; bounded in time. */
  close(): void {
    this.#finish('closed here');
  }

  /** Ends the link at once; what waits is lost. */
  destroy(why = 'cut here'): void {
    this.#why ??= why;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#socket.destroy();
  }

  #finish(why: string): void {
    if (!this.isOpen) return;
    this.#flush();
    this.#why = why;
    this.#socket.end();
    this.#socket.resume(); // A paused socket would never hear that the other side has ended, too.
    const cut = setTimeout(() => {
      this.#socket.destroy();
    }, CLOSE_PATIENCE_MS);
    this.#socket.once('close', () => {
      clearTimeout(cut);
    });
  }

  #flush(): void {
    if (this.#outgoing.length === 0) return;
    const pieces = gathered(this.#outgoing);
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    if (!this.isOpen) return;
    const { frames, offence } = this.#cutter.push(chunk);
    if (frames.length > 0) this.#handler?.frames(this, frames);
    if (offence !== undefined) this.destroy(`offence: ${offence}`);
  }
}

export interface LinkListener {
  readonly port: number;
  /** Stops listening and closes every link that was accepted here. */
  close(): Promise<void>;
}

export interface ListenOptions extends LinkLimits {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  accepted(link: Link): LinkHandler;
  /** Somebody could not be let in (too many links, no file descriptors left). */
  trouble?(why: string): void;
}

/** Rejects with the system's error (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`) if it cannot listen there. */
export function listenLinks(options: ListenOptions): Promise<LinkListener> {
  const links = new Set<Link>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  server.maxConnections = ACCEPTED_LINKS_MAX;
  server.on('connection', (socket) => {
    const link = new Link(socket, options);
    links.add(link);
    socket.once('close', () => links.delete(link));
    link.attach(options.accepted(link));
  });
  server.on('drop', () => options.trouble?.(`more than ${ACCEPTED_LINKS_MAX} links: one was turned away`));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      server.on('error', (error) => options.trouble?.(error.message));
      resolve({ port: portOf(server), close: () => closeAll(server, links) });
    });
  });
}

function closeAll(server: Server, links: ReadonlySet<Link>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    for (const link of links) link.close();
  });
}

export interface DialOptions extends LinkLimits {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Called once connected, before any frame is read. */
  readonly handler: (link: Link) => LinkHandler;
}

/** Rejects with an error whose `code` is `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, `ENOTFOUND`, …; then no handler is made. */
export function dialLink(options: DialOptions): Promise<Link> {
  return dialled(options, (socket) => {
    const link = new Link(socket, options);
    link.attach(options.handler(link));
    return link;
  });
}

/** Is somebody there? A refusal says that the process is gone; silence says nothing. Never rejects. */
export async function probePort(
  host: string,
  port: number,
  timeoutMs: number,
): Promise<'open' | 'refused' | 'silent'> {
  try {
    await dialled({ host, port, timeoutMs }, (socket) => socket.on('error', () => undefined).destroy());
    return 'open';
  } catch (error) {
    return codeOf(error) === 'ECONNREFUSED' ? 'refused' : 'silent';
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

/** `use` runs in the very turn of the connection, so that no event of the socket passes before somebody listens. */
function dialled<T>({ host, port, timeoutMs }: Target, use: (socket: Socket) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const timer = setTimeout(() => {
      fail(dialError('ETIMEDOUT', `no answer from ${addressText(host, port)} within ${timeoutMs} ms`));
    }, timeoutMs);
    socket.once('error', fail);
    socket.once('connect', () => {
      // Whoever dials a free port of its own machine again and again is one day given that very port to dial
      // from, and is connected to itself. Nobody listens there: it is a refusal.
      if (isSelf(socket)) {
        fail(dialError('ECONNREFUSED', `nobody listens on ${addressText(host, port)}`));
        return;
      }
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(use(socket));
    });
  });
}

const isSelf = (socket: Socket): boolean =>
  socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;

const dialError = (code: string, text: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`connect ${code}: ${text}`), { code });

/** The system's code of an error (`ECONNREFUSED`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** `host:port`, with brackets around an IPv6 address. */
export const addressText = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
