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
import {
  type Partition,
  partition,
  slaveId,
  type SlaveId,
  storeId,
  type StoreId,
} from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { FromSlave, ToSlave } from '../../src/common/message/control.ts';
import type { Reply } from '../../src/common/reply.ts';
import { stamp, type Stamp } from '../../src/common/time.ts';
import type { ClusterSettings } from '../../src/common/view.ts';
import * as coordinator from '../../src/coordination/coordinator.ts';
import { headChange, newJournal, readJournal } from '../../src/coordination/journal.ts';
import { healthOf } from '../../src/coordination/status.ts';
import { unheardPeers } from '../../src/slave/housekeeping.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import { recover } from '../../src/slave/recovery.ts';
import type { Request } from '../../src/slave/request.ts';
import * as slave from '../../src/slave/slave.ts';
import {
  type Effect as SlaveEffect,
  init as initSlave,
  type Input as SlaveInput,
  oathsOf,
  type State as SlaveState,
} from '../../src/slave/state.ts';
import type { World } from './world.ts';

export interface Weather {
  /** Of a hundred frames between slaves, how many are lost, come twice, or come late, within one link. */
  readonly lostPercent: number;
  readonly twicePercent: number;
  readonly latePercent: number;
}

export const CALM: Weather = { lostPercent: 0, twicePercent: 0, latePercent: 0 };

/** As Omit, but for each kind of a union by itself. */
type Untimed<Union> = Union extends unknown ? Omit<Union, 'now' | 'wall'> : never;

interface Process {
  /** Counts starts and stops: what was meant for an earlier life is dropped. */
  life: number;
  isUp: boolean;
  pausedUntil: number;
  readonly held: (() => void)[];
}

export interface SlaveNode extends Process {
  readonly id: SlaveId;
  readonly store: StoreId;
  disk: MemoryStore;
  boots: number;
  nonce: string;
  state: SlaveState;
  /** The control link that it has, if any. */
  link: number | undefined;
  sequence: number;
  clusterId: string | undefined;
  tickets: Map<number, (reply: Reply) => void>;
}

interface CoordinatorNode extends Process {
  disk: MemoryStore;
  state: coordinator.State;
}

/** One link between two slaves; a new one after every break. */
interface PeerLink {
  readonly ends: readonly [SlaveNode, SlaveNode];
  isOpen: boolean;
  /** By direction: when the last frame arrives, so that in calm weather order is kept. */
  readonly lastArrival: [number, number];
}

const WALL_AT_START = 1_700_000_000_000;

export class Cluster {
  readonly world: World;
  readonly settings: ClusterSettings;
  readonly slaves = new Map<SlaveId, SlaveNode>();
  weather: Weather = CALM;
  /** Called with everything that an operator would read. */
  readonly story: string[] = [];
  stopped: string | undefined;
  readonly #coordinator: CoordinatorNode;
  readonly #links = new Map<string, PeerLink>();
  readonly #cuts = new Set<string>();
  readonly #controls = new Map<number, SlaveNode>();
  #nextLink = 1;

  constructor(world: World, settings: ClusterSettings) {
    this.world = world;
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

  get isCoordinatorUp(): boolean {
    return this.#coordinator.isUp;
  }

  // ── processes ──────────────────────────────────────────────────────────────────────────────

  addSlave(name: string): SlaveNode {
    const id = slaveId(name);
    const disk = createMemoryStore();
    const number = this.slaves.size + 1;
    const node: SlaveNode = {
      ...{
        life: 0,
        isUp: false,
        pausedUntil: 0,
        held: [],
        id,
        disk,
        boots: 0,
        nonce: '',
        link: undefined,
        sequence: 0,
        clusterId: undefined,
      },
      store: storeId(number.toString(16).padStart(32, '0')),
      state: initSlave(
        { self: { slave: id, store: storeId('0'.repeat(32)) }, nonce: '', logKeepBytes: 0 },
        disk,
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
    node.state = initSlave(config, node.disk, this.#time());
    recover(node.state);
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
    this.#closeControl(node);
    for (const link of this.#links.values()) if (link.ends.includes(node)) this.#breakLink(link);
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

  /** Two slaves cannot reach each other until they are mended. */
  cut(a: SlaveNode, b: SlaveNode): void {
    this.#cuts.add(pairOf(a, b));
    const link = this.#links.get(pairOf(a, b));
    if (link !== undefined) this.#breakLink(link);
  }

  mend(): void {
    this.#cuts.clear();
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
    const effects = slave.step(node.state, { ...input, ...this.#time() } as SlaveInput); // An untimed input with the time is an input.
    slave.checkInvariants(node.state);
    for (const effect of effects) this.#performSlave(node, effect);
  }

  #performSlave(node: SlaveNode, effect: SlaveEffect): void {
    switch (effect.kind) {
      case 'commit':
        return this.#commit(node, effect.changes, () => {
          this.#feedSlave(node, { kind: 'durable' });
        });
      case 'send':
        for (const message of effect.messages) this.#sendPeer(node, effect.to, message);
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
        return this.#connectPeers();
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

  #commit(
    node: Process & { disk: MemoryStore },
    changes: Parameters<MemoryStore['commit']>[0],
    done: () => void,
  ): void {
    const { disk } = node;
    disk.commit(changes, done);
    this.world.in(this.world.between(1, 40) / 10, () => {
      this.#to(node, () => {
        if (node.disk === disk && disk.pending > 0) disk.completeNext();
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

  // ── peers ──────────────────────────────────────────────────────────────────────────────────

  /** Opens what may be open: each pair of slaves that are up, know each other, and are not cut apart. */
  #connectPeers(): void {
    const nodes = [...this.slaves.values()];
    for (const a of nodes) {
      for (const b of nodes) {
        if (a.id < b.id) this.#connectPair(a, b);
      }
    }
  }

  #connectPair(a: SlaveNode, b: SlaveNode): void {
    const pair = pairOf(a, b);
    const knows =
      a.state.view?.slaves.get(b.id)?.store === b.store && b.state.view?.slaves.get(a.id)?.store === a.store;
    if (this.#links.get(pair)?.isOpen === true || this.#cuts.has(pair) || !a.isUp || !b.isUp || !knows)
      return;
    const link: PeerLink = { ends: [a, b], isOpen: true, lastArrival: [0, 0] };
    this.#links.set(pair, link);
    for (const [self, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.#to(self, () => {
        if (link.isOpen) this.#feedSlave(self, { kind: 'peer-opened', slave: other.id, store: other.store });
      });
    }
  }

  #breakLink(link: PeerLink): void {
    if (!link.isOpen) return;
    link.isOpen = false;
    for (const [self, other] of [link.ends, [link.ends[1], link.ends[0]]] as const) {
      this.#to(self, () => {
        if (this.#links.get(pairOf(self, other))?.isOpen !== true)
          this.#feedSlave(self, { kind: 'peer-closed', slave: other.id });
      });
    }
    this.world.in(this.world.between(20, 200), () => {
      this.#connectPeers();
    });
  }

  #sendPeer(from: SlaveNode, to: SlaveId, message: PeerMessage): void {
    const other = this.slaves.get(to);
    const link = other && this.#links.get(pairOf(from, other));
    if (link?.isOpen !== true || other === undefined) return;
    const direction = link.ends[0] === from ? 0 : 1;
    const { lostPercent, twicePercent, latePercent } = this.weather;
    if (this.world.chance(lostPercent)) return;
    const copies = this.world.chance(twicePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const isLate = this.world.chance(latePercent) || copy > 0;
      const delay = this.world.between(1, isLate ? 800 : 20) / 10;
      const arrival = isLate
        ? this.world.now + delay
        : Math.max(link.lastArrival[direction], this.world.now + delay);
      if (!isLate) link.lastArrival[direction] = arrival;
      this.world.at(arrival, () => {
        if (!link.isOpen) return;
        this.#to(other, () => {
          if (link.isOpen) this.#feedSlave(other, { kind: 'peer', from: from.id, messages: [message] });
        });
      });
    }
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
    this.#tell(node, {
      ...{ kind: 'register', clusterId: node.clusterId, slave: node.id, store: node.store },
      boot: { count: node.boots, nonce: node.nonce },
      ...{
        kernelBoot: 'k',
        isSameKernelBoot: true,
        durability: 'fsync',
        host: '127.0.0.1',
        port: 1,
        peerPort: 2,
        pid: 3,
      },
      ...oathsOf(node.state),
    });
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
    const heartbeat = {
      ...{
        clusterId: view.clusterId,
        slave: node.id,
        store: node.store,
        bootNonce: node.nonce,
        sequence: node.sequence,
      },
      ...{
        viewEpoch: view.epoch,
        loopCounter: node.sequence,
        commands: 0,
        lastCommit: 0,
        loopLagMs: 0,
        commitHung: false,
      },
      unheard: unheardPeers(node.state),
    };
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
    const effects = coordinator.step(node.state, { ...input, now: this.world.now } as coordinator.Input); // As in #feedSlave.
    coordinator.checkInvariants(node.state);
    for (const effect of effects) this.#performCoordinator(node, effect);
  }

  #performCoordinator(node: CoordinatorNode, effect: coordinator.Effect): void {
    switch (effect.kind) {
      case 'journal':
        return this.#commit(node, effect.changes, () => {
          this.#feedCoordinator({ kind: 'durable' });
        });
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

const pairOf = (a: SlaveNode, b: SlaveNode): string => (a.id < b.id ? `${a.id} ${b.id}` : `${b.id} ${a.id}`);
