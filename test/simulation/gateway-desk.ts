/**
 * The gateway in a world: its production machine, clients on one side, slaves on the other.
 *
 * It is part of the coordination server's process and dies with it. Connections to slaves are made, greeted,
 * stuck by a cut and made again; whatever the machine sends goes through the production parser at the slave. Where
 * copies answer reads there are two to each slave.
 */
import { checkCommand } from '../../src/common/command/check.ts';
import type { Partition, SlaveId } from '../../src/common/ids.ts';
import { Failure } from '../../src/common/reply.ts';
import type { ClusterSettings, View } from '../../src/common/view.ts';
import { RequestParser } from '../../src/common/wire/resp-request.ts';
import { decodeReply } from '../../src/common/wire/resp-reply.ts';
import { encodeCommand, encodeReply } from '../../src/common/wire/resp-writer.ts';
import { dialListOf } from '../../src/coordination/gateway/dial-list.ts';
import { route } from '../../src/coordination/gateway/route.ts';
import {
  checkInvariants,
  COMMANDS_MAX,
  type Effect,
  init,
  type Input,
  READERS_MAX,
  type State,
  step,
  wakeAt,
} from '../../src/coordination/gateway.ts';
import { Connection } from './connection.ts';
import { timed, type Untimed } from './happening.ts';
import type { Process } from './process.ts';
import type { SlaveProcess } from './slave.ts';
import { COORDINATION, type Cuts } from './weather.ts';

interface SlaveLink {
  readonly slave: SlaveProcess;
  readonly isForReads: boolean;
  /** Of the process that it was made to. */
  readonly nonce: string;
  readonly parser: RequestParser;
  connection: Connection | undefined;
  isGreeted: boolean;
  isWanted: boolean;
}

interface Options {
  readonly cuts: Cuts;
  readonly settings: ClusterSettings;
  readonly readFrom: 'owner' | 'any';
}

export class GatewayDesk {
  readonly #process: Process;
  readonly #slaves: ReadonlyMap<SlaveId, SlaveProcess>;
  readonly #cuts: Cuts;
  readonly #settings: ClusterSettings;
  readonly #readFrom: 'owner' | 'any';
  /** By `nameOf`. */
  readonly #links = new Map<string, SlaveLink>();
  readonly #connections = new Map<Connection, number>();
  readonly #tickets = new Map<number, { answer: Connection['reply'] }>();
  #state: State;
  #requests = 0;
  #clients = 0;
  #tickAt: number | undefined;

  constructor(process: Process, slaves: ReadonlyMap<SlaveId, SlaveProcess>, options: Options) {
    this.#process = process;
    this.#slaves = slaves;
    this.#cuts = options.cuts;
    this.#settings = options.settings;
    this.#readFrom = options.readFrom;
    this.#state = this.#fresh();
  }

  get isUp(): boolean {
    return this.#process.isUp;
  }

  start(): void {
    this.#state = this.#fresh();
    this.#tickAt = undefined;
  }

  /** The process is gone, and every connection with it. */
  stop(): void {
    for (const link of this.#links.values()) this.#unlink(link);
    this.#links.clear();
    for (const connection of this.#connections.keys()) connection.isOpen = false;
    this.#connections.clear();
    this.#tickets.clear();
  }

  follow(view: View, unavailable: ReadonlySet<Partition>): void {
    this.#feed({ kind: 'view', view, unavailable });
    const list = dialListOf(view);
    for (const [name, link] of this.#links) {
      if (list.get(link.slave.id)?.nonce === link.nonce) continue;
      this.#links.delete(name);
      this.#unlink(link);
      this.#tellClosed(link);
    }
    for (const [id, { nonce }] of list) {
      this.#connect(id, nonce, false);
      if (this.#readFrom === 'any') this.#connect(id, nonce, true);
    }
  }

  #connect(id: SlaveId, nonce: string, isForReads: boolean): void {
    const slave = this.#slaves.get(id);
    const name = nameOf(id, isForReads);
    if (slave === undefined || this.#links.has(name)) return;
    const link = {
      slave,
      isForReads,
      nonce,
      parser: new RequestParser(),
      connection: undefined,
      isGreeted: false,
      isWanted: true,
    };
    this.#links.set(name, link);
    this.#dial(link);
  }

  /** A client connects; `heard` hears its answers. */
  accept(heard: ConstructorParameters<typeof Connection>[1]): Connection {
    const connection = new Connection(this.#process.world, heard);
    this.#connections.set(connection, (this.#clients += 1));
    return connection;
  }

  hangUp(connection: Connection): void {
    const client = this.#connections.get(connection);
    connection.isOpen = false;
    this.#connections.delete(connection);
    if (client !== undefined) this.#process.to(() => this.#feed({ kind: 'client-closed', client }));
  }

  /** A command comes in on one of its connections. */
  take(connection: Connection, args: readonly Buffer[]): void {
    const client = this.#connections.get(connection);
    const checked = checkCommand(args);
    if (client === undefined || checked instanceof Failure) return connection.reply(checked as Failure);
    const request = (this.#requests += 1);
    const routed = route(
      request,
      checked.spec,
      { args, raw: encodeCommand(args) },
      this.#settings.partitions,
    );
    if (routed instanceof Failure) return connection.reply(routed);
    this.#tickets.set(request, connection.defer());
    this.#feed({ kind: 'commands', client, commands: [routed] });
  }

  /** Connections to this slave's process break, as they do when it ends. */
  breakLinks(slave: SlaveProcess): void {
    for (const isForReads of [false, true]) {
      const link = this.#links.get(nameOf(slave.id, isForReads));
      if (link?.connection !== undefined) this.#process.to(() => this.#lose(link));
    }
  }

  #fresh(): State {
    const { partitions, requestTimeoutMs } = this.#settings;
    return init({
      ...{ partitions, requestTimeoutMs, commandsMax: COMMANDS_MAX },
      ...{ readFrom: this.#readFrom, readersMax: READERS_MAX },
    });
  }

  #dial(link: SlaveLink): void {
    const { slave, nonce } = link;
    this.#process.in(this.#process.world.between(1, 30), () => {
      if (!link.isWanted) return;
      const isThere =
        slave.isUp &&
        !slave.process.isPaused &&
        slave.nonce === nonce &&
        this.#cuts.joins(COORDINATION, slave.id);
      if (!isThere) return this.#process.in(this.#process.world.between(50, 400), () => this.#dial(link));
      const connection = slave.accept((reply) =>
        this.#process.to(() => this.#hear(link, encodeReply(reply, 2))),
      );
      connection.reaches = (isAnswer) =>
        isAnswer ? this.#cuts.reaches(slave.id, COORDINATION) : this.#cuts.reaches(COORDINATION, slave.id);
      link.connection = connection;
      this.#write(link, connection, encodeCommand(link.isForReads ? ['READONLY'] : ['PIAZZA', 'GATEWAY']));
    });
  }

  #write(link: SlaveLink, connection: Connection, bytes: Buffer): void {
    connection.carry(() => {
      link.slave.process.to(() => {
        if (!connection.isOpen) return;
        link.parser.push(bytes);
        for (let next = link.parser.next(); next?.kind === 'request'; next = link.parser.next())
          link.slave.take(connection, next.request.args);
      });
    });
  }

  #hear(link: SlaveLink, bytes: Buffer): void {
    if (!link.isWanted || link.connection?.isOpen !== true) return;
    const slave = link.slave.id;
    const { isForReads } = link;
    if (link.isGreeted)
      return this.#feed({ kind: isForReads ? 'read-replies' : 'replies', slave, replies: [bytes] });
    link.isGreeted = true;
    this.#feed({ kind: isForReads ? 'read-link-opened' : 'link-opened', slave });
  }

  #lose(link: SlaveLink): void {
    if (link.connection === undefined) return;
    this.#unlink(link);
    link.isWanted = true;
    this.#tellClosed(link);
    this.#dial(link);
  }

  #unlink(link: SlaveLink): void {
    if (link.connection !== undefined) link.slave.hangUp(link.connection);
    link.connection = undefined;
    link.isWanted = false;
  }

  #tellClosed(link: SlaveLink): void {
    if (!link.isGreeted) return;
    link.isGreeted = false;
    const slave = link.slave.id;
    if (link.isForReads) this.#feed({ kind: 'read-link-closed', slave });
    else this.#feed({ kind: 'link-closed', slave, unsent: 0 });
  }

  #feed(input: Untimed<Input>): void {
    if (!this.isUp) return;
    const { clock } = this.#process;
    const effects = step(this.#state, timed<Input>(input, clock.monotonic(), clock.wall()));
    checkInvariants(this.#state);
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'answer': {
        const ticket = this.#tickets.get(effect.request);
        this.#tickets.delete(effect.request);
        return ticket?.answer(effect.raw === undefined ? effect.reply : decodeReply(effect.raw));
      }
      case 'send':
      case 'ask': {
        const link = this.#links.get(nameOf(effect.slave, effect.kind === 'ask'));
        if (link?.connection !== undefined) this.#write(link, link.connection, Buffer.concat(effect.parts));
        return;
      }
      case 'drop':
      case 'hang-up': {
        const link = this.#links.get(nameOf(effect.slave, effect.kind === 'hang-up'));
        if (link !== undefined) this.#process.in(0, () => this.#lose(link));
        return;
      }
      case 'refresh':
    }
  }

  #arm(): void {
    const due = wakeAt(this.#state);
    if (due === undefined || (this.#tickAt !== undefined && this.#tickAt <= due)) return;
    this.#tickAt = due;
    this.#process.in(Math.max(0, due - this.#process.clock.monotonic()), () => {
      if (this.#tickAt !== due) return;
      this.#tickAt = undefined;
      this.#feed({ kind: 'tick' });
    });
  }
}

const nameOf = (slave: SlaveId, isForReads: boolean): string => `${slave}${isForReads ? ' reads' : ''}`;
