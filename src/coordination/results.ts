/**
 * What the journal must have before anybody hears of it: intentions with their numbers, and results.
 *
 *     intention ─► durable ─► whoever is to do it hears of it          (`journal`)
 *     result ─► durable ─► in the view, and announced                  (`conclude`)
 */
import type { Partition } from '../common/ids.ts';
import type { Configuration } from '../common/view.ts';
import { headChange, partitionChange } from './journal.ts';
import { configurationAt, setConfigurations, type State } from './state.ts';
import { sumResults } from './summary.ts';

/** Journals these partitions and the number, in one commit; `then` runs when it is durable. */
export function journal(state: State, partitions: Iterable<Partition>, then: () => void): void {
  for (const partition of partitions) {
    const configuration = configurationAt(state, partition);
    state.changes.push(
      partitionChange(partition, { configuration, intention: state.intentions.get(partition) }),
    );
  }
  const number = state.lastNumber;
  state.changes.push(headChangeOf(state));
  state.continuations.push(() => {
    state.durableNumber = number;
    then();
  });
}

export const headChangeOf = (state: State): ReturnType<typeof headChange> =>
  headChange({
    clusterId: state.view.clusterId,
    settings: state.view.settings,
    lastNumber: state.lastNumber,
    failedStores: [...state.failedStores],
  });

/** Results: journaled first, in the view and announced when that is durable. */
export function conclude(state: State, results: ReadonlyMap<Partition, Configuration>): void {
  if (results.size === 0) return;
  for (const [partition, configuration] of results) {
    state.concluding.add(partition);
    state.changes.push(partitionChange(partition, { configuration }));
  }
  state.changes.push(headChangeOf(state));
  state.continuations.push(() => sumResults(state, results));
  state.continuations.push(() => {
    for (const partition of results.keys()) {
      state.concluding.delete(partition);
      state.intentions.delete(partition);
      state.fences.delete(partition);
      state.grows.delete(partition);
      state.unfit.delete(partition);
      state.resting.delete(partition);
    }
    setConfigurations(state, results);
  });
}
