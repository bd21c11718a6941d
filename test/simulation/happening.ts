/**
 * What happens to a machine in a world, and the moment in which it does.
 *
 * A happening is made for one machine and for one time. The moment is written into it: a copy of each would cost
 * more than most steps.
 */
import type { Instant, Stamp } from '../../src/common/time.ts';

export type Untimed<Union> = Union extends unknown ? Omit<Union, 'now' | 'wall'> : never;

export function timed<Input>(happening: Untimed<Input>, now: Instant, wall: Stamp): Input {
  const input: { now?: Instant; wall?: Stamp } = happening;
  input.now = now;
  input.wall = wall;
  return input as Input; // With both it is one.
}
