/**
 * A gateway machine in a glass box: inputs by short words, effects as text that a test can read.
 *
 * Bytes of a command are any text here; a slave's replies are written by the test, or by a model.
 */
import { checkCommand } from '../../src/common/command/check.ts';
import { epoch, type Partition, partition, type SlaveId, slaveId, storeId } from '../../src/common/ids.ts';
import { Failure } from '../../src/common/reply.ts';
import { slotOf } from '../../src/common/slot.ts';
import { type Instant, instant } from '../../src/common/time.ts';
import type { ClusterSettings, Configuration, View } from '../../src/common/view.ts';
import { encodeCommand } from '../../src/common/wire/resp-writer.ts';
import { route, type Routed } from '../../src/coordination/gateway/route.ts';
import {
  checkInvariants,
  type Config,
  type Effect,
  init,
  type Input,
  type State,
  step,
  wakeAt,
} from '../../src/coordination/gateway.ts';

export const settings: ClusterSettings = {
  partitions: 4,
  replicas: 2,
  minCopies: 1,
  tokens: 1,
  replication: 'successor',
  heartbeatMs: 200,
  windowMs: 600,
  promiseMs: 500,
  requestTimeoutMs: 3000,
};

/** A view in which these slaves own the partitions, in order (`s1 s2`: s2 has a copy); `epochs` are the configurations'. */
export function viewOf(owners: readonly string[], epochs: readonly number[] = owners.map(() => 1)): View {
  const configurations = owners.map((owner, place): Configuration => {
    const names = owner === '' ? [] : owner.split(' ');
    const members = names.map((name) => ({ slave: slaveId(name), store: storeId('0'.repeat(32)) }));
    return { epoch: epoch(owner === '' ? 0 : (epochs[place] ?? 1)), members, ownerNonce: 'n' };
  });
  return {
    clusterId: 'c',
    epoch: epoch(Math.max(1, ...epochs)),
    settings: { ...settings, partitions: owners.length },
    slaves: new Map(),
    configurations,
  };
}

export const get = (request: number, place: number, bytes = `get${request}`): Routed =>
  single(request, false, place, bytes);

export const set = (request: number, place: number, bytes = `set${request}`): Routed =>
  single(request, true, place, bytes);

/** What becomes of a command as a client types it, in a cluster of four partitions. */
export function routed(...words: readonly string[]): Routed | Failure {
  const args = words.map((word) => Buffer.from(word));
  const checked = checkCommand(args);
  if (checked instanceof Failure) return checked;
  return route(10, checked.spec, { args, raw: encodeCommand(args) }, settings.partitions);
}

/** The same, for commands that are known to be whole. */
export function wanted(...words: readonly string[]): Routed {
  const found = routed(...words);
  if (found instanceof Failure) throw new Error(found.text);
  return found;
}

/** Keys of which the n-th lies in partition n. */
export const [k0 = '', k1 = '', k2 = '', k3 = ''] = [0, 1, 2, 3].map((place) => {
  for (let tries = 0; ; tries += 1) {
    if (Math.floor((slotOf(`k${tries}`) * settings.partitions) / 16_384) === place) return `k${tries}`;
  }
});

function single(request: number, write: boolean, place: number, bytes: string): Routed {
  return { kind: 'single', request, write, partition: partition(place), bytes: Buffer.from(bytes) };
}

const usual: Config = {
  ...{ partitions: 4, requestTimeoutMs: 3000, commandsMax: 1000 },
  ...{ readFrom: 'owner', readersMax: 1000 },
};

export class World {
  readonly state: State;
  now: Instant = instant(0);
  /** Request → what its client read. Answered twice: `first | second`. */
  readonly answers = new Map<number, string>();
  /** What each slave was sent since the test looked last, one text a command. */
  readonly #sent = new Map<SlaveId, string[]>();
  readonly #asked = new Map<SlaveId, string[]>();
  readonly dropped: SlaveId[] = [];
  /** The same for read links. */
  readonly hungUp: SlaveId[] = [];
  refreshes = 0;

  constructor(config: Partial<Config> = {}) {
    this.state = init({ ...usual, ...config });
  }

  feed(input: Input): readonly Effect[] {
    const effects = step(this.state, input);
    checkInvariants(this.state);
    for (const effect of effects) this.#note(effect);
    return effects;
  }

  #note(effect: Effect): void {
    switch (effect.kind) {
      case 'answer': {
        const text = effect.raw?.toString('latin1').trimEnd() ?? JSON.stringify(show(effect.reply));
        const before = this.answers.get(effect.request);
        this.answers.set(effect.request, before === undefined ? text : `${before} | ${text}`);
        break;
      }
      case 'send':
        this.#sent.set(effect.slave, [...(this.#sent.get(effect.slave) ?? []), ...effect.parts.map(plain)]);
        break;
      case 'ask':
        this.#asked.set(effect.slave, [...(this.#asked.get(effect.slave) ?? []), ...effect.parts.map(plain)]);
        break;
      case 'drop':
        this.dropped.push(effect.slave);
        break;
      case 'hang-up':
        this.hungUp.push(effect.slave);
        break;
      case 'refresh':
        this.refreshes += 1;
    }
  }

  /** Takes what a slave was sent; RESUME is shown as `resume 2`. */
  sentTo(slave: string): readonly string[] {
    const sent = this.#sent.get(slaveId(slave)) ?? [];
    this.#sent.delete(slaveId(slave));
    return sent;
  }

  /** The same, of what it was asked as a copy. */
  askedOf(slave: string): readonly string[] {
    const asked = this.#asked.get(slaveId(slave)) ?? [];
    this.#asked.delete(slaveId(slave));
    return asked;
  }

  commands(client: number, ...commands: readonly Routed[]): void {
    this.feed({ kind: 'commands', client, commands, now: this.now });
  }

  open(...slaves: readonly string[]): void {
    for (const slave of slaves) this.feed({ kind: 'link-opened', slave: slaveId(slave), now: this.now });
  }

  close(slave: string, unsent = 0): void {
    this.feed({ kind: 'link-closed', slave: slaveId(slave), unsent, now: this.now });
  }

  replies(slave: string, ...replies: readonly string[]): void {
    const bytes = replies.map((reply) => Buffer.from(`${reply}\r\n`, 'latin1'));
    this.feed({ kind: 'replies', slave: slaveId(slave), replies: bytes, now: this.now });
  }

  openReads(...slaves: readonly string[]): void {
    for (const slave of slaves) this.feed({ kind: 'read-link-opened', slave: slaveId(slave), now: this.now });
  }

  closeReads(slave: string): void {
    this.feed({ kind: 'read-link-closed', slave: slaveId(slave), now: this.now });
  }

  readReplies(slave: string, ...replies: readonly string[]): void {
    const bytes = replies.map((reply) => Buffer.from(`${reply}\r\n`, 'latin1'));
    this.feed({ kind: 'read-replies', slave: slaveId(slave), replies: bytes, now: this.now });
  }

  view(view: View, ...unavailable: readonly number[]): void {
    const lost = new Set<Partition>(unavailable.map(partition));
    this.feed({ kind: 'view', view, unavailable: lost, now: this.now });
  }

  /** Lets time pass, and ticks whenever the machine asked for it. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let next = wakeAt(this.state); next !== undefined && next <= end; next = wakeAt(this.state)) {
      this.now = instant(Math.max(next, this.now));
      this.feed({ kind: 'tick', now: this.now });
    }
    this.now = instant(end);
  }
}

/** A world with two slaves, of which s1 owns the partitions 0 and 2, and s2 the others; all lanes already open. */
export function calmWorld(config: Partial<Config> = {}): World {
  const world = new World(config);
  world.view(viewOf(['s1', 's2', 's1', 's2']));
  world.open('s1', 's2');
  world.commands(0, get(1, 0), get(2, 1), get(3, 2), get(4, 3));
  for (const slave of ['s1', 's2']) {
    world.replies(slave, '+OK', '+', '+OK', '+');
    world.sentTo(slave);
  }
  world.answers.clear();
  return world;
}

function plain(part: Buffer): string {
  const text = part.toString('latin1');
  const words = text.startsWith('*')
    ? text.split('\r\n').filter((_, place) => place > 0 && place % 2 === 0)
    : [text];
  return words.join(' ').replace('PIAZZA RESUME', 'resume');
}

function show(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (Array.isArray(reply)) return reply.map((element) => show(element) ?? 'nil');
  return reply;
}
