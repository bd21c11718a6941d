/**
 * The placement: who should hold which partition. What *is* stands in the view; this is what *should be*.
 *
 *        p                Partition p has its point at p/partitions of the circle. Whoever walks on
 *     ───┼──s2──s1──s2──s3──►   from there meets its owner first, then the slaves for its copies:
 *           own  copy        here s2, s1 (the second seat of s2 is not a different slave).
 *
 * The points lie evenly and in order, so that a slave's arcs are runs of neighbouring partitions (short
 * tables for clients) and the only unevenness is that of the tokens. That is levelled by bounded loads: a
 * slave that already owns ⌈1.25 × the mean⌉ is passed, and so is, for copies, one that holds ⌈1.25 × the
 * mean⌉ of those. Partitions choose in a fixed, shuffled order; in ascending order those that are passed
 * would all lie at the far end of each arc and crowd the same neighbour, which made joins less calm.
 *
 * With one token each there is no bound: it is the textbook ring, where a slave's copies are of what
 * its predecessor owns, and a dead slave's arc falls whole to its one successor.
 *
 * Slaves of one zone may fail together, so the copies of a partition go to different zones as far as there
 * are any, and evenly over them beyond that; the owner is whom the ring names. A slave without a zone is a
 * zone of its own: nothing is known that it shares. (Were all of those one zone, as in systems with a default
 * rack, the first slave to be given a name would be due a copy of everything.) Where different zones and the
 * bound are not to be had together, zones win: an uneven cluster loses no key with a zone, it only works
 * harder. How the copies are then chosen stands in zoned-copies.ts.
 *
 * A pure function of ring, settings and zones: it remembers nothing, so two who hold the same ring agree.
 *
 * Invariants
 *   1. Every partition has min(replicas, slaves) members, all different; with replicas 0, all slaves.
 *   2. With two tokens or more no slave owns more than `ownMax`.
 *   3. Copies are bounded likewise as far as different slaves allow: a copy on a full slave is better than none.
 *   4. The members of a partition lie in as many zones as they can: min(members, zones).
 *   5. Where no two slaves share a zone the placement is what it is without zones.
 */
import { hash32 } from '../common/hash.ts';
import { SLOTS, type SlaveId } from '../common/ids.ts';
import { invariant } from '../common/invariant.ts';
import { type Circle, circleOf, type Load } from './circle.ts';
import { POINTS, type Ring, slavesOf } from './ring.ts';
import { copiesAcross, type Zones, zonesOf } from './zoned-copies.ts';

/** The part of the cluster's settings that placement follows from. */
export interface PlacementSettings {
  readonly partitions: number;
  /** How many slaves hold each partition, its owner counted. 0: all. */
  readonly replicas: number;
  /** Points of each slave on the ring; with one there is no bound. */
  readonly tokens: number;
}

/** Indexed by partition: its members, the owner first. Empty where nobody sits on the ring. */
export type Placement = readonly (readonly SlaveId[])[];

/** How far above the mean a slave may be loaded. Nearer to 1 is more even, and less calm at each join. */
const LOAD_MAX = 1.25;

/** The largest number of partitions that one of so many slaves may own. */
export const ownMax = (partitions: number, slaves: number): number =>
  Math.ceil((LOAD_MAX * partitions) / slaves);

/** Where a partition sits on the circle: `floor(partition × 2^32 / partitions)`. */
export const pointOf = (partition: number, partitions: number): number =>
  Math.floor((partition * POINTS) / partitions);

export function placementOf(
  ring: Ring,
  settings: PlacementSettings,
  zoneOf: ReadonlyMap<SlaveId, string> = new Map(),
): Placement {
  const { partitions, replicas } = settings;
  invariant(
    Number.isInteger(partitions) && partitions >= 1 && partitions <= SLOTS,
    () => `no such ring: ${partitions}`,
  );
  invariant(
    Number.isInteger(replicas) && replicas >= 0,
    () => `replicas count, and 0 means all: ${replicas}`,
  );
  const slaves = slavesOf(ring);
  if (slaves.length === 0) return Array.from({ length: partitions }, () => []);

  const wanted = replicas === 0 ? slaves.length : Math.min(replicas, slaves.length);
  // Where everybody holds everything there is nothing to choose.
  const zones = wanted < slaves.length ? zonesOf(slaves, zoneOf) : undefined;
  const circle = circleOf(ring, slaves);
  const starts = startsOf(circle, partitions);
  const load = loadOf(slaves.length, wanted, settings);

  const placement: SlaveId[][] = Array.from({ length: partitions }, () => []);
  for (const partition of shuffled(partitions)) {
    const members = place(circle, load, { start: starts[partition] ?? 0, wanted, zones });
    placement[partition] = members.map((index) => slaves[index] as SlaveId); // An index of this very list.
  }
  return placement;
}

interface Want {
  /** The seat at which the walk begins. */
  readonly start: number;
  readonly wanted: number;
  /** Undefined: no two slaves share one. */
  readonly zones: Zones | undefined;
}

/** For each partition the index of the first seat at its point or after it. Both run upwards, so one pass does. */
function startsOf({ tokens }: Circle, partitions: number): Int32Array {
  let seat = 0;
  return Int32Array.from({ length: partitions }, (_, partition) => {
    const from = pointOf(partition, partitions);
    while (seat < tokens.length && (tokens[seat] ?? 0) < from) seat += 1;
    return seat % tokens.length;
  });
}

function loadOf(slaves: number, wanted: number, { partitions, tokens }: PlacementSettings): Load {
  const bounded = tokens > 1;
  return {
    own: new Int32Array(slaves),
    copies: new Int32Array(slaves),
    met: new Int32Array(slaves),
    walks: 0,
    ownMax: bounded ? ownMax(partitions, slaves) : Infinity,
    // Where everybody holds everything there is nothing to choose.
    copiesMax: bounded && wanted < slaves ? ownMax(partitions * (wanted - 1), slaves) : Infinity,
  };
}

/** Each partition once, in an order that is the same everywhere and follows no arc. */
function shuffled(partitions: number): readonly number[] {
  // Hash above, index below: 46 bits, exact in a double, and a typed array sorts them as numbers.
  const keyed = Float64Array.from({ length: partitions }, (_, index) => hash32(`${index}`) * SLOTS + index);
  return Array.from(keyed.sort(), (both) => both % SLOTS);
}

function place(circle: Circle, load: Load, want: Want): readonly number[] {
  const { seated } = circle;
  const seat = ownerSeat(circle, load, want.start);
  const owner = seated[seat] ?? 0;
  load.own[owner] = (load.own[owner] ?? 0) + 1;

  const from = { ...want, start: seat };
  const copies =
    want.zones === undefined
      ? copiesAfter(circle, load, from)
      : copiesAcross(circle, load, { ...from, zones: want.zones });
  for (const copy of copies) load.copies[copy] = (load.copies[copy] ?? 0) + 1;
  return [owner, ...copies];
}

/** The first seat whose slave may own one more. Together they may own more than there is, so there is one. */
function ownerSeat({ seated }: Circle, load: Load, start: number): number {
  for (let step = 0; step < seated.length; step += 1) {
    const seat = (start + step) % seated.length;
    if ((load.own[seated[seat] ?? 0] ?? 0) < load.ownMax) return seat;
  }
  invariant(false, 'somebody has room for one more partition');
}

/** The next different slaves after the owner's seat; those that are full only when there are no others. */
function copiesAfter({ seated, slaves }: Circle, load: Load, { start, wanted }: Want): readonly number[] {
  const mark = (load.walks += 1);
  load.met[seated[start] ?? 0] = mark;
  const roomy: number[] = [];
  const full: number[] = [];
  for (let step = 1; roomy.length < wanted - 1 && 1 + roomy.length + full.length < slaves; step += 1) {
    const slave = seated[(start + step) % seated.length] ?? 0;
    if (load.met[slave] === mark) continue;
    load.met[slave] = mark;
    ((load.copies[slave] ?? 0) < load.copiesMax ? roomy : full).push(slave);
  }
  return full.length === 0 ? roomy : [...roomy, ...full].slice(0, wanted - 1);
}
