/**
 * Readers: where each client's reads of a partition go, when copies may answer them (`--read-from any`).
 *
 *                     ┌── a member, by turns ──► AT A COPY ── write · refusal · link closed · silence ──┐
 *    a client's first read of a partition                                                              ▼
 *                     └── or its first command is for the owner only ───────────────────────────► AT THE OWNER, for good
 *
 * A *reader* is one client's reads of one partition. All of them are at one place, so what the client sees follows one
 * history and does not go back: a copy shows what is committed, and the owner knows all of that. The way back from the
 * owner to a copy would be a step back in time, so there is none as long as the connection lasts.
 *
 * Who moves takes along what is unanswered: it enters the owner's lane, in its order, before whatever comes next; the
 * copy's late replies are swallowed. They are reads, so that asking twice is no harm. Hence a client's commands to one
 * partition keep their order, and it reads its own writes.
 *
 * Reads travel to copies on links of their own, which have said READONLY. This file does not know how lanes work.
 */
import type { Partition, SlaveId } from '../../common/ids.ts';
import { invariant } from '../../common/invariant.ts';
import { after, type Instant } from '../../common/time.ts';
import { answer, enter, giveUp, reenter } from './lane.ts';
import { refusalOf } from './refusal.ts';
import {
  type Asked,
  AT_OWNERS,
  earlier,
  type Forward,
  type Lane,
  newLink,
  type Reader,
  type ReadLink,
  type State,
} from './state.ts';

/**
 * A copy that has not answered for half of the time that a command has is asked no more: the other half is the owner's,
 * and long enough for a failover.
 */
const PATIENCE_SHARE = 0.5;

/** A command, or a part of one: to the copy where its client reads, or into its lane. */
export function enterOrAsk(state: State, lane: Lane, forward: Forward, now: Instant): void {
  const reader = state.config.readFrom === 'any' ? readerOf(state, forward.client, lane, now) : undefined;
  if (reader?.link?.open === true && mayAskCopy(forward))
    return ask(state, reader.link, { reader, forward }, now);
  if (reader !== undefined) moveToOwner(state, reader, now);
  enter(state, lane, forward, now);
}

/** A page is a part of a picture of the whole ring, which is to be no older than what its client knows. */
const mayAskCopy = ({ write, merge }: Forward): boolean => !write && merge?.form.kind !== 'page';

/** Undefined: at the owner, for good. */
function readerOf(state: State, client: number, lane: Lane, now: Instant): Reader | undefined {
  const places = state.readers.get(client) ?? new Map<Partition, Reader>();
  if (places === AT_OWNERS) return undefined;
  const known = places.get(lane.partition);
  if (known !== undefined) return known;
  if (state.readersCount >= state.config.readersMax) {
    crowdOut(state, client, places, now);
    return undefined;
  }
  const reader: Reader = { lane, link: chooseLink(state, client, lane), sent: 0 };
  state.readers.set(client, places.set(lane.partition, reader));
  state.readersCount += 1;
  return reader;
}

/** There is no room to remember where this client reads what, so it reads everything at the owners from here on. */
function crowdOut(state: State, client: number, places: ReadonlyMap<Partition, Reader>, now: Instant): void {
  for (const reader of places.values()) moveToOwner(state, reader, now);
  state.readersCount -= places.size;
  state.readers.set(client, AT_OWNERS);
}

/** Members take turns, over clients and over partitions; undefined: it is the owner's. */
function chooseLink(state: State, client: number, lane: Lane): ReadLink | undefined {
  const members = state.view?.configurations[lane.partition]?.members ?? [];
  const links = members.slice(1).flatMap(({ slave }) => state.readLinks.get(slave) ?? []);
  return [undefined, ...links][(client + lane.partition) % (links.length + 1)];
}

interface Question {
  readonly reader: Reader;
  readonly forward: Forward;
}

function ask(state: State, link: ReadLink, { reader, forward }: Question, now: Instant): void {
  invariant(!forward.write, 'a copy is asked nothing but reads');
  const until = after(now, state.config.requestTimeoutMs * PATIENCE_SHARE);
  if (link.outgoingCommands === 0) state.touchedReads.push(link);
  link.outgoing.push(forward.bytes);
  link.outgoingCommands += 1;
  link.inflight.push({ reader, forward, until });
  reader.sent += 1;
  state.live += 1;
  state.deadlineAt = earlier(state.deadlineAt, until);
}

function moveToOwner(state: State, reader: Reader, now: Instant): void {
  const { link } = reader;
  reader.link = undefined;
  if (link === undefined || reader.sent === 0) return;
  for (const asked of link.inflight) if (asked.reader === reader) takeBack(state, asked, now);
}

/** Its reply will mean nothing any more. */
function takeBack(state: State, asked: Asked, now: Instant): void {
  const { reader, forward } = asked;
  if (forward === undefined) return;
  asked.forward = undefined;
  reader.link = undefined;
  reader.sent -= 1;
  // Of a client that has left nothing is to pile up.
  if (state.readers.has(forward.client)) reenter(state, reader.lane, forward, now);
  else giveUp(state, forward);
}

export function onReadLinkOpened(state: State, slave: SlaveId): void {
  invariant(!state.readLinks.has(slave), () => `the read link to ${slave} is opened twice`);
  state.readLinks.set(slave, { ...newLink<Asked>(slave), open: true });
}

/** All that was asked there is asked at the owners. */
export function breakReadLink(state: State, slave: SlaveId, now: Instant): void {
  const link = state.readLinks.get(slave);
  if (link === undefined) return;
  state.readLinks.delete(slave);
  link.open = false;
  for (const asked of link.inflight) takeBack(state, asked, now);
}

export function onReadReplies(state: State, slave: SlaveId, replies: readonly Buffer[], now: Instant): void {
  const link = state.readLinks.get(slave);
  if (link === undefined) return;
  for (const raw of replies) {
    const asked = link.inflight.at(0);
    // It says what nobody asked: from here on its replies could be anybody's.
    if (asked === undefined) return hangUp(state, slave, now);
    if (refusalOf(raw, false) !== undefined) moveToOwner(state, asked.reader, now);
    link.inflight.shift();
    if (asked.forward === undefined) continue;
    asked.reader.sent -= 1;
    answer(state, asked.forward, raw);
  }
}

function hangUp(state: State, slave: SlaveId, now: Instant): void {
  breakReadLink(state, slave, now);
  state.effects.push({ kind: 'hang-up', slave });
}

/** Hangs up where a copy has been silent for too long; says when to look again. */
export function expireReadLinks(state: State, now: Instant): Instant | undefined {
  let next: Instant | undefined;
  for (const { slave, inflight } of state.readLinks.values()) {
    const oldest = inflight.at(0);
    if (oldest === undefined) continue;
    if (now >= oldest.until) hangUp(state, slave, now);
    else next = earlier(next, oldest.until);
  }
  return next;
}

/** The client's connection is gone. */
export function forgetReaders(state: State, client: number): void {
  const places = state.readers.get(client);
  if (places !== undefined && places !== AT_OWNERS) state.readersCount -= places.size;
  state.readers.delete(client);
}
