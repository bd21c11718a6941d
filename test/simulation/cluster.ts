/**
 * A cluster in a world: the production machines of the coordination server and of the slaves, with
 * hands made of arithmetic.
 *
 *     coordinator ◄── control links, in order, breaking ──► slaves ◄── peer links, in any weather ──► slaves
 *          ▲ heartbeats, lossy ────────────────────────────────┘
 *
 * Stores are memory: a crash keeps what was durable, and a few commits more that nobody heard of.
 * It knows nothing of clients; `workload.ts` brings them.
 */
import { type Partition, partition, slaveId, type SlaveId, storeId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { FromSlave, ToSlave } from '../../src/common/message/control.ts';
import type { Reply } from '../../src/common/reply.ts';
import { stamp, type Stamp } from '../../src/common/time.ts';
import type { ClusterSettings } from '../../src/common/view.ts';
import * as coordinator from '../../src/coordination/coordinator.ts';
import { headChange, newJournal, readJournal } from '../../src/coordination/journal.ts';
import { healthOf } from '../../src/coordination/status.ts';
import { recover } from '../../src/slave/recovery.ts';
import type { Request } from '../../src/slave/request.ts';
import * as slave from '../../src/slave/slave.ts';
import {
  type Effect as SlaveEffect,
  init as initSlave,
  type Input as SlaveInput,
} from '../../src/slave/state.ts';
import {
  type CoordinatorNode,
  heartbeatOf,
  type Process,
  registrationOf,
  type SlaveNode,
  type Untimed,
} from './nodes.ts';
import { PeerNetwork } from './peer-network.ts';
import type { World } from './world.ts';

const WALL_AT_START = 1_700_000_000_000;

export class Cluster {
  readonly world: World;
  readonly settings: ClusterSettings;
  readonly slaves = new Map<SlaveId, SlaveNode>();
  /** Called with everything that an operator would read. */
  readonly story: string[] = [];
  stopped: string | undefined;
  readonly #coordinator: CoordinatorNode;
  readonly peers: PeerNetwork;
  readonly #controls = new Map<number, SlaveNode>();
  #nextLink = 1;

  constructor(world: World, settings: ClusterSettings) {
    this.world = world;
    this.peers = new PeerNetwork(world, this.slaves, (node, input) => {
      this.#to(node, () => {
        const happening = input();
        if (happening !== undefined) this.#feedSlave(node, happening);
      });
    });
    this.settings = settings;
    const disk = createMemoryStore();
    const journal = newJournal('c'.repeat(32), settings);
    disk.commit([headChange(journal)], () => undefined);
    disk.completeNext();
    const state = coordinator.init(journal, world.now);
    this.#coordinator = { life: 1, isUp: true, pausedUntil: 0, held: [], disk, state };
    this.#tickCoordinator();
  }

  get health(): string {
    return this.#coordinator.isUp ? healthOf(this.#coordinator.state) : 'away';
  }

  get coordinatorState(): coordinator.State {
    return this.#coordinator.state;
  }

  // ── processes ──────────────────────────────────────────────────────────────────────────────

  addSlave(name: string): SlaveNode {
    const id = slaveId(name);
    const disk = createMemoryStore();
    const tables = createMemoryStore();
    const number = this.slaves.size + 1;
    const node: SlaveNode = {
      ...{
        life: 0,
        isUp: false,
        pausedUntil: 0,
        held: [],
        id,
        disk,
        tables,
        boots: 0,
        nonce: '',
        link: undefined,
        sequence: 0,
        clusterId: undefined,
      },
      store: storeId(number.toString(16).padStart(32, '0')),
      state: initSlave(
        { self: { slave: id, store: storeId('0'.repeat(32)) }, nonce: '', logKeepBytes: 0 },
        tables,
        this.#time(),
      ),
      tickets: new Map(),
    };
    this.slaves.set(id, node);
    this.startSlave(node);
    return node;
  }

  startSlave(node: SlaveNode): void {
    if (node.isUp) return;
    node.life += 1;
    node.isUp = true;
    node.boots += 1;
    node.nonce = `${node.id}.${node.boots}`;
    node.sequence = 0;
    const config = { self: { slave: node.id, store: node.store }, nonce: node.nonce, logKeepBytes: 1 << 16 };
    node.state = initSlave(config, node.tables, this.#time());
    recover(node.state, node.disk);
    this.#tickSlave(node);
    this.#connectControl(node);
    this.#beat(node);
  }

  crashSlave(node: SlaveNode): void {
    if (!node.isUp) return;
    node.isUp = false;
    node.life += 1;
    node.held.length = 0;
    node.pausedUntil = 0;
    node.tickets.clear();
    node.disk = node.disk.crash(this.world.between(0, node.disk.pending));
    node.tables = node.tables.crash(this.world.between(0, node.tables.pending), this.world.chance(50));
    this.#closeControl(node);
    this.peers.leave(node);
  }

  pauseSlave(node: SlaveNode, ms: number): void {
    if (node.isUp) this.#pause(node, ms);
  }

  crashCoordinator(): void {
    const node = this.#coordinator;
    if (!node.isUp) return;
    node.isUp = false;
    node.life += 1;
    node.held.length = 0;
    node.disk = node.disk.crash(this.world.between(0, node.disk.pending));
    for (const slaveNode of this.slaves.values()) this.#closeControl(slaveNode);
  }

  startCoordinator(): void {
    const node = this.#coordinator;
    if (node.isUp) return;
    const journal = readJournal(node.disk);
    invariant(journal, 'the journal is there');
    node.life += 1;
    node.isUp = true;
    node.state = coordinator.init(journal, this.world.now);
    this.#tickCoordinator();
  }

  #pause(node: Process, ms: number): void {
    node.pausedUntil = Math.max(node.pausedUntil, this.world.now + ms);
    const { life } = node;
    this.world.in(ms, () => {
      if (node.life !== life || node.pausedUntil > this.world.now) return;
      for (const held of node.held.splice(0)) held();
    });
  }

  /** Lets it happen to this life of the process, after its pause if it is paused. */
  #to(node: Process, happen: () => void): void {
    if (!node.isUp) return;
    const { life } = node;
    const now = (): void => {
      if (node.life === life && node.isUp) happen();
    };
    if (node.pausedUntil > this.world.now) node.held.push(now);
    else now();
  }

  #time(): { now: World['now']; wall: Stamp } {
    return { now: this.world.now, wall: stamp(WALL_AT_START + this.world.now) };
  }

  // ── slaves ─────────────────────────────────────────────────────────────────────────────────

  request(node: SlaveNode, request: Request, answer: (reply: Reply) => void): void {
    this.#to(node, () => {
      node.tickets.set(request.ticket, answer);
      this.#feedSlave(node, { kind: 'requests', requests: [request] });
    });
  }

  #feedSlave(node: SlaveNode, input: Untimed<SlaveInput>): void {
    const effects = slave.step(node.state, { ...input, ...this.#time() }); // An untimed input with the time is an input.
    slave.checkInvariants(node.state);
    for (const effect of effects) this.#performSlave(node, effect);
  }

  #performSlave(node: SlaveNode, effect: SlaveEffect): void {
    switch (effect.kind) {
      case 'commit':
        return this.#commitSlave(node, effect);
      case 'send':
        for (const message of effect.messages) this.peers.send(node, effect.to, message);
        return;
      case 'answer':
        for (const { ticket, reply } of effect.answers) {
          const answer = node.tickets.get(ticket);
          invariant(answer, `ticket ${ticket} is answered once`);
          node.tickets.delete(ticket);
          answer(reply);
        }
        return;
      case 'tell':
        return this.#tell(node, effect.message);
      case 'view-changed':
        return this.peers.connect();
      case 'buried':
        this.#closeControl(node);
        this.world.in(this.world.between(1, 50), () => {
          this.#connectControl(node);
        });
        return;
      case 'refused':
        invariant(!effect.isFinal, `${node.id} was refused: ${effect.why}`);
        this.#closeControl(node);
        this.world.in(200, () => {
          this.#connectControl(node);
        });
    }
  }

  #commitSlave(node: SlaveNode, { store, changes }: Extract<SlaveEffect, { kind: 'commit' }>): void {
    const disk = store === 'log' ? node.disk : node.tables;
    // The tables' store is the slower one: its commits are transactions of a tree.
    const ms = store === 'log' ? this.world.between(1, 40) / 10 : this.world.between(1, 60);
    disk.commit(changes, () => {
      this.#feedSlave(node, { kind: 'durable', store });
    });
    this.#finishIn(ms, node, disk);
  }

  /** One commit becomes durable after so long, if the process lives. */
  #finishIn(ms: number, node: Process, disk: MemoryStore): void {
    const { life } = node;
    this.world.in(ms, () => {
      if (node.life !== life) return;
      this.#to(node, () => {
        if (disk.pending > 0) disk.completeNext();
      });
    });
  }

  #tickSlave(node: SlaveNode): void {
    const { life } = node;
    const again = (): void => {
      this.world.in(20, () => {
        if (node.life !== life) return;
        this.#to(node, () => {
          this.#feedSlave(node, { kind: 'tick' });
        });
        again();
      });
    };
    again();
  }

  // ── control links and heartbeats ───────────────────────────────────────────────────────────

  #connectControl(node: SlaveNode): void {
    const { life } = node;
    if (!node.isUp || node.link !== undefined) return;
    if (!this.#coordinator.isUp) {
      this.world.in(100, () => {
        if (node.life === life) this.#connectControl(node);
      });
      return;
    }
    const link = this.#nextLink;
    this.#nextLink += 1;
    node.link = link;
    this.#controls.set(link, node);
    this.#tell(node, registrationOf(node));
  }

  #closeControl(node: SlaveNode): void {
    const { link } = node;
    if (link === undefined) return;
    node.link = undefined;
    this.#controls.delete(link);
    this.#to(this.#coordinator, () => {
      this.#feedCoordinator({ kind: 'link-closed', link });
    });
    this.#to(node, () => {
      this.#feedSlave(node, { kind: 'control-closed' });
    });
    const { life } = node;
    this.world.in(this.world.between(50, 150), () => {
      if (node.life === life) this.#connectControl(node);
    });
  }

  #tell(node: SlaveNode, message: FromSlave): void {
    const { link } = node;
    if (link === undefined) return;
    // Control links keep their order: one delay for all, drawn from the clock's own course.
    this.world.in(1, () => {
      if (!this.#controls.has(link)) return;
      this.#to(this.#coordinator, () => {
        this.#feedCoordinator({ kind: 'message', link, message });
      });
    });
  }

  #hear(link: number, message: ToSlave): void {
    const node = this.#controls.get(link);
    if (node === undefined) return;
    const { life } = node;
    this.world.in(1, () => {
      if (node.life !== life || node.link !== link) return;
      this.#to(node, () => {
        if (message.kind === 'registered') node.clusterId = message.clusterId;
        this.#feedSlave(node, { kind: 'control', message });
      });
    });
  }

  #beat(node: SlaveNode): void {
    const { life } = node;
    const beatAgain = (): void => {
      if (node.life !== life) return;
      this.#to(node, () => {
        this.#sendHeartbeat(node);
      });
      this.world.in(this.settings.heartbeatMs, beatAgain);
    };
    beatAgain();
  }

  #sendHeartbeat(node: SlaveNode): void {
    const { view } = node.state;
    if (view === undefined || this.world.chance(2)) return;
    node.sequence += 1;
    const heartbeat = heartbeatOf(node, view);
    this.world.in(this.world.between(1, 30) / 10, () => {
      this.#to(this.#coordinator, () => {
        this.#feedCoordinator({ kind: 'heartbeat', heartbeat, from: { address: node.id, port: node.life } });
      });
    });
  }

  // ── the coordination server ────────────────────────────────────────────────────────────────

  #tickCoordinator(): void {
    const node = this.#coordinator;
    const { life } = node;
    const again = (): void => {
      this.world.in(20, () => {
        if (node.life !== life) return;
        this.#to(node, () => {
          this.#feedCoordinator({ kind: 'tick' });
        });
        again();
      });
    };
    again();
  }

  #feedCoordinator(input: Untimed<coordinator.Input>): void {
    const node = this.#coordinator;
    const effects = coordinator.step(node.state, { ...input, now: this.world.now }); // As in #feedSlave.
    coordinator.checkInvariants(node.state);
    for (const effect of effects) this.#performCoordinator(node, effect);
  }

  #performCoordinator(node: CoordinatorNode, effect: coordinator.Effect): void {
    switch (effect.kind) {
      case 'journal':
        node.disk.commit(effect.changes, () => {
          this.#feedCoordinator({ kind: 'durable' });
        });
        return this.#finishIn(this.world.between(1, 40) / 10, node, node.disk);
      case 'send':
        return this.#hear(effect.link, effect.message);
      case 'close-link': {
        const slaveNode = this.#controls.get(effect.link);
        if (slaveNode !== undefined) this.#closeControl(slaveNode);
        return;
      }
      case 'answer-heartbeat':
        return this.#answerHeartbeat(effect.to.address, effect.answer.verdict === 'register-afresh');
      case 'read-heartbeats':
        this.world.in(0, () => {
          this.#to(node, () => {
            this.#feedCoordinator({ kind: 'heartbeats-read' });
          });
        });
        return;
      case 'probe':
        return this.#probe(effect.record.id, effect.record.boot.nonce);
      case 'event':
        this.story.push(`${this.world.now.toFixed(1)} ${effect.text}`);
        return;
      case 'stop':
        this.stopped = effect.why;
        return;
      case 'view-changed':
    }
  }

  #answerHeartbeat(name: string, isStranger: boolean): void {
    const node = this.slaves.get(slaveId(name));
    if (!isStranger || node === undefined) return;
    // A registration may be on its way; a second one does no harm.
    this.#to(node, () => {
      if (node.link === undefined) this.#connectControl(node);
      else if (node.state.isRegistered) this.#closeControl(node);
    });
  }

  #probe(id: SlaveId, nonce: string): void {
    const node = this.slaves.get(id);
    if (node === undefined) return;
    this.world.in(1, () => {
      if (node.isUp) return;
      this.#to(this.#coordinator, () => {
        this.#feedCoordinator({ kind: 'probe-refused', slave: id, store: node.store, nonce });
      });
    });
  }

  /** The truths about the whole that must hold after every event. */
  checkTruths(): void {
    for (let index = 0; index < this.settings.partitions; index += 1)
      this.#checkOneAuthority(partition(index));
  }

  #checkOneAuthority(index: Partition): void {
    const serving = [...this.slaves.values()].filter(({ isUp, state }) => {
      const replica = state.replicas[index];
      return isUp && replica?.phase === 'open' && this.world.now < replica.authorityUntil;
    });
    const epochs = serving.map(
      ({ id, state }) => `${id} under ${state.replicas[index]?.configuration.epoch ?? 0}`,
    );
    invariant(serving.length <= 1, `two authorities for partition ${index}: ${epochs.join(', ')}`);
  }
}
