/**
 * From how an operation ended to the error its caller gets. Only translation: what counts as certain
 * was decided by session.ts.
 */
import { unreachable } from '../common/invariant.ts';
import {
  AbortedError,
  type PiazzaError,
  RefusedError,
  TimeoutError,
  UncertainError,
  UnreachableError,
} from './errors.ts';
import type { Outcome } from './outcome.ts';
import { codeOf, detailOf } from './retry.ts';

export function errorOf(outcome: Exclude<Outcome, { readonly kind: 'answer' }>): PiazzaError {
  switch (outcome.kind) {
    case 'refused':
      return new RefusedError(codeOf(outcome.text), detailOf(outcome.text));
    case 'uncertain':
      return new UncertainError(`it may or may not have happened (${outcome.why})`);
    case 'unreachable':
      return new UnreachableError(`could not reach the cluster in time (${outcome.why})`);
    case 'timed-out':
      return new TimeoutError(`no answer came in time (${outcome.why})`);
    case 'aborted':
      return new AbortedError(outcome.definite);
    default:
      return unreachable(outcome);
  }
}
