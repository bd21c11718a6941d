/**
 * The chronicle: what happened in the cluster, and why, for whoever asks later.
 *
 *     added ─► with a commit of the journal ─► durable: shown
 *
 * Its records ride with whatever the journal is given next, so that an event costs no wait of its own; at the
 * latest with the next tick. Only what is durable is shown, so that nobody has seen an event under a number that
 * a crash gives to another one. What is worth an event is not known here.
 *
 * Invariants
 *   1. Numbers go up by one, also from one start of the coordination server to the next.
 *   2. No more than the newest `EVENTS_MAX` are kept, here and in the journal.
 */
import { invariant } from '../common/invariant.ts';
import type { ClusterEvent } from '../common/message/admin.ts';
import type { Change } from '../common/ordered-store.ts';
import { eventChange, eventRemoval } from './journal.ts';

/** Days of a quiet cluster, and the last half hour of a bad one; some hundred kilobytes. */
export const EVENTS_MAX = 1_000;

export interface Chronicle {
  /** The newest ones, oldest first. */
  readonly events: ClusterEvent[];
  /** The number that was given out last. */
  last: number;
  /** Everything up to here was handed to the journal. */
  journaled: number;
  /** Everything up to here is durable. */
  durable: number;
}

export function chronicleOf(journaled: readonly ClusterEvent[]): Chronicle {
  const last = journaled.at(-1)?.number ?? 0;
  return { events: journaled.slice(-EVENTS_MAX), last, journaled: last, durable: last };
}

export function add(chronicle: Chronicle, event: Omit<ClusterEvent, 'number'>): void {
  chronicle.last += 1;
  chronicle.events.push({ number: chronicle.last, ...event });
  if (chronicle.events.length > EVENTS_MAX) chronicle.events.shift();
}

export const isBehind = ({ last, journaled }: Chronicle): boolean => journaled < last;

/** What the journal has not been given yet; it counts as given from now on. */
export function changesOf(chronicle: Chronicle): readonly Change[] {
  const { events, journaled, last } = chronicle;
  const fresh = events.filter(({ number }) => number > journaled);
  const outdated: Change[] = [];
  for (let number = Math.max(journaled, EVENTS_MAX) + 1; number <= last; number += 1)
    outdated.push(eventRemoval(number - EVENTS_MAX));
  chronicle.journaled = last;
  return [...outdated, ...fresh.map(eventChange)];
}

/** Those with a number above this one, as far as they are durable. */
export const eventsSince = ({ events, durable }: Chronicle, since: number): readonly ClusterEvent[] =>
  events.filter(({ number }) => number > since && number <= durable);

export function checkInvariants({ events, last, journaled, durable }: Chronicle): void {
  invariant(events.length <= EVENTS_MAX, 'no more events are kept than there is room for');
  invariant(durable <= journaled && journaled <= last, 'an event is journaled, then durable');
  events.forEach(({ number }, index) =>
    invariant(number === last - events.length + 1 + index, 'events are numbered without a gap'),
  );
}
