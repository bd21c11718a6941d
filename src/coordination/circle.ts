/**
 * What a placement walks on, and what it keeps count of: the ring laid out flat, and loads by slave.
 *
 * Nothing is decided here; see placement.ts for owners and bounds, zoned-copies.ts for copies where there are zones.
 */
import type { SlaveId } from '../common/ids.ts';
import type { Ring } from './ring.ts';

/** The ring laid out flat: seats by token, slaves as indices. Walking it half a million times then costs nothing. */
export interface Circle {
  readonly tokens: Float64Array;
  readonly seated: Int32Array;
  readonly slaves: number;
}

/** How much each slave (by index) has so far, and how much it may have. */
export interface Load {
  readonly own: Int32Array;
  readonly copies: Int32Array;
  /** The walk that met each slave last: a set that need not be emptied. */
  readonly met: Int32Array;
  walks: number;
  readonly ownMax: number;
  readonly copiesMax: number;
}

export function circleOf(ring: Ring, slaves: readonly SlaveId[]): Circle {
  const indexOf = new Map(slaves.map((slave, index) => [slave, index]));
  // By token, as the tree has them: who walks from zero meets them in this order.
  const seats = ring.seats.keys;
  return {
    tokens: Float64Array.from(seats, ({ token }) => token),
    seated: Int32Array.from(seats, ({ slave }) => indexOf.get(slave) ?? 0),
    slaves: slaves.length,
  };
}
