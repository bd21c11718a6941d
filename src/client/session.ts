/**
 * A session: the life of one operation, over as many attempts and addresses as it takes.
 *
 *                begin            not sent, may be repeated
 *      (idle) ──────────► trying ──────────────────────────► waiting
 *                          │ ▲ └── MOVED: at once, elsewhere    │
 *                          │ └──────────────── back-off over ◄──┘
 *                          ▼
 *                        settled   an answer, a refusal, UNCERTAIN, or the deadline
 *
 * Contact points are tried in turn; a round in which none could be reached ends with a back-off. The
 * whole has one deadline, whatever happens inside. What may be repeated is the rule of retry.ts; how
 * a byte reaches another machine is the shell's business, which reports `sent` no later than it hands
 * over the first byte: everything about UNCERTAIN rests on that.
 *
 * Invariants
 *   1. At most one attempt is under way. What an earlier one still says is not heard.
 *   2. `settle` happens exactly once, no later than the first tick at or after the deadline.
 *   3. A write of which a byte was sent is not attempted again without a refusal that says it did nothing.
 */
import { invariant, unreachable } from '../common/invariant.ts';
import type { Prng } from '../common/prng.ts';
import { Failure, type Reply } from '../common/reply.ts';
import { after, type Instant, instant } from '../common/time.ts';
import { type Address, addressText, parseAddress } from './address.ts';
import type { Outcome } from './outcome.ts';
import { backOffMs, judge, movedTo, type Purpose, type Trouble } from './retry.ts';

export interface Config {
  /** At least one. */
  readonly contacts: readonly Address[];
  readonly purpose: Purpose;
  readonly deadline: Instant;
  readonly random: Prng;
}

export type Input =
  | { readonly kind: 'begin'; readonly now: Instant }
  | { readonly kind: 'sent'; readonly attempt: number; readonly now: Instant }
  | { readonly kind: 'answered'; readonly attempt: number; readonly reply: Reply; readonly now: Instant }
  | { readonly kind: 'broken'; readonly attempt: number; readonly why: string; readonly now: Instant }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'tick'; readonly now: Instant };

export type Effect =
  | { readonly kind: 'attempt'; readonly attempt: number; readonly to: Address }
  /** Nobody waits for this attempt any more. `suspect`: its link was too slow to be trusted with another. */
  | { readonly kind: 'abandon'; readonly attempt: number; readonly suspect: boolean }
  | { readonly kind: 'settle'; readonly outcome: Outcome };

type Stage =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'trying';
      readonly to: Address;
      readonly sent: boolean;
      /** When this one attempt has lasted long enough. */
      readonly until: Instant;
    }
  | { readonly kind: 'waiting'; readonly to: Address; readonly until: Instant }
  | { readonly kind: 'settled' };

export interface State {
  readonly config: Config;
  stage: Stage;
  /** The number of the latest attempt, from 1. */
  attempt: number;
  /** How many contact points have been turned to since the last back-off. */
  turned: number;
  /** The next contact point, as an index that only grows. */
  turn: number;
  /** Back-offs so far. */
  waits: number;
  /** MOVED answers so far. */
  hops: number;
  /** What to say if the time ends between two attempts. */
  last: Outcome;
}

/** A host that swallows packets must not eat the time in which another contact point could have answered. */
export const CONNECT_PATIENCE_MS = 1_000;

/** MOVED answers that are followed without a pause: one for a stale contact, one for a view in change. */
export const SWIFT_HOPS_MAX = 2;

/** More than this is two servers that send us to each other; ioredis and redis-cli stop at 16 as well. */
export const HOPS_MAX = 16;

export function init(config: Config): State {
  invariant(config.contacts.length > 0, 'a session needs somebody to talk to');
  const last: Outcome = { kind: 'unreachable', why: 'no time was left to ask anybody' };
  return { config, stage: { kind: 'idle' }, attempt: 0, turned: 0, turn: 0, waits: 0, hops: 0, last };
}

export function step(state: State, input: Input): readonly Effect[] {
  const effects = dispatch(state, input);
  checkInvariants(state, effects);
  return effects;
}

/** When this session next wants a tick, if nothing else happens first. */
export function wakeAt({ stage, config }: State): Instant | undefined {
  if (stage.kind === 'idle' || stage.kind === 'settled') return undefined;
  return stage.until < config.deadline ? stage.until : config.deadline;
}

function dispatch(state: State, input: Input): readonly Effect[] {
  switch (input.kind) {
    case 'begin':
      invariant(state.stage.kind === 'idle', 'a session begins once');
      return turnToContact(state, input.now);
    case 'sent':
      return isCurrent(state, input.attempt) ? onSent(state, input.now) : [];
    case 'answered':
      return isCurrent(state, input.attempt) ? onAnswered(state, input.reply, input.now) : [];
    case 'broken':
      return isCurrent(state, input.attempt) ? onBroken(state, input.why, input.now) : [];
    case 'aborted':
      return onAborted(state);
    case 'tick':
      return onTick(state, input.now);
    default:
      return unreachable(input);
  }
}

const isCurrent = ({ stage, attempt }: State, spoken: number): boolean =>
  stage.kind === 'trying' && attempt === spoken;

function onSent(state: State, now: Instant): readonly Effect[] {
  const { stage } = state;
  invariant(stage.kind === 'trying', 'only what is tried can be sent');
  state.stage = { ...stage, sent: true, until: patienceForAnswer(state, now) };
  return [];
}

function onAnswered(state: State, reply: Reply, now: Instant): readonly Effect[] {
  if (!(reply instanceof Failure)) return settle(state, { kind: 'answer', reply });
  const target = movedTo(reply.text);
  if (target !== undefined) return onMoved(state, target, reply.text, now);
  return onTrouble(state, { kind: 'refused', text: reply.text }, reply.text, now);
}

function onMoved(state: State, target: string, text: string, now: Instant): readonly Effect[] {
  const { stage } = state;
  invariant(stage.kind === 'trying', 'only what is tried can be moved');
  // An empty host means "the one you are talking to, on another port".
  const to = parseAddress(target, stage.to.host);
  state.hops += 1;
  state.last = { kind: 'refused', text };
  if (to === undefined || state.hops > HOPS_MAX) return settle(state, state.last);
  return state.hops <= SWIFT_HOPS_MAX ? tryAt(state, to, now) : waitFor(state, to, now);
}

function onBroken(state: State, why: string, now: Instant): readonly Effect[] {
  const { stage } = state;
  invariant(stage.kind === 'trying', 'only what is tried can break');
  const told = `${addressText(stage.to)}: ${why}`;
  return onTrouble(state, { kind: stage.sent ? 'silence' : 'not-sent' }, told, now);
}

function onTrouble(state: State, trouble: Trouble, told: string, now: Instant): readonly Effect[] {
  const verdict = judge(trouble, state.config.purpose);
  if (verdict === 'uncertain') return settle(state, { kind: 'uncertain', why: told });
  if (verdict === 'give-up') return settle(state, { kind: 'refused', text: told });

  state.last = outcomeOf(trouble, told);
  // Who could not be asked, or did not answer, says nothing about the next contact point. A refusal
  // does: it is about the partition, so only time can help.
  const another = state.turned < state.config.contacts.length;
  if (trouble.kind !== 'refused' && another) return turnToContact(state, now);
  return waitFor(state, undefined, now);
}

function outcomeOf(trouble: Trouble, told: string): Outcome {
  switch (trouble.kind) {
    case 'refused':
      return { kind: 'refused', text: told };
    case 'silence':
      return { kind: 'timed-out', why: told };
    case 'not-sent':
      return { kind: 'unreachable', why: told };
    default:
      return unreachable(trouble);
  }
}

function onAborted(state: State): readonly Effect[] {
  const { stage } = state;
  if (stage.kind === 'settled') return [];
  const open = stage.kind === 'trying' && stage.sent && state.config.purpose === 'write';
  return [...abandon(state, false), ...settle(state, { kind: 'aborted', definite: !open })];
}

function onTick(state: State, now: Instant): readonly Effect[] {
  const { stage, config } = state;
  if (stage.kind === 'idle' || stage.kind === 'settled') return [];
  if (now >= config.deadline) return onDeadline(state);
  if (now < stage.until) return [];
  if (stage.kind === 'waiting') return tryAt(state, stage.to, now);

  const told = stage.sent ? 'no answer yet' : 'no connection yet';
  return [...abandon(state, true), ...onBroken(state, told, now)];
}

function onDeadline(state: State): readonly Effect[] {
  const { stage, config } = state;
  if (stage.kind !== 'trying') return settle(state, state.last);
  const at = addressText(stage.to);
  const gone = abandon(state, true);
  if (!stage.sent) return [...gone, ...settle(state, unreached(state, at))];
  const kind = config.purpose === 'write' ? 'uncertain' : 'timed-out';
  return [...gone, ...settle(state, { kind, why: `${at}: no answer in time` })];
}

/** A reason that was heard before is worth more than "no connection yet". */
const unreached = ({ last, attempt }: State, at: string): Outcome =>
  attempt > 1 ? last : { kind: 'unreachable', why: `${at}: no connection in time` };

function turnToContact(state: State, now: Instant): readonly Effect[] {
  return tryAt(state, nextContact(state), now);
}

function nextContact(state: State): Address {
  const { contacts } = state.config;
  const contact = contacts[state.turn % contacts.length];
  invariant(contact, 'a session has contact points');
  state.turn += 1;
  state.turned += 1;
  return contact;
}

function tryAt(state: State, to: Address, now: Instant): readonly Effect[] {
  const { deadline } = state.config;
  if (now >= deadline) return settle(state, state.last);
  state.attempt += 1;
  const patienceMs = Math.min(CONNECT_PATIENCE_MS, (deadline - now) / 2);
  state.stage = { kind: 'trying', to, sent: false, until: after(now, patienceMs) };
  return [{ kind: 'attempt', attempt: state.attempt, to }];
}

/** Goes to `to`, or else to the next contact point, after a back-off; ends now if the time would end first. */
function waitFor(state: State, to: Address | undefined, now: Instant): readonly Effect[] {
  const { random, deadline } = state.config;
  const until = after(now, backOffMs(state.waits, random));
  if (until >= deadline) return settle(state, state.last);
  state.waits += 1;
  state.turned = 0;
  state.stage = { kind: 'waiting', to: to ?? nextContact(state), until };
  return [];
}

/** A read can be asked elsewhere, so a silent server gets half of what time is left; a write can only wait. */
function patienceForAnswer({ config, hops }: State, now: Instant): Instant {
  const elsewhere = config.contacts.length > 1 || hops > 0;
  if (config.purpose === 'write' || !elsewhere) return config.deadline;
  return instant(now + (config.deadline - now) / 2);
}

function abandon({ stage, attempt }: State, suspect: boolean): readonly Effect[] {
  return stage.kind === 'trying' ? [{ kind: 'abandon', attempt, suspect }] : [];
}

function settle(state: State, outcome: Outcome): readonly Effect[] {
  state.stage = { kind: 'settled' };
  return [{ kind: 'settle', outcome }];
}

function checkInvariants({ stage, hops, config }: State, effects: readonly Effect[]): void {
  invariant(hops <= HOPS_MAX + 1, 'a session is not sent round for ever');
  const settles = effects.filter(({ kind }) => kind === 'settle').length;
  invariant(settles <= 1, 'a session ends once');
  invariant(settles === 0 || stage.kind === 'settled', 'what is settled is over');
  if (stage.kind === 'waiting') invariant(stage.until < config.deadline, 'nobody waits past the deadline');
}
