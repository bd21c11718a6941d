/**
 * Clients' requests: who may be answered, what a turn's writes come to, and reads.
 *
 *     write ─► may we? ─► evaluated on what is prepared ─► one entry a partition and turn ─► waits for history
 *     read  ─► may we? ─► committed state ─► may we still? ─► answer      (does not pass the machine)
 *
 * The writes of one turn to one partition become one entry. A command that changes nothing waits
 * like one that does, for everything it was evaluated on top of: its answer tells of state (W1).
 * A read of a key whose time is over removes the key first, so that it can never reappear (W4).
 */
import { faults } from '../common/fault.ts';
import type { Key, Partition, Slot } from '../common/ids.ts';
import { Failure, type Reply } from '../common/reply.ts';
import { after, type Instant, type Stamp } from '../common/time.ts';
import { ownerOf } from '../common/view.ts';
import type { Data, Effect as DataEffect, Read } from './commands/evaluation.ts';
import { isPast } from './commands/outcome.ts';
import { isHeldBack } from './migration/sender.ts';
import type { StoredValue } from './record.ts';
import { type Draft, effectBytes, encodeDrafts } from './replication/entry.ts';
import { CLUSTERDOWN, TRYAGAIN } from './replication/history.ts';
import { onDurable, propose } from './replication/owner.ts';
import {
  clockOf,
  type Host,
  isAuthority,
  isFenced,
  mayReadCopy,
  type Replica,
  stampNow,
} from './replication/replica.ts';
import type { Look, Request } from './request.ts';
import type { State } from './state.ts';
import { lookup } from './tables.ts';

/** An entry stays below this, give or take one command: it must fit a frame. */
const ENTRY_BYTES_MAX = 8 << 20;

/** Requests that wait while a learner becomes level; more are sent away. */
const PARKED_MAX = 10_000;

const NOREPLICAS = new Failure(`NOREPLICAS ${faults.NOREPLICAS.text}`);
const NOSPACE = new Failure(`NOSPACE ${faults.NOSPACE.text}`);

/** Why this slave does not answer for the slot as its owner; undefined: it does. */
export function refusalOf(state: State, index: Partition, slot: Slot, now: Instant): Failure | undefined {
  const replica = state.replicas[index];
  if (replica !== undefined && isAuthority(replica, now)) return undefined;
  return replica?.role === 'owner' ? ownersRefusal(replica, state.host, now) : redirect(state, index, slot);
}

function ownersRefusal(replica: Replica, host: Host, now: Instant): Failure {
  if (replica.phase !== 'open' || isFenced(replica)) return TRYAGAIN;
  // A grow was adopted: the members' promises for the new epoch are on their way.
  const isSettling = now - replica.adoptedAt < host.promiseMs && replica.adoptedAt >= host.startedAt;
  return isSettling ? TRYAGAIN : CLUSTERDOWN;
}

function redirect(state: State, index: Partition, slot: Slot): Failure {
  const owner = state.view && ownerOf(state.view, index);
  const record = owner && state.view?.slaves.get(owner.slave);
  // Sending anybody to the dead would cost them their patience for nothing.
  if (record === undefined || owner === undefined || record.stage === 'dead') return CLUSTERDOWN;
  // The view names us, but no configuration has reached us yet, or we are fenced out of it.
  if (owner.slave === state.host.self.slave)
    return owner.store === state.host.self.store ? TRYAGAIN : CLUSTERDOWN;
  return new Failure(`MOVED ${slot} ${record.host}:${record.port}`);
}

/** Whether a copy may answer a READONLY client for this partition. */
export function mayReadHere(state: State, index: Partition, now: Instant): boolean {
  const replica = state.replicas[index];
  return replica !== undefined && mayReadCopy(replica, now);
}

/** Committed data at an instant, with what has expired hidden and noted. */
export class CommittedData implements Data {
  readonly now: Stamp;
  /** A key whose time is over was met: its removal must become history before anybody is told. */
  hasExpired = false;
  readonly #host: Host;
  readonly #replica: Replica;

  constructor(host: Host, replica: Replica, now: Stamp) {
    this.#host = host;
    this.#replica = replica;
    this.now = now;
  }

  get(name: Key): StoredValue | undefined {
    const stored = lookup(this.#host.tables, this.#replica.table, name);
    if (stored === undefined || !isPast(stored.expiresAt, this.now)) return stored;
    this.hasExpired = true;
    return undefined;
  }
}

/**
 * A read at this slave, outside any step. `expired`: it met a key whose time is over, and must go
 * through the machine as a request. The caller asks `refusalOf` before and after (P4).
 */
export function readCommitted(
  state: State,
  request: { partition: Partition; args: readonly Buffer[]; read: Read },
  now: Instant,
  wall: Stamp,
): Reply | 'expired' {
  const replica = state.replicas[request.partition];
  if (replica === undefined) return TRYAGAIN;
  const clock = clockOf(replica, now);
  const isOwner = replica.role === 'owner';
  const data = new CommittedData(state.host, replica, isOwner && wall > clock ? wall : clock);
  const reply = request.read(request.args, data);
  return data.hasExpired && isOwner ? 'expired' : reply;
}

/** What is prepared, or else committed: writes are evaluated on top of it. */
class PreparedData implements Data {
  readonly now: Stamp;
  readonly #host: Host;
  readonly #replica: Replica;
  /** Keys that were met, and whose time is over. */
  #met: Set<Key> | undefined;

  constructor(host: Host, replica: Replica, now: Stamp) {
    this.#host = host;
    this.#replica = replica;
    this.now = now;
  }

  get(name: Key): StoredValue | undefined {
    const stored = this.#prepared(name);
    if (stored === undefined || !isPast(stored.expiresAt, this.now)) return stored;
    this.#met = (this.#met ?? new Set()).add(name);
    return undefined;
  }

  /** What a write does, and the removal of what it met expired: who is told so must not see it again (W4). */
  withRemovals(effects: readonly DataEffect[]): readonly DataEffect[] {
    if (this.#met === undefined) return effects;
    const touched = new Set(effects.map(({ key }) => key));
    const removals = [...this.#met].filter((key) => !touched.has(key));
    this.#met = undefined;
    return [...removals.map((key) => ({ kind: 'delete', key }) as const), ...effects];
  }

  /** Also what has expired. */
  #prepared(name: Key): StoredValue | undefined {
    const { prepared } = this.#replica;
    const latest = prepared.get(name);
    return latest !== undefined ? latest.stored : lookup(this.#host.tables, this.#replica.table, name);
  }
}

/** The entry that a turn's commands to one partition grow into. */
interface Growing {
  readonly replica: Replica;
  readonly data: PreparedData;
  effects: DataEffect[];
  bytes: number;
}

class Turn {
  readonly #state: State;
  readonly #growing = new Map<Replica, Growing>();
  readonly #drafts: Draft[] = [];
  /** How many entries are drafted for a partition already, and the epoch of the last. */
  readonly #drafted = new Map<Replica, number>();

  constructor(state: State) {
    this.#state = state;
  }

  growing(replica: Replica): Growing {
    let found = this.#growing.get(replica);
    if (found === undefined) {
      const { host } = this.#state;
      found = {
        replica,
        data: new PreparedData(host, replica, stampNow(replica, host)),
        effects: [],
        bytes: 0,
      };
      this.#growing.set(replica, found);
    }
    return found;
  }

  /** The sequence number that everything evaluated now is on top of. */
  seqOf({ replica, effects }: Growing): number {
    return replica.log.end.seq + (this.#drafted.get(replica) ?? 0) + (effects.length > 0 ? 1 : 0);
  }

  add(growing: Growing, effects: readonly DataEffect[]): void {
    if (effects.length === 0) return;
    const { prepared } = growing.replica;
    growing.effects.push(...effects);
    const seq = this.seqOf(growing);
    for (const effect of effects) {
      growing.bytes += effectBytes(effect);
      const stored = effect.kind === 'put' ? { value: effect.value, expiresAt: effect.expiresAt } : undefined;
      prepared.set(effect.key, { stored, seq });
    }
  }

  /** Ends an entry that has grown to its limit; the next command begins another. */
  endIfLarge(growing: Growing): void {
    if (growing.bytes < ENTRY_BYTES_MAX) return;
    this.#draft(growing);
    growing.effects = [];
    growing.bytes = 0;
  }

  #draft({ replica, effects, data }: Growing): void {
    if (effects.length === 0) return;
    const drafted = this.#drafted.get(replica) ?? 0;
    const { epoch } = replica.configuration;
    const { end } = replica.log;
    this.#drafts.push({
      partition: replica.partition,
      epoch,
      seq: end.seq + drafted + 1,
      previousEpoch: drafted === 0 ? end.epoch : epoch,
      stamp: data.now,
      effects,
    });
    this.#drafted.set(replica, drafted + 1);
  }

  /** Proposes all entries: one record of the log, one frame for each peer. */
  propose(): void {
    for (const growing of this.#growing.values()) this.#draft(growing);
    if (this.#drafts.length === 0) return;
    const { host, replicas } = this.#state;
    const entries = encodeDrafts(this.#drafts);
    const buffer = entries[0]?.buffer;
    if (buffer !== undefined) host.out.logItems.push(buffer);
    for (const entry of entries) {
      const replica = replicas[entry.partition];
      if (replica !== undefined) propose(replica, entry, host);
    }
    host.out.afterDurable((later) => {
      for (const entry of entries) {
        const replica = replicas[entry.partition];
        if (replica !== undefined) onDurable(replica, entry, later);
      }
    });
  }
}

export function onRequests(state: State, requests: readonly Request[]): void {
  const turn = new Turn(state);
  for (const request of requests) {
    state.commands += 1;
    const replica = state.replicas[request.partition];
    const refusal = refusalOf(state, request.partition, request.slot, state.host.now);
    if (refusal !== undefined || replica === undefined)
      state.host.out.answer(request.ticket, refusal ?? TRYAGAIN);
    else if (isHeldBack(replica)) park(state, replica, request);
    else evaluate(state, turn, replica, request);
  }
  turn.propose();
}

function park(state: State, replica: Replica, request: Request): void {
  const parked = state.parked.get(replica) ?? [];
  if (parked.length >= PARKED_MAX) return state.host.out.answer(request.ticket, TRYAGAIN);
  parked.push(request);
  state.parked.set(replica, parked);
}

/** Lets go on what waited while a learner became level. */
export function resumeParked(state: State): void {
  if (state.host.released.size === 0) return;
  for (const replica of state.host.released) {
    const parked = state.parked.get(replica);
    state.parked.delete(replica);
    if (parked !== undefined) onRequests(state, parked);
  }
  state.host.released.clear();
}

function evaluate(state: State, turn: Turn, replica: Replica, request: Request): void {
  const { run } = request;
  if (run.kind === 'read')
    return wait(state, replica, request, evaluateRead(turn, replica, request, run.read));
  if (run.kind === 'look') return wait(state, replica, request, evaluateLook(turn, replica, run.look));
  if (replica.configuration.members.length < state.host.minCopies) {
    return state.host.out.answer(request.ticket, NOREPLICAS);
  }
  if (request.grows && state.isLowOnSpace) return state.host.out.answer(request.ticket, NOSPACE);
  const growing = turn.growing(replica);
  const outcome = run.write(request.args, growing.data);
  const { reply } = outcome;
  const effects = growing.data.withRemovals(outcome.effects);
  turn.add(growing, effects);
  wait(state, replica, request, {
    seq: turn.seqOf(growing),
    reply,
    read: undefined,
    isLogged: effects.length > 0,
  });
  turn.endIfLarge(growing);
}

/**
 * A read that comes behind a write of its own connection, or that met an expired key. It sees what is
 * prepared before it and nothing behind it, and is answered when that is history.
 */
function evaluateRead(turn: Turn, replica: Replica, request: Request, read: Read): Evaluated {
  const growing = turn.growing(replica);
  const reply = read(request.args, growing.data);
  turn.add(growing, growing.data.withRemovals([]));
  return { seq: turn.seqOf(growing), reply, read: undefined, isLogged: false };
}

/** A look at the whole partition: at what is committed once all that came before it is. */
function evaluateLook(turn: Turn, replica: Replica, look: Look): Evaluated {
  const read = (host: Host): Reply => look(stampNow(replica, host));
  return { seq: turn.seqOf(turn.growing(replica)), reply: undefined, read, isLogged: false };
}

interface Evaluated {
  readonly seq: number;
  readonly reply: Reply;
  readonly read: ((host: Host) => Reply) | undefined;
  readonly isLogged: boolean;
}

function wait(
  state: State,
  replica: Replica,
  { ticket }: Request,
  { seq, reply, read, isLogged }: Evaluated,
): void {
  const { host } = state;
  if (seq <= replica.committed) return host.out.answer(ticket, read === undefined ? reply : read(host));
  const deadline = after(host.now, host.requestTimeoutMs);
  replica.waiting.push({ ticket, seq, reply, read, isLogged, deadline });
}

/** Proposes the removal of keys whose time is over; what a client is told of them waits for it. */
export function removeExpired(state: State, expired: ReadonlyMap<Replica, readonly Key[]>): void {
  const turn = new Turn(state);
  for (const [replica, keys] of expired) {
    const growing = turn.growing(replica);
    for (const key of keys) growing.data.get(key);
    turn.add(growing, growing.data.withRemovals([]));
  }
  turn.propose();
}
