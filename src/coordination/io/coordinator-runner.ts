/**
 * The coordinator's runner: feeds the machine, and has its effects carried out in their order.
 *
 *     feed ─► queue ─► step ─► effects, one after the other ─► hands
 *                       ▲                                        │
 *                       └──────── durable, heartbeats-read ◄─────┘
 *
 * The hands may feed while an effect is carried out: that input waits until the step's last effect is
 * done. One timer wakes the machine when it asked for it. Nothing is decided here.
 *
 * Invariants
 *   1. A step never begins within another, or between two effects of another.
 *   2. Before `begin` and after `freeze` there is no step and no effect.
 */
import { Deque } from '../../common/deque.ts';
import { now, wallNow } from '../../common/io/clock.ts';
import { unreachable } from '../../common/invariant.ts';
import { type Effect, init, type Input, type State, step, wakeAt } from '../coordinator.ts';
import type { Policy } from '../grace.ts';
import type { Journal } from '../journal.ts';
import type { Order, Refusal } from '../order.ts';

type Without<T, Name extends string> = T extends unknown ? Omit<T, Name> : never;

/** An input of the machine; the runner adds when it came. */
export type News = Without<Input, 'now' | 'wall'>;

type Carrying<Kind extends Effect['kind']> = Extract<Effect, { kind: Kind }>;

/** What the machine can have done in the world. None of these may throw. */
export interface Hands {
  commit(changes: Carrying<'journal'>['changes'], done: () => void): void;
  send(link: Carrying<'send'>['link'], message: Carrying<'send'>['message']): void;
  closeLink(link: Carrying<'close-link'>['link']): void;
  answerHeartbeat(
    to: Carrying<'answer-heartbeat'>['to'],
    answer: Carrying<'answer-heartbeat'>['answer'],
  ): void;
  readHeartbeats(done: () => void): void;
  /** `refused` is called if the slave's peer port turns a connection away. */
  probe(record: Carrying<'probe'>['record'], refused: () => void): void;
  viewChanged(
    view: Carrying<'view-changed'>['view'],
    unavailable: Carrying<'view-changed'>['unavailable'],
  ): void;
  event(text: string, level: 'info' | 'warn'): void;
  stop(why: string): void;
}

export class CoordinatorRunner {
  readonly #journal: Journal;
  readonly #hands: Hands;
  readonly #policy: Policy | undefined;
  /** As long as what one step's effects feed: nothing else comes in between. */
  readonly #queue = new Deque<News>();
  #state: State;
  #phase: 'waiting' | 'running' | 'frozen' = 'waiting';
  #isStepping = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #version = 0;
  #ordered = 0;
  readonly #orders = new Map<number, (refusal: Refusal) => void>();

  constructor(journal: Journal, hands: Hands, policy?: Policy) {
    this.#journal = journal;
    this.#hands = hands;
    this.#policy = policy;
    this.#state = init(journal, times(), policy);
  }

  /** To look at; before `begin` it shows what the journal holds. */
  get state(): State {
    return this.#state;
  }

  /** From now on it is listened: the machine's first window starts here. */
  begin(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'running';
    this.#state = init(this.#journal, times(), this.#policy);
    this.#version += 1;
    this.#arm();
  }

  /** Another number whenever what an observer can see of the state may have changed. */
  get version(): number {
    return this.#version;
  }

  /** Before `begin`, and after `freeze`: nothing. */
  feed(news: News): void {
    if (this.#phase !== 'running') return;
    this.#queue.push(news);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    this.#isStepping = false;
    this.#arm();
  }

  /** An operator's order; answers why it is turned down, or undefined when it is taken. */
  order(order: Order): Promise<Refusal> {
    if (this.#phase !== 'running') return Promise.resolve('the coordination server is not serving');
    return new Promise((answer) => {
      const request = (this.#ordered += 1);
      this.#orders.set(request, answer);
      this.feed({ kind: 'order', request, order });
    });
  }

  /** From now on what comes is not heard, and nothing is done: what is journaled is how it stays. */
  freeze(): void {
    this.#phase = 'frozen';
    clearTimeout(this.#timer);
    for (const answer of this.#orders.values()) answer('the coordination server stops');
    this.#orders.clear();
  }

  #step(news: News): void {
    if (this.#phase !== 'running') return;
    const effects = step(this.#state, { ...times(), ...news });
    if (!isQuiet(news) || effects.some((effect) => !isUnseen(effect))) this.#version += 1;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const hands = this.#hands;
    switch (effect.kind) {
      case 'journal':
        return hands.commit(effect.changes, () => this.feed({ kind: 'durable' }));
      case 'send':
        return hands.send(effect.link, effect.message);
      case 'close-link':
        return hands.closeLink(effect.link);
      case 'answer-heartbeat':
        return hands.answerHeartbeat(effect.to, effect.answer);
      case 'read-heartbeats':
        return hands.readHeartbeats(() => this.feed({ kind: 'heartbeats-read' }));
      case 'probe': {
        const { id: slave, store, boot } = effect.record;
        return hands.probe(effect.record, () =>
          this.feed({ kind: 'probe-refused', slave, store, nonce: boot.nonce }),
        );
      }
      case 'view-changed':
        return hands.viewChanged(effect.view, effect.unavailable);
      case 'event':
        return hands.event(effect.text, effect.level);
      case 'order-answer':
        this.#orders.get(effect.request)?.(effect.refusal);
        this.#orders.delete(effect.request);
        return;
      case 'stop':
        return hands.stop(effect.why);
      default:
        return unreachable(effect);
    }
  }

  #arm(): void {
    const when = wakeAt(this.#state);
    if (this.#phase !== 'running' || when === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = when;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity;
        this.feed({ kind: 'tick' });
      },
      Math.max(1, Math.ceil(when - now())),
    );
  }
}

const times = () => ({ now: now(), wall: wallNow() });

/** Inputs that come all the time, and change nothing that can be seen unless they have effects. */
const isQuiet = ({ kind }: News): boolean =>
  kind === 'heartbeat' || kind === 'heartbeats-read' || kind === 'tick';

const isUnseen = ({ kind }: Effect): boolean => kind === 'answer-heartbeat' || kind === 'read-heartbeats';
