/**
 * A client that sends commands ahead on one connection, at the gateway or at a slave, and hears their answers in order.
 *
 *     SET k a   GET k   SET k b   INCR c   …      each with its own outcome
 *     OK        "a"     TRYAGAIN  UNCERTAIN ╳     a refusal is not sent again; when it breaks, the rest is unknown
 *
 * What it was refused it leaves at that: sent again, it would come behind what was sent after it.
 */
import type { Reply } from '../../src/common/reply.ts';
import {
  asReadAt,
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
import type { Asked, Workload } from './workload.ts';

/** As many as one usually sends at once, and as many as may be under way. */
const BURST_MAX = 12;
const AHEAD_MAX = 40;
/** Between two commands of a burst: within one turn of the server, or over a few of them. */
const GAPS_MS = [0, 2, 15];

interface Flight {
  readonly asked: Asked;
  readonly sent: Sent;
}

/** One connection, from its first command to its end. */
interface Line {
  readonly name: string;
  readonly server: Server;
  readonly connection: Connection;
  readonly flights: Flight[];
  /** It was refused there: nothing more is sent, and it ends when all is answered. */
  isLeft: boolean;
  isWatched: boolean;
}

export class SenderAhead {
  readonly #workload: Workload;
  readonly #cluster: Cluster;
  readonly #isAtGateway: boolean;
  #line: Line | undefined;

  constructor(workload: Workload, cluster: Cluster, isAtGateway: boolean) {
    this.#workload = workload;
    this.#cluster = cluster;
    this.#isAtGateway = isAtGateway;
  }

  next(): void {
    if (this.#workload.isOver) return;
    const { world } = this.#cluster;
    const count = world.between(1, BURST_MAX);
    const commands = this.#workload.wishes.ahead(count);
    const gapMs = world.pick(GAPS_MS);
    const [first = []] = commands;
    this.#line ??= this.#connect(first);
    let at = 0;
    for (const command of commands) {
      world.in((at += world.between(0, gapMs)), () => this.#send(command));
    }
    let thinkingMs = at;
    for (let spared = 0; spared < count; spared += 1) thinkingMs += this.#workload.thinkingMs();
    world.in(thinkingMs, () => this.next());
  }

  #send(command: readonly string[]): void {
    const line = this.#line;
    if (line === undefined || line.isLeft || line.flights.length >= AHEAD_MAX) return;
    const { server, connection, flights } = line;
    const asked = this.#workload.asked(command);
    flights.push({ asked, sent: send(this.#cluster, server, connection, command) });
    if (line.isWatched) return;
    line.isWatched = true;
    watch(this.#cluster, {
      ...{ server, connection },
      first: () => {
        line.isWatched = flights.length > 0;
        return flights[0]?.sent;
      },
      giveUp: (isOwed) => this.#giveUp(line, isOwed),
    });
  }

  #hear(line: Line, reply: Reply): void {
    const flight = line.flights.shift();
    if (flight === undefined) return;
    const outcome = asReadAt(flight.sent.copy, outcomeOf(reply));
    this.#workload.note(line.name, flight.asked, outcome);
    if (outcome === 'refused' && !this.#isAtGateway) line.isLeft = true;
    if (line.isLeft && line.flights.length === 0) this.#leave(line);
  }

  #giveUp(line: Line, isOwed: boolean): void {
    const [first] = line.flights;
    if (isOwed && first !== undefined) {
      const { asked, sent } = first;
      this.#workload.unanswered.push(
        `${asked.command.join(' ')}, sent ahead at ${sent.at.toFixed(1)} to ${nameOf(line.server)}`,
      );
    }
    for (const { asked } of line.flights.splice(0)) this.#workload.note(line.name, asked, 'unknown');
    this.#leave(line);
  }

  #leave(line: Line): void {
    line.server.hangUp(line.connection);
    line.isLeft = true;
    if (this.#line === line) this.#line = undefined;
  }

  #connect(command: readonly string[]): Line | undefined {
    const server = this.#isAtGateway
      ? this.#cluster.coordination.gateway
      : ownerInSomeView(this.#cluster, command);
    if (server?.isUp !== true) return undefined;
    const line: Line = {
      ...{ server, flights: [], isLeft: false, isWatched: false },
      name: `${this.#isAtGateway ? 'gateway' : 'direct'}-ahead${this.#workload.nextConnection()}`,
      connection: server.accept((reply) => {
        this.#hear(line, reply);
      }),
    };
    return line;
  }
}
