/**
 * How far a drain is, as a bar for a terminal and as a line for a log.
 *
 *   drain s2  [#############.................]   45%  53 of 96 partitions left  1199 keys left  about 13 s
 */
import type { SlaveStatus } from '../../common/message/admin.ts';
import { counted } from './counted.ts';
import { Pace } from './pace.ts';
import { barText } from './progress.ts';
import { durationText } from './status-text.ts';

const partitionsOn = ({ own, previous }: SlaveStatus): number => own.partitions + previous.partitions;

export class DrainText {
  readonly #slave: string;
  readonly #pace = new Pace();
  #had = 0;
  #left = 0;
  #keys = 0;

  constructor(slave: string) {
    this.#slave = slave;
  }

  add(status: SlaveStatus, nowMs: number): void {
    this.#left = partitionsOn(status);
    this.#keys = status.own.keys + status.previous.keys;
    this.#had = Math.max(this.#had, this.#left);
    this.#pace.add(nowMs, this.#left);
  }

  bar(): string {
    const share = this.#had === 0 ? 0 : 1 - this.#left / this.#had;
    return [`drain ${this.#slave}`, barText(share), ...this.#parts()].join('  ');
  }

  line(): string {
    return `drain ${this.#slave}: ${this.#parts().join(', ')}`;
  }

  died(status: SlaveStatus): string {
    const left = counted(partitionsOn(status), 'partition', 'partitions');
    return (
      `${this.#slave} died before it was drained, with ${left} still on it: ` +
      'the cluster heals as after any death; forget it if it will not return'
    );
  }

  #parts(): readonly string[] {
    const { perSecond, leftMs } = this.#pace;
    return [
      `${this.#left} of ${counted(this.#had, 'partition', 'partitions')} left`,
      `${counted(this.#keys, 'key', 'keys')} left`,
      ...(perSecond === undefined ? [] : [`${perSecond.toFixed(1)}/s`]),
      ...(leftMs === undefined ? [] : [`about ${durationText(leftMs)}`]),
    ];
  }
}
