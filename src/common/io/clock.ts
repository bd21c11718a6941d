/**
 * The clocks of this machine, read where they are needed and handed inwards as values.
 *
 * The monotonic clock is the one everything is measured with, and it may stand still while the
 * machine is suspended (protocol P5). The wall clock and the time since boot go on, so a sleep shows as
 * a gap between them:
 *
 *      monotonic  ├────┤zzzzzz├──┤         elapsed 1.2 s
 *      wall       ├──────────────┤         elapsed 61.2 s      further apart than the allowance: slept
 *      uptime     ├──────────────┤
 *
 * A wall clock that is set shows the same way, and is answered the same way: dropping promises costs
 * a round trip, keeping one too long costs the truth.
 */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

import { instant, SLEEP_ALLOWANCE_MS, stamp, type Instant, type Stamp } from '../time.ts';

export const now = (): Instant => instant(performance.now());

export const wallNow = (): Stamp => stamp(Date.now());

/** Clocks in milliseconds; a test hands in its own. */
export interface Clocks {
  monotonic(): number;
  wall(): number;
  uptime(): number;
}

const machineClocks: Clocks = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  uptime: () => uptime() * 1_000,
};

/** Reading uptime costs some microseconds, so it is not read on every turn. */
const UPTIME_EVERY_MS = 5;

/** The gap is measured over up to this long, so that short sleeps add up; and forgotten then, so that drift does not. */
const BASELINE_MS = 1_000;

interface Reading {
  readonly monotonic: number;
  readonly wall: number;
  readonly uptime: number;
}

/** Says whether the machine slept, or its clock was set, since it was last asked. */
export class SleepDetector {
  readonly #clocks: Clocks;
  readonly #allowanceMs: number;
  #baseline: Reading;
  #uptimeReadAt: number;

  constructor(clocks: Clocks = machineClocks, allowanceMs = SLEEP_ALLOWANCE_MS) {
    this.#clocks = clocks;
    this.#allowanceMs = allowanceMs;
    this.#baseline = this.#read();
    this.#uptimeReadAt = this.#baseline.monotonic;
  }

  slept(): boolean {
    const monotonic = this.#clocks.monotonic();
    const wall = this.#clocks.wall();
    const elapsed = monotonic - this.#baseline.monotonic;
    const slept =
      this.#isApart(wall - this.#baseline.wall, elapsed) ||
      (this.#isUptimeDue(monotonic) && this.#uptimeIsApart());
    if (slept || elapsed >= BASELINE_MS) {
      this.#baseline = this.#read();
      this.#uptimeReadAt = this.#baseline.monotonic;
    }
    return slept;
  }

  #isUptimeDue(monotonic: number): boolean {
    return monotonic - this.#uptimeReadAt >= UPTIME_EVERY_MS;
  }

  #uptimeIsApart(): boolean {
    // Reading takes time itself: the monotonic clock is read beside it, not taken from before.
    const { monotonic, uptime: up } = this.#read();
    this.#uptimeReadAt = monotonic;
    return this.#isApart(up - this.#baseline.uptime, monotonic - this.#baseline.monotonic);
  }

  #isApart(elapsed: number, monotonicElapsed: number): boolean {
    return Math.abs(elapsed - monotonicElapsed) > this.#allowanceMs;
  }

  #read(): Reading {
    return {
      monotonic: this.#clocks.monotonic(),
      wall: this.#clocks.wall(),
      uptime: this.#clocks.uptime(),
    };
  }
}

/** Names this start of the kernel (protocol I4); undefined where the system does not say. */
export function kernelBootId(path = '/proc/sys/kernel/random/boot_id'): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
