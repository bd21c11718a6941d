/**
 * Carries one operation out: the hands of the session machine, and the only place in the client where
 * its inputs, its effects, time, connections and promises meet.
 *
 * The promise is always settled: by an answer, or by the session's deadline, for which a timer is set.
 */
import type { Prng } from '../../common/prng.ts';
import { type Instant, instant } from '../../common/time.ts';
import type { Address } from '../address.ts';
import { type Effect, init, type Input, type State, step, wakeAt } from '../session.ts';
import type { Outcome } from '../outcome.ts';
import type { Purpose } from '../retry.ts';
import type { Connection, Words } from './connection.ts';
import type { Pool } from './pool.ts';

export interface Order {
  readonly words: Words;
  readonly purpose: Purpose;
  readonly timeoutMs: number;
}

export interface Means {
  readonly contacts: readonly Address[];
  readonly pool: Pool;
  readonly random: Prng;
}

interface Attempt {
  readonly connection: Connection;
  readonly forget: () => void;
}

const now = (): Instant => instant(performance.now());

export class Operation {
  /** How it ended; never rejects. */
  readonly outcome: Promise<Outcome>;
  readonly #order: Order;
  readonly #pool: Pool;
  readonly #session: State;
  readonly #inbox: Input[] = [];
  #settle: (outcome: Outcome) => void = () => undefined;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #attempt: Attempt | undefined;

  constructor(order: Order, { contacts, pool, random }: Means) {
    this.#order = order;
    this.#pool = pool;
    const deadline = instant(now() + order.timeoutMs);
    this.#session = init({ contacts, purpose: order.purpose, deadline, random });
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#accept({ kind: 'begin', now: now() });
  }

  abort(): void {
    this.#accept({ kind: 'aborted' });
  }

  /** Inputs are taken one after another, also when an effect answers at once. */
  #accept(input: Input): void {
    this.#inbox.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      for (const effect of step(this.#session, next)) this.#perform(effect);
    }
    this.#running = false;
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const when = wakeAt(this.#session);
    if (when === undefined) return;
    // A timer may fire a fraction early; the machine then asks for another one, a millisecond long.
    this.#timer = setTimeout(
      () => {
        this.#accept({ kind: 'tick', now: now() });
      },
      Math.max(1, Math.ceil(when - now())),
    );
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'attempt':
        this.#try(effect.attempt, effect.to);
        return;
      case 'abandon':
        this.#abandon(effect.suspect);
        return;
      case 'settle':
        this.#settle(effect.outcome);
    }
  }

  #try(attempt: number, to: Address): void {
    const connection = this.#pool.to(to);
    const forget = connection.ask(this.#order.words, {
      sent: () => {
        this.#accept({ kind: 'sent', attempt, now: now() });
      },
      answered: (reply) => {
        this.#accept({ kind: 'answered', attempt, reply, now: now() });
      },
      broken: (why) => {
        this.#accept({ kind: 'broken', attempt, why, now: now() });
      },
    });
    this.#attempt = { connection, forget };
  }

  #abandon(suspect: boolean): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    attempt.forget();
    if (suspect) this.#pool.retire(attempt.connection);
  }
}
