/**
 * Handing over before the end: a slave that is stopped asks to be drained, and waits for it within a bound.
 *
 *     stop ─► ask ─► drained ─► end         nothing is left to heal
 *                └─► refused, out of time, or nobody there to ask ─► end, and the ring heals as after a death
 *
 * Clients are served meanwhile. It waits, and decides nothing.
 */
import type { Log } from '../../common/io/log.ts';

export interface HandOverOptions {
  /** For how long at most; 0: not at all. */
  readonly boundMs: number;
  readonly ask: () => void;
  /** Whether there is a coordination server that could hear it. */
  readonly mayAsk: () => boolean;
  readonly log: Log;
}

export class HandOver {
  readonly #options: HandOverOptions;
  #isDrained = false;
  #settle: (() => void) | undefined;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** Answers whether everything is handed over. */
  async finish(): Promise<boolean> {
    const { boundMs, ask, mayAsk, log } = this.#options;
    if (this.#isDrained || boundMs === 0 || !mayAsk()) return this.#isDrained;
    log.info(`hands over what it holds first, for ${boundMs} ms at most`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#giveUp(`that took longer than ${boundMs} ms`), boundMs);
      this.#settle = () => {
        // The link that closes behind it is part of the end.
        this.#settle = undefined;
        clearTimeout(timer);
        resolve();
      };
      ask();
    });
    return this.#isDrained;
  }

  drained(): void {
    this.#isDrained = true;
    this.#settle?.();
  }

  /** The coordination server will not have it drained. */
  stays(why: string): void {
    this.#giveUp(why);
  }

  /** The coordination server is away: it would take no part of it. */
  alone(): void {
    if (this.#settle !== undefined) this.#giveUp('the coordination server is away');
  }

  #giveUp(why: string): void {
    this.#options.log.warn(`keeps what it holds in its directory: ${why}`);
    this.#settle?.();
  }
}
