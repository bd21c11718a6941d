/**
 * The same question as the judge's, answered by trying every order, with the slave's own commands. Only for a handful of
 * operations without a time to live.
 */
import type { Answer, Operation } from './history.ts';
import { Model } from '../slave/commands/model.ts';
import { keysOf } from './linearizability.ts';
import { perform } from './random-history.ts';

export function isPossible(left: readonly Operation[], done: readonly Operation[] = []): boolean {
  if (left.every(({ ended }) => ended === Infinity)) return true;
  const firstEnd = Math.min(...left.map(({ ended }) => ended));
  return left.some((operation) => {
    if (operation.began > firstEnd || left.some((other) => isBehind(operation, other))) return false;
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

/** Whether the other was sent before it by its own client, to one of its keys; `id`s are in the order of sending. */
const isBehind = (operation: Operation, other: Operation): boolean =>
  ![operation.ended, other.ended].includes(Infinity) &&
  operation.client === other.client &&
  (other.began < operation.began || (other.began === operation.began && other.id < operation.id)) &&
  keysOf(other.command).some((key) => keysOf(operation.command).includes(key));

/** Plays an order from the start; those before the last one were right already. */
function isReplyRight(order: readonly Operation[]): boolean {
  const store = new Model();
  let heard: Answer | undefined;
  for (const { command } of order) heard = perform(store, { command, point: 0 });
  const told = order.at(-1)?.reply;
  return told === undefined || JSON.stringify(told) === JSON.stringify(heard);
}
