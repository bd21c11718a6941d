/**
 * The placement for those who sit on the ring now, kept until others do.
 *
 * Most of what changes in a view seats nobody else, so the ring of before is kept: a join or a leave costs what it
 * changes, a suspicion nothing. It does not know who is to sit, nor why.
 */
import type { SlaveId } from '../common/ids.ts';
import { placementOf } from './placement.ts';
import { reseated } from './ring.ts';
import { type Seating, settingsOf, type State } from './state.ts';
import { zoneNames } from './zoned-copies.ts';

export function aimAt(state: State, slaves: readonly SlaveId[]): void {
  const settings = settingsOf(state);
  const { seating } = state;
  const ring = reseated(seating.ring, new Set(slaves), settings.tokens);
  const zones = zoneNames(state.view.slaves.values());
  const isSame = ring === seating.ring && areSame(zones, seating.zones);
  if (isSame && state.placement.length > 0) return;
  state.seating = { ring, zones };
  state.placement = placementOf(ring, settings, zones);
}

const areSame = (a: Seating['zones'], b: Seating['zones']): boolean =>
  a.size === b.size && [...a].every(([slave, zone]) => b.get(slave) === zone);
