/**
 * What a command is evaluated on, and what comes of it: words that all families of commands share.
 *
 * A command is a pure function of its arguments (its name first) and of the data. It changes
 * nothing itself: it answers with effects, which are all that is logged and sent to copies. So a
 * copy never evaluates, and relative times are gone before anything travels.
 *
 * Invariants
 *   1. An error comes with no effects.
 *   2. No effect puts a value that has expired already: that is a delete, or nothing.
 */
import type { Key } from '../../common/ids.ts';
import type { Reply } from '../../common/reply.ts';
import type { Stamp } from '../../common/time.ts';

export interface Entry {
  readonly value: Buffer;
  /** Stamp at which it expires; 0: never. */
  readonly expiresAt: number;
}

/** What a command is evaluated on top of: expired keys already look absent. */
export interface Data {
  get(key: Key): Entry | undefined;
  readonly now: Stamp;
}

export type Effect =
  | { readonly kind: 'put'; readonly key: Key; readonly value: Buffer; readonly expiresAt: number }
  | { readonly kind: 'delete'; readonly key: Key };

export interface Outcome {
  readonly reply: Reply;
  /** None: the command changed nothing, but its answer may still tell of state (protocol W1). */
  readonly effects: readonly Effect[];
}

export type Read = (args: readonly Buffer[], data: Data) => Reply;
export type Write = (args: readonly Buffer[], data: Data) => Outcome;

export const NEVER = 0;

const NO_EFFECTS: readonly Effect[] = [];

/** An answer that changes nothing: a refusal, or a write that found nothing to do. */
export const unchanged = (reply: Reply): Outcome => ({ reply, effects: NO_EFFECTS });

export const putting = (reply: Reply, key: Key, entry: Entry): Outcome => ({
  reply,
  effects: [{ kind: 'put', key, value: entry.value, expiresAt: entry.expiresAt }],
});

export const deleting = (reply: Reply, key: Key): Outcome => ({ reply, effects: [{ kind: 'delete', key }] });

/** Has this instant come? What expires now has expired: the wait was for it to be reached. */
export const isPast = (expiresAt: number, now: Stamp): boolean => expiresAt !== NEVER && expiresAt <= now;

/** Puts the entry, or, if its time is over before it begins, leaves the key absent. */
export function storing(reply: Reply, key: Key, entry: Entry, data: Data): Outcome {
  if (!isPast(entry.expiresAt, data.now)) return putting(reply, key, entry);
  return data.get(key) === undefined ? unchanged(reply) : deleting(reply, key);
}

const NO_BYTES = Buffer.alloc(0);

/** The argument at a position that the registry's arity has vouched for. */
export const argument = (args: readonly Buffer[], index: number): Buffer => args[index] ?? NO_BYTES;
