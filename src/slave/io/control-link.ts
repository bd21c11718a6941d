/**
 * The link to a coordination server: dialled, registered on, kept; the next server's turn when it ends.
 *
 *     waiting ─► dialling ─► registering ─► registered ─► (closed, refused, no answer) ─► waiting …
 *                 100 ms, doubling to 1 s, after each failure; the servers in turn
 *
 * It says once that it waits, and once that it is back. What is told while there is no registration is
 * dropped: after the next one the machine tells again what matters. It does not know what messages mean.
 */
import { type Address, formatAddress } from '../../common/config/address.ts';
import { dialLink, type Link, type LinkHandler } from '../../common/io/link.ts';
import type { Log } from '../../common/io/log.ts';
import { decodeToSlave, encodeControl } from '../../common/message/control-codec.ts';
import type { FromSlave, Registration, ToSlave } from '../../common/message/control.ts';

export interface ControlEvents {
  /** What to register with, now. */
  registration(): Registration;
  message(message: ToSlave, server: Address): void;
  /** The link is gone. */
  closed(): void;
}

const REDIAL_MS_MIN = 100;
const REDIAL_MS_MAX = 500;
const DIAL_MS_MAX = 2_000;

/** A server that takes a registration and does not answer it for so long is as good as none. */
const REGISTRATION_MS_MAX = 5_000;

export class ControlLink {
  readonly #servers: readonly Address[];
  readonly #events: ControlEvents;
  readonly #log: Log;
  #link: Link | undefined;
  #server: Address | undefined;
  #isRegistered = false;
  #isClosed = false;
  #isWaitTold = false;
  #turn = 0;
  #redialMs = REDIAL_MS_MIN;
  #redial: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(servers: readonly Address[], events: ControlEvents, log: Log) {
    this.#servers = servers;
    this.#events = events;
    this.#log = log;
  }

  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  start(): void {
    this.#dial();
  }

  tell(message: FromSlave): void {
    if (this.#isRegistered) this.#link?.send(encodeControl(message));
  }

  /** Registers on the link that there is; without one, the next link registers anyway. */
  register(): void {
    this.#isRegistered = false;
    if (this.#link === undefined) return;
    this.#link.send(encodeControl(this.#events.registration()));
    clearTimeout(this.#patience);
    this.#patience = setTimeout(
      () => this.#link?.destroy('no answer to the registration'),
      REGISTRATION_MS_MAX,
    );
  }

  /** Registers afresh, unless that is under way: the server does not know us any more. */
  registerAfresh(): void {
    if (this.#isRegistered) this.register();
  }

  /** This server will not have us now; another may, or the same one later. */
  retry(why: string): void {
    this.#sayWait(why);
    this.#link?.destroy(why);
  }

  /** Sends what was told, then ends. */
  close(): void {
    this.#isClosed = true;
    this.#isRegistered = false;
    clearTimeout(this.#redial);
    clearTimeout(this.#patience);
    this.#link?.close();
  }

  #dial(): void {
    const server = this.#servers[this.#turn % this.#servers.length];
    if (server === undefined || this.#isClosed) return;
    this.#turn += 1;
    dialLink({ ...server, timeoutMs: DIAL_MS_MAX, handler: (link) => this.#onOpened(link, server) }).catch(
      (error: unknown) => this.#dialLater(error instanceof Error ? error.message : String(error)),
    );
  }

  #onOpened(link: Link, server: Address): LinkHandler {
    if (this.#isClosed) link.close();
    this.#link = link;
    this.#server = server;
    this.register();
    return {
      frames: (_, frames) => {
        for (const frame of frames) this.#onFrame(link, frame);
      },
      closed: (_, why) => {
        if (this.#link === link) this.#onClosed(why);
      },
    };
  }

  #onFrame(link: Link, frame: Buffer): void {
    if (!link.isOpen || this.#server === undefined) return;
    const message = decodeToSlave(frame);
    if (message === undefined) {
      link.destroy('it sent what is no control message');
      return;
    }
    if (message.kind === 'registered') this.#onRegistered(this.#server);
    if (message.kind === 'refused') clearTimeout(this.#patience);
    this.#events.message(message, this.#server);
  }

  #onRegistered(server: Address): void {
    this.#isRegistered = true;
    this.#redialMs = REDIAL_MS_MIN;
    clearTimeout(this.#patience);
    this.#log.info(`registered with the coordination server at ${formatAddress(server)}`);
    this.#isWaitTold = false;
  }

  #onClosed(why: string): void {
    this.#link = undefined;
    this.#isRegistered = false;
    clearTimeout(this.#patience);
    if (this.#isClosed) return;
    this.#events.closed();
    this.#dialLater(why);
  }

  #dialLater(why: string): void {
    if (this.#isClosed) return;
    this.#sayWait(why);
    this.#redial = setTimeout(() => this.#dial(), this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MS_MAX);
  }

  #sayWait(why: string): void {
    if (this.#isWaitTold) return;
    this.#isWaitTold = true;
    const servers = this.#servers.map(formatAddress).join(', ');
    this.#log.warn(`waits for a coordination server (${servers}), and keeps trying: ${why}`);
  }
}
