/**
 * The census: how many keys there are on the whole ring (`DBSIZE`).
 *
 * Every owner is asked once, and counts what it owns. While a partition is lost the sum would be a lie, and it is
 * an error instead (protocol W6). While an owner cannot be reached the question waits, like any other command.
 * It is a sum over moments, not a snapshot: a partition that moves meanwhile can be counted twice, or not at all.
 *
 * It passes by the lanes, because it belongs to no partition: a refusal of it is its answer.
 */
import type { Instant } from '../../common/time.ts';
import { encodeCommand } from '../../common/wire/resp-writer.ts';
import { answer, lostPartition, send } from './lane.ts';
import { newMerge } from './merge.ts';
import { failure, TOO_MANY } from './refusal.ts';
import { type Forward, type Link, newForward, type State } from './state.ts';

const QUESTION = encodeCommand(['DBSIZE']);

interface Asker {
  readonly request: number;
  readonly client: number;
  readonly deadline: Instant;
}

export function enterCensus(state: State, asker: Asker): void {
  const whole = newForward({ ...asker, write: false, bytes: QUESTION }, undefined, undefined);
  state.live += 1;
  state.parked.push(whole);
  tryCensus(state);
}

/** Asks, for every question that waits, if everybody who must be asked can be. */
export function tryCensus(state: State): void {
  if (state.parked.length === 0) return;
  const [lost] = state.unavailable;
  const links = lost === undefined ? ownerLinks(state) : undefined;
  if (lost === undefined && links === undefined) return;
  for (let whole = state.parked.shift(); whole; whole = state.parked.shift()) {
    if (links === undefined) answer(state, whole, lostPartition(lost ?? 0));
    else ask(state, whole, links);
  }
}

function ask(state: State, whole: Forward, links: readonly Link[]): void {
  if (state.live - 1 + links.length > state.config.commandsMax) {
    answer(state, whole, failure('TRYAGAIN', TOO_MANY));
    return;
  }
  const merge = newMerge(whole, { kind: 'sum' }, links.length);
  state.live += links.length - 1;
  const { request, client, deadline } = whole;
  for (const link of links) {
    send(
      state,
      link,
      newForward({ request, client, write: false, deadline, bytes: QUESTION }, undefined, merge),
    );
  }
}

/** The open links to all owners; undefined if one of them is missing. */
function ownerLinks(state: State): readonly Link[] | undefined {
  if (state.view === undefined) return undefined;
  const found = new Set<Link>();
  for (const { members } of state.view.configurations) {
    const link = members[0] === undefined ? undefined : state.links.get(members[0].slave);
    if (link?.open !== true) return undefined;
    found.add(link);
  }
  return found.size === 0 ? undefined : [...found];
}
