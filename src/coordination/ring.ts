/**
 * The ring: which slave sits where on the circle.
 *
 *            0
 *       s3 ·   · s1        Each slave has several tokens. Who walks on from a point meets
 *     s2 ·       · s2      the seats in the order of their tokens, and after the last one
 *       s1 ·   · s3        the first one again.
 *
 * A ring is a value. A join gives a new ring and leaves the old one whole, so a planner can
 * hold both and compare them; the two share all but O(log n) nodes for each token.
 *
 * It knows nothing of partitions, copies or loads: that is placement's.
 *
 * Invariants
 *   1. The ring follows from who sits on it, and not from the order in which they came.
 *   2. A slave has at most one seat at one token. (The tree beneath would quietly keep both.)
 *   3. Two slaves whose tokens collide both keep their seats, the smaller id first: a point is
 *      then answered by the smaller id, and when that one leaves the other is there already.
 */
import createTree from 'functional-red-black-tree';

import { hash32 } from '../common/hash.ts';
import type { Brand, SlaveId } from '../common/ids.ts';
import { invariant } from '../common/invariant.ts';

/** A point on the circle: an integer, 0 ≤ point < POINTS. */
export type Point = Brand<number, 'Point'>;

export interface Seat {
  readonly token: Point;
  readonly slave: SlaveId;
}

export interface Ring {
  /** Ordered by token, then by id. The value of a seat is its slave once more: the seat itself is the key. */
  readonly seats: createTree.Tree<Seat, SlaveId>;
  /** How many tokens each slave came with, so that it can leave without being asked. */
  readonly tokensOf: ReadonlyMap<SlaveId, number>;
}

/** Points on the circle. */
export const POINTS = 2 ** 32;

// An empty text sorts before every id, so this is the place just before the first seat of a token.
// It never becomes a seat: the brand is only for the comparison.
const BEFORE_ALL = '' as SlaveId;

export function point(at: number): Point {
  invariant(Number.isInteger(at) && at >= 0 && at < POINTS, () => `a point lies on the circle: ${at}`);
  return at as Point;
}

/** The token that a slave draws with this counter. */
export const tokenOf = (slave: SlaveId, counter: number): Point => point(hash32(`${slave}#${counter}`));

export const emptyRing: Ring = { seats: createTree<Seat, SlaveId>(compareSeats), tokensOf: new Map() };

/** The ring on which these slaves sit. */
export const ringOf = (slaves: Iterable<SlaveId>, tokens: number): Ring =>
  [...slaves].reduce((ring, slave) => join(ring, slave, tokens), emptyRing);

/** The ring on which exactly these sit, from one on which most of them do; the same one if all and nobody else do. */
export function reseated(ring: Ring, slaves: ReadonlySet<SlaveId>, tokens: number): Ring {
  let next = ring;
  for (const slave of ring.tokensOf.keys()) if (!slaves.has(slave)) next = leave(next, slave);
  for (const slave of slaves) if (!ring.tokensOf.has(slave)) next = join(next, slave, tokens);
  return next;
}

export function join(ring: Ring, slave: SlaveId, tokens: number): Ring {
  invariant(Number.isInteger(tokens) && tokens >= 1, () => `a slave sits at one token or more: ${tokens}`);
  invariant(!ring.tokensOf.has(slave), () => `${slave} sits on the ring already`);
  let { seats } = ring;
  for (const seat of seatsOf(slave, tokens)) seats = seats.insert(seat, slave);
  return { seats, tokensOf: new Map(ring.tokensOf).set(slave, tokens) };
}

export function leave(ring: Ring, slave: SlaveId): Ring {
  const tokens = ring.tokensOf.get(slave);
  invariant(tokens !== undefined, () => `${slave} does not sit on the ring`);
  let { seats } = ring;
  for (const seat of seatsOf(slave, tokens)) seats = seats.remove(seat);
  const tokensOf = new Map(ring.tokensOf);
  tokensOf.delete(slave);
  return { seats, tokensOf };
}

/** Who sits on the ring, by id. */
export const slavesOf = (ring: Ring): readonly SlaveId[] => [...ring.tokensOf.keys()].sort(compareIds);

/** The first seat at this point or after it, round through zero if need be; undefined on an empty ring. */
export const successor = ({ seats }: Ring, at: Point): Seat | undefined =>
  seats.ge({ token: at, slave: BEFORE_ALL }).key ?? seats.begin.key;

/** The last seat before this point, round through zero if need be; undefined on an empty ring. */
export const predecessor = ({ seats }: Ring, at: Point): Seat | undefined =>
  seats.lt({ token: at, slave: BEFORE_ALL }).key ?? seats.end.key;

/** Every seat once, from the successor of this point once round. Lazy: whoever stops early pays for no more. */
export function* walk({ seats }: Ring, from: Point): Generator<Seat, void, undefined> {
  const here = { token: from, slave: BEFORE_ALL };
  for (const at = seats.ge(here); at.key !== undefined; at.next()) yield at.key;
  for (const at = seats.begin; at.key !== undefined && compareSeats(at.key, here) < 0; at.next())
    yield at.key;
}

/** A slave's seats. Two of its own counters may hash alike; that token counts once. */
function seatsOf(slave: SlaveId, tokens: number): readonly Seat[] {
  const drawn = Array.from({ length: tokens }, (_, counter) => tokenOf(slave, counter));
  return [...new Set(drawn)].map((token) => ({ token, slave }));
}

function compareSeats(a: Seat, b: Seat): number {
  return a.token - b.token || compareIds(a.slave, b.slave);
}

/** By code unit: the same on every machine, whatever its language. */
function compareIds(a: SlaveId, b: SlaveId): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
