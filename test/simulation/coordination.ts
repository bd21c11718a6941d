/**
 * The coordination server's process in a world: its machine, its journal, and the gateway that lives and dies with it.
 */
import type { Partition, SlaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { ToSlave } from '../../src/common/message/control.ts';
import type { ClusterSettings, View } from '../../src/common/view.ts';
import * as coordinator from '../../src/coordination/coordinator.ts';
import type { Policy } from '../../src/coordination/grace.ts';
import { headChange, newJournal, readJournal } from '../../src/coordination/journal.ts';
import type { Order, Refusal } from '../../src/coordination/order.ts';
import type { Placement } from '../../src/coordination/placement.ts';
import { healthOf } from '../../src/coordination/status.ts';
import { MachineClock } from './clock.ts';
import { GatewayDesk } from './gateway-desk.ts';
import { timed, type Untimed } from './happening.ts';
import { Process } from './process.ts';
import type { SlaveProcess } from './slave.ts';
import type { Arrangement } from './cluster.ts';
import type { Cuts } from './weather.ts';
import type { World } from './world.ts';

export type Happening = Untimed<coordinator.Input>;

export interface Surroundings {
  send(link: number, message: ToSlave): void;
  closeLink(link: number): void;
  /** What a heartbeat is answered: its sender is unknown, and must register afresh. */
  registerAfresh(slave: string): void;
  probe(slave: SlaveId, nonce: string): void;
  event(text: string): void;
  orderAnswered(request: number, refusal: Refusal): void;
  /** What it is about to take in; undefined: it has just started. */
  hears(happening: Happening | undefined): void;
  /** What is in force from here on, as everybody is told. */
  announced(view: View, unavailable: ReadonlySet<Partition>, placement: Placement): void;
}

export class CoordinationProcess {
  readonly process: Process;
  readonly gateway: GatewayDesk;
  stopped: string | undefined;
  /** Its journal is slow until then. */
  slowUntil = 0;
  /** Nothing becomes durable any more: its machine is about to lose power. */
  isHeld = false;
  readonly #world: World;
  readonly #around: Surroundings;
  readonly #graces: Policy;
  #disk: MemoryStore = createMemoryStore();
  #state: coordinator.State;
  #queue: Happening[] = [];
  #isStepping = false;
  #tickAt = Infinity;

  constructor(
    world: World,
    settings: ClusterSettings,
    {
      slaves,
      cuts,
      arrangement,
      around,
    }: {
      slaves: ReadonlyMap<SlaveId, SlaveProcess>;
      cuts: Cuts;
      arrangement: Arrangement;
      around: Surroundings;
    },
  ) {
    this.#world = world;
    this.process = new Process(world, new MachineClock(world));
    this.#around = around;
    this.#graces = arrangement.graces;
    const journal = newJournal('c'.repeat(32), settings);
    this.#disk.commit([headChange(journal)], () => undefined);
    this.#disk.completeNext();
    this.#state = coordinator.init(journal, this.#times(), this.#graces);
    const { readFrom } = arrangement;
    this.gateway = new GatewayDesk(this.process, slaves, { cuts, settings, readFrom });
    this.start();
  }

  get isUp(): boolean {
    return this.process.isUp;
  }

  get state(): coordinator.State {
    return this.#state;
  }

  get health(): string {
    return this.isUp ? healthOf(this.#state) : 'away';
  }

  start(): void {
    if (this.isUp) return;
    const journal = readJournal(this.#disk);
    invariant(journal, 'the journal is there');
    this.process.begin();
    this.#state = coordinator.init(journal, this.#times(), this.#graces);
    this.gateway.start();
    this.#around.hears(undefined);
    this.#around.announced(this.#state.view, new Set(), this.#state.placement);
    this.gateway.follow(this.#state.view, new Set(this.#state.lost.keys()));
    this.#tickAt = Infinity;
    this.#arm();
  }

  crash(): void {
    if (!this.isUp) return;
    this.process.end();
    this.#queue = [];
    this.#disk = this.#disk.crash(this.isHeld ? 0 : this.#world.between(0, this.#disk.pending));
    this.isHeld = false;
    this.gateway.stop();
  }

  feed(happening: Happening): void {
    if (!this.isUp) return;
    this.#queue.push(happening);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    this.#isStepping = false;
    if (this.isUp) this.#arm();
  }

  /** An operator's, at this moment. */
  order(order: Order): void {
    this.process.to(() => this.feed({ kind: 'order', request: 0, order }));
  }

  #arm(): void {
    const due = coordinator.wakeAt(this.#state);
    if (this.#tickAt === due) return;
    this.#tickAt = due;
    this.process.in(Math.max(1, due - this.process.clock.monotonic()), () => {
      if (this.#tickAt !== due) return;
      this.#tickAt = Infinity;
      this.feed({ kind: 'tick' });
    });
  }

  #times(): Pick<coordinator.Input, 'now' | 'wall'> {
    const { clock } = this.process;
    return { now: clock.monotonic(), wall: clock.wall() };
  }

  #step(happening: Happening): void {
    this.#around.hears(happening);
    const { clock } = this.process;
    const input = timed<coordinator.Input>(happening, clock.monotonic(), clock.wall());
    const effects = coordinator.step(this.#state, input);
    coordinator.checkInvariants(this.#state);
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: coordinator.Effect): void {
    switch (effect.kind) {
      case 'journal':
        return this.#journal(effect.changes);
      case 'send':
        return this.#around.send(effect.link, effect.message);
      case 'close-link':
        return this.#around.closeLink(effect.link);
      case 'answer-heartbeat':
        if (effect.answer.verdict === 'register-afresh') this.#around.registerAfresh(effect.to.address);
        return;
      case 'read-heartbeats':
        return this.process.in(0, () => this.feed({ kind: 'heartbeats-read' }));
      case 'probe':
        return this.#around.probe(effect.record.id, effect.record.boot.nonce);
      case 'event':
        return this.#around.event(effect.text);
      case 'order-answer':
        return this.#around.orderAnswered(effect.request, effect.refusal);
      case 'stop':
        this.stopped = effect.why;
        return;
      case 'view-changed':
        this.#around.announced(effect.view, effect.unavailable, this.#state.placement);
        return this.gateway.follow(effect.view, effect.unavailable);
    }
  }

  #journal(changes: Parameters<MemoryStore['commit']>[0]): void {
    const disk = this.#disk;
    disk.commit(changes, () => {
      this.feed({ kind: 'durable' });
    });
    const slowMs = this.slowUntil > this.#world.now ? this.#world.between(50, 600) : 0;
    this.process.in(slowMs + this.#world.between(1, 40) / 10, () => {
      if (disk.pending > 0 && !this.isHeld) disk.completeNext();
    });
  }
}
