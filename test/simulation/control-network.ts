/**
 * Control links and heartbeats: what lies between the coordination server and each slave.
 *
 * A control link keeps its order. When it breaks, the two ends may hear of it at different times, and the
 * slave makes a new one; a cut lets what is said vanish until both notice. Datagrams have weather of their own.
 */
import type { FromSlave, ToSlave } from '../../src/common/message/control.ts';
import type { CoordinationProcess } from './coordination.ts';
import type { SlaveProcess } from './slave.ts';
import { arrivalsOf, CALM, COORDINATION, type Cuts, type Weather } from './weather.ts';
import type { World } from './world.ts';

interface ControlLink {
  readonly number: number;
  readonly slave: SlaveProcess;
  isOpenAtSlave: boolean;
  isOpenAtServer: boolean;
  /** Once something did not get through, nothing behind it does. */
  isStuck: boolean;
  /** When the last message arrives in either direction, so that order is kept. */
  readonly lastArrival: { toSlave: number; toServer: number };
}

/** What a control link carries takes so much longer, until then; datagrams do not. */
interface Lag {
  readonly until: number;
  readonly toSlaveMs: number;
  readonly toServerMs: number;
}

/** Datagrams of an hour ago exist; a few seconds are enough to outlive a process. */
const LATE_DATAGRAM_TENTHS = 50_000;

export class ControlNetwork {
  /** Of the datagrams. */
  weather: Weather = CALM;
  readonly #world: World;
  readonly #server: CoordinationProcess;
  readonly #cuts: Cuts;
  readonly #links = new Map<number, ControlLink>();
  readonly #ofSlave = new Map<SlaveProcess, ControlLink>();
  readonly lags = new Map<SlaveProcess, Lag>();
  #next = 1;

  constructor(world: World, server: CoordinationProcess, cuts: Cuts) {
    this.#world = world;
    this.#server = server;
    this.#cuts = cuts;
  }

  /** Dials until it is connected, then registers. */
  connect(slave: SlaveProcess): void {
    if (!slave.isUp || this.#ofSlave.has(slave)) return;
    if (!this.#server.isUp || !this.#cuts.joins(slave.id, COORDINATION)) {
      const { life } = slave.process;
      this.#world.in(this.#world.between(50, 150), () => {
        if (slave.process.life === life) this.connect(slave);
      });
      return;
    }
    const link = {
      ...{ number: this.#next, slave, isOpenAtSlave: true, isOpenAtServer: true, isStuck: false },
      lastArrival: { toSlave: 0, toServer: 0 },
    };
    this.#next += 1;
    this.#links.set(link.number, link);
    this.#ofSlave.set(slave, link);
    this.tell(slave, slave.registration());
  }

  /** Registers once more on the link that there is, or on the next. */
  register(slave: SlaveProcess): void {
    if (this.#ofSlave.has(slave)) this.tell(slave, slave.registration());
    else this.connect(slave);
  }

  tell(slave: SlaveProcess, message: FromSlave): void {
    const link = this.#ofSlave.get(slave);
    if (link !== undefined)
      this.#carry(link, 'to server', () =>
        this.#server.feed({ kind: 'message', link: link.number, message }),
      );
  }

  hear(number: number, message: ToSlave): void {
    const link = this.#links.get(number);
    if (link === undefined) return;
    const { slave } = link;
    this.#carry(link, 'to slave', () => {
      if (message.kind === 'registered') slave.directory.accepted(message.clusterId);
      slave.feed({ kind: 'control', message });
    });
  }

  #carry(link: ControlLink, direction: 'to server' | 'to slave', happen: () => void): void {
    const isToSlave = direction === 'to slave';
    const { slave } = link;
    this.#world.at(this.#arrivalOn(link, isToSlave), () => {
      const reaches = isToSlave
        ? this.#cuts.reaches(COORDINATION, slave.id)
        : this.#cuts.reaches(slave.id, COORDINATION);
      if (!reaches && !link.isStuck) this.#getStuck(link);
      if (link.isStuck) return;
      (isToSlave ? slave : this.#server).process.to(() => {
        if (isToSlave ? link.isOpenAtSlave : link.isOpenAtServer) happen();
      });
    });
  }

  #arrivalOn({ slave, lastArrival }: ControlLink, isToSlave: boolean): number {
    const { now } = this.#world;
    const lag = this.lags.get(slave);
    const side = isToSlave ? 'toSlave' : 'toServer';
    const lagMs = lag !== undefined && lag.until > now ? lag[`${side}Ms`] : 0;
    lastArrival[side] = Math.max(lastArrival[side], now + 1 + lagMs);
    return lastArrival[side];
  }

  /** What was lost is not said again on this link: sooner or later one of its ends gives it up. */
  #getStuck(link: ControlLink): void {
    link.isStuck = true;
    this.#world.in(this.#world.between(200, 2_500), () => {
      if (this.#ofSlave.get(link.slave) === link) this.break(link.slave);
    });
  }

  /** The link of a slave breaks; `isGone`: its process is no more, and nobody there hears of it. */
  break(slave: SlaveProcess, isGone = false): void {
    const link = this.#ofSlave.get(slave);
    if (link === undefined) return;
    this.#ofSlave.delete(slave);
    const isLateAtServer = this.#world.chance(20);
    this.#world.in(isLateAtServer ? this.#world.between(100, 2_000) : 0, () => this.#closeAtServer(link));
    // What is still answered to a process that is gone, its successor does not hear.
    if (isGone) link.isOpenAtSlave = false;
    else this.#closeAtSlave(link);
  }

  /** The server closes it, for a newer one or for good. */
  closeLink(number: number): void {
    const link = this.#links.get(number);
    if (link === undefined) return;
    link.isOpenAtServer = false;
    this.#links.delete(number);
    if (this.#ofSlave.get(link.slave) === link) {
      this.#ofSlave.delete(link.slave);
      this.#closeAtSlave(link);
    }
  }

  /** The server's process is gone. */
  breakAll(): void {
    for (const slave of [...this.#ofSlave.keys()]) this.break(slave);
  }

  #closeAtServer(link: ControlLink): void {
    if (!link.isOpenAtServer) return;
    link.isOpenAtServer = false;
    this.#links.delete(link.number);
    this.#server.process.to(() => this.#server.feed({ kind: 'link-closed', link: link.number }));
  }

  #closeAtSlave(link: ControlLink): void {
    if (!link.isOpenAtSlave) return;
    link.isOpenAtSlave = false;
    const { slave } = link;
    const { life } = slave.process;
    slave.process.to(() => slave.feed({ kind: 'control-closed' }));
    this.#world.in(this.#world.between(50, 150), () => {
      if (slave.process.life === life) this.connect(slave);
    });
  }

  /** From here on the slave beats, as long as this life lasts. */
  beat(slave: SlaveProcess, everyMs: number): void {
    const { life } = slave.process;
    const again = (): void => {
      if (slave.process.life !== life) return;
      this.#sendHeartbeat(slave);
      this.#world.in(slave.process.clock.inWorld(everyMs), again);
    };
    again();
  }

  #sendHeartbeat(slave: SlaveProcess): void {
    const { view } = slave.state;
    if (view === undefined || slave.process.isPaused || !this.#cuts.reaches(slave.id, COORDINATION)) return;
    const heartbeat = slave.heartbeat(view);
    const from = { address: slave.id, port: slave.process.life };
    for (const ms of arrivalsOf(this.#world, this.weather, 30, LATE_DATAGRAM_TENTHS)) {
      this.#world.in(ms, () => {
        this.#server.process.to(() => this.#server.feed({ kind: 'heartbeat', heartbeat, from }));
      });
    }
  }

  /** The answer to a heartbeat: it is not known here. */
  registerAfresh(slave: SlaveProcess): void {
    if (!this.#cuts.reaches(COORDINATION, slave.id)) return;
    slave.process.to(() => {
      // A registration may be on its way; a second one does no harm.
      if (!this.#ofSlave.has(slave)) this.connect(slave);
      else if (slave.state.isRegistered) this.tell(slave, slave.registration());
    });
  }

  /** The server dials the peer port once: a process that is gone refuses, one that cannot be reached says nothing. */
  probe(slave: SlaveProcess, nonce: string): void {
    this.#world.in(1, () => {
      if (slave.isUp || !this.#cuts.joins(slave.id, COORDINATION)) return;
      const { store } = slave.directory;
      this.#server.process.to(() =>
        this.#server.feed({ kind: 'probe-refused', slave: slave.id, store, nonce }),
      );
    });
  }
}
