/**
 * The weather on the simulated wires, and who is cut off from whom.
 *
 * Each kind of traffic has its own weather. A cut is one-way: what the first sends does not reach the
 * second; two of them make a partition. Frames and datagrams that are on their way may be lost, come
 * twice, or come late.
 */
import type { World } from './world.ts';

export interface Weather {
  /** Of a hundred, how many are lost, come twice, or come late. */
  readonly lostPercent: number;
  readonly twicePercent: number;
  readonly latePercent: number;
}

export const CALM: Weather = { lostPercent: 0, twicePercent: 0, latePercent: 0 };

/** Whose names these are: slaves, and the coordination server as `C`. */
export type Place = string;

export const COORDINATION: Place = 'C';

export class Cuts {
  readonly #cuts = new Map<string, number>();

  /** Counted: the same cut may be made twice, and is mended when both are. */
  make(from: Place, to: Place): void {
    const name = nameOf(from, to);
    this.#cuts.set(name, (this.#cuts.get(name) ?? 0) + 1);
  }

  mend(from: Place, to: Place): void {
    const name = nameOf(from, to);
    const left = (this.#cuts.get(name) ?? 0) - 1;
    if (left > 0) this.#cuts.set(name, left);
    else this.#cuts.delete(name);
  }

  mendAll(): void {
    this.#cuts.clear();
  }

  /** Whether what `from` sends reaches `to`. */
  reaches(from: Place, to: Place): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(nameOf(from, to));
  }

  /** Whether the two can have a conversation. */
  joins(a: Place, b: Place): boolean {
    return this.reaches(a, b) && this.reaches(b, a);
  }
}

const nameOf = (from: Place, to: Place): string => `${from}>${to}`;

/** How often something sent in this weather arrives, and how long each takes at most, in tenths of a millisecond. */
export function arrivalsOf(world: World, weather: Weather, usual: number, late: number): readonly number[] {
  if (weather.lostPercent > 0 && world.chance(weather.lostPercent)) return [];
  const isLate = weather.latePercent > 0 && world.chance(weather.latePercent);
  const first = world.between(1, isLate ? late : usual) / 10;
  if (weather.twicePercent === 0 || !world.chance(weather.twicePercent)) return [first];
  return [first, world.between(1, late) / 10];
}
