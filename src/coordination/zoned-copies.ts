/**
 * Which slaves hold a partition's copies where slaves share zones.
 *
 *     owner in a │ walk on:  a1  a2  b1  a3  c1  b2 …      two copies: b1, c1
 *                │                   └───────┴── the first of each zone that holds nothing yet
 *
 * In rounds: a zone gets its second member only when every zone has one, and so on. Within a round it is the
 * walk that chooses, as without zones: the next slave with room. When only full ones are left in the zones
 * that are due, the least crowded of them is taken, the next on the walk among equals. Crowds are counted in
 * quarters of the bound: finer would be more even and less calm.
 *
 * It knows neither owners nor partitions, and remembers nothing but the load that it is given.
 */
import type { SlaveId } from '../common/ids.ts';
import type { SlaveRecord } from '../common/view.ts';
import type { Circle, Load } from './circle.ts';

/** Slaves and zones as indices. */
export interface Zones {
  /** By slave. */
  readonly zoneOf: Int32Array;
  /** By zone: how many slaves it has. */
  readonly sizes: Int32Array;
}

/** Who was given a zone, and which. */
export const zoneNames = (slaves: Iterable<SlaveRecord>): ReadonlyMap<SlaveId, string> =>
  new Map([...slaves].flatMap(({ id, zone }) => (zone === undefined ? [] : [[id, zone] as const])));

/** Undefined where no two slaves share a zone. */
export function zonesOf(slaves: readonly SlaveId[], names: ReadonlyMap<SlaveId, string>): Zones | undefined {
  const indices = new Map<string, number>();
  const zoneOf = Int32Array.from(slaves, (slave) => {
    const name = names.get(slave);
    // No zone's name begins with a blank, so this is nobody else's.
    const own = name ?? ` ${slave}`;
    const index = indices.get(own) ?? indices.size;
    indices.set(own, index);
    return index;
  });
  if (indices.size === slaves.length) return undefined;
  const sizes = new Int32Array(indices.size);
  for (const zone of zoneOf) sizes[zone] = (sizes[zone] ?? 0) + 1;
  return { zoneOf, sizes };
}

/** A partition's members so far, and how many of them each zone has. */
interface Choice {
  readonly members: number[];
  readonly byZone: Int32Array;
  readonly wanted: number;
}

export function copiesAcross(
  circle: Circle,
  load: Load,
  { start, wanted, zones }: { readonly start: number; readonly wanted: number; readonly zones: Zones },
): readonly number[] {
  const choice: Choice = { members: [], byZone: new Int32Array(zones.sizes.length), wanted };
  choose(choice, zones, circle.seated[start] ?? 0);
  for (let round = 0; choice.members.length < wanted; round += 1) {
    const at = { choice, zones, start, round };
    chooseCrowded(load, at, walkRound(circle, load, at));
  }
  return choice.members.slice(1);
}

interface Round {
  readonly choice: Choice;
  readonly zones: Zones;
  readonly start: number;
  /** How many members a zone may have before it is its turn. */
  readonly round: number;
}

function choose({ members, byZone }: Choice, { zoneOf }: Zones, slave: number): void {
  members.push(slave);
  const zone = zoneOf[slave] ?? 0;
  byZone[zone] = (byZone[zone] ?? 0) + 1;
}

const isDue = ({ choice, round }: Round, zone: number): boolean => choice.byZone[zone] === round;

/** Takes the next slave with room of each zone that is due; the full ones that it met, if that was not enough. */
function walkRound(circle: Circle, load: Load, at: Round): readonly number[] {
  const { choice, zones, round } = at;
  const crowded: number[] = [];
  let due = zones.sizes.reduce((count, size, zone) => count + Number(size > round && isDue(at, zone)), 0);
  for (const slave of slavesAfter(circle, load, at.start)) {
    if (!isDue(at, zones.zoneOf[slave] ?? 0) || choice.members.includes(slave)) continue;
    if ((load.copies[slave] ?? 0) >= load.copiesMax) {
      crowded.push(slave);
      continue;
    }
    choose(choice, zones, slave);
    due -= 1;
    if (due === 0 || choice.members.length === choice.wanted) return [];
  }
  return crowded;
}

/** Every slave once, as the walk from this seat meets them. */
function* slavesAfter({ seated, slaves }: Circle, load: Load, start: number): Generator<number> {
  const mark = (load.walks += 1);
  for (let step = 0, met = 0; met < slaves; step += 1) {
    const slave = seated[(start + step) % seated.length] ?? 0;
    if (load.met[slave] === mark) continue;
    load.met[slave] = mark;
    met += 1;
    yield slave;
  }
}

function chooseCrowded(load: Load, at: Round, crowded: readonly number[]): void {
  const { choice, zones } = at;
  const quarter = Math.max(1, load.copiesMax / 4);
  const crowd = (slave: number): number => Math.floor((load.copies[slave] ?? 0) / quarter);
  // A sort that keeps equals in their order: that of the walk.
  for (const slave of [...crowded].sort((a, b) => crowd(a) - crowd(b))) {
    if (choice.members.length === choice.wanted) return;
    if (isDue(at, zones.zoneOf[slave] ?? 0)) choose(choice, zones, slave);
  }
}
