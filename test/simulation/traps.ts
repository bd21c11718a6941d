/**
 * Traps: a machine that loses its power just behind a word that it said.
 *
 *     armed ──► the word is said ──► from now on its disk completes nothing ──► the power goes ──► back soon
 *
 * What a word stands on must be durable before it is said. Whoever says it too early is found out by such a
 * moment and by hardly any other: what was on its way to the disk is gone, and the word has arrived. A trap
 * knows the names of words, not what they mean.
 */
import type { FromSlave, ToSlave } from '../../src/common/message/control.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import type { Effect } from '../../src/slave/state.ts';
import type { Place } from './weather.ts';

export type Word = FromSlave['kind'] | PeerMessage['kind'] | ToSlave['kind'] | 'answer';

export const SLAVE_WORDS = [
  // What swears comes more often than what is said all day.
  ...(['fenced', 'fenced', 'fenced', 'fenced', 'grown', 'grown', 'copy-state', 'copy-state'] as const),
  ...(['ack', 'ack', 'answer', 'answer', 'position', 'pong', 'serving'] as const),
  ...(['copy-begin', 'probe', 'level', 'append', 'commit'] as const),
] satisfies readonly Word[];

export const COORDINATION_WORDS = [
  ...(['fence', 'fence', 'grow', 'view', 'view', 'registered', 'drop-grow'] as const),
] satisfies readonly Word[];

interface Trap {
  readonly word: Word;
  readonly until: number;
  readonly spring: () => void;
}

export class Traps {
  /** One for each machine: a newer one takes the place of an older. */
  readonly #armed = new Map<Place, Trap>();

  arm(place: Place, trap: Trap): void {
    this.#armed.set(place, trap);
  }

  disarm(): void {
    this.#armed.clear();
  }

  /** A slave has done what its machine wanted in one step. */
  slaveSaid(place: Place, effects: readonly Effect[], now: number): void {
    if (this.#armed.size === 0) return;
    const word = this.#armed.get(place)?.word;
    if (word !== undefined && effects.some((effect) => isSaid(effect, word))) this.#spring(place, now);
  }

  coordinationSaid(place: Place, word: Word, now: number): void {
    if (this.#armed.get(place)?.word === word) this.#spring(place, now);
  }

  #spring(place: Place, now: number): void {
    const trap = this.#armed.get(place);
    this.#armed.delete(place);
    if (trap !== undefined && now <= trap.until) trap.spring();
  }
}

function isSaid(effect: Effect, word: Word): boolean {
  switch (effect.kind) {
    case 'tell':
      return effect.message.kind === word;
    case 'send':
      return effect.messages.some(({ kind }) => kind === word);
    case 'answer':
      return word === 'answer';
    default:
      return false;
  }
}
