/**
 * The shape every protocol in Piazza has, so that one runner and one simulator can drive them all.
 *
 * Effects are an ordered list. An effect is performed only after all effects before it have been
 * started; what must be durable first is never in the same list as what depends on it: its
 * completion comes back as an input, and the step for that input speaks.
 */
import type { Instant } from './time.ts';

export interface Machine<State, Input, Effect> {
  /**
   * Take one input; answer with what the world should now do, in order.
   * Writes `state` and nothing else. Reads no clock, no random, no file, no socket.
   */
  step(state: State, input: Input): readonly Effect[];

  /** When the machine next wants a tick, if nothing else happens first. */
  wakeAt(state: State): Instant | undefined;
}
