/** The cluster under attack: its servers on their seats, their network and disks, and how it says that it is. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { decodeStatus, type Status } from '../../src/common/message/admin.ts';
import { freePort, until } from '../support/program.ts';
import { Disk, type DiskKind } from './disk.ts';
import { COORDINATION, type World } from './fault.ts';
import { Network } from './network.ts';
import { type End, type Seat, Server } from './server.ts';

export interface ClusterPlan {
  readonly dir: string;
  readonly slaves: readonly string[];
  readonly replicas: number;
  /** A network of their own; else all servers are on the loopback. */
  readonly hasNetwork: boolean;
  /** What a server's data lie on; where nothing is said, in a plain directory. */
  readonly disks: ReadonlyMap<string, DiskKind>;
  finding(text: string): void;
  tell(text: string): void;
}

interface Ports {
  readonly port: number;
  readonly peerPort: number;
  readonly httpPort: number;
}

const LOOPBACK = '127.0.0.1';

/** On an address of its own everybody has the same ports. */
const OWN_PORTS: Ports = { port: 7_000, peerPort: 17_000, httpPort: 7_080 };

const STATUS_MS = 2_000;

export class Cluster implements World {
  readonly coordination: Server;
  readonly slaves: ReadonlyMap<string, Server>;
  readonly network: Network | undefined;
  readonly disks: ReadonlyMap<string, Disk>;
  readonly dir: string;
  readonly finding: (text: string) => void;
  readonly tell: (text: string) => void;
  readonly #httpPort: number;
  #lastStatus = 'no status came';

  private constructor(
    plan: ClusterPlan,
    { seats, network, disks, httpPort }: Pick<Cluster, 'network' | 'disks'> & Prepared,
  ) {
    this.dir = plan.dir;
    this.finding = plan.finding;
    this.tell = plan.tell;
    this.network = network;
    this.disks = disks;
    this.#httpPort = httpPort;
    const ended = (server: Server, end: End): void =>
      plan.finding(`${server.id} ended by itself with ${end.status ?? end.signal ?? 'nothing'}`);
    const [coordination, ...slaves] = seats.map((seat) => new Server(seat, ended));
    if (coordination === undefined) throw new Error('a cluster has a coordination server');
    this.coordination = coordination;
    this.slaves = new Map(slaves.map((slave) => [slave.id, slave]));
  }

  static async prepare(plan: ClusterPlan): Promise<Cluster> {
    const network = plan.hasNetwork ? await Network.open(COORDINATION, plan.slaves) : undefined;
    const disks = new Map<string, Disk>();
    for (const id of [COORDINATION, ...plan.slaves])
      disks.set(id, await Disk.make(plan.disks.get(id) ?? 'plain', join(plan.dir, id)));
    return new Cluster(plan, { network, disks, ...(await seatsOf(plan, network, disks)) });
  }

  get servers(): readonly Server[] {
    return [this.coordination, ...this.slaves.values()];
  }

  start(): void {
    for (const server of this.servers) server.start();
  }

  async status(): Promise<Status> {
    const response = await fetch(`http://${this.coordination.seat.host}:${this.#httpPort}/status`, {
      signal: AbortSignal.timeout(STATUS_MS),
    });
    const text = await response.text();
    const status = decodeStatus(text);
    if (status === undefined) throw new Error(`this is no status: ${text}`);
    this.#lastStatus = summaryOf(status);
    return status;
  }

  /** All copies that there should be, and every slave alive. Fails with the last status after that time. */
  async isWhole(withinMs: number): Promise<void> {
    const holds = async (): Promise<boolean> => {
      const { state, slaves } = await this.status();
      const alive = slaves.filter((slave) => slave.state === 'alive');
      return state === 'healthy' && alive.length === this.slaves.size;
    };
    await until('healthy with every slave alive', holds, { withinMs, now: () => this.#lastStatus });
  }

  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }
}

interface Prepared {
  readonly seats: readonly Seat[];
  readonly httpPort: number;
}

async function seatsOf(
  plan: ClusterPlan,
  network: Network | undefined,
  disks: ReadonlyMap<string, Disk>,
): Promise<Prepared> {
  const portsOf = async (): Promise<Ports> =>
    network === undefined
      ? { port: await freePort(), peerPort: await freePort(), httpPort: await freePort() }
      : OWN_PORTS;
  const hostOf = (id: string): string => network?.addressOf(id) ?? LOOPBACK;
  const dataOf = (id: string): string => disks.get(id)?.dir ?? join(plan.dir, id);
  const logs = join(plan.dir, 'logs');
  mkdirSync(logs, { recursive: true });
  const seat = (id: string, rest: Pick<Seat, 'program' | 'options' | 'dir' | 'port'>): Seat => ({
    id,
    host: hostOf(id),
    logFile: join(logs, `${id}.log`),
    prefix: network?.prefixOf(id) ?? [],
    ...rest,
    options: ['--host', hostOf(id), ...rest.options],
  });
  const { port, peerPort, httpPort } = await portsOf();
  const seats = [
    seat(COORDINATION, {
      program: 'coordination-server',
      dir: dataOf(COORDINATION),
      port,
      options: [
        ...['--port', `${port}`, '--peer-port', `${peerPort}`, '--http-port', `${httpPort}`],
        ...['--replicas', `${plan.replicas}`],
      ],
    }),
  ];
  for (const id of plan.slaves) {
    const own = await portsOf();
    const options = ['--id', id, '--port', `${own.port}`, '--peer-port', `${own.peerPort}`];
    seats.push(
      seat(id, {
        program: 'slave-server',
        dir: dataOf(id),
        port: own.port,
        options: [
          ...options,
          '--coordination',
          `${hostOf(COORDINATION)}:${peerPort}`,
          '--durability',
          'fsync',
        ],
      }),
    );
  }
  return { seats, httpPort };
}

function summaryOf({ state, epoch, healing, slaves }: Status): string {
  const each = slaves.map(
    ({ id, state: stage, own, previous }) => `${id} ${stage} ${own.partitions}+${previous.partitions}`,
  );
  return `${state}, epoch ${epoch}, ${healing.partitions} partitions healing; ${each.join(', ')}`;
}
