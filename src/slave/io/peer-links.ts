/**
 * Links to the other slaves: one for each pair, dialled by the one whose id sorts first.
 *
 *     dialler  hello ──►                    ◄── hello  acceptor
 *                        each judges the other by its view: known slave, this very store
 *              opened ◄───── peer frames ─────► opened
 *
 * A new link of a slave replaces the old one, and frames of the old one are refused: whatever was under
 * way on it, positions are exchanged anew (protocol W3). Nobody is let in before this slave is registered,
 * since nobody can be judged. It does not know what frames mean beyond the hello.
 *
 * Invariants
 *   1. At most one link of a slave is open, and `opened` and `closed` are told by turns.
 *   2. Frames are handed over between the two only.
 */
import type { SlaveId, StoreId } from '../../common/ids.ts';
import {
  addressText,
  dialLink,
  type Link,
  type LinkHandler,
  type LinkListener,
  listenLinks,
} from '../../common/io/link.ts';
import { now } from '../../common/io/clock.ts';
import type { Log } from '../../common/io/log.ts';
import type { Instant } from '../../common/time.ts';
import type { Member, SlaveRecord, View } from '../../common/view.ts';
import { decodeHello, encodeHello } from '../../common/wire/hello.ts';
import { decodePeer, encodePeer } from '../peer-codec.ts';
import type { PeerMessage } from '../peer-message.ts';

export interface PeerEvents {
  /** Something has come; called before it is looked at. */
  woken(): void;
  opened(slave: SlaveId, store: StoreId): void;
  closed(slave: SlaveId): void;
  messages(from: SlaveId, messages: readonly PeerMessage[]): void;
}

export interface PeerOptions {
  readonly self: Member;
  readonly nonce: string;
  readonly events: PeerEvents;
  readonly log: Log;
}

const REDIAL_MS_MIN = 50;
const REDIAL_MS_MAX = 1_000;
const DIAL_MS_MAX = 1_000;

/** A connection over which no hello has come for so long is nobody's. */
const HELLO_MS_MAX = 2_000;

/** One that takes what we send and says nothing for so long is cut: its machine may be gone without a word. */
const SILENCE_MS = 5_000;

/** An open link. */
interface Open {
  readonly link: Link;
  readonly store: StoreId;
  /** Since when it owes us a word. */
  unansweredSince: Instant | undefined;
}

/** A slave that this one dials. */
interface Dial {
  readonly record: SlaveRecord;
  /** The connection that was made, whether the hello has come or not. */
  link: Link | undefined;
  timer: NodeJS.Timeout | undefined;
  redialMs: number;
  /** Why it could not be reached, as the log was told. */
  trouble: string | undefined;
}

export class PeerLinks {
  readonly #self: Member;
  readonly #nonce: string;
  readonly #events: PeerEvents;
  readonly #log: Log;
  readonly #open = new Map<SlaveId, Open>();
  readonly #dials = new Map<SlaveId, Dial>();
  #view: View | undefined;
  #listener: LinkListener | undefined;
  #isClosed = false;
  #offences = 0;

  constructor({ self, nonce, events, log }: PeerOptions) {
    this.#self = self;
    this.#nonce = nonce;
    this.#events = events;
    this.#log = log;
  }

  /** Frames that could not be understood, since the start. */
  get offences(): number {
    return this.#offences;
  }

  async listen(host: string, port: number): Promise<LinkListener> {
    this.#listener = await listenLinks({
      host,
      port,
      accepted: (link) => this.#greet(link, undefined),
      trouble: (why) => this.#log.warn(why),
    });
    return this.#listener;
  }

  /** Keeps links to the slaves of this view, and to nobody else. */
  follow(view: View): void {
    this.#view = view;
    for (const [slave, { link, store }] of this.#open) {
      if (view.slaves.get(slave)?.store !== store) this.#drop(slave, link, 'it is no longer in the view');
    }
    for (const [slave, dial] of this.#dials) {
      const record = view.slaves.get(slave);
      if (record !== undefined && isSamePlace(record, dial.record)) continue;
      this.#dials.delete(slave);
      clearTimeout(dial.timer);
      if (dial.link !== undefined) this.#drop(slave, dial.link, 'it is somewhere else now');
    }
    for (const record of view.slaves.values()) this.#want(record);
  }

  send(to: SlaveId, messages: readonly PeerMessage[]): void {
    const open = this.#open.get(to);
    if (open === undefined) return;
    for (const message of messages) open.link.send(encodePeer(message));
    open.unansweredSince ??= now();
  }

  /** Cuts links on which what we sent was not answered for long; to be called now and then. */
  cutSilent(promiseMs: number): void {
    const patienceMs = Math.max(SILENCE_MS, 2 * promiseMs);
    for (const [slave, { link, unansweredSince }] of [...this.#open]) {
      if (unansweredSince !== undefined && now() - unansweredSince > patienceMs)
        this.#drop(slave, link, 'it is silent');
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { timer, link } of this.#dials.values()) {
      clearTimeout(timer);
      link?.close();
    }
    await this.#listener?.close();
  }

  #want(record: SlaveRecord): void {
    const { id, stage } = record;
    // One of the two dials; a slave that was declared dead dials in, or is dialled when it has registered again.
    if (!(this.#self.slave < id) || stage === 'dead' || this.#dials.has(id)) return;
    const dial: Dial = {
      record,
      link: undefined,
      timer: undefined,
      redialMs: REDIAL_MS_MIN,
      trouble: undefined,
    };
    this.#dials.set(id, dial);
    this.#dial(dial);
  }

  #dial(dial: Dial): void {
    const { id, host, peerPort } = dial.record;
    const handler = (link: Link): LinkHandler => {
      if (this.#dials.get(id) !== dial || this.#isClosed) link.destroy('it is dialled no more');
      dial.link = link;
      this.#sayHello(link);
      return this.#greet(link, dial);
    };
    dialLink({ host, port: peerPort, timeoutMs: DIAL_MS_MAX, handler }).catch((error: unknown) =>
      this.#redial(dial, error instanceof Error ? error.message : String(error)),
    );
  }

  #redial(dial: Dial, why: string): void {
    dial.link = undefined;
    const { id, host, peerPort } = dial.record;
    if (this.#dials.get(id) !== dial || this.#isClosed) return;
    // Slaves that start together find each other within moments; that is no news.
    if (dial.trouble === undefined && dial.redialMs >= REDIAL_MS_MAX) {
      dial.trouble = why;
      this.#log.warn(`no link to ${id} at ${addressText(host, peerPort)}, and keeps trying: ${why}`);
    }
    dial.timer = setTimeout(() => this.#dial(dial), dial.redialMs);
    dial.redialMs = Math.min(dial.redialMs * 2, REDIAL_MS_MAX);
  }

  #sayHello(link: Link): void {
    const clusterId = this.#view?.clusterId;
    if (clusterId !== undefined) link.send(encodeHello({ clusterId, ...this.#self, nonce: this.#nonce }));
  }

  /** The handler of a connection: a hello first, then frames. `dial`: it is ours, and we know whom we expect. */
  #greet(link: Link, dial: Dial | undefined): LinkHandler {
    let peer: SlaveId | undefined;
    const patience = setTimeout(() => link.destroy('it does not say hello'), HELLO_MS_MAX);
    return {
      frames: (_, frames) => {
        this.#events.woken();
        if (!link.isOpen) return;
        if (peer !== undefined) return this.#onFrames(peer, link, frames);
        clearTimeout(patience);
        peer = this.#onHello(link, dial, frames[0]);
        if (peer !== undefined && frames.length > 1) this.#onFrames(peer, link, frames.slice(1));
      },
      closed: (_, why) => {
        clearTimeout(patience);
        if (peer !== undefined) this.#onClosed(peer, link);
        if (dial?.link === link) this.#redial(dial, why);
      },
    };
  }

  /** Who speaks, if it may. */
  #onHello(link: Link, dial: Dial | undefined, frame: Buffer | undefined): SlaveId | undefined {
    const judged = this.#judge(dial, frame);
    if (typeof judged === 'string') {
      this.#log.debug(`refused a link from ${link.remote}: ${judged}`);
      link.destroy(judged);
      return undefined;
    }
    const { slave, store } = judged;
    if (dial === undefined) this.#sayHello(link);
    else this.#onReached(dial);
    const old = this.#open.get(slave);
    if (old !== undefined) this.#drop(slave, old.link, 'a new link has taken its place');
    this.#open.set(slave, { link, store, unansweredSince: undefined });
    this.#events.opened(slave, store);
    return slave;
  }

  #onReached(dial: Dial): void {
    if (dial.trouble !== undefined) this.#log.info(`the link to ${dial.record.id} stands`);
    dial.trouble = undefined;
    dial.redialMs = REDIAL_MS_MIN;
  }

  /** The speaker, or why it is refused. */
  #judge(dial: Dial | undefined, frame: Buffer | undefined): Member | string {
    if (this.#view === undefined) return 'this slave is not registered yet';
    const heard = frame && decodeHello(frame, this.#view.clusterId);
    if (heard === undefined) {
      this.#offences += 1;
      return 'it does not begin with a hello';
    }
    if (heard.kind === 'other-protocol')
      return `it speaks version ${heard.protocol} of the protocol between slaves`;
    const { slave, store, clusterId } = heard.hello;
    if (heard.kind === 'other-cluster') return `${slave} is of another cluster (${clusterId})`;
    if (dial !== undefined && dial.record.id !== slave)
      return `${slave} answers where ${dial.record.id} was expected`;
    if (dial === undefined && !(slave < this.#self.slave)) return `${slave} is to be dialled, and dials`;
    const known = this.#view.slaves.get(slave);
    if (known === undefined) return `${slave} is not in the view`;
    return known.store === store ? { slave, store } : `${slave} comes with a store that is not in the view`;
  }

  #onFrames(peer: SlaveId, link: Link, frames: readonly Buffer[]): void {
    const open = this.#open.get(peer);
    if (open?.link !== link) return;
    open.unansweredSince = undefined;
    const messages: PeerMessage[] = [];
    for (const frame of frames) {
      const message = decodePeer(frame);
      if (message === undefined) {
        this.#offences += 1;
        this.#log.warn(`${peer} sent a frame that cannot be understood: its link is cut`);
        this.#drop(peer, link, 'offence: a frame that is none');
        return;
      }
      messages.push(message);
    }
    this.#events.messages(peer, messages);
  }

  #drop(slave: SlaveId, link: Link, why: string): void {
    this.#onClosed(slave, link);
    link.destroy(why);
  }

  #onClosed(slave: SlaveId, link: Link): void {
    if (this.#open.get(slave)?.link !== link) return;
    this.#open.delete(slave);
    if (!this.#isClosed) this.#events.closed(slave);
  }
}

const isSamePlace = (a: SlaveRecord, b: SlaveRecord): boolean =>
  a.host === b.host && a.peerPort === b.peerPort && a.store === b.store && a.boot.nonce === b.boot.nonce;
