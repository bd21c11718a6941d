/**
 * A slave's machine on a bench: time stands still until it is moved, its disk writes when it is told to,
 * and what it sends lies there to be looked at, delivered or lost.
 */
import { epoch, key, partition, slaveId, storeId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { FromSlave, ToSlave } from '../../src/common/message/control.ts';
import { Failure, type Reply, Simple } from '../../src/common/reply.ts';
import { slotOf } from '../../src/common/slot.ts';
import { instant, stamp } from '../../src/common/time.ts';
import type { ClusterSettings, Configuration, Member, SlaveRecord, WireView } from '../../src/common/view.ts';
import { reads, writes } from '../../src/slave/commands/evaluation.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import { recover } from '../../src/slave/recovery.ts';
import type { Replica } from '../../src/slave/replication/replica.ts';
import type { Request } from '../../src/slave/request.ts';
import { checkInvariants, step } from '../../src/slave/slave.ts';
import { type Effect, init, type Input, replicaAt, type State } from '../../src/slave/state.ts';

export const SETTINGS: ClusterSettings = {
  partitions: 2,
  replicas: 2,
  minCopies: 1,
  tokens: 8,
  replication: 'successor',
  heartbeatMs: 200,
  windowMs: 600,
  promiseMs: 500,
  requestTimeoutMs: 3_000,
};

/** The partition that the tests are about, and keys of it. */
export const P = partition(0);
export const [K1, K2, K3] = ['f', 'g', 'j'].map((name) => key(Buffer.from(name))) as [Key, Key, Key];

type Key = ReturnType<typeof key>;

export const WALL_AT_START = 1_700_000_000_000;

/** Longer than any table waits to be filled. */
export const FILL_MS = 2_500;

export const storeOf = (name: string): Member['store'] =>
  storeId(Buffer.from(name).toString('hex').padStart(32, '0'));

export const member = (name: string): Member => ({ slave: slaveId(name), store: storeOf(name) });

/** A configuration of these slaves, the owner first; `owner` names its start. */
export const configuration = (
  number: number,
  names: string,
  owner = `${names.charAt(0)}.1`,
): Configuration => ({
  epoch: epoch(number),
  members: names.split('').map(member),
  ownerNonce: owner,
});

const NAMES = ['a', 'b', 'c', 'd'];

const recordOf = (name: string): SlaveRecord => ({
  ...{ id: slaveId(name), store: storeOf(name), boot: { count: 1, nonce: `${name}.1` } },
  ...{ host: 'host', port: 7000 + NAMES.indexOf(name), peerPort: 1, pid: 1, stage: 'alive' },
});

/** A view in which the first partition is configured like this, and the others never were. */
export function wireView(first: Configuration, settings: ClusterSettings = SETTINGS): WireView {
  const rest = Array.from({ length: settings.partitions - 1 }, () => ({
    epoch: epoch(0),
    members: [],
    ownerNonce: '',
  }));
  return { epoch: epoch(100), settings, slaves: NAMES.map(recordOf), configurations: [first, ...rest] };
}

type Untimed<Union> = Union extends unknown ? Omit<Union, 'now' | 'wall'> : never;

interface Sent {
  readonly to: string;
  readonly message: PeerMessage;
}

export type Kind<Message extends { readonly kind: string }, Name extends Message['kind']> = Extract<
  Message,
  { readonly kind: Name }
>;

interface Options {
  readonly disk?: MemoryStore;
  readonly tables?: MemoryStore;
  readonly boot?: number;
  readonly now?: number;
  readonly logKeepBytes?: number;
  readonly copyRate?: number;
  readonly settings?: ClusterSettings;
}

export class SlaveBench {
  readonly name: string;
  readonly settings: ClusterSettings;
  /** The store of the log, and that of the tables. */
  disk: MemoryStore;
  tables: MemoryStore;
  readonly state: State;
  now: number;
  /** How far the wall clock is from its usual course. */
  wallAheadMs = 0;
  readonly answers = new Map<number, string>();
  told: FromSlave[] = [];
  sent: Sent[] = [];
  effects: Effect[] = [];
  #tickets = 0;

  constructor(
    name: string,
    {
      disk = createMemoryStore(),
      tables = createMemoryStore(),
      boot = 1,
      now = 10_000,
      logKeepBytes = 0,
      copyRate = 0,
      settings = SETTINGS,
    }: Options = {},
  ) {
    this.name = name;
    this.settings = settings;
    this.disk = disk;
    this.tables = tables;
    this.now = now;
    const config = { self: member(name), nonce: `${name}.${boot}`, logKeepBytes, copyRate };
    this.state = init(config, tables, { now: instant(now), wall: stamp(WALL_AT_START + now) });
    recover(this.state, disk);
  }

  get replica(): Replica {
    return replicaAt(this.state, P);
  }

  get pending(): number {
    return this.disk.pending;
  }

  feed(input: Untimed<Input>): readonly Effect[] {
    const wall = stamp(WALL_AT_START + this.now + this.wallAheadMs);
    const effects = step(this.state, { ...input, now: instant(this.now), wall });
    checkInvariants(this.state);
    for (const effect of effects) this.#perform(effect);
    return effects;
  }

  #perform(effect: Effect): void {
    this.effects.push(effect);
    if (effect.kind === 'commit') this.#commit(effect);
    else if (effect.kind === 'send')
      this.sent.push(...effect.messages.map((message) => ({ to: effect.to, message })));
    else if (effect.kind === 'tell') this.told.push(effect.message);
    else if (effect.kind === 'answer')
      for (const { ticket, reply } of effect.answers) this.#note(ticket, reply);
  }

  #commit({ store, changes }: Kind<Effect, 'commit'>): void {
    (store === 'log' ? this.disk : this.tables).commit(changes, () => this.feed({ kind: 'durable', store }));
  }

  #note(ticket: number, reply: Reply): void {
    invariant(!this.answers.has(ticket), `ticket ${ticket} is answered once`);
    this.answers.set(ticket, textOf(reply));
  }

  /** Lets the disk finish everything, also what follows from that. */
  persist(): void {
    while (this.disk.pending + this.tables.pending > 0) {
      while (this.disk.pending > 0) this.disk.completeNext();
      if (this.tables.pending > 0) this.tables.completeNext();
    }
  }

  wait(ms: number): void {
    this.now += ms;
  }

  /** What waits for its table reaches the disk. */
  fill(): void {
    this.wait(FILL_MS);
    this.tick();
    this.persist();
  }

  tick(): void {
    this.feed({ kind: 'tick' });
  }

  control(message: ToSlave): void {
    this.feed({ kind: 'control', message });
  }

  /** The coordination server welcomes it with this configuration of the first partition. */
  register(first: Configuration): void {
    this.control({ kind: 'registered', clusterId: 'c'.repeat(32), view: wireView(first, this.settings) });
    this.persist();
  }

  announce(first: Configuration): void {
    this.control({
      kind: 'view',
      epoch: epoch(100),
      slaves: [],
      gone: [],
      configurations: [{ partition: P, configuration: first }],
    });
  }

  fence(number: number): void {
    this.control({ kind: 'fence', epoch: epoch(number), partitions: [P] });
  }

  open(...names: readonly string[]): void {
    for (const name of names) this.feed({ kind: 'peer-opened', slave: slaveId(name), store: storeOf(name) });
  }

  from(name: string, ...messages: readonly PeerMessage[]): void {
    this.feed({ kind: 'peer', from: slaveId(name), messages });
  }

  /** Messages of this kind that it has sent, the oldest first. */
  sentOf<Name extends PeerMessage['kind']>(kind: Name, to?: string): readonly Kind<PeerMessage, Name>[] {
    return this.sent
      .filter((one) => to === undefined || one.to === to)
      .map(({ message }) => message)
      .filter((message): message is Kind<PeerMessage, Name> => message.kind === kind);
  }

  lastSent<Name extends PeerMessage['kind']>(kind: Name, to?: string): Kind<PeerMessage, Name> {
    const message = this.sentOf(kind, to).at(-1);
    invariant(message, `${this.name} has sent a ${kind}`);
    return message;
  }

  toldOf<Name extends FromSlave['kind']>(kind: Name): readonly Kind<FromSlave, Name>[] {
    return this.told.filter((message): message is Kind<FromSlave, Name> => message.kind === kind);
  }

  request(text: string, more: Partial<Request> = {}): Request {
    const [name = '', ...rest] = text.split(' ');
    const args = [name, ...rest].map((word) => Buffer.from(word));
    const write = writes.get(name.toLowerCase());
    const read = reads.get(name.toLowerCase());
    invariant(write !== undefined || read !== undefined, `${name} is a command`);
    const target = key(args[1] ?? Buffer.alloc(0));
    this.#tickets += 1;
    return {
      ...{ ticket: this.#tickets, partition: P, slot: slotOf(target), keys: [target], args, grows: true },
      run: write === undefined ? { kind: 'read', read: read ?? (() => undefined) } : { kind: 'write', write },
      ...more,
    };
  }

  /** Commands of one turn. Answers with their tickets. */
  ask(...texts: readonly string[]): readonly number[] {
    const requests = texts.map((text) => this.request(text));
    this.feed({ kind: 'requests', requests });
    return requests.map(({ ticket }) => ticket);
  }

  /** One command, as far as it comes once the disk has done its part. */
  run(text: string): string | undefined {
    const [ticket = 0] = this.ask(text);
    this.persist();
    return this.answers.get(ticket);
  }

  /** The machine loses power and starts again with what is durable. */
  restart(options: Omit<Options, 'disk' | 'tables'> = {}): SlaveBench {
    const boot = Number(this.state.config.nonce.split('.')[1]) + 1;
    const { settings, now } = this;
    const again = {
      settings,
      now: now + 1_000,
      logKeepBytes: this.state.config.logKeepBytes,
      copyRate: this.state.config.copyRate,
      boot,
      ...options,
    };
    return new SlaveBench(this.name, { ...again, disk: this.disk.crash(), tables: this.tables.crash() });
  }
}

/** An answer as text: errors by their first word. */
export function textOf(reply: Reply): string {
  if (reply instanceof Failure) return reply.text.split(' ')[0] ?? '';
  if (reply instanceof Simple) return reply.text;
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (reply === undefined) return '(absent)';
  return Array.isArray(reply) ? reply.map(textOf).join(' ') : JSON.stringify(reply);
}

/** Delivers what these have sent to each other, and lets their disks work, until nobody has anything to say. */
export function exchange(
  benches: readonly SlaveBench[],
  isLost: (from: string, sent: Sent) => boolean = () => false,
): void {
  const deliver = (bench: SlaveBench): number => {
    bench.persist();
    const arriving = bench.sent.splice(0).filter((sent) => !isLost(bench.name, sent));
    for (const { to, message } of arriving)
      benches.find(({ name }) => name === to)?.from(bench.name, message);
    return arriving.length;
  };
  for (let delivered = 1; delivered > 0;) {
    delivered = 0;
    for (const bench of benches) delivered += deliver(bench);
  }
}

/** Benches whose links are open, all told of this configuration, and the owner open. */
export function cluster(first: Configuration, options: Options = {}, names = 'abc'): readonly SlaveBench[] {
  const benches = names.split('').map((name) => new SlaveBench(name, options));
  for (const bench of benches) {
    bench.open(...names.split('').filter((name) => name !== bench.name));
    bench.register(first);
  }
  exchange(benches);
  for (const bench of benches) bench.told = [];
  return benches;
}
