/**
 * The rules of repeating: what a client may ask again, and how soon.
 *
 * A read may always be asked again. A write may be, only while it is certain that the first one did
 * nothing:
 *
 *                         │ nothing sent   │ sent, then silence │ refused, "soon" │ refused, other │ UNCERTAIN
 *    ─────────────────────┼────────────────┼────────────────────┼─────────────────┼────────────────┼───────────
 *    read                 │ again          │ again              │ again           │ give up        │ again
 *    write                │ again          │ UNCERTAIN          │ again           │ give up        │ UNCERTAIN
 *
 * "Soon" are the faults of src/common/fault.ts that are definite and whose advice is to try again.
 * Another copy of a write that may have happened could undo what somebody else wrote in between, so
 * this table has no exception for commands that look harmless.
 *
 * This file knows neither time nor addresses; session.ts does.
 */
import { type FaultCode, faults } from '../common/fault.ts';
import { below, type Prng } from '../common/prng.ts';

/** What is safe to do twice. */
export type Purpose = 'read' | 'write';

/** How one attempt ended, if not with an answer. */
export type Trouble =
  /** No byte of the command left us. */
  | { readonly kind: 'not-sent' }
  /** The command, or a part of it, left us; then the link broke or patience ran out. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'refused'; readonly text: string };

export type Verdict = 'again' | 'give-up' | 'uncertain';

export function judge(trouble: Trouble, purpose: Purpose): Verdict {
  if (trouble.kind === 'not-sent') return 'again';
  if (trouble.kind === 'silence') return purpose === 'read' ? 'again' : 'uncertain';

  const code = codeOf(trouble.text);
  if (code === 'UNCERTAIN') return purpose === 'read' ? 'again' : 'uncertain';
  return isFaultCode(code) && faults[code].definite && faults[code].advice === 'try again soon'
    ? 'again'
    : 'give-up';
}

/** The first word of an error reply. */
export const codeOf = (text: string): string => /^\S*/.exec(text)?.[0] ?? '';

/** An error reply without its first word. */
export const detailOf = (text: string): string => text.slice(codeOf(text).length).trim();

const isFaultCode = (word: string): word is FaultCode => Object.hasOwn(faults, word);

/** Short enough that a failover of a second is noticed when it ends, long enough not to hurt a server in trouble. */
export const BACK_OFF_FIRST_MS = 20;
export const BACK_OFF_MAX_MS = 200;

/** How long to wait before try number `waits` (from 0) after trouble: doubling, plus up to half of it by chance. */
export function backOffMs(waits: number, random: Prng): number {
  const base = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(waits, 16));
  // Without the chance, clients that one failure hit together would come back together, for ever.
  return base + below(random, base / 2 + 1);
}

/** Where `MOVED slot host:port` points, as text; undefined for any other error. */
export const movedTo = (text: string): string | undefined => /^MOVED \d+ (\S+)/.exec(text)?.[1];
