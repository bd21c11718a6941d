/**
 * Data commands of clients: reads are answered here and now, writes go through the machine.
 *
 *     read  ─► nothing of this client pending there? ─► may we? ─► table ─► may we still? ─► reply
 *     write ─► ticket ─► gathered for the turn ─► one step ─► … ─► answer ─► ticket
 *
 * Commands of one connection take effect in their order: a read behind an unfinished command of its own
 * connection to the same partition goes through the machine behind it. What a turn brings is fed once,
 * after all sockets were read, so that one commit and one frame to each peer serve all of it.
 *
 * Whether a slave may answer, and what a command comes to, the machine's files decide. It knows no
 * sockets; time, turns and the machine are its host's.
 */
import { keysOf, slotOfKeys } from '../common/command/check.ts';
import type { CommandSpec } from '../common/command/registry.ts';
import { faults } from '../common/fault.ts';
import type { Key, Partition, Slot } from '../common/ids.ts';
import { Failure, type Reply } from '../common/reply.ts';
import { partitionOf, slotOf } from '../common/slot.ts';
import type { Instant, Stamp } from '../common/time.ts';
import { type Read, readOf, type Write, writeOf } from './commands/evaluation.ts';
import { isRefusal, type Lane, type LinkOrder, type Ordered } from './link-order.ts';
import { CLUSTERDOWN, TRYAGAIN, UNCERTAIN } from './replication/history.ts';
import type { Answer } from './replication/outbox.ts';
import type { Request } from './request.ts';
import { mayReadHere, readCommitted, refusalOf } from './requests.ts';
import type { State } from './state.ts';

/** Unanswered requests of all connections, those that have closed meanwhile included. */
const REQUESTS_MAX = 50_000;

/** What they may hold in memory. Connections have limits of their own; this counts what outlives them. */
const REQUEST_BYTES_MAX = 256 << 20;

const tooMany = new Failure(`TRYAGAIN ${faults.TRYAGAIN.text} (this slave has too many commands in hand)`);
const stopping = new Failure(`TRYAGAIN ${faults.TRYAGAIN.text} (this slave is stopping)`);

/** What a connection must be able to do. Answers leave it in the order of the commands. */
export interface Answering {
  /** The client has said READONLY. */
  readonly readOnly: boolean;
  reply(reply: Reply): void;
  defer(): { answer(reply: Reply): void };
}

/** The process around it. */
export interface DataHost {
  readonly state: State;
  feed(input: { readonly kind: 'requests'; readonly requests: readonly Request[] }): void;
  now(): Instant;
  wall(): Stamp;
  /** Runs it when everything that this turn brings has been read. */
  atTurnEnd(then: () => void): void;
}

/** A connection, as far as its data commands go. */
export class Client<Connection extends Answering = Answering> {
  readonly connection: Connection;
  /** Kept for the gateway's links only. */
  order: LinkOrder<Handed> | undefined;
  /** How many commands of each partition the machine has. */
  readonly pending = new Map<Partition, number>();
  /** What waits until it has none. */
  afterwards: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }
}

/** A command that the machine has. */
interface Handed extends Ordered {
  readonly client: Client;
  readonly ticket: ReturnType<Answering['defer']>;
  readonly partition: Partition;
  readonly slot: Slot;
  readonly bytes: number;
  /** On a gateway's link. */
  readonly lane: Lane<Handed> | undefined;
}

interface Place {
  readonly partition: Partition;
  readonly slot: Slot;
}

/** Something that changes nothing: a read of keys, or a look at the whole partition. */
export interface Question extends Place {
  readonly keys: readonly Key[];
  readonly args: readonly Buffer[];
  /** On committed data, here and now. */
  readonly read: Read;
  /** The same behind an unfinished command of its own connection. */
  readonly run: Request['run'];
}

export class DataCommands {
  readonly #host: DataHost;
  readonly #state: State;
  readonly #handed = new Map<number, Handed>();
  #handedBytes = 0;
  #gathered: Request[] = [];
  #next = 1;
  #isStopping = false;

  constructor(host: DataHost) {
    this.#host = host;
    this.#state = host.state;
  }

  /** Commands that are not answered yet. */
  get pending(): number {
    return this.#handed.size;
  }

  /** Answers a command of kind `read` or `write` that has passed `checkCommand`, now or later. */
  take(client: Client, spec: CommandSpec, args: readonly Buffer[]): void {
    const keys = keysOf(spec, args);
    const [first] = keys;
    const slot = keys.length === 1 && first !== undefined ? slotOf(first) : slotOfKeys(keys);
    const { view } = this.#state;
    if (slot === undefined || view === undefined) return client.connection.reply(CLUSTERDOWN);
    if (slot instanceof Failure) return client.connection.reply(slot);
    const partition = partitionOf(slot, view.settings.partitions);
    const read = readOf(spec);
    if (read !== undefined) {
      return this.ask(client, { partition, slot, keys, args, read, run: { kind: 'read', read } });
    }
    const write = writeOf(spec);
    if (write !== undefined)
      this.#write(client, { partition, slot, keys, args, write, grows: spec.grows === true });
  }

  /** Answers a read, now or behind what its own connection has unfinished there. */
  ask(client: Client, question: Question): void {
    const { partition, slot, keys, args, run } = question;
    if (this.#isTurnedAway(client, question)) return;
    if (!isBehind(client, partition)) {
      const reply = this.#readNow(client.connection, question);
      if (reply !== 'expired') return this.#reply(client, partition, reply);
    }
    this.#hand(client, { partition, slot, keys, args, run, grows: false });
  }

  #readNow(connection: Answering, question: Question): Reply | 'expired' {
    const { partition, slot } = question;
    const before = this.#host.now();
    const isCopy = connection.readOnly && mayReadHere(this.#state, partition, before);
    const refusal = isCopy ? undefined : refusalOf(this.#state, partition, slot, before);
    if (refusal !== undefined) return refusal;
    const reply = readCommitted(this.#state, question, before, this.#host.wall());
    if (reply === 'expired') return reply;
    // Only now is it known that the promises held while it was read (protocol P4).
    const after = this.#host.now();
    if (isCopy) return mayReadHere(this.#state, partition, after) ? reply : TRYAGAIN;
    return refusalOf(this.#state, partition, slot, after) ?? reply;
  }

  #write(
    client: Client,
    write: Place & Pick<Request, 'keys' | 'args' | 'grows'> & { readonly write: Write },
  ): void {
    const { partition, slot, keys, args, grows } = write;
    if (this.#isTurnedAway(client, write)) return;
    const refusal = isBehind(client, partition)
      ? undefined
      : refusalOf(this.#state, partition, slot, this.#host.now());
    if (refusal !== undefined) return this.#reply(client, partition, refusal);
    this.#hand(client, { partition, slot, keys, args, run: { kind: 'write', write: write.write }, grows });
  }

  /** Whether it was refused for what this process is in, or its link: nothing of the partition was looked at. */
  #isTurnedAway(client: Client, { partition }: Place): boolean {
    const isRefused = client.order?.isRefused(partition) ?? false;
    if (!isRefused && !this.#isStopping) return false;
    this.#reply(client, partition, isRefused ? TRYAGAIN : stopping);
    return true;
  }

  #reply(client: Client, partition: Partition, reply: Reply): void {
    if (client.order !== undefined && isRefusal(reply)) client.order.lane(partition).refuse(this.#next++);
    client.connection.reply(reply);
  }

  #hand(client: Client, request: Omit<Request, 'ticket'>): void {
    const { partition, slot, keys, args, run, grows } = request;
    const bytes = bytesOf(request.args);
    if (this.#handed.size >= REQUESTS_MAX || this.#handedBytes + bytes > REQUEST_BYTES_MAX) {
      return this.#reply(client, partition, tooMany);
    }
    const number = this.#next++;
    const ticket = client.connection.defer();
    const isWrite = request.run.kind === 'write';
    const lane = client.order?.lane(partition);
    // Field by field, here and below: a spread costs more than all the rest of this function.
    const handed: Handed = {
      number,
      client,
      ticket,
      partition,
      slot,
      bytes,
      lane,
      isWrite,
      isKnown: false,
      reply: undefined,
    };
    this.#handed.set(number, handed);
    this.#handedBytes += bytes;
    client.pending.set(partition, (client.pending.get(partition) ?? 0) + 1);
    lane?.hand(handed);
    if (this.#gathered.length === 0) this.#host.atTurnEnd(() => this.#feed());
    this.#gathered.push({ ticket: number, partition, slot, keys, args, run, grows });
  }

  #feed(): void {
    const requests = this.#gathered;
    this.#gathered = [];
    if (requests.length > 0) this.#host.feed({ kind: 'requests', requests });
  }

  /** The machine's answers of one step. */
  answer(answers: readonly Answer[]): void {
    const at = this.#host.now();
    const lanes = new Set<Lane<Handed>>();
    for (const { ticket, reply } of answers) {
      const handed = this.#handed.get(ticket);
      if (handed === undefined) continue;
      this.#handed.delete(ticket);
      handed.isKnown = true;
      handed.reply = this.#checked(handed, reply, at);
      if (handed.lane === undefined) this.#settle(handed);
      else lanes.add(handed.lane);
    }
    for (const lane of lanes) for (const handed of lane.settle()) this.#settle(handed);
  }

  /** What a read found counts only if this slave may still answer for the partition (protocol P4). */
  #checked({ isWrite, partition, slot }: Handed, reply: Reply, at: Instant): Reply {
    if (isWrite || reply instanceof Failure) return reply;
    return refusalOf(this.#state, partition, slot, at) ?? reply;
  }

  #settle({ client, ticket, partition, bytes, reply }: Handed): void {
    this.#handedBytes -= bytes;
    ticket.answer(reply);
    const left = (client.pending.get(partition) ?? 1) - 1;
    if (left > 0) {
      client.pending.set(partition, left);
      return;
    }
    client.pending.delete(partition);
    if (client.pending.size > 0 || client.afterwards.length === 0) return;
    const { afterwards } = client;
    client.afterwards = [];
    for (const then of afterwards) then();
  }

  /** Answers with what holds once everything that this client sent before is answered. */
  replyBehindAll({ connection, pending, afterwards }: Client, reply: () => Reply): void {
    if (pending.size === 0) return connection.reply(reply());
    const ticket = connection.defer();
    afterwards.push(() => ticket.answer(reply()));
  }

  /** No command is taken any more; those that the machine has are still answered. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Answers whatever is open: nobody will hear what becomes of it (protocol W2). */
  giveUp(): void {
    const unfed = new Set(this.#gathered.map(({ ticket }) => ticket));
    this.#gathered = [];
    this.answer(
      Array.from(this.#handed.values(), ({ number, isWrite }) => ({
        ticket: number,
        reply: unfed.has(number) ? TRYAGAIN : isWrite ? UNCERTAIN : CLUSTERDOWN,
      })),
    );
  }
}

const bytesOf = (args: readonly Buffer[]): number => args.reduce((sum, { length }) => sum + length, 0);

const isBehind = ({ pending }: Client, partition: Partition): boolean =>
  pending.size > 0 && pending.has(partition);
