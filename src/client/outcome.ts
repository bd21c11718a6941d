/** How one operation ended, as a value: what session.ts decides and outcome-error.ts puts into words. */
import type { Reply } from '../common/reply.ts';

export type Outcome =
  | { readonly kind: 'answer'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'uncertain'; readonly why: string }
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'timed-out'; readonly why: string }
  | { readonly kind: 'aborted'; readonly definite: boolean };
