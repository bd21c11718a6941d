/**
 * The network between slaves: a link for each pair, which keeps order in calm weather and keeps
 * nothing in bad: frames are lost, come twice, or come late, all within one link.
 *
 * A link that breaks takes what is under way with it; a new one is made a little later, unless the
 * two are cut apart. It does not know what the messages mean.
 */
import type { SlaveId } from '../../src/common/ids.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import type { Input } from '../../src/slave/state.ts';
import type { SlaveNode, Untimed } from './nodes.ts';
import type { World } from './world.ts';

export interface Weather {
  /** Of a hundred frames between slaves, how many are lost, come twice, or come late, within one link. */
  readonly lostPercent: number;
  readonly twicePercent: number;
  readonly latePercent: number;
}

export const CALM: Weather = { lostPercent: 0, twicePercent: 0, latePercent: 0 };

/** One link between two slaves; a new one after every break. */
interface PeerLink {
  readonly ends: readonly [SlaveNode, SlaveNode];
  isOpen: boolean;
  /** By direction: when the last frame arrives, so that in calm weather order is kept. */
  readonly lastArrival: [number, number];
}

/** Feeds a slave when it can take something; what it is is decided then. */
type Feed = (node: SlaveNode, input: () => Untimed<Input> | undefined) => void;

export class PeerNetwork {
  weather: Weather = CALM;
  readonly #world: World;
  readonly #slaves: ReadonlyMap<SlaveId, SlaveNode>;
  readonly #feed: Feed;
  readonly #links = new Map<string, PeerLink>();
  readonly #cuts = new Set<string>();

  constructor(world: World, slaves: ReadonlyMap<SlaveId, SlaveNode>, feed: Feed) {
    this.#world = world;
    this.#slaves = slaves;
    this.#feed = feed;
  }

  /** Two slaves cannot reach each other until they are mended. */
  cut(a: SlaveNode, b: SlaveNode): void {
    this.#cuts.add(pairOf(a, b));
    const link = this.#links.get(pairOf(a, b));
    if (link !== undefined) this.#break(link);
  }

  mend(): void {
    this.#cuts.clear();
  }

  /** A slave is gone, and its links with it. */
  leave(node: SlaveNode): void {
    for (const link of this.#links.values()) if (link.ends.includes(node)) this.#break(link);
  }

  /** Opens what may be open: each pair of slaves that are up, know each other, and are not cut apart. */
  connect(): void {
    const nodes = [...this.#slaves.values()];
    for (const a of nodes) {
      for (const b of nodes) if (a.id < b.id && this.#mayConnect(a, b)) this.#open(a, b);
    }
  }

  #mayConnect(a: SlaveNode, b: SlaveNode): boolean {
    const pair = pairOf(a, b);
    const isFree = this.#links.get(pair)?.isOpen !== true && !this.#cuts.has(pair);
    return isFree && a.isUp && b.isUp && knows(a, b) && knows(b, a);
  }

  #open(a: SlaveNode, b: SlaveNode): void {
    const link: PeerLink = { ends: [a, b], isOpen: true, lastArrival: [0, 0] };
    this.#links.set(pairOf(a, b), link);
    for (const [self, other] of sidesOf(link)) {
      this.#feed(self, () =>
        link.isOpen ? { kind: 'peer-opened', slave: other.id, store: other.store } : undefined,
      );
    }
  }

  #break(link: PeerLink): void {
    if (!link.isOpen) return;
    link.isOpen = false;
    for (const [self, other] of sidesOf(link)) {
      const isGone = (): boolean => this.#links.get(pairOf(self, other))?.isOpen !== true;
      this.#feed(self, () => (isGone() ? { kind: 'peer-closed', slave: other.id } : undefined));
    }
    this.#world.in(this.#world.between(20, 200), () => {
      this.connect();
    });
  }

  send(from: SlaveNode, to: SlaveId, message: PeerMessage): void {
    const other = this.#slaves.get(to);
    const link = other && this.#links.get(pairOf(from, other));
    if (link?.isOpen !== true || this.#world.chance(this.weather.lostPercent)) return;
    this.#carry(link, from, message, this.#world.chance(this.weather.latePercent));
    if (this.#world.chance(this.weather.twicePercent)) this.#carry(link, from, message, true);
  }

  #carry(link: PeerLink, from: SlaveNode, message: PeerMessage, isLate: boolean): void {
    const direction = link.ends[0] === from ? 0 : 1;
    const to = link.ends[1 - direction];
    if (to === undefined) return;
    const due = this.#world.now + this.#world.between(1, isLate ? 800 : 20) / 10;
    const arrival = isLate ? due : Math.max(link.lastArrival[direction], due);
    if (!isLate) link.lastArrival[direction] = arrival;
    this.#world.at(arrival, () => {
      this.#feed(to, () => (link.isOpen ? { kind: 'peer', from: from.id, messages: [message] } : undefined));
    });
  }
}

const sidesOf = ({ ends: [a, b] }: PeerLink): readonly (readonly [SlaveNode, SlaveNode])[] => [
  [a, b],
  [b, a],
];

const knows = (a: SlaveNode, b: SlaveNode): boolean => a.state.view?.slaves.get(b.id)?.store === b.store;

const pairOf = (a: SlaveNode, b: SlaveNode): string => (a.id < b.id ? `${a.id} ${b.id}` : `${b.id} ${a.id}`);
