/**
 * A cluster of real processes on this machine: one coordination server, and slaves that are started separately.
 *
 *     coordination-server ◄── s1, s2, s3, …       each a process, on a port and in a directory of its own
 *
 * Everybody keeps port and directory through kills and restarts. Whatever fails, `end` leaves no process and no
 * file behind; call it in an `afterEach` or `after`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import {
  type ClusterState,
  decodeStatus,
  decodeWhere,
  type SlaveStatus,
  type Status,
} from '../../src/common/message/admin.ts';
import { freePort, PATIENCE_MS, Program, until } from './program.ts';

export interface ClusterOptions {
  readonly slaves: number;
  /** Further options of the coordination server. */
  readonly coordination?: readonly string[];
  /** Further options of each slave. */
  readonly slave?: readonly string[];
  /** Further options of this slave alone. */
  readonly slaveOf?: (id: string) => readonly string[];
  /** What it is when all have started; `degraded` where there are fewer slaves than copies. */
  readonly startsAs?: ClusterState;
  /** Where the data lies; left out: a directory of its own, which is removed at the end. */
  readonly dir?: string;
}

export interface SlaveSeat {
  readonly id: string;
  readonly port: number;
  readonly peerPort: number;
  readonly dir: string;
}

interface Ports {
  readonly port: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

export const HOST = '127.0.0.1';

/** A status that takes longer than this is one that does not come. */
const STATUS_MS = 2_000;

export class ClusterProcesses {
  readonly ports: Ports;
  readonly dir: string;
  readonly #options: ClusterOptions;
  readonly #seats: Map<string, SlaveSeat>;
  readonly #slaves = new Map<string, Program>();
  #coordination: Program | undefined;
  #lastStatus = 'no status came';

  private constructor(options: ClusterOptions, dir: string, ports: Ports, seats: readonly SlaveSeat[]) {
    this.#options = options;
    this.dir = dir;
    this.ports = ports;
    this.#seats = new Map(seats.map((seat) => [seat.id, seat]));
  }

  /** All processes run, and the cluster is healthy, when this resolves. */
  static async start(options: ClusterOptions): Promise<ClusterProcesses> {
    const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'piazza-cluster-'));
    const ports = { port: await freePort(), peerPort: await freePort(), httpPort: await freePort() };
    const seats: SlaveSeat[] = [];
    for (let number = 1; number <= options.slaves; number += 1) {
      const id = `s${number}`;
      seats.push({ id, port: await freePort(), peerPort: await freePort(), dir: join(dir, id) });
    }
    const cluster = new ClusterProcesses(options, dir, ports, seats);
    try {
      await cluster.startAll();
      return cluster;
    } catch (error) {
      await cluster.end();
      throw error;
    }
  }

  get ids(): readonly string[] {
    return [...this.#seats.keys()];
  }

  get coordination(): Program {
    if (this.#coordination === undefined) throw new Error('the coordination server was never started');
    return this.#coordination;
  }

  seat(id: string): SlaveSeat {
    const seat = this.#seats.get(id);
    if (seat === undefined) throw new Error(`there is no slave ${id}`);
    return seat;
  }

  slave(id: string): Program {
    const slave = this.#slaves.get(id);
    if (slave === undefined) throw new Error(`slave ${id} was never started`);
    return slave;
  }

  /** Starts whatever does not run, all at once, and waits until the cluster is healthy. */
  async startAll(): Promise<void> {
    const { ids } = this;
    const starting = ids.filter((id) => this.#slaves.get(id)?.isOver !== false);
    if (this.#coordination?.isOver !== false) await this.startCoordination();
    await Promise.all(starting.map((id) => this.startSlave(id)));
    const { startsAs = 'healthy' } = this.#options;
    await this.reach(`${startsAs}, with every slave alive`, ({ state, slaves }) => {
      const living = slaves.filter((slave) => slave.state === 'alive');
      return state === startsAs && living.length === ids.length;
    });
  }

  async startCoordination(): Promise<void> {
    const { port, peerPort, httpPort } = this.ports;
    const where = ['--port', `${port}`, '--peer-port', `${peerPort}`, '--http-port', `${httpPort}`];
    const dir = ['--dir', join(this.dir, 'coordination')];
    this.#coordination = new Program('coordination-server', [
      ...[...where, ...dir],
      ...(this.#options.coordination ?? []),
    ]);
    await this.#coordination.line('ready ');
  }

  /** One slave more than there were; it has registered when this resolves. */
  async addSlave(): Promise<string> {
    const id = `s${this.#seats.size + 1}`;
    const [port, peerPort] = [await freePort(), await freePort()];
    this.#seats.set(id, { id, port, peerPort, dir: join(this.dir, id) });
    await this.startSlave(id);
    return id;
  }

  async startSlave(id: string): Promise<void> {
    const { port, peerPort, dir } = this.seat(id);
    const slave = new Program('slave-server', [
      ...['--id', id, '--dir', dir, '--port', `${port}`, '--peer-port', `${peerPort}`],
      ...['--coordination', `${HOST}:${this.ports.peerPort}`],
      ...(this.#options.slave ?? []),
      ...(this.#options.slaveOf?.(id) ?? []),
    ]);
    this.#slaves.set(id, slave);
    await slave.line('ready ');
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  kill(id: string): Promise<void> {
    return this.slave(id).kill();
  }

  killCoordination(): Promise<void> {
    return this.coordination.kill();
  }

  /** SIGKILL to every process before waiting for any. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#programs()].map((program) => program.kill()));
  }

  pause(id: string): void {
    this.slave(id).signal('SIGSTOP');
  }

  resume(id: string): void {
    this.slave(id).signal('SIGCONT');
  }

  async status(): Promise<Status> {
    const response = await fetch(`http://${HOST}:${this.ports.httpPort}/status`, {
      signal: AbortSignal.timeout(STATUS_MS),
    });
    const text = await response.text();
    const status = decodeStatus(text);
    if (status === undefined) throw new Error(`this is no status: ${text}`);
    this.#lastStatus = summaryOf(status);
    return status;
  }

  /** Waits until the status is so; fails with the last one, and what every process said. */
  async reach(
    what: string,
    holds: (status: Status) => boolean,
    withinMs: number = PATIENCE_MS,
  ): Promise<void> {
    await until(what, async () => holds(await this.status()), { withinMs, now: () => this.story });
  }

  /** The last status and the last lines of every process, for the message of a failure. */
  get story(): string {
    return [this.#lastStatus, ...[...this.#programs()].map(({ tail }) => tail)].join('\n');
  }

  /** Who owns the key, and who holds its copies, as the gateway knows it. */
  async where(key: string): Promise<{ readonly owner: SlaveSeat; readonly copies: readonly SlaveSeat[] }> {
    const gateway = new Redis({ host: HOST, port: this.ports.port });
    try {
      const where = decodeWhere(String(await gateway.call('PIAZZA', 'WHERE', key)));
      if (where?.owner === undefined) throw new Error(`nobody owns ${key}; ${this.story}`);
      return { owner: this.seat(where.owner), copies: where.copies.map((id) => this.seat(id)) };
    } finally {
      gateway.disconnect();
    }
  }

  async end(): Promise<void> {
    await this.killAll();
    if (this.#options.dir === undefined) rmSync(this.dir, { recursive: true, force: true });
  }

  *#programs(): Generator<Program> {
    if (this.#coordination !== undefined) yield this.#coordination;
    yield* this.#slaves.values();
  }
}

const summaryOf = ({ state, epoch, healing, slaves }: Status): string =>
  `${state}, epoch ${epoch}, ${healing.partitions} partitions healing; ${slaves.map(slaveSummaryOf).join(', ')}`;

const slaveSummaryOf = ({ id, state, own, previous }: SlaveStatus): string =>
  `${id} ${state} ${own.partitions}+${previous.partitions}`;
