/**
 * Failure detector: which beats count, and how much silence is a death.
 *
 * Kept apart from the counting, so that a rule can be changed without touching the tally. This
 * is the only file in which Piazza's patience is written:
 *
 *   - one whole window without a beat that counts is a death;
 *   - half a window without one is a suspicion, and so is a closed control link;
 *   - whoever slept convicts nobody: a tick that comes more than one heartbeat after the
 *     end of a window is no witness.
 *
 * Being wrong about a death is never unsafe (fencing does not rest on it), only wasteful.
 */
import { after, type Instant } from '../common/time.ts';

/** The cluster's two numbers, of the same names as in its settings. */
export interface Patience {
  /** How often a slave beats. */
  readonly heartbeatMs: number;
  /** How long a window lasts. Two beats or more fit into it, so that one may be lost. */
  readonly windowMs: number;
}

export interface Beat {
  /** The datagram's number since the slave's start. */
  readonly sequence: number;
  /** How far the slave's main loop has turned: the beat comes from a thread that outlives a stuck loop. */
  readonly loopCounter: number;
  /** A storage commit has hung for a whole window. */
  readonly commitHung: boolean;
}

/** What is remembered of a slave's beats to judge the next one by; undefined before there were any. */
export interface Heard {
  readonly sequence: number | undefined;
  /** The highest loop counter heard before the present window. */
  readonly loopCounterBefore: number | undefined;
}

/** A repeated or overtaken datagram is no news, a loop that stands still no life, and a hung disk no service. */
export function counts({ sequence, loopCounter, commitHung }: Beat, heard: Heard): boolean {
  if (heard.sequence !== undefined && sequence <= heard.sequence) return false;
  if (heard.loopCounterBefore !== undefined && loopCounter <= heard.loopCounterBefore) return false;
  return !commitHung;
}

/** When a silence that began then becomes a suspicion. */
export const suspicionAt = (quietSince: Instant, { windowMs }: Patience): Instant =>
  after(quietSince, windowMs / 2);

/** Whether who was to look at `due` and looks only now has slept. */
export const hasSlept = (due: Instant, now: Instant, { heartbeatMs }: Patience): boolean =>
  now > after(due, heartbeatMs);
