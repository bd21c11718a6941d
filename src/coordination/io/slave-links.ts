/**
 * Control links, as the coordination server has them: numbered, decoded, and cut when they make no sense.
 *
 *     accepted ─► unregistered ──(registered)──► a slave's
 *                      │  ▲                         │
 *                 5 s, cut └────────(buried)────────┘
 *
 * Before `begin` links are let in and not read: who dials early waits for its answer, in its own buffers.
 *
 * Whoever cannot be understood loses the link: a frame that is wrong says that the next one cannot be
 * trusted either. Who may register is decided elsewhere; this file only sees that it was.
 *
 * Invariants
 *   1. A link's number is never used twice.
 *   2. `closed` is told once for each link that was let in, after its last message.
 */
import type { Link, LinkHandler } from '../../common/io/link.ts';
import type { Log } from '../../common/io/log.ts';
import { decodeFromSlave, encodeControl } from '../../common/message/control-codec.ts';
import type { FromSlave, ToSlave } from '../../common/message/control.ts';
import type { LinkId } from '../state.ts';

/** A slave registers as soon as it is connected: whoever has not by then is somebody else, or stuck. */
const REGISTER_MS_MAX = 5_000;

/** So many strangers at a time; a cluster has tens of slaves, which all may come at once. */
const UNREGISTERED_MAX = 1_024;

const LINES_EVERY_MS = 1_000;

export interface LinkEvents {
  message(link: LinkId, message: FromSlave): void;
  closed(link: LinkId): void;
}

export interface LinkCounters {
  readonly open: number;
  readonly unregistered: number;
  /** Frames that could not be decoded, since the start. */
  readonly malformed: number;
  /** Links that were not let in, or that did not register in time, since the start. */
  readonly turnedAway: number;
}

interface Known {
  readonly id: LinkId;
  readonly link: Link;
  /** Runs while it is unregistered. */
  deadline: NodeJS.Timeout | undefined;
}

export class SlaveLinks {
  readonly #events: LinkEvents;
  readonly #log: Log;
  readonly #complaints: SeldomLine;
  readonly #known = new Map<LinkId, Known>();
  #last: { readonly message: ToSlave; readonly bytes: Buffer } | undefined;
  #isReading = false;
  #lastId = 0;
  #unregistered = 0;
  #malformed = 0;
  #turnedAway = 0;

  constructor(events: LinkEvents, log: Log) {
    this.#events = events;
    this.#log = log;
    this.#complaints = new SeldomLine(log);
  }

  get counters(): LinkCounters {
    const [malformed, turnedAway] = [this.#malformed, this.#turnedAway];
    return { open: this.#known.size, unregistered: this.#unregistered, malformed, turnedAway };
  }

  begin(): void {
    this.#isReading = true;
    for (const known of this.#known.values()) {
      this.#awaitRegistration(known);
      known.link.resume();
    }
  }

  accept(link: Link): LinkHandler {
    if (this.#unregistered >= UNREGISTERED_MAX) {
      this.#turnedAway += 1;
      this.#complaints.warn(
        `more than ${UNREGISTERED_MAX} links wait to register: ${link.remote} is turned away`,
      );
      link.destroy('too many unregistered links');
      return { frames: () => undefined, closed: () => undefined };
    }
    this.#lastId += 1;
    const known: Known = { id: this.#lastId, link, deadline: undefined };
    this.#known.set(known.id, known);
    this.#awaitRegistration(known);
    if (!this.#isReading) link.pause();
    return {
      frames: (_link, frames) => this.#onFrames(known, frames),
      closed: (_link, why) => this.#onClosed(known, why),
    };
  }

  /** On a link that is gone: nothing. */
  send(id: LinkId, message: ToSlave): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.link.send(this.#bytesOf(message));
    if (message.kind === 'registered') this.#forgetDeadline(known);
    // It registers afresh, or it is of no more use.
    if (message.kind === 'buried') this.#awaitRegistration(known);
  }

  /** What is announced goes to all: its bytes are made once. */
  #bytesOf(message: ToSlave): Buffer {
    if (this.#last?.message !== message) this.#last = { message, bytes: encodeControl(message) };
    return this.#last.bytes;
  }

  /** Hands over what was sent, then ends the link. */
  close(id: LinkId): void {
    this.#known.get(id)?.link.close();
  }

  #onFrames(known: Known, frames: readonly Buffer[]): void {
    for (const frame of frames) {
      // One of the messages before may have ended it.
      if (!known.link.isOpen) return;
      const message = decodeFromSlave(frame);
      if (message === undefined) return this.#onMalformed(known);
      this.#events.message(known.id, message);
    }
  }

  #onMalformed({ link }: Known): void {
    this.#malformed += 1;
    this.#complaints.warn(
      `${link.remote} sent on the peer port what no slave of this version says: its link is cut`,
    );
    link.destroy('offence: a message that cannot be understood');
  }

  #onClosed(known: Known, why: string): void {
    this.#forgetDeadline(known);
    this.#known.delete(known.id);
    this.#log.debug(`control link ${known.id} from ${known.link.remote} is gone: ${why}`);
    this.#events.closed(known.id);
  }

  #awaitRegistration(known: Known): void {
    this.#forgetDeadline(known);
    this.#unregistered += 1;
    known.deadline = setTimeout(() => {
      this.#turnedAway += 1;
      this.#log.debug(`control link ${known.id} from ${known.link.remote} has not registered`);
      known.link.close();
    }, REGISTER_MS_MAX);
  }

  #forgetDeadline(known: Known): void {
    if (known.deadline === undefined) return;
    clearTimeout(known.deadline);
    known.deadline = undefined;
    this.#unregistered -= 1;
  }
}

/** Warnings that strangers can cause as often as they like: at most one a second, the others counted. */
class SeldomLine {
  readonly #log: Log;
  #silentUntil = 0;
  #unsaid = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  warn(text: string): void {
    const at = performance.now();
    if (at < this.#silentUntil) {
      this.#unsaid += 1;
      return;
    }
    this.#log.warn(this.#unsaid === 0 ? text : `${text} (${this.#unsaid} like it since the last line)`);
    this.#silentUntil = at + LINES_EVERY_MS;
    this.#unsaid = 0;
  }
}
