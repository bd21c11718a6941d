/**
 * The clients of a cluster under attack, each asking one thing after the other, all of them in one history.
 *
 *     gateway    a connection to the gateway, which finds the slaves
 *     cluster    connections to slaves, following MOVED by itself
 *     library    Piazza's own library
 *     copy       READONLY connections to slaves: reads that may be older
 */
import { PiazzaClient, PiazzaError } from '../../src/client/index.ts';
import { below, prng, type Prng } from '../../src/common/prng.ts';
import { slotOf } from '../../src/common/slot.ts';
import { answerOf } from '../judge/answer.ts';
import type { Answer } from '../judge/history.ts';
import { pause } from '../support/program.ts';
import type { Cluster } from './cluster.ts';
import { type Heard, type History, isRead } from './history.ts';
import { codeOf, RespClient } from './resp-client.ts';
import type { Seat } from './server.ts';
import type { Workload } from './workload.ts';

type Ask = (command: readonly string[]) => Promise<Heard>;

interface Client {
  readonly name: string;
  /** A name for each connection, where it matters which one was asked; left out: the client's. */
  readonly connection?: () => string;
  readonly ask: Ask;
  /** The copy that the next question goes to. */
  readonly copy?: () => string;
  end(): void;
}

const COUNTS = { gateway: 6, cluster: 6, library: 2, copy: 3 } as const;

/** Above what the gateway gives itself (3 s), so that its own answer comes first where there is one. */
const PATIENCE_MS = 5_000;

const THINK_MIN_MS = 4;
const THINK_MAX_MS = 24;

/** Who was refused waits a little, as a client would. */
const REFUSED_MS = 50;

const HOPS_MAX = 5;

/** A reader of copies goes to another slave now and then. */
const COPY_READS = 20;

/** How long one key may take to be read when all is well again. */
const LAST_READ_MS = 30_000;

const LAST_READ_WORKERS = 8;

export interface LoadPlan {
  readonly cluster: Cluster;
  readonly history: History;
  readonly workload: Workload;
  readonly seed: number;
}

export class Clients {
  readonly #plan: LoadPlan;
  readonly #clients: Client[] = [];
  #workers: readonly Promise<void>[] = [];
  #isStopping = false;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    const { seed, cluster } = plan;
    const { seat } = cluster.coordination;
    const slaves = [...cluster.slaves.values()].map((slave) => slave.seat);
    for (const [kind, count] of Object.entries(COUNTS))
      for (let number = 1; number <= count; number += 1) {
        const name = `${kind}-${number}`;
        const random = prng(seed + this.#clients.length + 1);
        if (kind === 'gateway') this.#clients.push(gatewayClient(name, seat));
        else if (kind === 'cluster') this.#clients.push(clusterClient(name, slaves, random));
        else if (kind === 'library') this.#clients.push(libraryClient(name, [seat, ...slaves]));
        else this.#clients.push(copyReader(name, slaves, random));
      }
  }

  start(): void {
    this.#workers = this.#clients.map((client, number) =>
      this.#work(client, prng(this.#plan.seed + 1_000 + number)),
    );
  }

  /** Lets what is under way end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
    for (const client of this.#clients) client.end();
  }

  /** Reads every key that was ever used, through the gateway and at its owner; answers with what could not be read. */
  async readAll(): Promise<readonly string[]> {
    const { cluster, workload, seed } = this.#plan;
    const slaves = [...cluster.slaves.values()].map((slave) => slave.seat);
    const unread: string[] = [];
    const keys = [...workload.keys];
    const reader = async (number: number): Promise<void> => {
      const both = [
        gatewayClient(`last-gateway-${number}`, cluster.coordination.seat),
        clusterClient(`last-cluster-${number}`, slaves, prng(seed + number)),
      ];
      for (let key = keys.pop(); key !== undefined; key = keys.pop())
        for (const client of both) {
          const why = await this.#readAtLast(client, key);
          if (why !== undefined) unread.push(`${key} by ${client.name}: ${why}`);
        }
      for (const client of both) client.end();
    };
    await Promise.all(Array.from({ length: LAST_READ_WORKERS }, (_, number) => reader(number + 1)));
    return unread;
  }

  async #readAtLast(client: Client, key: string): Promise<string | undefined> {
    const deadline = performance.now() + LAST_READ_MS;
    for (;;) {
      const heard = await this.#plan.history.record(
        { client: () => client.name, command: ['GET', key] },
        client.ask,
      );
      if (heard.kind === 'answer') return undefined;
      if (performance.now() > deadline) return heard.why;
      await pause(REFUSED_MS);
    }
  }

  async #work(client: Client, random: Prng): Promise<void> {
    const { history, workload } = this.#plan;
    const connection = client.connection ?? ((): string => client.name);
    while (!this.#isStopping) {
      const command = client.copy === undefined ? workload.next() : workload.nextRead();
      const at = client.copy === undefined ? {} : { copy: client.copy() };
      const heard = await history.record({ client: connection, command, ...at }, client.ask);
      if (heard.kind === 'unknown' && !isRead(command)) workload.leftOpen(command);
      const thinkMs = THINK_MIN_MS + below(random, THINK_MAX_MS - THINK_MIN_MS);
      await pause(heard.kind === 'answer' ? thinkMs : REFUSED_MS);
    }
  }
}

function gatewayClient(name: string, seat: Seat): Client {
  const connection = new RespClient(seat);
  return {
    name,
    ask: (command) => connection.ask(command, PATIENCE_MS),
    end: () => connection.end(),
  };
}

/** Knows slots by what it was told; goes anywhere with those of which it knows nothing. */
function clusterClient(name: string, slaves: readonly Seat[], random: Prng): Client {
  const addresses = slaves.map(addressOf);
  const connections = new Map(slaves.map((seat) => [addressOf(seat), new RespClient(seat)]));
  const owners = new Map<number, string>();
  const ask: Ask = async (command) => {
    const slot = slotOf(command[1] ?? '');
    let to = owners.get(slot) ?? addresses[below(random, addresses.length)] ?? '';
    for (let hops = 0; ; hops += 1) {
      const heard = (await connections.get(to)?.ask(command, PATIENCE_MS)) ?? unknownAddress(to);
      const moved = heard.kind === 'refused' && codeOf(heard.why) === 'MOVED';
      if (!moved) {
        // Whoever did not answer may have lost its slots: next time somebody else is asked.
        if (heard.kind === 'answer') owners.set(slot, to);
        else owners.delete(slot);
        return heard;
      }
      to = heard.why.split(' ')[2] ?? '';
      owners.set(slot, to);
      if (hops >= HOPS_MAX) return heard;
    }
  };
  return { name, ask, end: () => connections.forEach((connection) => connection.end()) };
}

const unknownAddress = (to: string): Heard => {
  throw new Error(`a client was sent to ${to}, where there is no slave`);
};

const addressOf = ({ host, port }: Seat): string => `${host}:${port}`;

function libraryClient(name: string, contacts: readonly Seat[]): Client {
  const connecting = PiazzaClient.connect({
    addresses: contacts.map(addressOf),
    timeoutMs: PATIENCE_MS,
    lazy: true,
  });
  const ask: Ask = async (command) => {
    const client = await connecting;
    try {
      const purpose = isRead(command) ? 'read' : 'write';
      const answer: Answer = answerOf(await client.command(command, { purpose }));
      return { kind: 'answer', answer };
    } catch (error) {
      if (!(error instanceof PiazzaError)) throw error;
      return { kind: error.definite ? 'refused' : 'unknown', why: `${error.code} ${error.message}` };
    }
  };
  return { name, ask, end: () => void connecting.then((client) => client.close()) };
}

function copyReader(name: string, slaves: readonly Seat[], random: Prng): Client {
  const connections = slaves.map((seat) => ({ seat, connection: new RespClient(seat, ['READONLY']) }));
  let reads = 0;
  let current = connections[0];
  const turn = (): string => {
    if (reads % COPY_READS === 0) current = connections[below(random, connections.length)];
    reads += 1;
    return current?.seat.id ?? '';
  };
  const ask: Ask = (command) =>
    current?.connection.ask(command, PATIENCE_MS) ??
    Promise.resolve({ kind: 'refused', why: 'nobody to ask' });
  return {
    name,
    ask,
    connection: () => `${name}.${current?.connection.opened ?? 0}`,
    copy: turn,
    end: () => connections.forEach(({ connection }) => connection.end()),
  };
}
