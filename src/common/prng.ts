/** Seeded chance (mulberry32): the same seed, the same luck, on every machine. */
import { invariant } from './invariant.ts';

export interface Prng {
  /** A number 0 ≤ x < 1. */
  next(): number;
}

export function prng(seed: number): Prng {
  let state = seed >>> 0;
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** A whole number 0 ≤ n < limit. */
export function below(random: Prng, limit: number): number {
  invariant(limit >= 1, () => `nothing lies below ${limit}`);
  return Math.floor(random.next() * limit);
}
