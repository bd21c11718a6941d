/**
 * What clients want: which keys there are, and how often each is asked for what.
 *
 *     hot        a handful that everybody reads and writes
 *     counted    counters
 *     mortal     keys with lives of every length, prolonged, shortened and spared
 *     cold       written once, early; seldom read, and once more at the end: they live in tables and snapshots only
 *
 * Every value is written once, so a read tells which write it saw.
 */
import type { World } from './world.ts';

const HOT = ['k0', 'k0', 'k0', 'k1', 'k2', 'k3', 'k4', 'k5', '{h}1', '{h}2'];
const COUNTED = ['c0', 'c1'];
const MORTAL = ['e0', 'e1', 'e2', 'e3', 'e4', 'e5'];
export const COLD: readonly string[] = Array.from({ length: 150 }, (_, index) => `cold${index}`);

export const ALL_KEYS: readonly string[] = [...new Set([...HOT, ...COUNTED, ...MORTAL, ...COLD])];

type Command = readonly string[];

export class Wishes {
  readonly #world: World;
  #values = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Of a client that waits for each answer. */
  next(): Command {
    const world = this.#world;
    const name = world.pick(HOT);
    const dice = world.between(1, 100);
    if (dice <= 28) return ['GET', name];
    if (dice <= 48) return ['SET', name, this.value()];
    if (dice <= 66) return this.#conditional(name);
    return dice <= 83 ? this.#counted(dice) : this.#rare(dice);
  }

  /** Of a client that reads at a copy. */
  atCopy(): Command {
    const world = this.#world;
    const dice = world.between(1, 100);
    if (dice <= 60) return ['GET', world.pick(HOT)];
    if (dice <= 75) return ['GET', world.pick(COLD)];
    return dice <= 85 ? ['GET', world.pick(MORTAL)] : ['MGET', '{h}1', '{h}2'];
  }

  /** What a client sends ahead: most of it to one key, so that their order shows. */
  ahead(count: number): readonly Command[] {
    const world = this.#world;
    const [name, counter] = [world.pick(HOT), world.pick(COUNTED)];
    return Array.from({ length: count }, () => {
      const dice = world.between(1, 100);
      if (dice <= 40) return ['SET', name, this.value()];
      if (dice <= 65) return ['GET', name];
      if (dice <= 75) return ['GETSET', name, this.value()];
      return dice <= 90 ? ['INCR', counter] : ['GET', world.pick(HOT)];
    });
  }

  /** Of a client that gives lives to keys and looks whether they are over. */
  mortal(): Command {
    const world = this.#world;
    const name = world.pick(MORTAL);
    const dice = world.between(1, 100);
    if (dice <= 70) return ['GET', name];
    if (dice <= 88) return ['SET', name, this.value(), 'PX', this.#life()];
    if (dice <= 92) return ['PEXPIRE', name, this.#life()];
    if (dice <= 94) return ['EXPIRE', name, `${world.between(1, 4)}`];
    if (dice <= 96) return ['SET', name, this.value(), 'KEEPTTL'];
    return dice <= 98 ? ['PERSIST', name] : ['DEL', name];
  }

  value(): string {
    return `v${(this.#values += 1)}`;
  }

  #conditional(name: string): Command {
    const dice = this.#world.between(1, 18);
    if (dice <= 4) return ['DEL', name];
    if (dice <= 9) return ['SET', name, this.value(), 'NX'];
    if (dice <= 12) return ['SET', name, this.value(), 'XX'];
    if (dice <= 15) return ['GETSET', name, this.value()];
    return dice <= 16 ? ['GETDEL', name] : ['EXISTS', name];
  }

  #counted(dice: number): Command {
    const world = this.#world;
    if (dice <= 75) return ['INCR', world.pick(COUNTED)];
    if (dice <= 78) return ['GET', world.pick(COUNTED)];
    return dice <= 81 ? ['MSET', '{h}1', this.value(), '{h}2', this.value()] : ['MGET', '{h}1', '{h}2'];
  }

  #rare(dice: number): Command {
    return dice <= 90 ? ['GET', this.#world.pick(COLD)] : this.mortal();
  }

  #life(): string {
    const world = this.#world;
    return `${world.chance(70) ? world.between(20, 800) : world.between(800, 6_000)}`;
  }
}
