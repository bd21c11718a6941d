/** From errors to exit statuses and a line on standard error, the same for every command. */
import { PiazzaError, UsageError } from '../errors.ts';
import { exit, type ExitStatus, type World } from './world.ts';

/** The words make no command. The parser itself throws a bare error for this, not to be told from a bug. */
export class Misuse extends Error {
  override readonly name = 'Misuse';
}

/** Says what went wrong on standard error; a bug is thrown on, stack and all. */
export function explain(error: unknown, { complain }: Pick<World, 'complain'>): ExitStatus {
  if (error instanceof Misuse || error instanceof UsageError) {
    complain(`piazza-client: ${error.message}`);
    if (error instanceof Misuse) complain('piazza-client: --help lists all commands and options');
    return exit.usage;
  }
  if (!(error instanceof PiazzaError)) throw error;
  complain(`${error.code} ${error.message}`);
  return statusOf(error);
}

export function statusOf(error: PiazzaError): ExitStatus {
  switch (error.name) {
    case 'RefusedError':
      return exit.refused;
    case 'UsageError':
      return exit.usage;
    case 'UnreachableError':
    case 'TimeoutError':
      return exit.unreachable;
    default:
      // Interrupted before anything was sent: the cluster was not reached. All else may have happened.
      return error.definite ? exit.unreachable : exit.uncertain;
  }
}
