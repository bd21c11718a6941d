/**
 * The slave's side towards clients: every command that comes is claimed here, in its order.
 *
 *     connection's own (PING, HELLO, …) ─► at once, by functions that the gateway shares
 *     CLUSTER                           ─► from the view
 *     data                              ─► `data-commands.ts`
 *     PIAZZA GATEWAY, RESUME, SCANPART  ─► what only the gateway says; everything else is for it to answer
 *
 * It does not know who may answer for what.
 */
import { checkCommand } from '../../common/command/check.ts';
import { viewCommand } from '../../common/command/cluster-commands.ts';
import { textOf, wrongArity } from '../../common/command/errors.ts';
import { type InfoSection, infoSections } from '../../common/command/info.ts';
import { type CommandSpec, isWord, subcommandOf } from '../../common/command/registry.ts';
import { sessionCommandOf, type Surroundings } from '../../common/command/session-commands.ts';
import { faults } from '../../common/fault.ts';
import type { Partition } from '../../common/ids.ts';
import { now } from '../../common/io/clock.ts';
import {
  type Request,
  type RespConnection,
  type RespServer,
  serveResp,
} from '../../common/io/resp-server.ts';
import { Failure, OK, type Reply } from '../../common/reply.ts';
import { slotsOf } from '../../common/slot.ts';
import type { Read } from '../commands/evaluation.ts';
import { LinkOrder } from '../link-order.ts';
import type { Answer } from '../replication/outbox.ts';
import type { Look } from '../request.ts';
import { countInSlot, countOwned, ownedKeys, pageOf } from '../scan.ts';
import type { State } from '../state.ts';
import { Client, DataCommands } from '../data-commands.ts';
import type { MachineRunner } from './machine-runner.ts';

export interface ClientServerOptions {
  readonly host: string;
  readonly runner: MachineRunner;
  /** Piazza's own. */
  readonly version: string;
  /** For CONFIG GET: names in lower case. */
  readonly configuration: ReadonlyMap<string, string>;
}

/** Counting keys looks at all that is not in the tables yet, so INFO counts only so often. */
const KEYS_COUNTED_EVERY_MS = 100;

const noView = new Failure(`CLUSTERDOWN ${faults.CLUSTERDOWN.text} (the cluster's view is not known yet)`);
const askTheGateway = new Failure(
  'ERR a slave does not answer this: ask the gateway, at the coordination server',
);

type Session = Client<RespConnection>;

export class ClientServer {
  readonly #runner: MachineRunner;
  readonly #state: State;
  readonly #data: DataCommands;
  readonly #options: ClientServerOptions;
  readonly #clients = new Map<number, Session>();
  readonly #startedAt = now();
  #server: RespServer | undefined;
  #commands = 0;
  #keys = { count: 0, at: -Infinity };

  constructor(options: ClientServerOptions) {
    this.#options = options;
    this.#runner = options.runner;
    this.#state = options.runner.state;
    this.#data = new DataCommands(options.runner);
  }

  /** Listens (0: on a port that the system picks); rejects if it cannot, for instance because the port is taken. */
  async listen(port: number): Promise<{ readonly port: number; close(): Promise<void> }> {
    const handler = {
      opened: (connection: RespConnection) => {
        this.#clients.set(connection.id, new Client(connection));
      },
      commands: (connection: RespConnection, requests: readonly Request[]) => {
        this.#runner.guard(() => this.#onCommands(connection, requests));
      },
      closed: ({ id }: RespConnection) => {
        this.#clients.delete(id);
      },
    };
    this.#server = await serveResp({ host: this.#options.host, port, handler });
    return this.#server;
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Commands that came since the start, of whatever kind. */
  get commands(): number {
    return this.#commands;
  }

  /** Data commands that are not answered yet. */
  get pending(): number {
    return this.#data.pending;
  }

  answer(answers: readonly Answer[]): void {
    this.#data.answer(answers);
  }

  /** Takes no data command any more; those taken before are still answered. */
  stopTaking(): void {
    this.#data.stop();
  }

  /** Answers what is open as what it is, uncertain, and closes all connections, so that clients look elsewhere (P6). */
  sendAway(): void {
    this.#data.giveUp();
    for (const { connection } of this.#clients.values()) connection.closeAfterReplies();
  }

  /** The same, and nobody is let in any more. What was answered is handed to the system before it returns. */
  async close(): Promise<void> {
    this.#data.stop();
    this.#data.giveUp();
    await this.#server?.close();
  }

  #onCommands(connection: RespConnection, requests: readonly Request[]): void {
    const client = this.#clients.get(connection.id);
    if (client === undefined) return;
    this.#runner.wake();
    this.#commands += requests.length;
    for (const { args } of requests) if (!this.#take(client, args)) return;
  }

  /** Answers or defers one command; false: it was the connection's last. */
  #take(client: Session, args: readonly Buffer[]): boolean {
    const { connection } = client;
    const checked = checkCommand(args);
    if (checked instanceof Failure) {
      if (isPiazza(args)) this.#piazza(client, args);
      else connection.reply(checked);
      return true;
    }
    const { spec } = checked;
    connection.lastCommand = nameOf(spec, args);
    switch (spec.kind) {
      case 'read':
      case 'write':
        this.#data.take(client, spec, args);
        return true;
      case 'cluster':
        connection.reply(this.#cluster(spec, args));
        return true;
      case 'connection':
      case 'server':
        return this.#serve(client, spec, args);
    }
  }

  #serve(client: Session, spec: CommandSpec, args: readonly Buffer[]): boolean {
    const { connection } = client;
    if (spec.name === 'quit') {
      // Answered first: what comes after the word to close is dropped.
      connection.reply(OK);
      connection.closeAfterReplies();
      return false;
    }
    if (spec.name === 'dbsize') this.#data.replyBehindAll(client, () => countOwned(this.#state, now()));
    else connection.reply(sessionCommandOf(spec)?.(args, connection, this.#surroundings()) ?? askTheGateway);
    return true;
  }

  #cluster(spec: CommandSpec, args: readonly Buffer[]): Reply {
    const { view, config } = this.#state;
    if (view === undefined) return noView;
    return viewCommand(spec, args, {
      view,
      answerer: { kind: 'slave', id: config.self.slave },
      countKeysInSlot: (slot) => countInSlot(this.#state, slot),
    });
  }

  #piazza(client: Session, args: readonly Buffer[]): void {
    const { connection } = client;
    connection.lastCommand = 'piazza';
    const [, word, ...rest] = args;
    if (word === undefined) return connection.reply(wrongArity('piazza'));
    if (isWord(word, 'gateway')) {
      client.order ??= new LinkOrder();
      return connection.reply(OK);
    }
    if (isWord(word, 'resume')) return connection.reply(this.#resume(client, rest));
    if (isWord(word, 'scanpart')) return this.#scanPart(client, rest);
    connection.reply(askTheGateway);
  }

  #resume({ order }: Session, [index]: readonly Buffer[]): Reply {
    const partition = this.#partitionOf(index);
    if (partition instanceof Failure) return partition;
    order?.lane(partition).resume();
    return OK;
  }

  #scanPart(client: Session, args: readonly Buffer[]): void {
    if (args.length !== 3) return client.connection.reply(wrongArity('piazza|scanpart'));
    const partition = this.#partitionOf(args[0]);
    if (partition instanceof Failure) return client.connection.reply(partition);
    const count = countOf(textOf(args[2]));
    if (count === undefined) return client.connection.reply(badCount);
    const page = { partition, after: textOf(args[1]), count };
    const { first } = slotsOf(partition, this.#state.view?.settings.partitions ?? 1);
    const look: Look = (at) => pageOf(this.#state, page, at);
    const read: Read = (_, data) => look(data.now);
    this.#data.ask(client, { partition, slot: first, keys: [], args, read, run: { kind: 'look', look } });
  }

  #partitionOf(bytes: Buffer | undefined): Partition | Failure {
    const { view } = this.#state;
    if (view === undefined) return noView;
    const text = textOf(bytes);
    const index = /^\d{1,5}$/.test(text) ? Number(text) : Infinity;
    // Below the number of partitions it is one.
    return index < view.settings.partitions ? (index as Partition) : badPartition;
  }

  #surroundings(): Surroundings {
    const { version, configuration } = this.#options;
    const facts = {
      version,
      role: 'slave' as const,
      pid: process.pid,
      port: this.port,
      uptimeMs: now() - this.#startedAt,
      clients: this.clients,
      commandsProcessed: this.#commands,
    };
    return {
      version,
      nowMs: Date.now(),
      info: () => infoSections(facts, this.#info()),
      sessions: () => this.#server?.connections.values() ?? [],
      configuration,
    };
  }

  #info(): readonly InfoSection[] {
    const { rss, heapUsed } = process.memoryUsage();
    const keys = this.#countKeys();
    const { view, isRegistered, isLowOnSpace, config } = this.#state;
    return [
      [
        'Memory',
        [
          ['used_memory', heapUsed],
          ['used_memory_rss', rss],
          ['maxmemory', 0],
        ],
      ],
      [
        'Piazza',
        [
          ['slave_id', config.self.slave],
          ['registered', isRegistered ? 1 : 0],
          ['view_epoch', view?.epoch ?? 0],
          ['commands_pending', this.pending],
          ['low_on_space', isLowOnSpace ? 1 : 0],
        ],
      ],
      ['Keyspace', keys === 0 ? [] : [['db0', `keys=${keys},expires=0,avg_ttl=0`]]],
    ];
  }

  #countKeys(): number {
    const at = now();
    if (at - this.#keys.at >= KEYS_COUNTED_EVERY_MS) this.#keys = { count: ownedKeys(this.#state), at };
    return this.#keys.count;
  }
}

const badPartition = new Failure('ERR there is no such partition');
const badCount = new Failure('ERR count must be a number above 0');

function countOf(text: string): number | undefined {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return count > 0 ? count : undefined;
}

const isPiazza = ([name]: readonly Buffer[]): boolean => name !== undefined && isWord(name, 'piazza');

const nameOf = (spec: CommandSpec, [, word]: readonly Buffer[]): string =>
  (word === undefined ? undefined : subcommandOf(spec, word))?.name ?? spec.name;
