/**
 * A slave as far as the coordination server can see: a control link, a peer port, heartbeats. It holds no data.
 *
 * It says yes to everything: answers fences, adopts at once what it is told to grow into, opens what it owns.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';

import { epoch, type Partition, type SlaveId, slaveId, type StoreId, storeId } from '../../src/common/ids.ts';
import { dialLink, type Link, type LinkListener, listenLinks } from '../../src/common/io/link.ts';
import { decodeToSlave, encodeControl } from '../../src/common/message/control-codec.ts';
import type { FenceAnswer, FromSlave, Registration, ToSlave } from '../../src/common/message/control.ts';
import { changeView, type Configuration, type View, viewOf } from '../../src/common/view.ts';
import { encodeHeartbeat } from '../../src/common/wire/datagram.ts';

const HOST = '127.0.0.1';
const UNFOUNDED: Configuration = { epoch: epoch(0), members: [], ownerNonce: '' };

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export class LinkSlave {
  readonly id: SlaveId;
  readonly store: StoreId = storeId(hex(16));
  readonly heard: ToSlave[] = [];
  view: View | undefined;
  boot = { count: 1, nonce: hex(8) };
  clusterId: string | undefined;
  /** How long it takes to open a partition of which it has become the owner. */
  opensAfterMs = 0;
  /** The highest epoch it has sworn to. */
  sworn = epoch(0);
  #link: Link | undefined;
  #peers: LinkListener | undefined;
  #beating: NodeJS.Timeout | undefined;
  readonly #socket = createSocket('udp4');
  #sequence = 0;

  constructor(id: string) {
    this.id = slaveId(id);
  }

  get isLinked(): boolean {
    return this.#link?.isOpen === true;
  }

  /** Dials and registers; resolves when it was answered. */
  async join(peerPort: number, different: Partial<Registration> = {}): Promise<ToSlave> {
    this.#peers ??= await listenLinks({
      host: HOST,
      port: 0,
      accepted: () => ({ frames: () => undefined, closed: () => undefined }),
    });
    const before = this.heard.length;
    this.#link = await dialLink({
      host: HOST,
      port: peerPort,
      timeoutMs: 1_000,
      handler: () => ({
        frames: (_link, frames) => frames.forEach((frame) => this.#hear(decodeToSlave(frame))),
        closed: () => undefined,
      }),
    });
    this.tell({ ...this.#registration(), ...different });
    const isAnswer = ({ kind }: ToSlave): boolean => kind === 'registered' || kind === 'refused';
    await until(() => this.heard.slice(before).some(isAnswer));
    const answer = this.heard.slice(before).find(isAnswer) as ToSlave;
    if (answer.kind === 'registered') this.#beat(peerPort);
    return answer;
  }

  tell(message: FromSlave): void {
    this.#link?.send(encodeControl(message));
  }

  send(frame: Buffer): void {
    this.#link?.send(frame);
  }

  /** As a process that was killed: the link is cut, the peer port refuses, no heartbeat is sent. */
  async die(): Promise<void> {
    clearInterval(this.#beating);
    await this.#peers?.close();
    this.#peers = undefined;
    this.#link?.destroy();
  }

  async end(): Promise<void> {
    await this.die();
    this.#socket.close();
  }

  #registration(): Registration {
    return {
      kind: 'register',
      clusterId: this.clusterId,
      slave: this.id,
      store: this.store,
      boot: this.boot,
      kernelBoot: 'k',
      isSameKernelBoot: true,
      durability: 'fsync',
      host: HOST,
      port: 1,
      peerPort: this.#peers?.port ?? 1,
      isLeaving: false,
      pid: process.pid,
      epoch: this.sworn,
      adopted: [],
    };
  }

  #hear(message: ToSlave | undefined): void {
    if (message === undefined) throw new Error(`${this.id} was told what it cannot understand`);
    this.heard.push(message);
    switch (message.kind) {
      case 'registered':
        this.clusterId = message.clusterId;
        this.view = viewOf(message.clusterId, message.view);
        this.#open(
          this.view.configurations.map((configuration, partition) => ({
            partition: partition as Partition,
            configuration,
          })),
        );
        break;
      case 'view':
        this.view = this.view && changeView(this.view, message);
        this.#open(message.configurations);
        break;
      case 'fence':
        this.sworn = message.epoch;
        this.tell({
          kind: 'fenced',
          epoch: message.epoch,
          answers: message.partitions.map((partition) => this.#answer(partition)),
        });
        break;
      case 'grow': {
        const { partition, members, ownerNonce } = message;
        this.tell({ kind: 'grown', partition, configuration: { epoch: message.epoch, members, ownerNonce } });
        break;
      }
      default:
    }
  }

  #open(configurations: readonly { partition: Partition; configuration: Configuration }[]): void {
    const items = configurations
      .filter(({ configuration }) => configuration.members[0]?.store === this.store)
      .map(({ partition, configuration }) => ({ partition, epoch: configuration.epoch }));
    if (items.length > 0) setTimeout(() => this.tell({ kind: 'serving', items }), this.opensAfterMs);
  }

  #answer(partition: Partition): FenceAnswer {
    const adopted = this.view?.configurations[partition] ?? UNFOUNDED;
    return { partition, end: { epoch: adopted.epoch, seq: 0 }, adopted, promised: [], promisedAllMs: 0 };
  }

  #beat(port: number): void {
    clearInterval(this.#beating);
    this.#beating = setInterval(() => {
      this.#sequence += 1;
      const beat = encodeHeartbeat({
        clusterId: this.clusterId ?? 'none',
        slave: this.id,
        store: this.store,
        bootNonce: this.boot.nonce,
        sequence: this.#sequence,
        viewEpoch: this.view?.epoch ?? epoch(0),
        loopCounter: this.#sequence,
        commands: 0,
        lastCommit: 0,
        loopLagMs: 0,
        commitHung: false,
        unheard: [],
      });
      this.#socket.send(beat, port, HOST);
    }, 30);
  }
}
