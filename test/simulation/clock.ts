/**
 * The clocks of one simulated machine: one that measures, at its own rate, and one on the wall, which may jump.
 *
 * While the machine is suspended the first stands still and the second goes on, as on a laptop whose lid
 * is closed. No two machines' measuring clocks have anything to do with each other.
 */
import type { Clocks } from '../../src/common/io/clock.ts';
import { instant, type Instant, type Stamp, stamp } from '../../src/common/time.ts';
import type { World } from './world.ts';

const WALL_AT_START = 1_700_000_000_000;

/** Two clocks of which one is this much faster, and one this much slower, are within the 1 % that promises count off. */
const DRIFT_MAX = 0.0045;

/** Clocks on walls are set by hand, or by another machine's. */
const WALL_OFFSET_MAX_MS = 2_500;

/** From -1 to 1, and often one of the two. */
const edged = (value: number): number => Math.max(-1, Math.min(1, value));

export class MachineClock implements Clocks {
  readonly #world: World;
  readonly #rate: number;
  readonly #offset: number;
  #asleepMs = 0;
  #jumpedMs: number;

  constructor(world: World) {
    this.#world = world;
    this.#rate = 1 + edged(world.random.next() * 4 - 2) * DRIFT_MAX;
    this.#offset = world.between(1_000, 1_000_000);
    this.#jumpedMs = world.between(-WALL_OFFSET_MAX_MS, WALL_OFFSET_MAX_MS);
  }

  monotonic(): Instant {
    return instant(this.#offset + (this.#world.now - this.#asleepMs) * this.#rate);
  }

  wall(): Stamp {
    return stamp(WALL_AT_START + this.#world.now + this.#jumpedMs);
  }

  uptime(): number {
    return this.#offset + this.#world.now * this.#rate;
  }

  /** How long a timer of so many milliseconds takes in the world. */
  inWorld(ms: number): number {
    return ms / this.#rate;
  }

  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** It was suspended for so long, until now. */
  slept(ms: number): void {
    this.#asleepMs += ms;
  }
}
