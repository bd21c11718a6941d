/**
 * The same question as the judge's, answered by trying every order, with the slave's own commands. Only for a handful of
 * operations without a time to live.
 */
import type { Answer, Operation } from './history.ts';
import { Model } from '../slave/commands/model.ts';
import { perform } from './random-history.ts';

export function isPossible(left: readonly Operation[], done: readonly Operation[] = []): boolean {
  if (left.every(({ ended }) => ended === Infinity)) return true;
  const firstEnd = Math.min(...left.map(({ ended }) => ended));
  return left.some((operation) => {
    if (operation.began > firstEnd) return false;
    const order = [...done, operation];
    return (
      isReplyRight(order) &&
      isPossible(
        left.filter((other) => other !== operation),
        order,
      )
    );
  });
}

/** Plays an order from the start; those before the last one were right already. */
function isReplyRight(order: readonly Operation[]): boolean {
  const store = new Model();
  let heard: Answer | undefined;
  for (const { command } of order) heard = perform(store, { command, point: 0 });
  const told = order.at(-1)?.reply;
  return told === undefined || JSON.stringify(told) === JSON.stringify(heard);
}
