/**
 * The runner: drives the slave's machine and has its effects performed, one step at a time.
 *
 *     sockets, disk, timers ─► feed ─► queue ─► step ─► effects, in order ─► store, links, tickets
 *                                ▲                          │
 *                                └── durable, and whatever else an effect brings about
 *
 * A step is never entered from within a step: what an effect brings about waits in the queue until all
 * effects before it are performed. Before anything of a turn the clocks are compared (protocol P5).
 *
 * It decides nothing. What the disk refuses is final: the runner stops, and says so once.
 */
import { Deque } from '../../common/deque.ts';
import type { SlaveId } from '../../common/ids.ts';
import { unreachable } from '../../common/invariant.ts';
import { now, SleepDetector, wallNow } from '../../common/io/clock.ts';
import type { Machine } from '../../common/machine.ts';
import type { FromSlave } from '../../common/message/control.ts';
import { type Change, type OrderedStore, StoreFailure } from '../../common/ordered-store.ts';
import { BrokenStore } from '../../common/sealed.ts';
import type { Instant, Stamp } from '../../common/time.ts';
import type { View } from '../../common/view.ts';
import type { PeerMessage } from '../peer-message.ts';
import type { Answer } from '../replication/outbox.ts';
import { step, wakeAt } from '../slave.ts';
import type { Effect, Input, State, StoreName, Timed } from '../state.ts';

const slave = { step, wakeAt } satisfies Machine<State, Input, Effect>;

type Untimed<I> = I extends unknown ? Omit<I, keyof Timed> : never;

/** The store of the log, and beside it that of the tables. */
export interface Stores extends OrderedStore {
  readonly tables: OrderedStore;
}

/** An input, before the runner adds the time at which it is taken. */
export type Happening = Untimed<Input>;

/** Those who perform effects. None of them may feed on their own stack but through the runner. */
export interface Hands {
  send(to: SlaveId, messages: readonly PeerMessage[]): void;
  answer(answers: readonly Answer[]): void;
  tell(message: FromSlave): void;
  viewChanged(view: View): void;
  buried(): void;
  refused(why: string, isFinal: boolean): void;
  /** It is not to hand over: why. */
  stays(why: string): void;
  drained(): void;
  /** The machine slept: an answer to what was asked before it must not count after it. */
  slept(): void;
  /** The disk, or what lies on it, cannot be trusted any more. Nothing is fed from here on. */
  failed(error: Error): void;
}

export class MachineRunner {
  readonly state: State;
  readonly #store: Stores;
  readonly #hands: Hands;
  readonly #sleep = new SleepDetector();
  readonly #queue = new Deque<Happening>();
  /** When each commit that is under way was handed to the store. */
  readonly #commitsSince = new Deque<Instant>();
  #commitsDone = 0;
  #isStepping = false;
  #isStopped = false;
  #isStarted = false;
  #tickAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: State, store: Stores, hands: Hands) {
    this.state = state;
    this.#store = store;
    this.#hands = hands;
  }

  get commitsDone(): number {
    return this.#commitsDone;
  }

  /** For how long the oldest commit under way has not become durable; 0: there is none. */
  get commitWaitMs(): number {
    const since = this.#commitsSince.at(0);
    return since === undefined ? 0 : now() - since;
  }

  now(): Instant {
    return now();
  }

  wall(): Stamp {
    return wallNow();
  }

  atTurnEnd(then: () => void): void {
    setImmediate(then);
  }

  /** From here on the machine gets its ticks. */
  start(): void {
    this.#isStarted = true;
    this.#arm();
  }

  /** A tick is brought forward when the machine wants one sooner, and never put off. */
  #arm(): void {
    const due = slave.wakeAt(this.state);
    if (this.#isStopped || !this.#isStarted || this.#tickAt <= due) return;
    clearTimeout(this.#timer);
    this.#tickAt = due;
    this.#timer = setTimeout(
      () => {
        this.#tickAt = Infinity;
        this.feed({ kind: 'tick' });
      },
      Math.max(1, due - now()),
    );
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#queue.clear();
  }

  /** Compares the clocks; whoever reads what the machine knows calls this first. */
  wake(): void {
    if (this.#isStopped || this.#isStepping || !this.#sleep.slept()) return;
    this.#queue.push({ kind: 'slept' });
    this.#hands.slept();
    this.#run();
  }

  feed(happening: Happening): void {
    if (this.#isStopped) return;
    this.wake();
    this.#queue.push(happening);
    this.#run();
  }

  /** Runs what looks into the store: its failure is the end of this slave, not of the caller. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof StoreFailure) && !(error instanceof BrokenStore)) throw error;
      this.stop();
      this.#hands.failed(error);
    }
  }

  #run(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    this.guard(() => {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    });
    this.#isStepping = false;
    this.#arm();
  }

  #step(happening: Happening): void {
    for (const effect of slave.step(this.state, { now: now(), wall: wallNow(), ...happening }))
      this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'commit':
        return this.#commit(effect.store, effect.changes);
      case 'send':
        return this.#hands.send(effect.to, effect.messages);
      case 'answer':
        return this.#hands.answer(effect.answers);
      case 'tell':
        return this.#hands.tell(effect.message);
      case 'view-changed':
        return this.#hands.viewChanged(effect.view);
      case 'buried':
        return this.#hands.buried();
      case 'refused':
        return this.#hands.refused(effect.why, effect.isFinal);
      case 'stays':
        return this.#hands.stays(effect.why);
      case 'drained':
        return this.#hands.drained();
      default:
        return unreachable(effect);
    }
  }

  #commit(store: StoreName, changes: readonly Change[]): void {
    if (store === 'tables') {
      this.#store.tables.commit(changes, () => {
        this.feed({ kind: 'durable', store });
      });
      return;
    }
    this.#commitsSince.push(now());
    this.#store.commit(changes, () => {
      this.#commitsSince.shift();
      this.#commitsDone += 1;
      this.feed({ kind: 'durable', store });
    });
  }
}
