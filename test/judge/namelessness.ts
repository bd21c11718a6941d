/**
 * Values that nobody was ever told are as good as one another: they all get one name.
 *
 *     SET k v1, SET k v2, GET k → "v2"        becomes        SET k ·, SET k v2, GET k → "v2"
 *
 * States that differ in nothing that anybody could see become one state, and open writes that nobody could tell apart
 * become one class, so a search that would try each of them tries one. Where a length or a number is taken of values
 * more of them could be told, and nothing is renamed.
 */
import type { Answer, Operation } from './history.ts';

const NAMELESS = '\u00b7';

const measuring: ReadonlySet<string> = new Set([
  ...['STRLEN', 'APPEND'],
  ...['INCR', 'DECR', 'INCRBY', 'DECRBY'],
]);

const nameOf = ({ command }: Operation): string => command[0]?.toUpperCase() ?? '';

export function nameless(operations: readonly Operation[]): readonly Operation[] {
  if (operations.some((operation) => measuring.has(nameOf(operation)))) return operations;
  const told = new Set<string>();
  for (const { reply } of operations) if (reply !== undefined) gather(reply, told);
  return operations.map((operation) => {
    const command = renamed(operation, told);
    return command === operation.command ? operation : { ...operation, command };
  });
}

function gather(reply: Answer, told: Set<string>): void {
  if (typeof reply === 'string') told.add(reply);
  else if (Array.isArray(reply)) for (const part of reply as readonly Answer[]) gather(part, told);
}

function renamed(operation: Operation, told: ReadonlySet<string>): readonly string[] {
  const { command } = operation;
  const isNamed = (index: number): boolean => {
    const value = command[index];
    return value === undefined || told.has(value);
  };
  switch (nameOf(operation)) {
    case 'SET':
    case 'SETNX':
    case 'GETSET':
      return isNamed(2) ? command : command.with(2, NAMELESS);
    case 'MSET':
      return command.map((word, index) =>
        index > 0 && index % 2 === 0 && !told.has(word) ? NAMELESS : word,
      );
    default:
      return command;
  }
}
