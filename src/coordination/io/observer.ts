/**
 * The observer: answers whoever asks what the cluster looks like, over RESP and over HTTP.
 *
 * What it says is computed from the machine's state, and computed anew only when something may have
 * changed since the last question: dashboards and tests ask many times a second. It changes nothing itself; an
 * operator's orders it hands on.
 */
import { textOf, wrongArity } from '../../common/command/errors.ts';
import type { InfoSection } from '../../common/command/info.ts';
import { keyRangesOf } from '../../common/command/key-ranges.ts';
import { admin, type Status } from '../../common/message/admin.ts';
import { Failure, OK, type Reply } from '../../common/reply.ts';
import type { View } from '../../common/view.ts';
import { eventsSince } from '../chronicle.ts';
import { orderOf } from '../order-words.ts';
import type { Order } from '../order.ts';
import { statusPage } from '../status-page.ts';
import { meaningOf, ringPictureOf, statusOf, whereOf } from '../status.ts';
import type { CoordinatorRunner } from './coordinator-runner.ts';

export class Observer {
  readonly #runner: CoordinatorRunner;
  readonly #startedAt = performance.now();
  readonly #status: Kept<number, Status>;
  readonly #keyRange = new Kept((view: View) => jsonOf(keyRangesOf(view, false)));
  readonly #keyRangeRead = new Kept((view: View) => jsonOf(keyRangesOf(view, true)));
  readonly #ring = new Kept((view: View) => jsonOf(ringPictureOf(view)));
  #isServing = false;

  constructor(runner: CoordinatorRunner) {
    this.#runner = runner;
    this.#status = new Kept(() => statusOf(runner.state));
  }

  /** All ports listen. */
  begin(): void {
    this.#isServing = true;
  }

  status(): Status {
    const status = this.#status.at(this.#runner.version);
    const uptimeMs = Math.round(performance.now() - this.#startedAt);
    return { ...status, coordination: { pid: process.pid, uptimeMs } };
  }

  page(): string {
    return statusPage(this.status());
  }

  /** Why nobody should be sent here; undefined: it serves. */
  notReady(): string | undefined {
    if (!this.#isServing) return 'it is starting: not all ports listen yet';
    const { state, slaves } = this.#status.at(this.#runner.version);
    if (state !== 'unavailable') return undefined;
    return slaves.length === 0 ? 'unavailable: no slave has joined yet' : `unavailable: ${meaningOf(state)}`;
  }

  /** `PIAZZA …`, the word itself first. */
  admin(args: readonly Buffer[]): Reply | Promise<Reply> | undefined {
    const { view } = this.#runner.state;
    const name = textOf(args[1]).toUpperCase();
    switch (name) {
      case admin.status:
        return alone(args, () => jsonOf(this.status()));
      case admin.where: {
        const [, , key, ...more] = args;
        return key === undefined || more.length > 0 ? wrongArity('piazza|where') : jsonOf(whereOf(view, key));
      }
      case admin.keyRange:
        return alone(args, () => this.#keyRange.at(view));
      case admin.keyRangeRead:
        return alone(args, () => this.#keyRangeRead.at(view));
      case admin.ring:
        return alone(args, () => this.#ring.at(view));
      case admin.events:
        return this.#events(args.slice(2).map((word) => textOf(word)));
      default:
        return this.#order(orderOf(args.slice(1), view.settings.partitions));
    }
  }

  #events([since = '0', ...more]: readonly string[]): Reply {
    if (more.length > 0) return wrongArity('piazza|events');
    if (!/^\d{1,15}$/.test(since)) return new Failure('ERR events are numbered from 1');
    return jsonOf(eventsSince(this.#runner.state.chronicle, Number(since)));
  }

  #order(order: Order | Failure | undefined): Reply | Promise<Reply> | undefined {
    if (order === undefined || order instanceof Failure) return order;
    return this.#runner
      .order(order)
      .then((refusal) => (refusal === undefined ? OK : new Failure(`ERR ${refusal}`)));
  }

  info(): readonly InfoSection[] {
    const { epoch, state, slaves, healing, lost } = this.#status.at(this.#runner.version);
    const keys = slaves.reduce((sum, { own }) => sum + own.keys, 0);
    return [
      [
        'Piazza',
        [
          ['piazza_state', state],
          ['piazza_epoch', epoch],
          ['piazza_slaves', slaves.length],
          ['piazza_slaves_alive', slaves.filter((slave) => slave.state === 'alive').length],
          ['piazza_partitions_healing', healing.partitions],
          ['piazza_partitions_lost', lost?.length ?? 0],
        ],
      ],
      // As the slaves last reported; DBSIZE counts.
      ['Keyspace', keys === 0 ? [] : [['db0', `keys=${keys},expires=0,avg_ttl=0`]]],
    ];
  }
}

/** For those that take no arguments. */
const alone = (args: readonly Buffer[], answer: () => Buffer): Reply =>
  args.length === 2 ? answer() : wrongArity(`piazza|${textOf(args[1]).toLowerCase()}`);

const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A value that is computed once for each mark. */
class Kept<Mark, Value> {
  readonly #compute: (mark: Mark) => Value;
  #kept: { readonly mark: Mark; readonly value: Value } | undefined;

  constructor(compute: (mark: Mark) => Value) {
    this.#compute = compute;
  }

  at(mark: Mark): Value {
    if (this.#kept?.mark !== mark) this.#kept = { mark, value: this.#compute(mark) };
    return this.#kept.value;
  }
}
