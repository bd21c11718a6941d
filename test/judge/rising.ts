/**
 * Counters that nobody sets back only go up: what one answer has shown, no later one is below.
 *
 *     INCR c |--| 7
 *                    GET c |--| "6"      nothing explains it, whatever else happened
 *
 * It says in one pass what a search says only after every order of a long history. What it does not see may still be
 * impossible; what it sees is.
 */
import { integerOf } from './commands.ts';
import type { Operation } from './history.ts';

/** What a command adds, if it is one that counters that only go up know. */
function stepOf({ command: [name = '', , by] }: Operation): number | undefined {
  const upper = name.toUpperCase();
  if (upper === 'GET') return 0;
  if (upper === 'INCR') return 1;
  const step = upper === 'INCRBY' ? integerOf(by) : undefined;
  return step !== undefined && step > 0 ? step : undefined;
}

/** What a counter held just after the operation; undefined: it does not tell. */
function shownBy({ reply }: Operation): number | undefined {
  if (reply === null) return 0;
  return typeof reply === 'number' ? reply : integerOf(typeof reply === 'string' ? reply : undefined);
}

/** Whether these operations on one object tell of a counter that went back, or is ahead of all that was added to it. */
export function hasGoneBack(operations: readonly Operation[]): boolean {
  const isRising = operations.every(
    (operation) =>
      stepOf(operation) !== undefined &&
      operation.command[1] === operations[0]?.command[1] &&
      (operation.reply === undefined || shownBy(operation) !== undefined),
  );
  return isRising && (isBelowBefore(operations) || isAboveSum(operations));
}

const answeredOf = (operations: readonly Operation[]): readonly Operation[] =>
  operations.filter(({ ended }) => ended !== Infinity);

function isBelowBefore(operations: readonly Operation[]): boolean {
  const answered = answeredOf(operations);
  const byEnd = answered.toSorted((a, b) => a.ended - b.ended);
  let floor = 0;
  let next = 0;
  return answered
    .toSorted((a, b) => a.began - b.began)
    .some((operation) => {
      for (let over = byEnd[next]; over !== undefined && over.ended < operation.began; over = byEnd[next]) {
        floor = Math.max(floor, shownBy(over) ?? 0);
        next += 1;
      }
      return (shownBy(operation) ?? 0) < floor + (stepOf(operation) ?? 0);
    });
}

function isAboveSum(operations: readonly Operation[]): boolean {
  const byBegin = operations.toSorted((a, b) => a.began - b.began);
  let sum = 0;
  let next = 0;
  return answeredOf(operations)
    .toSorted((a, b) => a.ended - b.ended)
    .some((operation) => {
      for (let begun = byBegin[next]; begun !== undefined && begun.began <= operation.ended;) {
        sum += stepOf(begun) ?? 0;
        next += 1;
        begun = byBegin[next];
      }
      return (shownBy(operation) ?? 0) > sum;
    });
}
