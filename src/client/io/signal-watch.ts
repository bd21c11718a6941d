/**
 * Who is to be told when a signal aborts: one listener for each signal, however many calls share it.
 *
 * A program often hands the same signal to thousands of calls; a listener for each would be called a leak
 * by Node, and rightly, since taking one away searches the list.
 */
export interface Abortable {
  abort(): void;
}

interface Watch {
  readonly waiting: Set<Abortable>;
  readonly listener: () => void;
}

export class SignalWatch {
  /** Only of signals for which somebody waits. */
  readonly #watches = new Map<AbortSignal, Watch>();

  /** Answers with the way to wait no more. */
  add(signal: AbortSignal, call: Abortable): () => void {
    const watch = this.#watches.get(signal) ?? this.#begin(signal);
    watch.waiting.add(call);
    return () => {
      watch.waiting.delete(call);
      if (watch.waiting.size > 0 || this.#watches.get(signal) !== watch) return;
      this.#watches.delete(signal);
      signal.removeEventListener('abort', watch.listener);
    };
  }

  #begin(signal: AbortSignal): Watch {
    const waiting = new Set<Abortable>();
    const listener = (): void => {
      for (const call of [...waiting]) call.abort();
    };
    const watch = { waiting, listener };
    signal.addEventListener('abort', listener, { once: true });
    this.#watches.set(signal, watch);
    return watch;
  }
}
