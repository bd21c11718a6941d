/**
 * A coordination server that does as it is told: takes registrations, announces what the test configures.
 *
 * It fences nobody and judges nobody; heartbeats fall on deaf ears. Configurations get rising epochs, and an
 * owner is named with the nonce of its present start.
 */
import { randomBytes } from 'node:crypto';

import { epoch, partition, slaveId, type SlaveId, storeId } from '../../src/common/ids.ts';
import { type Link, type LinkListener, listenLinks } from '../../src/common/io/link.ts';
import { decodeFromSlave, encodeControl } from '../../src/common/message/control-codec.ts';
import type { FromSlave, Registration, ToSlave } from '../../src/common/message/control.ts';
import type { ClusterSettings, Configuration, SlaveRecord, ViewChange } from '../../src/common/view.ts';

export const PARTITIONS = 16;

const settings: ClusterSettings = {
  partitions: PARTITIONS,
  replicas: 2,
  minCopies: 1,
  tokens: 32,
  replication: 'successor',
  heartbeatMs: 100,
  windowMs: 600,
  promiseMs: 500,
  requestTimeoutMs: 1_500,
};

type Kind = FromSlave['kind'];

export class FakeCoordination {
  readonly heard: { readonly from: SlaveId; readonly message: FromSlave }[] = [];
  readonly #links = new Map<SlaveId, Link>();
  readonly #registrations = new Map<SlaveId, Registration>();
  readonly #waiting = new Set<() => void>();
  readonly #clusterId = randomBytes(8).toString('hex');
  #configurations: readonly Configuration[] = Array.from({ length: PARTITIONS }, () => ({
    epoch: epoch(0),
    members: [],
    ownerNonce: '',
  }));
  #listener: LinkListener | undefined;
  #epoch = 0;
  /** What it answers to registrations instead of taking them. */
  refusal: (ToSlave & { readonly kind: 'refused' }) | undefined;

  async open(port = 0): Promise<this> {
    this.#listener = await listenLinks({
      host: '127.0.0.1',
      port,
      accepted: (link) => {
        let from: SlaveId | undefined;
        return {
          frames: (_, frames) => {
            for (const frame of frames) {
              const message = decodeFromSlave(frame);
              if (message?.kind === 'register') from = message.slave;
              if (message !== undefined && from !== undefined) this.#onMessage(link, from, message);
            }
          },
          closed: () => {
            if (from !== undefined && this.#links.get(from) === link) this.#links.delete(from);
            this.#stir();
          },
        };
      },
    });
    return this;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  registration(slave: string): Registration {
    const found = this.#registrations.get(slaveId(slave));
    if (found === undefined) throw new Error(`${slave} has not registered`);
    return found;
  }

  /** Waits for a message of a slave: the `count`th of its kind since the start. */
  async message<K extends Kind>(slave: string, kind: K, count = 1): Promise<Extract<FromSlave, { kind: K }>> {
    for (;;) {
      const found = this.heard.filter(({ from, message }) => from === slave && message.kind === kind);
      const wanted = found[count - 1]?.message;
      if (wanted !== undefined) return wanted as Extract<FromSlave, { kind: K }>; // It was filtered by its kind.
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** All partitions under a new epoch with these members, the owner first; resolves when the owner serves them. */
  async configure(...slaves: readonly string[]): Promise<void> {
    const [owner = ''] = slaves;
    const members = slaves.map((slave) => ({
      slave: slaveId(slave),
      store: storeId(this.registration(slave).store),
    }));
    this.#epoch += 1;
    const number = epoch(this.#epoch);
    const configuration = { epoch: number, members, ownerNonce: this.registration(owner).boot.nonce };
    this.#configurations = this.#configurations.map(() => configuration);
    const configurations = this.#configurations.map((_, index) => ({
      partition: partition(index),
      configuration,
    }));
    this.#announce({ epoch: number, slaves: [], gone: [], configurations });
    const isServing = (index: number): boolean =>
      this.heard.some(
        ({ from, message }) =>
          from === owner &&
          message.kind === 'serving' &&
          message.items.some((item) => item.partition === index && item.epoch === number),
      );
    while (!this.#configurations.every((_, index) => isServing(index))) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  tell(slave: string, message: ToSlave): void {
    this.#links.get(slaveId(slave))?.send(encodeControl(message));
  }

  /** A number that no configuration has had. */
  nextEpoch(): number {
    this.#epoch += 1;
    return this.#epoch;
  }

  #onMessage(link: Link, from: SlaveId, message: FromSlave): void {
    this.heard.push({ from, message });
    if (message.kind === 'register') this.#onRegister(link, message);
    this.#stir();
  }

  #onRegister(link: Link, message: Registration): void {
    if (this.refusal !== undefined) {
      link.send(encodeControl(this.refusal));
      return;
    }
    this.#registrations.set(message.slave, message);
    this.#links.set(message.slave, link);
    const view = {
      epoch: epoch(this.#epoch),
      settings,
      slaves: [...this.#registrations.values()].map(recordOf),
      configurations: this.#configurations,
    };
    link.send(encodeControl({ kind: 'registered', clusterId: this.#clusterId, view }));
    this.#announce({ epoch: epoch(this.#epoch), slaves: [recordOf(message)], gone: [], configurations: [] });
  }

  #announce(change: ViewChange): void {
    for (const link of this.#links.values()) link.send(encodeControl({ kind: 'view', ...change }));
  }

  #stir(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

const recordOf = ({ slave, store, boot, host, port, peerPort, pid }: Registration): SlaveRecord => ({
  ...{ id: slave, store: storeId(store), boot, host, port, peerPort, pid },
  stage: 'alive',
});
