/**
 * The gateway's law, against slaves that refuse when they like, links that break, owners that change and time that
 * passes: every command has one answer; what each client sent to one partition takes effect in its order; a write
 * takes effect at most once, exactly once if it was answered well, and never if it was refused. Where copies may answer
 * reads, which lag as they like: what a client reads in a partition still never goes back, and holds what it wrote.
 */
import { expect } from 'chai';
import fc from 'fast-check';

import type { View } from '../../src/common/view.ts';
import { get, set, viewOf, World } from '../support/gateway-world.ts';

const SLAVES = ['s1', 's2', 's3'];
const PARTITIONS = 3;
const CLIENTS = 3;

/** What a slave does with the next commands that it reads. */
type Mood = 'serves' | 'refuses' | 'lacks copies';

type Event =
  | {
      readonly kind: 'commands';
      readonly client: number;
      readonly shape: readonly (readonly [boolean, number])[];
    }
  | { readonly kind: 'read'; readonly slave: number; readonly count: number; readonly mood: Mood }
  | { readonly kind: 'deliver'; readonly slave: number; readonly count: number }
  | { readonly kind: 'break'; readonly slave: number; readonly readFirst: number; readonly unsent: number }
  | { readonly kind: 'reopen'; readonly slave: number }
  | { readonly kind: 'move'; readonly partition: number; readonly slave: number }
  | { readonly kind: 'tell'; readonly lost: number | undefined }
  | { readonly kind: 'leave'; readonly client: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | AtCopy;

/** On a slave's read link; a slave catches up with what was written to a partition. */
type AtCopy = { readonly atCopy: true; readonly slave: number } & (
  | { readonly kind: 'read'; readonly count: number; readonly mood: Mood }
  | { readonly kind: 'deliver'; readonly count: number }
  | { readonly kind: 'break' }
  | { readonly kind: 'catch-up'; readonly partition: number; readonly by: number }
);

interface Socket {
  /** Sent by the gateway and not read by the slave. */
  unread: string[];
  /** Written by the slave and not read by the gateway. */
  replies: string[];
  /** Partitions of which it has refused a command since it last read RESUME. */
  readonly latched: Set<number>;
}

/** One thing that took effect at a slave; a read's counts if its reply reached the client. */
interface Deed {
  readonly request: number;
  readonly write: boolean;
}

class Model {
  readonly world: World;
  readonly deeds: Deed[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly issued: { client: number; write: boolean; partition: number }[] = [];
  readonly sockets = new Map<string, Socket>();
  /** The read links'. */
  readonly readSockets = new Map<string, Omit<Socket, 'latched'>>();
  /** How many writes of a partition a slave shows as a copy, by slave and partition. */
  readonly shown = new Map<string, number>();
  readonly owners: string[] = ['s1', 's2', 's1'];
  readonly epochs: number[] = [1, 1, 1];
  readonly clients: number[] = [0, 1, 2];
  newest = CLIENTS - 1;

  constructor(readFrom: 'owner' | 'any') {
    // So few readers that some are crowded out.
    this.world = new World({ partitions: PARTITIONS, commandsMax: 60, readFrom, readersMax: 7 });
    this.tell(undefined);
  }

  happen(event: Event): void {
    this.world.pass(1);
    this.collect();
    if ('atCopy' in event) this.happenAtCopy(event);
    else this.happenElsewhere(event);
    this.collect();
    for (const name of this.world.hungUp.splice(0)) this.readSockets.delete(name);
    for (const name of this.world.dropped.splice(0)) this.breakLink(name, { readFirst: 2, unsent: 0 });
  }

  happenAtCopy(event: AtCopy): void {
    const name = slaveName(event.slave);
    switch (event.kind) {
      case 'read':
        return this.readAtCopy(name, event.count, event.mood);
      case 'deliver':
        return this.deliverFromCopy(name, event.count);
      case 'break':
        return this.breakReads(name);
      case 'catch-up':
        return this.catchUp(name, event.partition, event.by);
    }
  }

  happenElsewhere(event: Exclude<Event, AtCopy>): void {
    switch (event.kind) {
      case 'commands':
        this.issue(this.clientAt(event.client), event.shape);
        break;
      case 'read':
        this.read(slaveName(event.slave), event.count, event.mood);
        break;
      case 'deliver':
        this.deliver(slaveName(event.slave), event.count);
        break;
      case 'break':
        this.breakLink(slaveName(event.slave), event);
        break;
      case 'reopen':
        this.reopen(slaveName(event.slave));
        break;
      case 'move':
        this.move(event.partition, slaveName(event.slave));
        break;
      case 'tell':
        this.tell(event.lost);
        break;
      case 'leave':
        this.leave(event.client);
        break;
      case 'pass':
        this.world.pass(event.ms);
    }
  }

  clientAt(seat: number): number {
    return this.clients[seat] ?? 0;
  }

  /** Another takes the seat, under a number of its own. */
  leave(seat: number): void {
    this.world.feed({ kind: 'client-closed', client: this.clientAt(seat) });
    this.newest += 1;
    this.clients[seat] = this.newest;
  }

  move(partition: number, owner: string): void {
    this.owners[partition] = owner;
    this.epochs[partition] = (this.epochs[partition] ?? 0) + 1;
  }

  issue(client: number, shape: readonly (readonly [boolean, number])[]): void {
    const commands = shape.map(([write, partition]) => {
      const request = this.issued.push({ client, write, partition }) - 1;
      return (write ? set : get)(request, partition, `${request}`);
    });
    this.world.commands(client, ...commands);
  }

  /** Moves what the gateway wrote into the sockets. */
  collect(): void {
    for (const slave of SLAVES) {
      const sent = this.world.sentTo(slave);
      this.sockets.get(slave)?.unread.push(...sent);
      this.readSockets.get(slave)?.unread.push(...this.world.askedOf(slave));
    }
  }

  readAtCopy(slave: string, count: number, mood: Mood): void {
    const socket = this.readSockets.get(slave);
    for (const command of socket?.unread.splice(0, count) ?? []) {
      const { partition = 0, write = true } = this.issued[Number(command)] ?? {};
      expect(write, 'a write was sent to a copy').to.equal(false);
      if (this.owners[partition] === slave) this.catchUp(slave, partition, Infinity);
      const isRefused = mood === 'refuses';
      socket?.replies.push(isRefused ? '-MOVED 1 x:1' : `+${command}#${this.shownBy(slave, partition)}`);
    }
  }

  deliverFromCopy(slave: string, count: number): void {
    const replies = this.readSockets.get(slave)?.replies.splice(0, count) ?? [];
    if (replies.length > 0) this.world.readReplies(slave, ...replies);
  }

  breakReads(slave: string): void {
    if (this.readSockets.delete(slave)) this.world.closeReads(slave);
  }

  shownBy = (slave: string, partition: number): number => this.shown.get(`${slave} ${partition}`) ?? 0;

  catchUp(slave: string, partition: number, by: number): void {
    const shown = Math.min(this.writesOf(partition), this.shownBy(slave, partition) + by);
    this.shown.set(`${slave} ${partition}`, shown);
  }

  writesOf = (partition: number): number => (this.deeds[partition] ?? []).filter(({ write }) => write).length;

  read(slave: string, count: number, mood: Mood): void {
    const socket = this.sockets.get(slave);
    for (const command of socket?.unread.splice(0, count) ?? []) {
      socket?.replies.push(this.serve(slave, socket, command, mood));
    }
  }

  serve(slave: string, socket: Socket, command: string, mood: Mood): string {
    const resumed = /^resume (\d+)$/.exec(command)?.[1];
    if (resumed !== undefined) {
      socket.latched.delete(Number(resumed));
      return '+OK';
    }
    const request = Number(command);
    const { partition, write } = this.issued[request] ?? { partition: 0, write: false };
    if (socket.latched.has(partition)) return '-TRYAGAIN behind a refusal';
    const refusal = this.refusalOf(slave, partition, write, mood);
    if (refusal !== undefined) {
      socket.latched.add(partition);
      return refusal;
    }
    const place = this.deeds[partition]?.push({ request, write });
    return `+${request}@${place}`;
  }

  refusalOf(slave: string, partition: number, write: boolean, mood: Mood): string | undefined {
    if (this.owners[partition] !== slave) return '-MOVED 1 elsewhere:1';
    if (mood === 'refuses') return '-CLUSTERDOWN no promise';
    return mood === 'lacks copies' && write ? '-NOREPLICAS too few' : undefined;
  }

  deliver(slave: string, count: number): void {
    const replies = this.sockets.get(slave)?.replies.splice(0, count) ?? [];
    if (replies.length > 0) this.world.replies(slave, ...replies);
  }

  /** The slave may still have read some; what it answered since is lost. */
  breakLink(
    slave: string,
    { readFirst, unsent }: { readonly readFirst: number; readonly unsent: number },
  ): void {
    const socket = this.sockets.get(slave);
    if (socket === undefined) return;
    const neverSent = Math.min(unsent, socket.unread.length);
    socket.unread.length -= neverSent;
    this.read(slave, readFirst, 'serves');
    this.sockets.delete(slave);
    this.world.close(slave, neverSent);
  }

  reopen(slave: string): void {
    if (!this.readSockets.has(slave) && this.world.state.config.readFrom === 'any') {
      this.readSockets.set(slave, { unread: [], replies: [] });
      this.world.openReads(slave);
    }
    if (this.sockets.has(slave)) return;
    this.sockets.set(slave, { unread: [], replies: [], latched: new Set() });
    this.world.open(slave);
  }

  tell(lost: number | undefined): void {
    const members = this.owners.map((owner) =>
      [owner, ...SLAVES.filter((slave) => slave !== owner)].join(' '),
    );
    const view: View = viewOf(members, this.epochs);
    this.world.view(view, ...(lost === undefined ? [] : [lost]));
  }

  /** Everything works from here on, for longer than anybody waits; what comes now must be answered well. */
  settle(): void {
    this.tell(undefined);
    for (const slave of SLAVES) this.reopen(slave);
    this.calm();
    const before = this.issued.length;
    for (const client of this.clients) {
      for (let partition = 0; partition < PARTITIONS; partition += 1) this.issue(client, [[true, partition]]);
    }
    this.calm();
    for (let request = before; request < this.issued.length; request += 1) {
      expect(this.world.answers.get(request), 'once all is calm').to.match(/^\+/);
    }
  }

  calm(): void {
    for (let round = 0; round < 100; round += 1) {
      this.collect();
      for (const slave of SLAVES) {
        this.read(slave, Infinity, 'serves');
        this.deliver(slave, Infinity);
        this.readAtCopy(slave, Infinity, 'serves');
        this.deliverFromCopy(slave, Infinity);
      }
      for (const name of this.world.hungUp.splice(0)) this.readSockets.delete(name);
      this.world.pass(round < 50 ? 20 : 100);
    }
  }

  check(): void {
    const { answers, state } = this.world;
    expect([state.live, state.deadlineAt], 'all is answered').to.deep.equal([0, undefined]);
    this.issued.forEach(({ write, partition }, request) => {
      const answer = answers.get(request);
      expect(answer, `the answer to ${request}`).to.match(/^[+-][^|]*$/);
      const times = this.deeds[partition]?.filter((deed) => deed.request === request).length ?? 0;
      if (!write) return;
      if (answer?.startsWith('+') === true) expect(times, `write ${request}, answered well`).to.equal(1);
      else if (answer?.startsWith('-UNCERTAIN') === true) expect(times, `write ${request}`).to.be.at.most(1);
      else expect(times, `write ${request}, refused`).to.equal(0);
    });
    this.deeds.forEach((deeds, partition) => {
      this.checkOrder(deeds, partition);
      for (let client = 0; client <= this.newest; client += 1) this.checkSights(deeds, partition, client);
    });
  }

  /** What a client sees of a partition goes on, its own writes included; no read sees a write behind it. */
  checkSights(deeds: readonly Deed[], partition: number, client: number): void {
    let seen = 0;
    this.issued.forEach((command, request) => {
      const answer = this.world.answers.get(request) ?? '';
      if (command.client !== client || command.partition !== partition || !answer.startsWith('+')) return;
      const place = command.write ? deeds.findIndex((deed) => deed.request === request) + 1 : placeOf(answer);
      const found = Number(/#(\d+)$/.exec(answer)?.[1] ?? countWrites(deeds, place));
      expect(found, `${answer} to client ${client}, in partition ${partition}`).to.be.at.least(
        command.write ? seen + 1 : seen,
      );
      seen = found;
    });
  }

  checkOrder(deeds: readonly Deed[], partition: number): void {
    for (let client = 0; client <= this.newest; client += 1) {
      const counting = deeds.filter(
        ({ request, write }, place) =>
          this.issued[request]?.client === client &&
          (write || this.world.answers.get(request) === `+${request}@${place + 1}`),
      );
      const order = counting.map(({ request }) => request);
      const sorted = [...order].sort((a, b) => a - b);
      expect(order, `client ${client} at partition ${partition}`).to.deep.equal(sorted);
    }
  }
}

/** Where in the deeds of its partition the owner answered a read. */
const placeOf = (answer: string): number => Number(/@(\d+)$/.exec(answer)?.[1] ?? 0);

const countWrites = (deeds: readonly Deed[], upTo: number): number =>
  deeds.slice(0, upTo).filter(({ write }) => write).length;

const slaveName = (index: number): string => SLAVES[index] ?? 's1';

const slave = fc.nat(SLAVES.length - 1);
const place = fc.nat(PARTITIONS - 1);
const count = fc.integer({ min: 1, max: 6 });
const mood = fc.constantFrom<Mood>('serves', 'serves', 'refuses', 'lacks copies');
const shape = fc.array(fc.tuple(fc.boolean(), place), { minLength: 1, maxLength: 6 });

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('commands' as const), client: fc.nat(CLIENTS - 1), shape }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('read' as const), slave, count, mood }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), slave, count }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      slave,
      readFirst: fc.nat(4),
      unsent: fc.nat(3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reopen' as const), slave }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), client: fc.nat(CLIENTS - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), partition: place, slave }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tell' as const), lost: fc.constant(undefined) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tell' as const), lost: place }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(10, 50, 500, 2000) }),
  },
);

/** More of these, where copies answer. */
const atCopy = { atCopy: fc.constant(true as const), slave };

const eventAtCopies: fc.Arbitrary<Event> = fc.oneof(
  { weight: 36, arbitrary: event },
  { weight: 8, arbitrary: fc.record({ ...atCopy, kind: fc.constant('read' as const), count, mood }) },
  { weight: 8, arbitrary: fc.record({ ...atCopy, kind: fc.constant('deliver' as const), count }) },
  { weight: 2, arbitrary: fc.record({ ...atCopy, kind: fc.constant('break' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ ...atCopy, kind: fc.constant('catch-up' as const), partition: place, by: count }),
  },
);

function live(readFrom: 'owner' | 'any', events: readonly Event[]): void {
  const model = new Model(readFrom);
  for (const name of SLAVES) model.reopen(name);
  for (const next of events) model.happen(next);
  model.settle();
  model.check();
}

describe('gateway, by law', () => {
  it('answers once, keeps each client in order, and does no write twice', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120, size: 'max' }), (events) => {
        live('owner', events);
      }),
    );
  });

  it('shows no client anything older than before, or than its own writes, whoever answers', () => {
    fc.assert(
      fc.property(fc.array(eventAtCopies, { maxLength: 150, size: 'max' }), (events) => {
        live('any', events);
      }),
    );
  });
});
