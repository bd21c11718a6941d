/**
 * Clients in a world: each does one operation after another and writes down what it saw.
 *
 *     at the gateway   whatever it wants, to one address
 *     as a reader      at the gateway, reads only, on a new connection now and then
 *     at the slaves    asks whom some view names, follows MOVED, asks again after a definite refusal
 *     at a copy        READONLY, on one connection to one slave, as long as that lasts
 *
 * Where the gateway may ask copies, its answers to reads are judged as a copy's, until the connection writes to the
 * partition: from then on it is promised what everybody is.
 *
 * A write is sent again only after a definite refusal; when no answer comes, the connection breaks, or
 * the answer is `UNCERTAIN`, its outcome is unknown, and stays open to the end of the history. Every
 * value is written once, so a read tells which write it saw.
 */
import { key, slaveId } from '../../src/common/ids.ts';
import { Failure, type Reply } from '../../src/common/reply.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import { answerOf } from '../judge/answer.ts';
import type { Operation } from '../judge/history.ts';
import type { Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import type { GatewayDesk } from './gateway-desk.ts';
import type { SlaveProcess } from './slave.ts';
import type { Process } from './process.ts';

export type Manner = 'gateway' | 'reader' | 'direct' | 'copy';

const isAtGateway = (manner: Manner): boolean => manner === 'gateway' || manner === 'reader';

type Server = SlaveProcess | GatewayDesk;

/** Longer than the gateway and a slave may take with a request, together with a little. */
const PATIENCE_MS = 4_500;
/** For so long a direct client asks again after definite refusals. */
const RETRIES_MS = 3_500;

/** Of a reader's operations so many are followed by a new connection, which may read elsewhere. */
const NEW_CONNECTION_PERCENT = 5;

const DEFINITE = /^(CLUSTERDOWN|TRYAGAIN|MOVED|NOREPLICAS|NOSPACE)/;
const MOVED = /^MOVED \d+ (.+):\d+$/;

const KEYS = ['k0', 'k0', 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', '{h}1', '{h}2'];
const COUNTERS = ['c0', 'c1'];
const EXPIRING = ['e0', 'e1'];

interface Wish {
  readonly id: number;
  readonly command: readonly string[];
  readonly began: number;
  settle(outcome: 'unknown' | 'refused' | { readonly reply: Reply; readonly copy?: string }): void;
}

export class Workload {
  readonly history: Operation[] = [];
  /** What should have been answered and was not. */
  readonly unanswered: string[] = [];
  acknowledged = 0;
  readonly #cluster: Cluster;
  #operations = 0;
  #connections = 0;
  #isOver = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(manners: readonly Manner[]): void {
    for (const manner of manners) new Customer(this, this.#cluster, manner).next();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** No client begins anything new. */
  stop(): void {
    this.#isOver = true;
  }

  nextConnection(): number {
    return (this.#connections += 1);
  }

  /** Reads every key once more; all must answer. */
  readAll(done: (unanswered: readonly string[]) => void): void {
    const waiting = new Set([...KEYS, ...COUNTERS, ...EXPIRING]);
    for (const name of waiting) {
      const customer = new Customer(
        this,
        this.#cluster,
        this.#cluster.world.chance(50) ? 'gateway' : 'direct',
      );
      customer.operate(['GET', name], (isKnown) => {
        if (isKnown) waiting.delete(name);
      });
    }
    this.#cluster.world.in(PATIENCE_MS + RETRIES_MS, () => {
      done([...waiting]);
    });
  }

  /** What a client does next. */
  wishFor(manner: Manner): readonly string[] {
    const { world } = this.#cluster;
    const name = world.pick(KEYS);
    const dice = world.between(1, 100);
    if (manner === 'copy' || manner === 'reader')
      return dice <= 80 ? ['GET', name] : ['MGET', '{h}1', '{h}2'];
    if (dice <= 34) return ['GET', name];
    if (dice <= 58) return ['SET', name, this.#value()];
    return dice <= 80 ? this.#conditional(dice, name) : this.#unusual(dice);
  }

  #conditional(dice: number, name: string): readonly string[] {
    if (dice <= 63) return ['DEL', name];
    if (dice <= 69) return ['SET', name, this.#value(), 'NX'];
    if (dice <= 72) return ['SET', name, this.#value(), 'XX'];
    if (dice <= 76) return ['GETSET', name, this.#value()];
    return dice <= 78 ? ['GETDEL', name] : ['EXISTS', name];
  }

  #unusual(dice: number): readonly string[] {
    const { world } = this.#cluster;
    if (dice <= 87) return ['INCR', world.pick(COUNTERS)];
    if (dice <= 90) return ['GET', world.pick(COUNTERS)];
    if (dice <= 93) return ['MSET', '{h}1', this.#value(), '{h}2', this.#value()];
    if (dice <= 95) return ['MGET', '{h}1', '{h}2'];
    const name = world.pick(EXPIRING);
    if (dice <= 98) return ['SET', name, this.#value(), 'PX', `${world.between(100, 4_000)}`];
    return ['GET', name];
  }

  #value(): string {
    return `v${(this.#operations += 1)}`;
  }

  nextId(): number {
    return (this.#operations += 1);
  }
}

class Customer {
  readonly #workload: Workload;
  readonly #cluster: Cluster;
  readonly #manner: Manner;
  #server: Server | undefined;
  #connection: Connection | undefined;
  #name = '';
  /** Partitions to which it has sent a write on this connection. */
  readonly #written = new Set<number>();
  #waiting: Wish | undefined;
  #attempts = 0;

  constructor(workload: Workload, cluster: Cluster, manner: Manner) {
    this.#workload = workload;
    this.#cluster = cluster;
    this.#manner = manner;
  }

  next(): void {
    if (this.#workload.isOver) return;
    const { world } = this.#cluster;
    if (this.#manner === 'reader' && world.chance(NEW_CONNECTION_PERCENT)) this.#leave();
    world.in(world.between(10, 300), () => {
      this.operate(this.#workload.wishFor(this.#manner), () => {
        this.next();
      });
    });
  }

  operate(command: readonly string[], then: (isKnown: boolean) => void): void {
    const { world, coverage } = this.#cluster;
    const began = world.now;
    let isSettled = false;
    const wish: Wish = {
      ...{ id: this.#workload.nextId(), command, began },
      settle: (outcome) => {
        if (isSettled) return;
        isSettled = true;
        this.#waiting = undefined;
        if (outcome === 'refused') coverage.refusals += 1;
        else this.#note(wish, outcome);
        then(typeof outcome === 'object');
      },
    };
    this.#attempt(wish);
  }

  #note(
    { id, command, began }: Wish,
    outcome: 'unknown' | { readonly reply: Reply; readonly copy?: string },
  ): void {
    const { world, coverage } = this.#cluster;
    const isKnown = outcome !== 'unknown';
    if (!isKnown) coverage.unknownOutcomes += 1;
    else if (outcome.copy !== undefined) coverage.readsAtCopies += 1;
    if (isKnown) this.#workload.acknowledged += 1;
    if (!isKnown && isRead(command)) return;
    this.#workload.history.push({
      ...{ id, client: this.#name, command, began },
      ended: isKnown ? world.now : Infinity,
      reply: isKnown ? answerOf(outcome.reply) : undefined,
      ...(isKnown && outcome.copy !== undefined && { copy: outcome.copy }),
    });
  }

  #attempt(wish: Wish): void {
    this.#waiting = wish;
    this.#server ??= this.#find(wish);
    const server = this.#server;
    if (server?.isUp !== true) return this.#again(wish);
    const connection = (this.#connection ??= this.#connect(server));
    if (!isRead(wish.command)) this.#written.add(this.#placeOf(wish));
    const args = wish.command.map((word) => Buffer.from(word));
    connection.carry(() => {
      processOf(server, this.#cluster).to(() => {
        if (connection.isOpen) server.take(connection, args);
      });
    });
    this.#watch(wish, server, connection);
  }

  /** Nobody waits for ever: a server that says nothing although nothing has happened to it breaks its word. */
  #watch(wish: Wish, server: Server, connection: Connection): void {
    const { world } = this.#cluster;
    const process = processOf(server, this.#cluster);
    const { life, pauses, isPaused } = process;
    const sentAt = world.now;
    const attempt = (this.#attempts += 1);
    const isBroken = (): boolean => !connection.isOpen || process.life !== life;
    const look = (): void => {
      if (this.#waiting !== wish || this.#connection !== connection || this.#attempts !== attempt) return;
      if (!isBroken() && world.now - sentAt < PATIENCE_MS) return world.in(50, look);
      if (!isBroken() && !isPaused && process.pauses === pauses && !connection.isStuck)
        this.#workload.unanswered.push(
          `${wish.command.join(' ')}, sent at ${sentAt.toFixed(1)} to ${isSlave(server) ? server.id : 'the gateway'}`,
        );
      this.#leave();
      wish.settle('unknown');
    };
    world.in(50, look);
  }

  #hear(connection: Connection, reply: Reply): void {
    const wish = this.#waiting;
    if (wish === undefined || this.#connection !== connection) return;
    if (!(reply instanceof Failure)) {
      const copy = this.#copyOf(wish);
      return wish.settle({ reply, ...(copy !== undefined && { copy }) });
    }
    if (!DEFINITE.test(reply.text)) return wish.settle(isError(reply) ? { reply } : 'unknown');
    const named = MOVED.exec(reply.text)?.[1];
    if (!isAtGateway(this.#manner)) this.#leave();
    if (this.#manner === 'copy') return wish.settle('refused');
    if (named !== undefined) this.#server = this.#cluster.slaves.get(slaveId(named));
    this.#again(wish);
  }

  /** As whose answer it is judged, if it may be a copy's. */
  #copyOf(wish: Wish): string | undefined {
    const server = this.#server;
    if (isSlave(server)) return this.#manner === 'copy' ? server.id : undefined;
    const isWeak = this.#cluster.readFrom === 'any' && isRead(wish.command);
    return isWeak && !this.#written.has(this.#placeOf(wish)) ? 'the gateway' : undefined;
  }

  /** Keys of one command share a partition. */
  #placeOf({ command }: Wish): number {
    return partitionOf(slotOf(key(Buffer.from(command[1] ?? ''))), this.#cluster.settings.partitions);
  }

  /** Asks again a little later, until its patience is over. */
  #again(wish: Wish): void {
    const { world } = this.#cluster;
    if (world.now - wish.began > RETRIES_MS) return wish.settle('refused');
    world.in(world.between(5, 60), () => {
      if (this.#waiting === wish) this.#attempt(wish);
    });
  }

  #connect(server: Server): Connection {
    const connection: Connection = server.accept((reply) => {
      this.#hear(connection, reply);
    });
    this.#name = `${this.#manner}${this.#workload.nextConnection()}`;
    connection.readOnly = this.#manner === 'copy';
    this.#written.clear();
    return connection;
  }

  #leave(): void {
    if (this.#connection !== undefined) this.#server?.hangUp(this.#connection);
    this.#connection = undefined;
    this.#server = undefined;
  }

  #find(wish: Wish): Server | undefined {
    if (isAtGateway(this.#manner)) return this.#cluster.coordination.gateway;
    const { world, slaves } = this.#cluster;
    const views = [...slaves.values()].filter(({ isUp, state }) => isUp && state.view !== undefined);
    if (views.length === 0) return undefined;
    if (this.#manner === 'copy') return world.pick(views);
    // Views lag, so it may be the wrong one.
    const { view } = world.pick(views).state;
    const owner = view?.configurations[this.#placeOf(wish)]?.members[0];
    return owner && slaves.get(owner.slave);
  }
}

const isSlave = (server: Server | undefined): server is SlaveProcess =>
  server !== undefined && 'directory' in server;

const processOf = (server: Server, cluster: Cluster): Process =>
  (isSlave(server) ? server : cluster.coordination).process;

const isRead = ([name]: readonly string[]): boolean => name === 'GET' || name === 'MGET' || name === 'EXISTS';

/** An error that tells of state, such as WRONGTYPE; anything else says that the outcome is not known. */
const isError = ({ text }: Failure): boolean => text.startsWith('ERR value') || text.startsWith('WRONGTYPE');
