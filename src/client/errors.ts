/**
 * The ways in which a call to a cluster can end badly, as types.
 *
 * What a caller needs to know before anything else is `definite`: true means that nothing was done
 * and nothing will be, so the same call may be made again without thought. False means that it may
 * or may not have happened, now or a little later.
 *
 *   RefusedError      the cluster said no                     definite
 *   UnreachableError  nobody could be asked in time           definite
 *   TimeoutError      a read was asked, no answer in time     definite (a read does nothing)
 *   UncertainError    a write was sent, its fate is unknown   NOT definite
 *   AbortedError      the caller's own signal                 as it says
 *   AnswerError       an answer of no known shape             NOT definite
 *   UsageError        the call itself makes no sense          definite
 */

/** What every error of this library is. `code` is one word, stable, meant for programs; `message` is for people. */
export class PiazzaError extends Error {
  override readonly name: string = 'PiazzaError';
  /** The cluster's own word (`CLUSTERDOWN`, `NOSPACE`, `WRONGTYPE`, `ERR`, …) or one of this library's. */
  readonly code: string;
  /** True: nothing was done and nothing will be. */
  readonly definite: boolean;

  constructor(code: string, message: string, definite: boolean) {
    super(message);
    this.code = code;
    this.definite = definite;
  }
}

/** The cluster refused; `code` is the first word of its answer, `message` the rest. */
export class RefusedError extends PiazzaError {
  override readonly name = 'RefusedError';
  constructor(code: string, message: string) {
    super(code, message, true);
  }
}

/** A write left for the cluster and no clear answer came back: it may or may not have happened. */
export class UncertainError extends PiazzaError {
  override readonly name = 'UncertainError';
  constructor(message: string) {
    super('UNCERTAIN', message, false);
  }
}

/** No contact point took the command before the time was over. */
export class UnreachableError extends PiazzaError {
  override readonly name = 'UnreachableError';
  constructor(message: string) {
    super('UNREACHABLE', message, true);
  }
}

/** A read was asked, and no answer came before the time was over. */
export class TimeoutError extends PiazzaError {
  override readonly name = 'TimeoutError';
  constructor(message: string) {
    super('TIMEOUT', message, true);
  }
}

/** The caller's `AbortSignal`, or `close`, ended the call. A write that had been sent already is not definite. */
export class AbortedError extends PiazzaError {
  override readonly name = 'AbortedError';
  constructor(definite: boolean) {
    super(
      'ABORTED',
      definite
        ? 'ended by the caller; nothing was done'
        : 'ended by the caller after it was sent; it may or may not have happened',
      definite,
    );
  }
}

/** Something answered that does not speak as a cluster does. */
export class AnswerError extends PiazzaError {
  override readonly name = 'AnswerError';
  constructor(message: string) {
    super('ANSWER', message, false);
  }
}

/** The call makes no sense as it is; nothing was sent. */
export class UsageError extends PiazzaError {
  override readonly name = 'UsageError';
  constructor(message: string) {
    super('USAGE', message, true);
  }
}
