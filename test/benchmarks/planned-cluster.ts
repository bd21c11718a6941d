/**
 * The real coordinator with slaves that are names: each does at once what it is told, and nothing else costs time.
 *
 *     step ──► journal: durable at once ──► view, fence, grow ──► serving, fenced, grown ──► step …
 *
 * So what is measured is the coordinator's own work, and what is counted is what it wants moved. The clock only
 * moves when nothing else does; the window is too long for anybody to miss it.
 */
import { epoch, type SlaveId, slaveId, storeId } from '../../src/common/ids.ts';
import type { FromSlave, Registration, ToSlave } from '../../src/common/message/control.ts';
import { encodeControl } from '../../src/common/message/control-codec.ts';
import { after, instant, type Instant, stamp } from '../../src/common/time.ts';
import type { ClusterSettings, Configuration } from '../../src/common/view.ts';
import {
  type Effect,
  init,
  type Input,
  type State,
  step,
  wakeAt,
} from '../../src/coordination/coordinator.ts';
import { newJournal } from '../../src/coordination/journal.ts';
import type { Order } from '../../src/coordination/order.ts';
import { healthOf } from '../../src/coordination/status.ts';

export interface PlannedOptions {
  readonly slaves: readonly string[];
  readonly partitions: number;
  readonly replicas: number;
  /** Frames are encoded to count their bytes: not where only moves are of interest. */
  readonly countsBytes?: boolean;
}

/** What one change cost. */
export interface Cost {
  /** The step that made the first plan. */
  readonly firstPlanMs: number;
  readonly longestStepMs: number;
  /** All steps, until nothing is planned any more. */
  readonly totalMs: number;
  readonly steps: number;
  /** Copies that were made. */
  readonly grows: number;
  /** Bytes of `view` frames to each slave that had been there before, on average. */
  readonly viewBytes: number;
  readonly viewFrames: number;
}

type Untimed<Union> = Union extends unknown ? Omit<Union, 'now' | 'wall'> : never;

const WINDOW_MS = 3_600_000;
const CLUSTER_ID = 'c'.repeat(32);
/** A change that takes more steps than this goes in circles. */
const STEPS_MAX = 2_000_000;

export class PlannedCluster {
  readonly state: State;
  #now: Instant = instant(1_000);
  readonly #inputs: Untimed<Input>[] = [];
  readonly #links = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #boots = new Map<string, number>();
  readonly #countsBytes: boolean;
  #lastLink = 0;
  #cost = noCost();

  constructor({ slaves, partitions, replicas, countsBytes = false }: PlannedOptions) {
    const settings: ClusterSettings = {
      ...{ partitions, replicas, minCopies: 1, tokens: 32, replication: 'successor' },
      ...{ heartbeatMs: WINDOW_MS / 3, windowMs: WINDOW_MS, promiseMs: 500, requestTimeoutMs: 3_000 },
    };
    this.#countsBytes = countsBytes;
    // What waits for a grace is counted with the change that it waits for.
    const policy = { rejoinGraceMs: 0, handBackGraceMs: 0 };
    this.state = init(newJournal(CLUSTER_ID, settings), { now: this.#now, wall: stamp(this.#now) }, policy);
    for (const name of slaves) this.#register(name);
    this.#run();
    // Everybody is there: nobody else is waited for.
    this.state.planFrom = this.#now;
    this.#settle();
  }

  join(name: string): Cost {
    return this.#measure(() => this.#register(name));
  }

  /** Its process is gone, and its port says so. */
  kill(name: string): Cost {
    const nonce = this.#nonceOf(name);
    return this.#measure(() => {
      this.#inputs.push({ kind: 'link-closed', link: this.#links.get(name) ?? 0 });
      this.#inputs.push({ kind: 'probe-refused', slave: slaveId(name), store: storeOf(name), nonce });
    });
  }

  /** It comes back with what it had: right after it went if it was never declared dead, or long after. */
  restart(name: string): Cost {
    this.#boots.set(name, (this.#boots.get(name) ?? 1) + 1);
    return this.#measure(() => this.#register(name));
  }

  /** Undefined: the order was turned down. */
  drain(name: string): Cost | undefined {
    const order: Order = { kind: 'drain', slave: slaveId(name) };
    let isTaken = true;
    const cost = this.#measure(() => {
      for (const effect of this.#step({ kind: 'order', request: 1, order })) {
        if (effect.kind === 'order-answer') isTaken = effect.refusal === undefined;
      }
    });
    return isTaken ? cost : undefined;
  }

  /** The frame that brings the whole view. */
  get wholeViewBytes(): number {
    const { clusterId, epoch: number, settings, slaves, configurations } = this.state.view;
    const view = { epoch: number, settings, slaves: [...slaves.values()], configurations };
    return encodeControl({ kind: 'registered', clusterId, view }).length;
  }

  #measure(change: () => void): Cost {
    this.#cost = noCost();
    const slaves = this.#links.size;
    change();
    this.#settle();
    const cost = this.#cost;
    return { ...cost, viewBytes: cost.viewBytes / slaves, viewFrames: cost.viewFrames / slaves };
  }

  #register(name: string): void {
    this.#lastLink += 1;
    this.#links.set(name, this.#lastLink);
    this.#names.set(this.#lastLink, name);
    const registration: Registration = {
      ...{ kind: 'register', clusterId: CLUSTER_ID, slave: slaveId(name), store: storeOf(name) },
      ...{ boot: { count: this.#boots.get(name) ?? 1, nonce: this.#nonceOf(name) }, kernelBoot: 'k' },
      ...{ isSameKernelBoot: true, durability: 'fsync', host: '10.0.0.1', port: 7_000, peerPort: 17_000 },
      ...{ pid: 4_242, isLeaving: false, epoch: epoch(0), adopted: [] },
    };
    this.#inputs.push({ kind: 'message', link: this.#lastLink, message: registration });
  }

  #nonceOf(name: string): string {
    return `${name}.${this.#boots.get(name) ?? 1}`.padEnd(24, '0');
  }

  #settle(): void {
    for (;;) {
      this.#run();
      const { intentions, fences, mustPlan, health, now } = this.state;
      const isDone =
        intentions.size === 0 && fences.size === 0 && !mustPlan && health === healthOf(this.state);
      if (isDone && health !== 'healing') return;
      this.#now = after(instant(Math.max(now, wakeAt(this.state))), 0);
      this.#inputs.push({ kind: 'tick' });
    }
  }

  #run(): void {
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
  }

  #step(input: Untimed<Input>): readonly Effect[] {
    const before = this.state.lastNumber;
    const start = performance.now();
    const effects = step(this.state, { ...input, now: this.#now, wall: stamp(this.#now) });
    this.#count(performance.now() - start, before !== this.state.lastNumber);
    for (const effect of effects) this.#perform(effect);
    return effects;
  }

  #count(ms: number, isPlan: boolean): void {
    const { firstPlanMs, longestStepMs, totalMs, steps } = this.#cost;
    if (steps > STEPS_MAX) throw new Error('nothing settles');
    this.#cost = {
      ...this.#cost,
      firstPlanMs: isPlan && firstPlanMs === 0 ? ms : firstPlanMs,
      longestStepMs: Math.max(longestStepMs, ms),
      totalMs: totalMs + ms,
      steps: steps + 1,
    };
  }

  #perform(effect: Effect): void {
    if (effect.kind === 'journal') this.#inputs.push({ kind: 'durable' });
    if (effect.kind === 'read-heartbeats') this.#inputs.push({ kind: 'heartbeats-read' });
    if (effect.kind !== 'send') return;
    const { link, message } = effect;
    const name = this.#names.get(link);
    if (name === undefined || this.#links.get(name) !== link) return;
    if (message.kind === 'view') this.#countView(message);
    for (const answer of this.#answersOf(slaveId(name), message)) {
      this.#inputs.push({ kind: 'message', link, message: answer });
    }
  }

  #countView(message: ToSlave): void {
    const bytes = this.#countsBytes ? encodeControl(message).length : 0;
    const { viewBytes, viewFrames } = this.#cost;
    this.#cost = { ...this.#cost, viewBytes: viewBytes + bytes, viewFrames: viewFrames + 1 };
  }

  #answersOf(slave: SlaveId, message: ToSlave): readonly FromSlave[] {
    switch (message.kind) {
      case 'view': {
        const isMine = ({ members }: Configuration): boolean => members[0]?.slave === slave;
        const items = message.configurations
          .filter(({ configuration }) => isMine(configuration))
          .map(({ partition, configuration }) => ({ partition, epoch: configuration.epoch }));
        return items.length === 0 ? [] : [{ kind: 'serving', items }];
      }
      case 'fence':
        return [{ kind: 'fenced', epoch: message.epoch, answers: message.partitions.map(this.#fenceAnswer) }];
      case 'grow': {
        this.#cost = { ...this.#cost, grows: this.#cost.grows + 1 };
        const { epoch: number, partition, members, ownerNonce } = message;
        return [{ kind: 'grown', partition, configuration: { epoch: number, members, ownerNonce } }];
      }
      default:
        return [];
    }
  }

  readonly #fenceAnswer = (
    partition: (ToSlave & { kind: 'fence' })['partitions'][number],
  ): (FromSlave & { kind: 'fenced' })['answers'][number] => ({
    partition,
    end: { epoch: epoch(0), seq: 0 },
    adopted: this.state.view.configurations[partition] ?? { epoch: epoch(0), members: [], ownerNonce: '' },
    promised: [],
    promisedAllMs: 0,
  });
}

const storeOf = (name: string): ReturnType<typeof storeId> =>
  storeId(Buffer.from(name).toString('hex').padStart(32, '0'));

const noCost = (): Cost => ({
  ...{ firstPlanMs: 0, longestStepMs: 0, totalMs: 0, steps: 0 },
  ...{ grows: 0, viewBytes: 0, viewFrames: 0 },
});

/** So many names, of a ring that is another one for each seed. */
export const slaveNames = (count: number, seed: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `r${seed}-s${index}`);
