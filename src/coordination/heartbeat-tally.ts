/**
 * Heartbeat tally: turns beats into verdicts.
 *
 * Slaves say "I am here" by datagram, and datagrams get lost; several fit into a window, and a
 * window with none that counts is a death. The verdict is reached in two inputs, because beats
 * that came in time may still wait in the socket:
 *
 *      beat  beat  │                      │ tick ──► read-socket-first
 *    ──────────────┼──────────────────────┼───●────────────●──────────────►
 *       heard      │       silent         │     (beats)    socket-read ──► dead
 *
 * What counts as a beat, and how much silence is too much, are the failure detector's rules; what
 * to do about a death is the planner's business. This file only counts, and does not know the ring.
 *
 * Who enrols is heard in the window in which it does. So after a start, when everybody the journal
 * knows is enrolled at once, one full window is listened to before anybody is judged.
 *
 * It also keeps who complains of whom: beats name the peers from which their sender has had no
 * promise for a window. The newest list of each slave stands until its next beat.
 *
 * Invariants
 *   1. No tallied slave is dead: on the verdict it leaves the tally in the same step.
 *   2. So a death is announced once. To come back, a slave must enrol again.
 *   3. `suspect` and `back` of a slave alternate, beginning with `suspect`.
 *   4. Nobody is judged in the step of a tick: between a tick and a verdict lies a reading of the socket.
 */
import type { SlaveId, StoreId } from '../common/ids.ts';
import { invariant, unreachable } from '../common/invariant.ts';
import { after, type Instant } from '../common/time.ts';
import { type Beat, counts, hasSlept, type Patience, suspicionAt } from './failure-detector.ts';

export type Config = Patience;

/** A start of a slave with its store: only its own beats keep it alive. */
export interface Identity {
  readonly slave: SlaveId;
  readonly store: StoreId;
  readonly bootNonce: string;
}

export type Input =
  | ({ readonly kind: 'enrolled'; readonly now: Instant } & Identity)
  | { readonly kind: 'withdrawn'; readonly slave: SlaveId }
  | ({ readonly kind: 'beat'; readonly unheard: readonly SlaveId[]; readonly now: Instant } & Identity & Beat)
  /** The slave's control link. One of an earlier start is not this slave's: whoever feeds this leaves it out. */
  | { readonly kind: 'link-closed' | 'link-opened'; readonly slave: SlaveId }
  /** Its peer port refused a connection: the process is gone. */
  | { readonly kind: 'refused'; readonly slave: SlaveId }
  | { readonly kind: 'tick'; readonly now: Instant }
  /** What `read-socket-first` asked for is done: all beats that were waiting have been fed. */
  | { readonly kind: 'socket-read'; readonly now: Instant };

export type Effect =
  | { readonly kind: 'suspect' | 'back'; readonly slave: SlaveId }
  | { readonly kind: 'dead'; readonly slave: SlaveId; readonly why: 'window' | 'refused' }
  /** Somebody beats whom nobody enrolled like this: buried, or another store or start. It must register afresh. */
  | ({ readonly kind: 'stranger' } & Identity)
  | { readonly kind: 'read-socket-first' };

interface Pulse {
  readonly identity: Identity;
  /** A beat that counts came in the present window. */
  heard: boolean;
  /** Since when nothing that counts was heard. */
  quietSince: Instant;
  /** Half a window of silence. */
  silent: boolean;
  linkClosed: boolean;
  sequence: number | undefined;
  loopCounter: number | undefined;
  loopCounterBefore: number | undefined;
  unheard: readonly SlaveId[];
}

export interface State {
  readonly config: Config;
  readonly pulses: Map<SlaveId, Pulse>;
  windowStart: Instant;
  /** Until then nobody is even suspected of silence: we have only just begun to listen. */
  readonly listeningUntil: Instant;
  /** The socket is being read before a verdict, since then. */
  readingSince: Instant | undefined;
}

export function init(config: Config, now: Instant): State {
  invariant(config.heartbeatMs > 0, 'heartbeats have an interval');
  invariant(config.windowMs >= 2 * config.heartbeatMs, 'two heartbeats or more fit into a window');
  const listeningUntil = after(now, config.windowMs);
  return { config, pulses: new Map(), windowStart: now, listeningUntil, readingSince: undefined };
}

export function step(state: State, input: Input): readonly Effect[] {
  const effects = dispatch(state, input);
  invariant(
    input.kind !== 'tick' || effects.every(({ kind }) => kind === 'read-socket-first'),
    'a tick by itself judges nobody',
  );
  return effects;
}

/** When this machine next wants a tick, if nothing else happens first. */
export function wakeAt(state: State): Instant {
  // The reading comes back by itself. Should it be lost, the next tick is a late one and begins anew.
  if (state.readingSince !== undefined) return after(state.readingSince, state.config.windowMs);
  return dueAt(state);
}

/** Who complains of whom: live slaves, and the live peers from which each has had no promise for a window. */
export function complaints({ pulses }: State): ReadonlyMap<SlaveId, ReadonlySet<SlaveId>> {
  const all = new Map<SlaveId, ReadonlySet<SlaveId>>();
  for (const [slave, { unheard }] of pulses) {
    const live = unheard.filter((peer) => peer !== slave && pulses.has(peer));
    if (live.length > 0) all.set(slave, new Set(live));
  }
  return all;
}

/** The slaves that are not dead, as far as this can tell. */
export const tallied = ({ pulses }: State): readonly SlaveId[] => [...pulses.keys()];

function dispatch(state: State, input: Input): readonly Effect[] {
  switch (input.kind) {
    case 'enrolled':
      return onEnrolled(state, input);
    case 'withdrawn':
      state.pulses.delete(input.slave);
      return [];
    case 'beat':
      return onBeat(state, input);
    case 'link-closed':
      return onLink(state, input.slave, true);
    case 'link-opened':
      return onLink(state, input.slave, false);
    case 'refused':
      return onRefused(state, input.slave);
    case 'tick':
      return onTick(state, input.now);
    case 'socket-read':
      return onSocketRead(state, input.now);
    default:
      return unreachable(input);
  }
}

function onEnrolled(
  { pulses }: State,
  { slave, store, bootNonce, now }: Identity & { now: Instant },
): Effect[] {
  const before = pulses.get(slave);
  pulses.set(slave, {
    identity: { slave, store, bootNonce },
    heard: true, // Enrolling counts as a beat: a slave that joins late in a window is not silent in it.
    quietSince: now,
    silent: false,
    linkClosed: false,
    sequence: undefined,
    loopCounter: undefined,
    loopCounterBefore: undefined,
    unheard: [],
  });
  return before && isSuspect(before) ? [{ kind: 'back', slave }] : [];
}

function onBeat(
  { pulses }: State,
  beat: Identity & Beat & { unheard: readonly SlaveId[]; now: Instant },
): Effect[] {
  const { slave, store, bootNonce } = beat;
  const pulse = pulses.get(slave);
  // A slave we buried may still be beating: it was cut off, not dead. Its data has moved on, so it
  // must not slip back in. Nor must another store or another start keep the enrolled one alive.
  if (pulse?.identity.store !== store || pulse.identity.bootNonce !== bootNonce) {
    return [{ kind: 'stranger', slave, store, bootNonce }];
  }
  const news = counts(beat, pulse);
  pulse.sequence = Math.max(pulse.sequence ?? 0, beat.sequence);
  pulse.loopCounter = Math.max(pulse.loopCounter ?? 0, beat.loopCounter);
  // What does not count is not believed either: a stuck loop complains of peers it no longer listens to.
  if (!news) return [];

  return changed(pulse, () => {
    pulse.heard = true;
    pulse.quietSince = beat.now;
    pulse.silent = false;
    pulse.unheard = beat.unheard;
  });
}

function onLink({ pulses }: State, slave: SlaveId, closed: boolean): readonly Effect[] {
  const pulse = pulses.get(slave);
  if (!pulse) return []; // Links of the dead close too.
  return changed(pulse, () => {
    pulse.linkClosed = closed;
  });
}

function onRefused({ pulses }: State, slave: SlaveId): readonly Effect[] {
  // A slave that enrolled again while its port was being dialled has a new link and another port.
  if (pulses.get(slave)?.linkClosed !== true) return [];
  pulses.delete(slave);
  return [{ kind: 'dead', slave, why: 'refused' }];
}

function onTick(state: State, now: Instant): readonly Effect[] {
  const { config, readingSince } = state;
  // Only the end of a window is missed by sleeping. A suspicion that comes late is still only a hint,
  // and a server that often stalls for a moment must not by that let the dead live.
  if (hasSlept(readingSince ?? windowEnd(state), now, config)) {
    // The silence may be ours, with the beats still waiting, or lost because their buffer was full.
    openWindow(state, now);
    return [];
  }
  if (readingSince !== undefined || now < dueAt(state)) return [];
  state.readingSince = now;
  return [{ kind: 'read-socket-first' }];
}

function onSocketRead(state: State, now: Instant): readonly Effect[] {
  // A reading that a late tick has overtaken belongs to a window that is no more.
  if (state.readingSince === undefined) return [];
  if (hasSlept(state.readingSince, now, state.config)) {
    openWindow(state, now);
    return [];
  }
  state.readingSince = undefined;
  const deaths = now >= windowEnd(state) ? closeWindow(state, now) : [];
  return [...deaths, ...suspicions(state, now)];
}

function closeWindow(state: State, now: Instant): readonly Effect[] {
  const dead = [...state.pulses.values()].filter(({ heard }) => !heard);
  for (const { identity } of dead) state.pulses.delete(identity.slave);
  beginWindow(state, now);
  return dead.map(({ identity: { slave } }) => ({ kind: 'dead', slave, why: 'window' }));
}

function suspicions({ config, pulses }: State, now: Instant): readonly Effect[] {
  return [...pulses.values()]
    .filter(({ quietSince, silent }) => !silent && now >= suspicionAt(quietSince, config))
    .flatMap((pulse) =>
      changed(pulse, () => {
        pulse.silent = true;
      }),
    );
}

/** After a sleep of our own: everybody's silence begins now, the suspicions that stand go on. */
function openWindow(state: State, now: Instant): void {
  state.readingSince = undefined;
  for (const pulse of state.pulses.values()) pulse.quietSince = now;
  beginWindow(state, now);
}

/** However long the last window was, the next one begins now and has its full length. */
function beginWindow(state: State, now: Instant): void {
  state.windowStart = now;
  for (const pulse of state.pulses.values()) {
    pulse.heard = false;
    pulse.loopCounterBefore = pulse.loopCounter;
  }
}

/** The next instant at which somebody may have to be judged; before it nobody is, so this also keeps the listening. */
function dueAt(state: State): Instant {
  const { config, pulses, listeningUntil } = state;
  let due = windowEnd(state);
  for (const { quietSince, silent } of pulses.values()) {
    const suspicion = suspicionAt(quietSince, config);
    if (!silent && suspicion < due && suspicion >= listeningUntil) due = suspicion;
  }
  return due;
}

const windowEnd = ({ config, windowStart }: State): Instant => after(windowStart, config.windowMs);

const isSuspect = ({ silent, linkClosed }: Pulse): boolean => silent || linkClosed;

/** Makes the change and says what it meant: two reasons for suspicion are one suspicion. */
function changed(pulse: Pulse, change: () => void): Effect[] {
  const { slave } = pulse.identity;
  const before = isSuspect(pulse);
  change();
  const now = isSuspect(pulse);
  return before === now ? [] : [{ kind: now ? 'suspect' : 'back', slave }];
}

/** Every truth about the whole state; for tests and the simulator, which can afford it after each step. */
export function checkInvariants(state: State): void {
  const { pulses, windowStart, listeningUntil, readingSince } = state;
  invariant(windowEnd(state) >= listeningUntil, 'the first window is the one we listen in');
  invariant(
    readingSince === undefined || readingSince >= windowStart,
    'a reading belongs to the present window',
  );
  for (const [slave, { identity, heard, quietSince, loopCounter, loopCounterBefore }] of pulses) {
    invariant(identity.slave === slave, () => `${slave} is tallied under its own name`);
    invariant(!heard || quietSince >= windowStart, () => `${slave} was heard in this window, or it was not`);
    invariant(
      (loopCounterBefore ?? 0) <= (loopCounter ?? 0),
      () => `the loop of ${slave} does not turn back`,
    );
  }
}
