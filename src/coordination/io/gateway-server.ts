/**
 * The gateway's shell: clients on one side, slaves on the other, the gateway machine between them.
 *
 *    client ──► serveResp ──► check · route ──► machine ──► SlaveConnections ──► slave
 *           ◄── ticket ◄────────────────────── effects ◄────────────────── replies
 *
 * Where copies may answer reads there are two connections to each slave, of which one has said READONLY.
 *
 * Commands about the connection, the cluster and this process are answered here at once, by functions that the
 * slaves share; everything with a key goes through the machine, which alone decides where to and when. What the
 * cluster looks like to an observer (`PIAZZA STATUS` and its kin) is asked of whoever started the gateway.
 */
import { performance } from 'node:perf_hooks';

import { checkCommand } from '../../common/command/check.ts';
import { viewCommand } from '../../common/command/cluster-commands.ts';
import { textOf, wrongArity } from '../../common/command/errors.ts';
import { type InfoSection, infoSections } from '../../common/command/info.ts';
import { type CommandSpec, isWord, subcommandOf } from '../../common/command/registry.ts';
import { sessionCommandOf, type Surroundings } from '../../common/command/session-commands.ts';
import { faults } from '../../common/fault.ts';
import type { Partition, SlaveId } from '../../common/ids.ts';
import {
  type RespConnection,
  type RespLimits,
  type RespServer,
  serveResp,
} from '../../common/io/resp-server.ts';
import { Failure, OK, type Reply } from '../../common/reply.ts';
import { instant } from '../../common/time.ts';
import type { ClusterSettings, View } from '../../common/view.ts';
import type { Ticket } from '../../common/wire/answer-queue.ts';
import type { Request } from '../../common/wire/resp-request.ts';
import { dialListOf } from '../gateway/dial-list.ts';
import { codeOf, isError } from '../gateway/refusal.ts';
import { route, routeScan, type Routed } from '../gateway/route.ts';
import {
  COMMANDS_MAX,
  type Effect,
  init,
  type Input,
  READERS_MAX,
  type State,
  step,
  waitingOf,
  wakeAt,
} from '../gateway.ts';
import { SlaveConnections } from './slave-connections.ts';

export interface GatewayCallbacks {
  /** `PIAZZA …`, the word itself first; undefined: there is no such command. What is promised never fails. */
  admin(args: readonly Buffer[]): Reply | Promise<Reply> | undefined;
  /** What INFO tells beyond what every process does. */
  info(): readonly InfoSection[];
  /** A slave knows of a newer view than the last that was handed over. May be called often. */
  refresh(): void;
  /** For the log: a connection to a slave stands, or does not any more. */
  linkChanged?(slave: SlaveId, open: boolean, why: string): void;
}

export interface GatewayOptions {
  readonly host: string;
  /** 0: the system picks one. */
  readonly port: number;
  /** As CLUSTER NODES tells it. */
  readonly peerPort: number;
  readonly settings: ClusterSettings;
  /** Who answers reads: the owner, or any slave that holds the key. */
  readonly readFrom: 'owner' | 'any';
  /** Piazza's own. */
  readonly version: string;
  /** For CONFIG GET: names in lower case. */
  readonly configuration: ReadonlyMap<string, string>;
  readonly callbacks: GatewayCallbacks;
  readonly limits?: Partial<RespLimits>;
}

export interface GatewayCounters {
  /** Commands that clients have sent. */
  readonly commands: number;
  /** Errors that were answered to forwarded commands, by code. */
  readonly errors: ReadonlyMap<string, number>;
  /** Commands that wait for a reason to be sent. */
  readonly waiting: number;
  /** Commands that are at slaves. */
  readonly inFlight: number;
  readonly clients: number;
}

export interface Gateway {
  readonly port: number;
  readonly counters: GatewayCounters;
  updateView(view: View, unavailable: ReadonlySet<Partition>): void;
  /** Answers everything that is open, within a second and a little, and closes all connections. */
  close(): Promise<void>;
}

/** Listens; rejects if it cannot, for instance because the port is taken. */
export async function serveGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new GatewayServer(options);
  await gateway.listen();
  return gateway;
}

/** How long a closing gateway waits for slaves to answer what is in flight. */
const CLOSING_MS = 1_000;
const CLOSING_LOOK_MS = 10;

const noView = new Failure(`CLUSTERDOWN ${faults.CLUSTERDOWN.text} (the cluster's view is not known yet)`);
const stopping = new Failure(`CLUSTERDOWN ${faults.CLUSTERDOWN.text} (the gateway is stopping)`);
const notHere = new Failure('ERR this command cannot be answered by the gateway');

const NULL_BYTES = '$-1\r\n'.length;

class GatewayServer implements Gateway {
  readonly #options: GatewayOptions;
  readonly #state: State;
  readonly #slaves: SlaveConnections;
  readonly #copies: SlaveConnections;
  readonly #tickets = new Map<number, Ticket>();
  readonly #errors = new Map<string, number>();
  readonly #startedAt = performance.now();
  #server: RespServer | undefined;
  #view: View | undefined;
  #requests = 0;
  #commands = 0;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { partitions, requestTimeoutMs } = options.settings;
    const { readFrom } = options;
    const limits = { commandsMax: COMMANDS_MAX, readersMax: READERS_MAX };
    this.#state = init({ partitions, requestTimeoutMs, readFrom, ...limits });
    this.#slaves = new SlaveConnections(['PIAZZA', 'GATEWAY'], {
      opened: (slave) => {
        this.#feed({ kind: 'link-opened', slave, now: now() });
        options.callbacks.linkChanged?.(slave, true, '');
      },
      replies: (slave, replies) => {
        this.#feed({ kind: 'replies', slave, replies, now: now() });
      },
      closed: (slave, unsent, why) => {
        this.#feed({ kind: 'link-closed', slave, unsent, now: now() });
        options.callbacks.linkChanged?.(slave, false, why);
      },
    });
    this.#copies = new SlaveConnections(['READONLY'], {
      opened: (slave) => {
        this.#feed({ kind: 'read-link-opened', slave, now: now() });
      },
      replies: (slave, replies) => {
        this.#feed({ kind: 'read-replies', slave, replies, now: now() });
      },
      closed: (slave) => {
        this.#feed({ kind: 'read-link-closed', slave, now: now() });
      },
    });
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get counters(): GatewayCounters {
    const waiting = waitingOf(this.#state);
    return {
      commands: this.#commands,
      errors: this.#errors,
      waiting,
      inFlight: this.#state.live - waiting,
      clients: this.#server?.connections.size ?? 0,
    };
  }

  async listen(): Promise<void> {
    const { host, port, limits = {} } = this.#options;
    const handler = {
      opened: () => undefined,
      commands: (connection: RespConnection, requests: readonly Request[]) => {
        this.#onCommands(connection, requests);
      },
      closed: ({ id }: RespConnection) => {
        this.#feed({ kind: 'client-closed', client: id });
      },
    };
    this.#server = await serveResp({ host, port, handler, limits });
  }

  updateView(view: View, unavailable: ReadonlySet<Partition>): void {
    this.#view = view;
    // The machine hears first: when a link to a dead slave is closed next, it knows where else to go.
    this.#feed({ kind: 'view', view, unavailable, now: now() });
    if (this.#closing) return;
    const list = dialListOf(view);
    this.#slaves.follow(list);
    if (this.#options.readFrom === 'any') this.#copies.follow(list);
  }

  async close(): Promise<void> {
    this.#closing = true;
    const end = performance.now() + CLOSING_MS;
    while (this.#state.live > 0 && performance.now() < end) await pause(CLOSING_LOOK_MS);
    this.#feed({ kind: 'stop', now: now() });
    this.#slaves.close();
    this.#copies.close();
    await this.#server?.close();
    clearTimeout(this.#timer);
  }

  #onCommands(connection: RespConnection, requests: readonly Request[]): void {
    this.#commands += requests.length;
    const commands: Routed[] = [];
    for (const request of requests) {
      const answer = this.#take(connection, request, commands);
      if (answer === ENDED) break;
      if (answer !== DEFERRED) connection.reply(answer);
    }
    if (commands.length > 0) this.#feed({ kind: 'commands', client: connection.id, commands, now: now() });
  }

  /** Answers a command, or claims its ticket and puts it among those for the machine. */
  #take(connection: RespConnection, request: Request, commands: Routed[]): Answered {
    const { args } = request;
    const checked = checkCommand(args);
    if (checked instanceof Failure)
      return isPiazza(args) ? this.#piazza(connection, args, commands) : checked;
    const { spec } = checked;
    connection.lastCommand = nameOf(spec, args);
    switch (spec.kind) {
      case 'read':
      case 'write':
        return this.#forward(
          connection,
          route(this.#requests, spec, request, this.#options.settings.partitions),
          commands,
        );
      case 'cluster':
        return this.#cluster(spec, args);
      case 'connection':
      case 'server':
        return this.#serve(connection, spec, args, commands);
    }
  }

  #forward(connection: RespConnection, routed: Routed | Failure, commands: Routed[]): Answered {
    if (routed instanceof Failure) return routed;
    if (this.#closing) return stopping;
    this.#tickets.set(this.#requests, connection.defer());
    this.#requests += 1;
    commands.push(routed);
    return DEFERRED;
  }

  #serve(
    connection: RespConnection,
    spec: CommandSpec,
    args: readonly Buffer[],
    commands: Routed[],
  ): Answered {
    if (spec.name === 'quit') {
      // Answered first: what comes after the word to close is dropped.
      connection.reply(OK);
      connection.closeAfterReplies();
      return ENDED;
    }
    if (spec.name === 'dbsize') {
      return this.#forward(connection, { kind: 'census', request: this.#requests }, commands);
    }
    return sessionCommandOf(spec)?.(args, connection, this.#surroundings()) ?? notHere;
  }

  #cluster(spec: CommandSpec, args: readonly Buffer[]): Reply {
    const { host, peerPort } = this.#options;
    if (this.#view === undefined) return noView;
    const answerer = { kind: 'gateway' as const, host, port: this.port, peerPort };
    // As in Redis: the keys that the one who answers holds.
    return viewCommand(spec, args, { view: this.#view, answerer, countKeysInSlot: () => 0 });
  }

  #piazza(connection: RespConnection, args: readonly Buffer[], commands: Routed[]): Answered {
    connection.lastCommand = 'piazza';
    const word = args[1];
    if (word === undefined) return wrongArity('piazza');
    if (isWord(word, 'scan')) {
      if (args.length !== 4) return wrongArity('piazza|scan');
      const texts = [textOf(args[2]), textOf(args[3])] as const;
      return this.#forward(
        connection,
        routeScan(this.#requests, texts, this.#options.settings.partitions),
        commands,
      );
    }
    const answer = this.#options.callbacks.admin(args);
    if (answer instanceof Promise) {
      const ticket = connection.defer();
      void answer.then((reply) => ticket.answer(reply));
      return DEFERRED;
    }
    return answer ?? new Failure(`ERR unknown subcommand '${printable(word)}'. Try PIAZZA STATUS.`);
  }

  #surroundings(): Surroundings {
    const { version, configuration, callbacks } = this.#options;
    const connections = this.#server?.connections ?? new Map<number, RespConnection>();
    const facts = {
      version,
      role: 'gateway' as const,
      pid: process.pid,
      port: this.port,
      uptimeMs: performance.now() - this.#startedAt,
      clients: connections.size,
      commandsProcessed: this.#commands,
    };
    return {
      version,
      nowMs: Date.now(),
      info: () => infoSections(facts, callbacks.info()),
      sessions: () => connections.values(),
      configuration,
    };
  }

  #feed(input: Input): void {
    for (const effect of step(this.#state, input)) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'answer': {
        const ticket = this.#tickets.get(effect.request);
        this.#tickets.delete(effect.request);
        if (ticket !== undefined) this.#answer(ticket, effect.raw, effect.reply);
        return;
      }
      case 'send':
        this.#slaves.send(effect.slave, effect.parts, effect.commands);
        return;
      case 'drop':
        return this.#drop(this.#slaves, effect.slave);
      case 'ask':
        this.#copies.send(effect.slave, effect.parts, effect.commands);
        return;
      case 'hang-up':
        return this.#drop(this.#copies, effect.slave);
      case 'refresh':
        this.#options.callbacks.refresh();
    }
  }

  #drop(connections: SlaveConnections, slave: SlaveId): void {
    // Later, because its end is an input, and a step's effects are performed whole.
    setImmediate(() => {
      connections.drop(slave, 'it was silent for too long, or said what nobody asked');
    });
  }

  #answer(ticket: Ticket, raw: Buffer | undefined, reply: Reply): void {
    if (raw === undefined) {
      ticket.answer(reply);
      return;
    }
    if (isError(raw)) this.#count(codeOf(raw));
    // Slaves answer in RESP2, of which RESP3 has everything but the null.
    if (isNull(raw)) ticket.answer(undefined);
    else ticket.answerRaw(raw);
  }

  #count(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  /** Keeps one timer, for the moment that the machine names. */
  #arm(): void {
    const when = wakeAt(this.#state) ?? Infinity;
    // An early wake-up is cheaper than a timer for each command: the machine finds nothing to do, and names the next.
    if (when >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = when;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity;
        this.#feed({ kind: 'tick', now: now() });
      },
      Math.max(1, Math.ceil(when - performance.now())),
    );
  }
}

const DEFERRED = Symbol('answered later');
/** The connection ends; what came behind is not looked at. */
const ENDED = Symbol('ended');
type Answered = Reply | typeof DEFERRED | typeof ENDED;

const now = () => instant(performance.now());

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const isPiazza = (args: readonly Buffer[]): boolean => args[0] !== undefined && isWord(args[0], 'piazza');

const isNull = (raw: Buffer): boolean =>
  raw.length === NULL_BYTES && raw[1] === 0x2d && (raw[0] === 0x24 || raw[0] === 0x2a);

const printable = (word: Buffer): string =>
  textOf(word)
    .slice(0, 128)
    .replace(/[\r\n]/g, ' ');

const nameOf = (spec: CommandSpec, args: readonly Buffer[]): string =>
  (spec.subcommands !== undefined && args[1] !== undefined ? subcommandOf(spec, args[1]) : undefined)?.name ??
  spec.name;
