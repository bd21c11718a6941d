/**
 * Oaths: what a replica swears, durably, before it says so: its fence, its configuration, its lessons.
 *
 *     fence n     no promise, no read, no write, no append of an older epoch from now on (F1, F2, N2)
 *     adopt c     this slave acts in c; its fence is c's epoch
 *     release     this slave is not in c: what it held as a member is kept as committed, the fence stays
 *     learn g     it is being copied anew, and what was here is wiped; or only what changed since is
 *
 * An oath takes effect in memory at once (it only restricts) and is spoken of when it is durable.
 *
 * What a learner has copied outlives a fence and a restart: the owner may have adopted it without its
 * knowing, and then it is counted as full. It goes when a configuration after g leaves it out.
 */
import { seal, unseal } from '../../common/sealed.ts';
import { type Epoch, epoch, type SlaveId } from '../../common/ids.ts';
import { invariant } from '../../common/invariant.ts';
import { cutAfter, TRYAGAIN, UNCERTAIN } from './history.ts';
import { after, type Instant } from '../../common/time.ts';
import type { Configuration, Member } from '../../common/view.ts';
import type { FenceAnswer } from '../../common/message/control.ts';
import { swornKey } from '../store-layout.ts';
import { clearLeftovers } from '../filling.ts';
import { nextIncarnation } from '../tables.ts';
import { encodeMark } from './entry.ts';
import { type Position, START } from './position.ts';
import { dropHeld, promisedNow } from './promises.ts';
import {
  type Host,
  isFenced,
  isRetired,
  type Learning,
  NEVER_FOUNDED,
  progressOf,
  type Progress,
  type Replica,
  whenDurable,
} from './replica.ts';

export interface Oath {
  readonly fence: Epoch;
  readonly configuration: Configuration;
  /** The grow for which it learns; 0: for none. Whether its snapshot is whole only the owner knows. */
  readonly learns: Epoch;
  /** How often the partition was wiped here: what the tables' store holds of an earlier one counts for nothing. */
  readonly incarnation: number;
}

/** @throws BrokenStore when the checksum does not match. */
export const decodeOath = (bytes: Buffer): Oath => unseal(bytes, 'what this store has sworn') as Oath;

function writeOath({ partition, table }: Replica, sworn: Omit<Oath, 'incarnation'>, host: Host): void {
  const value = seal({ ...sworn, incarnation: table.incarnation });
  host.out.changes.push({ kind: 'put', key: swornKey(partition), value });
}

function swear(replica: Replica, host: Host): void {
  const { fence, configuration, learns } = replica;
  writeOath(replica, { fence, configuration, learns }, host);
  host.out.afterDurable(() => {
    if (replica.swornFence < fence) replica.swornFence = fence;
  });
}

/** Stops everything that this replica did as owner or as learner. Those who wait go on waiting: their entries may yet become history. */
function standStill(replica: Replica, host: Host): void {
  replica.phase = 'closed';
  replica.isLevel = false;
  replica.levelRound = undefined;
  replica.fetchingFrom = undefined;
  if (replica.grow?.heldBackUntil !== undefined || replica.calm !== undefined) host.released.add(replica);
  replica.grow = undefined;
  replica.calm = undefined;
}

/** Takes in a configuration that this slave is a member of. */
export function adopt(replica: Replica, configuration: Configuration, host: Host): void {
  invariant(configuration.epoch >= replica.fence, 'an older configuration is never adopted');
  invariant(configuration.epoch > replica.configuration.epoch, 'a configuration is adopted once');
  invariant(
    configuration.members.some((member) => isSelf(member, host)),
    'only members adopt',
  );
  standStill(replica, host);
  if (isOfBefore(replica, configuration)) startAnew(replica, START, host);
  replica.learning = undefined;
  replica.learns = NO_GROW;
  replica.fence = configuration.epoch;
  replica.configuration = configuration;
  replica.role = configuration.members[0] && isSelf(configuration.members[0], host) ? 'owner' : 'copy';
  replica.peers = peersOf(configuration, host);
  dropHeld(replica);
  swear(replica, host);
}

/** Whether what it holds was forfeited: its last entry is older than the history that is now. */
const isOfBefore = ({ log }: Replica, { since = NO_GROW }: Configuration): boolean =>
  log.end.seq > 0 && log.end.epoch < since;

const isSelf = (member: Member, { self }: Host): boolean =>
  member.slave === self.slave && member.store === self.store;

export function peersOf({ members }: Configuration, host: Host): Map<SlaveId, Progress> {
  invariant(
    new Set(members.map(({ slave }) => slave)).size === members.length,
    'members are different slaves',
  );
  return new Map(
    members
      .filter((member) => !isSelf(member, host))
      .map((member) => [member.slave, progressOf(member, host.now)]),
  );
}

/** Adds the learner to the members: only what it needs anew is reset, and the partition stays open (G2). */
export function adoptLarger(replica: Replica, configuration: Configuration, host: Host): void {
  invariant(
    replica.phase === 'open' && configuration.epoch > replica.fence,
    'a grow is adopted by an open owner',
  );
  const before = replica.peers;
  replica.grow = undefined;
  replica.adoptedAt = host.now;
  replica.fence = configuration.epoch;
  replica.configuration = configuration;
  replica.peers = peersOf(configuration, host);
  for (const [slave, progress] of replica.peers) progress.acked = before.get(slave)?.acked ?? 0;
  dropHeld(replica);
}

/** What the disk must hold before a larger list is in force. */
export function swearLarger(replica: Replica, configuration: Configuration, host: Host): void {
  writeOath(replica, { fence: configuration.epoch, configuration, learns: NO_GROW }, host);
}

/** Fences a replica: the answer tells what it has and whom it has promised (F1). `answer` runs when the fence is durable. */
export function fence(
  replica: Replica,
  number: Epoch,
  host: Host,
  answer: (answer: FenceAnswer) => void,
): void {
  if (number > replica.fence) {
    standStill(replica, host);
    replica.fence = number;
    replica.learning = undefined;
    dropHeld(replica);
    swear(replica, host);
  }
  whenDurable(host, () => {
    // A fence that comes again behind its own result: nobody waits, and an open log has ends that are not durable.
    if (replica.fence !== number || !isFenced(replica)) return;
    replica.durable = replica.log.end.seq;
    const { partition, log, configuration, given } = replica;
    const end = { epoch: log.end.epoch, seq: log.end.seq };
    const promised = promisedNow(replica, host.now);
    for (const [slave, until] of given) if (until <= host.now) given.delete(slave);
    const promisedAllMs = Math.max(0, after(host.startedAt, host.promiseMs) - host.now);
    answer({ partition, end, adopted: configuration, promised, promisedAllMs });
  });
}

/**
 * A configuration without this slave is in force. What a member held stays, as far as it is committed: if the
 * slave comes back, it lacks only what changed. A half copy is worth nothing.
 */
export function release(replica: Replica, number: Epoch, host: Host): void {
  const wasMember = replica.role === 'owner' || replica.role === 'copy';
  standStill(replica, host);
  if (number > replica.fence) replica.fence = number;
  if (wasMember) {
    giveUpAll(replica, host);
    cutAfter(replica, replica.committed, host);
  } else startAnew(replica, START, host);
  beNobody(replica);
  replica.retiredAt = host.now;
  swear(replica, host);
}

/** What was kept is not needed any more. */
export function discard(replica: Replica, host: Host): void {
  startAnew(replica, START, host);
  swear(replica, host);
}

/** Promises given stay on record, and so does the fence. */
function beNobody(replica: Replica): void {
  replica.role = 'none';
  replica.learning = undefined;
  replica.learns = NO_GROW;
  replica.configuration = NEVER_FOUNDED;
  replica.peers = new Map();
  replica.authorityUntil = NEVER;
}

const NEVER = -1 as Instant; // Before every instant.

const NO_GROW = epoch(0);

function giveUpAll(replica: Replica, host: Host): void {
  for (let first = replica.waiting.shift(); first !== undefined; first = replica.waiting.shift()) {
    host.out.answer(first.ticket, first.isLogged ? UNCERTAIN : TRYAGAIN);
  }
}

/** What was here is worth nothing, and the log begins at `base`. */
function startAnew(replica: Replica, base: Position, host: Host): void {
  giveUpAll(replica, host);
  const table = nextIncarnation(replica.table, base);
  replica.table = table;
  host.out.afterDurable((later) => {
    // A still newer one has an oath of its own to wait for.
    if (replica.table === table) clearLeftovers(replica, later);
  });
  replica.log.reset(base);
  replica.prepared.clear();
  replica.durable = replica.committed = replica.committedTold = base.seq;
  replica.afterFill = undefined;
  host.out.logItems.push(encodeMark('reset', { partition: replica.partition, ...base }));
}

/** Becomes a learner whose log begins where the snapshot does. */
export function learn(replica: Replica, learning: Learning, base: Position, host: Host): void {
  standStill(replica, host);
  startAnew(replica, base, host);
  beLearner(replica, learning, host);
}

/** Becomes a learner that keeps what it held as a member: its log leads on. */
export function learnOnward(replica: Replica, learning: Learning, host: Host): void {
  invariant(isRetired(replica), 'what a learner leads on from is whole');
  standStill(replica, host);
  // After a restart there may be more in the log than it knows to be committed.
  cutAfter(replica, replica.table.applied.seq, host);
  beLearner(replica, learning, host);
}

function beLearner(replica: Replica, learning: Learning, host: Host): void {
  beNobody(replica);
  // Word of a configuration before the one that it joins may still be on its way: it is in none of those any more.
  if (replica.fence < learning.base) replica.fence = learning.base;
  replica.role = 'learner';
  replica.learning = learning;
  replica.learns = learning.grow;
  replica.isLevel = true;
  swear(replica, host);
}

/** The replica as its oath and its records leave it after a restart: it serves nothing, and promises nothing yet. */
export function recallOath(replica: Replica, oath: Oath, host: Host): void {
  replica.fence = replica.swornFence = epoch(oath.fence);
  replica.configuration = oath.configuration;
  const { members } = oath.configuration;
  const place = members.findIndex((member) => isSelf(member, host));
  replica.learns = epoch(oath.learns);
  replica.role = place === -1 ? (oath.learns > 0 ? 'learner' : 'none') : place === 0 ? 'owner' : 'copy';
  replica.peers = place === -1 ? new Map<SlaveId, Progress>() : peersOf(oath.configuration, host);
  replica.authorityUntil = NEVER;
}
