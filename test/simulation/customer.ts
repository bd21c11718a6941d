/**
 * A client that waits for each answer before it asks again.
 *
 * A command is sent again only after a definite refusal; when no answer comes, the connection breaks, or the answer
 * is `UNCERTAIN`, the outcome of a write is unknown, and stays open to the end of the history.
 */
import { slaveId } from '../../src/common/ids.ts';
import type { Reply } from '../../src/common/reply.ts';
import {
  asReadAt,
  isSlave,
  movedTo,
  nameOf,
  outcomeOf,
  ownerInSomeView,
  send,
  type Sent,
  type Server,
  watch,
} from './client-side.ts';
import type { Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import type { Asked, Manner, Outcome, Workload } from './workload.ts';

/** For so long a client asks again after definite refusals: longer than the gateway takes to find a link half-open, twice. */
export const RETRIES_MS = 6_500;

/** Of a reader's operations so many are followed by a new connection, which may read elsewhere. */
const NEW_CONNECTION_PERCENT = 5;

interface Wish extends Asked {
  settle(outcome: Outcome): void;
}

export class Customer {
  readonly #workload: Workload;
  readonly #cluster: Cluster;
  readonly #manner: Manner;
  readonly #isAtGateway: boolean;
  #server: Server | undefined;
  #connection: Connection | undefined;
  #name = '';
  #waiting: Wish | undefined;
  #sent: Sent | undefined;
  #attempts = 0;

  constructor(workload: Workload, cluster: Cluster, manner: Manner) {
    this.#workload = workload;
    this.#cluster = cluster;
    this.#manner = manner;
    this.#isAtGateway = manner.startsWith('gateway') || manner === 'reader';
  }

  next(): void {
    if (this.#workload.isOver) return;
    if (this.#manner === 'reader' && this.#cluster.world.chance(NEW_CONNECTION_PERCENT)) this.#leave();
    this.#cluster.world.in(this.#workload.thinkingMs(), () => {
      this.operate(this.#wish(), () => {
        this.next();
      });
    });
  }

  operate(command: readonly string[], then: (isKnown: boolean) => void): void {
    let isSettled = false;
    const wish: Wish = {
      ...this.#workload.asked(command),
      settle: (outcome) => {
        if (isSettled) return;
        isSettled = true;
        this.#waiting = undefined;
        this.#workload.note(this.#name, wish, outcome);
        then(typeof outcome === 'object');
      },
    };
    this.#attempt(wish);
  }

  #wish(): readonly string[] {
    const { wishes } = this.#workload;
    if (this.#manner === 'copy' || this.#manner === 'reader') return wishes.atCopy();
    return this.#manner.endsWith('-mortal') ? wishes.mortal() : wishes.next();
  }

  #attempt(wish: Wish): void {
    this.#waiting = wish;
    this.#server ??= this.#find(wish);
    const server = this.#server;
    if (server?.isUp !== true) return this.#again(wish);
    const connection = (this.#connection ??= this.#connect(server));
    const attempt = (this.#attempts += 1);
    const sent = send(this.#cluster, server, connection, wish.command);
    this.#sent = sent;
    const isStillWaiting = (): boolean =>
      this.#waiting === wish && this.#connection === connection && this.#attempts === attempt;
    watch(this.#cluster, {
      ...{ server, connection },
      first: () => (isStillWaiting() ? sent : undefined),
      giveUp: (isOwed) => {
        if (isOwed)
          this.#workload.unanswered.push(
            `${wish.command.join(' ')}, sent at ${sent.at.toFixed(1)} to ${nameOf(server)}`,
          );
        this.#leave();
        wish.settle('unknown');
      },
    });
  }

  #hear(connection: Connection, reply: Reply): void {
    const wish = this.#waiting;
    if (wish === undefined || this.#connection !== connection) return;
    const outcome = outcomeOf(reply);
    const server = this.#server;
    if (outcome !== 'refused') {
      const isAtCopy = this.#manner === 'copy' && isSlave(server);
      return wish.settle(asReadAt(isAtCopy ? server.id : this.#sent?.copy, outcome));
    }
    if (!this.#isAtGateway) this.#leave();
    if (this.#manner === 'copy') return wish.settle('refused');
    const named = movedTo(reply);
    if (named !== undefined) this.#server = this.#cluster.slaves.get(slaveId(named));
    this.#again(wish);
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
    return connection;
  }

  #leave(): void {
    if (this.#connection !== undefined) this.#server?.hangUp(this.#connection);
    this.#connection = undefined;
    this.#server = undefined;
  }

  #find({ command }: Wish): Server | undefined {
    const { coordination, slaves, world } = this.#cluster;
    if (this.#isAtGateway) return coordination.gateway;
    if (this.#manner !== 'copy') return ownerInSomeView(this.#cluster, command);
    const up = [...slaves.values()].filter(({ isUp, state }) => isUp && state.view !== undefined);
    return up.length === 0 ? undefined : world.pick(up);
  }
}
