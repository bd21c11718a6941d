/**
 * Makes a plan that fails as short as it can while it still fails: fewer faults, fewer clients, less time.
 *
 * Zeller's delta debugging (ddmin, 2002): halves of the list are left out first, then quarters, and so on to
 * single ones. Leaving one out changes what comes after it, so what is left fails in its own way; it is
 * a failure all the same, and easier to follow.
 */
import type { Plan } from './plan.ts';

/** How many plans are tried at most. */
export const TRIES_MAX = 300;

/** What comes after the last fault may matter as long as a failover takes. */
const AFTERMATH_MS = 5_000;

/** @param fails - whether a plan fails; asked at most `TRIES_MAX` times. */
export function shrunk(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let triesLeft = TRIES_MAX;
  const stillFails = (candidate: Plan): boolean => {
    triesLeft -= 1;
    return triesLeft >= 0 && fails(candidate);
  };
  let best = plan;
  const keep = (candidate: Plan): boolean => {
    if (!stillFails(candidate)) return false;
    best = candidate;
    return true;
  };
  leaveOut(plan.faults, (faults) => keep({ ...best, faults }));
  leaveOut(best.clients, (clients) => keep({ ...best, clients }));
  const last = best.faults.at(-1)?.at ?? 0;
  if (last + AFTERMATH_MS < best.troubledMs) keep({ ...best, troubledMs: last + AFTERMATH_MS });
  return best;
}

/** Offers shorter and shorter lists; `keep` says whether one will do. */
function leaveOut<Item>(items: readonly Item[], keep: (left: readonly Item[]) => boolean): void {
  let left = items;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length;) {
      const shorter = [...left.slice(0, from), ...left.slice(from + size)];
      if (keep(shorter)) left = shorter;
      else from += size;
    }
  }
}
