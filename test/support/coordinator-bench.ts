/**
 * The coordination server's machine on a bench: its journal is durable when it is told to be, slaves are
 * names whose words are written by hand, and time moves only when it is moved.
 */
import { epoch, type SlaveId, slaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { FenceAnswer, FromSlave, Registration, ToSlave } from '../../src/common/message/control.ts';
import { instant, stamp } from '../../src/common/time.ts';
import type { ClusterSettings, Configuration } from '../../src/common/view.ts';
import {
  checkInvariants,
  type Effect,
  init,
  type Input,
  type State,
  step,
} from '../../src/coordination/coordinator.ts';
import type { Order } from '../../src/coordination/order.ts';
import type { Policy } from '../../src/coordination/grace.ts';
import { headChange, type Journal, newJournal, readJournal } from '../../src/coordination/journal.ts';
import { configuration, type Kind, P, SETTINGS, storeOf } from './slave-bench.ts';

export const CLUSTER_ID = 'c'.repeat(32);

const ONE: ClusterSettings = { ...SETTINGS, partitions: 1 };

type Untimed<Union> = Union extends unknown ? Omit<Union, 'now' | 'wall'> : never;

/** A bench's clock on the wall stands this far from the one that measures. */
export const WALL_AT_ZERO = 1_700_000_000_000;

interface Options {
  readonly settings?: ClusterSettings;
  readonly disk?: MemoryStore;
  readonly now?: number;
  readonly policy?: Policy;
}

function newDisk(settings: ClusterSettings): MemoryStore {
  const disk = createMemoryStore();
  disk.commit([headChange(newJournal(CLUSTER_ID, settings))], () => undefined);
  disk.completeNext();
  return disk;
}

export class CoordinatorBench {
  readonly settings: ClusterSettings;
  readonly disk: MemoryStore;
  readonly state: State;
  now: number;
  effects: Effect[] = [];
  /** By slave: the control link that it spoke over last. */
  readonly links = new Map<string, number>();
  /** Whose heartbeats come while time passes. */
  readonly beating = new Set<string>();
  readonly #boots = new Map<string, number>();
  #nextLink = 1;
  #sequence = 0;

  constructor({ settings = ONE, disk = newDisk(settings), now = 10_000, policy }: Options = {}) {
    this.settings = settings;
    this.disk = disk;
    this.now = now;
    this.state = init(this.journal, this.#times(), policy);
  }

  /** What a coordination server that starts now would read. */
  get journal(): Journal {
    const journal = readJournal(this.disk);
    invariant(journal, 'the journal is there');
    return journal;
  }

  get configuration(): Configuration {
    return this.state.view.configurations[P] ?? configuration(0, '');
  }

  get members(): string {
    return this.configuration.members.map(({ slave }) => slave).join('');
  }

  feed(input: Untimed<Input>): readonly Effect[] {
    const effects = step(this.state, { ...input, ...this.#times() });
    checkInvariants(this.state);
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.kind === 'journal') this.disk.commit(effect.changes, () => this.feed({ kind: 'durable' }));
    }
    return effects;
  }

  #times() {
    return { now: instant(this.now), wall: stamp(WALL_AT_ZERO + this.now) };
  }

  persist(): void {
    while (this.disk.pending > 0) this.disk.completeNext();
  }

  tick(): void {
    const effects = this.feed({ kind: 'tick' });
    if (effects.some(({ kind }) => kind === 'read-heartbeats')) this.feed({ kind: 'heartbeats-read' });
  }

  /** Time passes in ticks, and those who beat do. The journal is durable at once. */
  wait(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.now + 50);
      for (const name of this.beating) this.beat(name);
      this.tick();
      this.persist();
    }
  }

  beat(name: string, unheard: readonly SlaveId[] = []): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const heartbeat = {
      ...{
        clusterId: CLUSTER_ID,
        slave: slaveId(name),
        store: storeOf(name),
        bootNonce: this.nonceOf(name),
        sequence,
      },
      ...{
        viewEpoch: epoch(0),
        loopCounter: sequence,
        commands: 0,
        lastCommit: 0,
        loopLagMs: 0,
        commitHung: false,
        unheard,
      },
    };
    this.feed({ kind: 'heartbeat', heartbeat, from: { address: name, port: 1 } });
  }

  nonceOf(name: string): string {
    return `${name}.${this.#boots.get(name) ?? 1}`;
  }

  /** A new start of this slave: its next registration is of a later boot. */
  reboot(name: string): void {
    this.#boots.set(name, (this.#boots.get(name) ?? 1) + 1);
  }

  /** Over a new link. It is welcome when the journal is durable. */
  register(name: string, more: Partial<Registration> = {}): number {
    const link = this.#nextLink;
    this.#nextLink += 1;
    this.links.set(name, link);
    const count = this.#boots.get(name) ?? 1;
    const message: Registration = {
      ...{
        kind: 'register',
        clusterId: CLUSTER_ID,
        slave: slaveId(name),
        store: storeOf(name),
        boot: { count, nonce: this.nonceOf(name) },
      },
      ...{
        kernelBoot: 'k',
        isSameKernelBoot: true,
        durability: 'fsync',
        host: 'host',
        port: 7000,
        peerPort: 2,
        isLeaving: false,
        pid: 3,
      },
      ...{ epoch: epoch(0), adopted: [] },
      ...more,
    };
    this.feed({ kind: 'message', link, message });
    return link;
  }

  /** Its process is gone: its link closes, and its port refuses. */
  kill(name: string): void {
    this.beating.delete(name);
    this.feed({ kind: 'link-closed', link: this.links.get(name) ?? 0 });
    this.feed({
      kind: 'probe-refused',
      slave: slaveId(name),
      store: storeOf(name),
      nonce: this.nonceOf(name),
    });
  }

  says(name: string, message: FromSlave): void {
    this.feed({ kind: 'message', link: this.links.get(name) ?? 0, message });
  }

  /** It answers the newest fence that it was sent; a calm one ends as one. */
  answers(name: string, more: Partial<FenceAnswer> = {}): void {
    const asked = [...this.sent(name, 'fence'), ...this.sent(name, 'calm')];
    const number = epoch(Math.max(...asked.map((message) => message.epoch)));
    const end = { epoch: epoch(0), seq: 0 };
    const answer = {
      partition: P,
      end,
      adopted: this.configuration,
      promised: [],
      promisedAllMs: 0,
      ...more,
    };
    this.says(name, { kind: 'fenced', epoch: number, answers: [answer] });
  }

  serves(name: string): void {
    this.says(name, { kind: 'serving', items: [{ partition: P, epoch: this.configuration.epoch }] });
  }

  sent<Name extends ToSlave['kind']>(name: string, kind: Name): readonly Kind<ToSlave, Name>[] {
    const link = this.links.get(name);
    return this.effects
      .flatMap((effect) => (effect.kind === 'send' && effect.link === link ? [effect.message] : []))
      .filter((message): message is Kind<ToSlave, Name> => message.kind === kind);
  }

  lastSent<Name extends ToSlave['kind']>(name: string, kind: Name): Kind<ToSlave, Name> {
    const message = this.sent(name, kind).at(-1);
    invariant(message, `${name} was sent a ${kind}`);
    return message;
  }

  of<Name extends Effect['kind']>(kind: Name): readonly Kind<Effect, Name>[] {
    return this.effects.filter((effect): effect is Kind<Effect, Name> => effect.kind === kind);
  }

  /** What an operator is answered: why the order is turned down, or that it is taken. */
  order(order: Order): string {
    this.feed({ kind: 'order', request: 1, order });
    return this.of('order-answer').at(-1)?.refusal ?? 'taken';
  }

  stageOf(name: string): string | undefined {
    return this.state.view.slaves.get(slaveId(name))?.stage;
  }

  /** It crashes, and another begins with what is durable. */
  restart(): CoordinatorBench {
    const again = new CoordinatorBench({
      settings: this.settings,
      disk: this.disk.crash(),
      now: this.now + 1_000,
    });
    for (const [name, boot] of this.#boots) again.#boots.set(name, boot);
    again.#nextLink = this.#nextLink;
    again.#sequence = this.#sequence;
    return again;
  }
}

/** Every slave does what it was told, and for so long what it is told, at once; the journal is durable at once. */
export function obey(bench: CoordinatorBench, ms = 2 * bench.settings.windowMs): void {
  let heard = 0;
  for (const end = bench.now + ms; bench.now < end; bench.wait(50)) {
    bench.persist();
    while (heard < bench.effects.length) {
      const effect = bench.effects[heard];
      heard += 1;
      if (effect?.kind === 'send') obeyOne(bench, effect);
      bench.persist();
    }
  }
}

function obeyOne(bench: CoordinatorBench, { link, message }: Kind<Effect, 'send'>): void {
  const [name] = [...bench.links].find(([, of]) => of === link) ?? [];
  if (name === undefined) return;
  if (message.kind === 'fence' || message.kind === 'calm') bench.answers(name);
  else if (message.kind === 'grow') {
    const { epoch: number, partition, members, ownerNonce } = message;
    bench.says(name, {
      kind: 'grown',
      partition,
      configuration: { epoch: number, members, ownerNonce },
    });
  } else if (message.kind === 'drop-grow') {
    const { partition, epoch: number } = message;
    bench.says(name, { kind: 'grow-dropped', partition, epoch: number, why: 'it was taken back' });
  } else if (message.kind === 'view' && message.configurations.length > 0 && bench.members.startsWith(name))
    bench.serves(name);
}

/** A cluster of these slaves, founded and served. `roles` are the owner, the copies, and then the others. */
export function founded(
  names: string,
  settings: ClusterSettings = ONE,
): { readonly bench: CoordinatorBench; readonly roles: readonly string[] } {
  const bench = new CoordinatorBench({ settings });
  for (const name of names) {
    bench.register(name);
    bench.beating.add(name);
  }
  bench.wait(2 * settings.windowMs);
  const { members } = bench;
  bench.serves(members.charAt(0));
  bench.wait(100);
  bench.effects = [];
  const others = names.split('').filter((name) => !members.includes(name));
  return { bench, roles: [...members.split(''), ...others] };
}
