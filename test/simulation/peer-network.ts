/**
 * The network between slaves: a link for each pair, which keeps order in calm weather and keeps
 * nothing in bad: frames are lost, come twice, or come late, all within one link.
 *
 * A link that breaks takes what is under way with it, and its two ends may hear of that at different
 * times; a new one is made a little later, unless the two are cut apart. A cut breaks nothing at once: frames
 * vanish until somebody notices the silence. It does not know what the messages mean.
 */
import type { SlaveId } from '../../src/common/ids.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import type { SlaveProcess } from './slave.ts';
import { arrivalsOf, CALM, type Cuts, type Weather } from './weather.ts';
import type { World } from './world.ts';

/** One link between two slaves; a new one after every break. */
interface PeerLink {
  readonly ends: readonly [SlaveProcess, SlaveProcess];
  /** Whether each end holds it open. */
  readonly isOpen: [boolean, boolean];
  /** By direction: when the last frame arrives, so that in calm weather order is kept. */
  readonly lastArrival: [number, number];
}

type Side = 0 | 1;

export class PeerNetwork {
  weather: Weather = CALM;
  readonly #world: World;
  readonly #slaves: ReadonlyMap<SlaveId, SlaveProcess>;
  readonly #cuts: Cuts;
  readonly #links = new Map<string, PeerLink>();

  constructor(world: World, slaves: ReadonlyMap<SlaveId, SlaveProcess>, cuts: Cuts) {
    this.#world = world;
    this.#slaves = slaves;
    this.#cuts = cuts;
  }

  /** A slave is gone, and its links with it. */
  leave(node: SlaveProcess): void {
    for (const link of this.#links.values()) if (link.ends.includes(node)) this.#break(link);
  }

  /** The link between two breaks, by itself. */
  breakBetween(a: SlaveProcess, b: SlaveProcess): void {
    const link = this.#links.get(pairOf(a, b));
    if (link !== undefined) this.#break(link);
  }

  /** Two that were cut apart do not hear each other: whoever waits for an answer gives up after a while. */
  notice(a: SlaveProcess, b: SlaveProcess): void {
    const link = this.#links.get(pairOf(a, b));
    if (link === undefined) return;
    this.#world.in(this.#world.between(500, 3_000), () => {
      if (!this.#cuts.joins(a.id, b.id)) this.#break(link);
    });
  }

  /** Opens what may be open: each pair of slaves that are up, know each other, and are not cut apart. */
  connect(): void {
    const nodes = [...this.#slaves.values()];
    for (const a of nodes) {
      for (const b of nodes) if (a.id < b.id && this.#mayConnect(a, b)) this.#open(a, b);
    }
  }

  #mayConnect(a: SlaveProcess, b: SlaveProcess): boolean {
    if (!a.isUp || !b.isUp || a.process.isPaused || b.process.isPaused || !knows(a, b) || !knows(b, a))
      return false;
    const link = this.#links.get(pairOf(a, b));
    return !(link?.isOpen.includes(true) ?? false) && this.#cuts.joins(a.id, b.id);
  }

  #open(a: SlaveProcess, b: SlaveProcess): void {
    const link: PeerLink = { ends: [a, b], isOpen: [true, true], lastArrival: [0, 0] };
    this.#links.set(pairOf(a, b), link);
    for (const side of [0, 1] as const) {
      const other = link.ends[1 - side] ?? a;
      link.ends[side].process.to(() => {
        if (link.isOpen[side])
          link.ends[side].feed({ kind: 'peer-opened', slave: other.id, store: other.directory.store });
      });
    }
  }

  #break(link: PeerLink): void {
    if (!link.isOpen.includes(true)) return;
    for (const side of [0, 1] as const) {
      // One of the two may hear of it only when it says something, or when it has waited long enough.
      const ms = this.#world.chance(20) ? this.#world.between(100, 2_000) : 0;
      if (ms === 0) this.#close(link, side);
      else this.#world.in(ms, () => this.#close(link, side));
    }
  }

  #close(link: PeerLink, side: Side): void {
    if (!link.isOpen[side]) return;
    link.isOpen[side] = false;
    const [self, other] = [link.ends[side], link.ends[1 - side] ?? link.ends[0]];
    self.process.to(() => {
      // It may have a new one by now.
      if (this.#links.get(pairOf(self, other))?.isOpen[sideOf(self, other)] !== true)
        self.feed({ kind: 'peer-closed', slave: other.id });
    });
    this.#world.in(this.#world.between(20, 200), () => {
      this.connect();
    });
  }

  send(from: SlaveProcess, to: SlaveId, message: PeerMessage): void {
    const other = this.#slaves.get(to);
    const link = other && this.#links.get(pairOf(from, other));
    if (other === undefined || link === undefined) return;
    const side = sideOf(from, other);
    if (!link.isOpen[side] || !link.isOpen[1 - side] || !this.#cuts.reaches(from.id, to)) return;
    let isFirst = true;
    for (const ms of arrivalsOf(this.#world, this.weather, 20, 800)) {
      const isOrdered = isFirst && ms <= 2;
      isFirst = false;
      const due = this.#world.now + ms;
      const arrival = isOrdered ? Math.max(link.lastArrival[side], due) : due;
      if (isOrdered) link.lastArrival[side] = arrival;
      this.#world.at(arrival, () => {
        if (!link.isOpen[1 - side] || !this.#cuts.reaches(from.id, to)) return;
        other.process.to(() => {
          if (link.isOpen[1 - side]) other.feed({ kind: 'peer', from: from.id, messages: [message] });
        });
      });
    }
  }
}

const sideOf = (self: SlaveProcess, other: SlaveProcess): Side => (self.id < other.id ? 0 : 1);

const knows = (a: SlaveProcess, b: SlaveProcess): boolean =>
  a.state.view?.slaves.get(b.id)?.store === b.directory.store;

const pairOf = (a: SlaveProcess, b: SlaveProcess): string =>
  a.id < b.id ? `${a.id} ${b.id}` : `${b.id} ${a.id}`;
