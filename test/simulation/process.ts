/**
 * A simulated process: it lives, pauses, dies and starts again; timers and messages meant for an earlier life are lost.
 *
 * What comes while it is paused is held back, in order, and comes when it goes on: sockets keep what
 * arrives, and timers that are due all fire at once.
 */
import type { MachineClock } from './clock.ts';
import type { World } from './world.ts';

export class Process {
  readonly world: World;
  readonly clock: MachineClock;
  isUp = false;
  /** How often it was paused, in all its lives. */
  pauses = 0;
  /** Its machine was suspended, and it has not looked at its clocks since. */
  isDrowsy = false;
  #life = 0;
  #pausedUntil = 0;
  #held: (() => void)[] = [];

  constructor(world: World, clock: MachineClock) {
    this.world = world;
    this.clock = clock;
  }

  get life(): number {
    return this.#life;
  }

  get isPaused(): boolean {
    return this.#pausedUntil > this.world.now;
  }

  begin(): void {
    this.isDrowsy = false;
    this.#life += 1;
    this.isUp = true;
  }

  end(): void {
    this.#life += 1;
    this.isUp = false;
    this.#pausedUntil = 0;
    this.#held = [];
  }

  /** Lets it happen to this life, after its pause if it is paused. */
  to(happen: () => void): void {
    if (!this.isUp) return;
    if (!this.isPaused) return happen();
    const { life } = this;
    this.#held.push(() => {
      if (this.#life === life && this.isUp) happen();
    });
  }

  /** A timer of this life, by its own clock. */
  in(ms: number, happen: () => void): void {
    const { life } = this;
    this.world.in(this.clock.inWorld(ms), () => {
      if (this.#life === life) this.to(happen);
    });
  }

  /** Stops it for so long; `isAsleep`: with the machine, whose measuring clock stands still as well. */
  pause(ms: number, isAsleep = false): void {
    if (!this.isUp || (isAsleep && this.isPaused)) return;
    const { life } = this;
    this.pauses += 1;
    this.isDrowsy ||= isAsleep;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.world.now + ms);
    this.world.in(ms, () => {
      // Who lost power meanwhile did not wake up from this.
      if (this.#life !== life) return;
      if (isAsleep) this.clock.slept(ms);
      this.#goOn();
    });
  }

  /** What was held back comes, until it is paused again. */
  #goOn(): void {
    while (!this.isPaused) {
      const next = this.#held.shift();
      if (next === undefined) return;
      next();
    }
  }
}
