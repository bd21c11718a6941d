/**
 * Data that is given up by an operator's order, as the judge is told of it.
 *
 *     order ─► … ─► a configuration that begins anew is announced ─► its owner serves
 *       └────────── every key of the partition is gone, once ──────────┘
 *
 * What reappears behind that was forfeited and came back; an order that nothing came of took nothing away.
 */
import { key, type Partition } from '../../src/common/ids.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import type { View } from '../../src/common/view.ts';
import type { Operation } from '../judge/history.ts';
import type { SlaveProcess } from './slave.ts';
import { ALL_KEYS } from './wishes.ts';

interface Loss {
  readonly partition: Partition;
  readonly since: number;
  readonly began: number;
  /** When it was first served anew; Infinity: not yet. */
  ended: number;
}

export class Losses {
  readonly #partitions: number;
  /** By partition: when its loss was last ordered. */
  readonly #ordered = new Map<Partition, number>();
  readonly #losses: Loss[] = [];
  /** Those that nobody has served yet. */
  #open: Loss[] = [];

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  ordered(partitions: readonly Partition[], now: number): void {
    for (const partition of partitions) this.#ordered.set(partition, now);
  }

  announced({ configurations }: View): void {
    configurations.forEach(({ since }, index) => {
      const partition = index as Partition; // An index of configurations is a partition.
      const began = this.#ordered.get(partition);
      if (since === undefined || began === undefined) return;
      if (this.#losses.some((loss) => loss.partition === partition && loss.since === since)) return;
      const loss = { partition, since, began, ended: Infinity };
      this.#losses.push(loss);
      this.#open.push(loss);
    });
  }

  /** What began anew and was never served, perhaps on a slave that was just going. */
  get unserved(): readonly Partition[] {
    const last = new Map(this.#losses.map((loss) => [loss.partition, loss]));
    return [...last.values()].filter(({ ended }) => ended === Infinity).map(({ partition }) => partition);
  }

  stepped({ state }: SlaveProcess, now: number): void {
    if (this.#open.length === 0) return;
    for (const loss of this.#open) {
      const replica = state.replicas[loss.partition];
      if (replica?.phase === 'open' && replica.configuration.since === loss.since) loss.ended = now;
    }
    this.#open = this.#open.filter(({ ended }) => ended === Infinity);
  }

  operations(): readonly Operation[] {
    const lost = this.#losses.flatMap((loss) =>
      ALL_KEYS.filter((name) => this.#partitionOf(name) === loss.partition).map((name) => ({ loss, name })),
    );
    return lost.map(({ loss: { began, ended }, name }, index) => ({
      ...{ id: -1 - index, client: `operator${index}`, command: ['FORFEIT', name], began, ended },
      reply: ended === Infinity ? undefined : 'OK',
    }));
  }

  #partitionOf(name: string): Partition {
    return partitionOf(slotOf(key(Buffer.from(name))), this.#partitions);
  }
}
