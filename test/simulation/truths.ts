/**
 * Truths about the whole that must hold after every event, whatever clients happen to see.
 *
 *     one authority        no two slaves may answer for a partition at the same time
 *     one history          what one replica calls committed, all others that commit there commit too
 *     first on disk        nobody takes for history what its own disk does not have yet
 *     one meaning          an epoch of a partition names one configuration, for ever
 *     no step back         what was announced for a partition is never followed by an older epoch,
 *                          also not by a coordination server that was started again
 *     members are whole    who is in a list that an owner grew holds all that was acknowledged
 *     promises are kept    nobody goes on without him who reads on his promise (`promises-kept.ts`)
 *     one content          at one entry all tables hold the same, and who becomes a member holds all (`content-truths.ts`)
 *     promises are kept    what is counted on was promised, and still is (`promise-truths.ts`)
 *     the dead come back   by the door: who was declared dead is alive again only when it has registered
 *
 * Each looks only at what the event may have changed.
 */
import type { Partition, SlaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import type { Configuration, View } from '../../src/common/view.ts';
import type { Position } from '../../src/slave/replication/position.ts';
import { isAuthority, type Replica } from '../../src/slave/replication/replica.ts';
import { checkPromisesKept } from './promises-kept.ts';
import type { Happening } from './coordination.ts';
import { ContentTruths } from './content-truths.ts';
import { type Given, PromiseTruths } from './promise-truths.ts';
import type { Placement } from '../../src/coordination/placement.ts';
import type { SlaveProcess } from './slave.ts';

/** What was last seen of a replica. */
interface Seen {
  readonly replica: Replica;
  configuration: Configuration;
  committed: number;
  /** Until when it counted on promises. */
  heldUntil: number;
  /** Up to where its table was filled, and as what it held it. */
  filled: Position | undefined;
}

const seenOf = (replica: Replica): Seen => ({
  replica,
  configuration: replica.configuration,
  committed: replica.committed,
  heldUntil: -1,
  filled: undefined,
});

export class Truths {
  readonly #slaves: ReadonlyMap<SlaveId, SlaveProcess>;
  /** By partition and by what was forfeited of it: the epoch of each committed entry. */
  readonly #committed = new Map<string, number[]>();
  /** By partition: the epochs with which it began anew. */
  readonly #beginnings: Set<number>[] = [];
  /** By partition: what each epoch was seen to mean. */
  readonly #meanings: Map<number, string>[] = [];
  readonly #announced: number[] = [];
  /** By slave and partition. */
  readonly #seen = new Map<SlaveProcess, (Seen | undefined)[]>();
  /** Declared dead, and not registered since. */
  readonly #dead = new Set<SlaveId>();
  readonly #promises: PromiseTruths;
  readonly contents: ContentTruths;

  constructor(slaves: ReadonlyMap<SlaveId, SlaveProcess>) {
    this.#slaves = slaves;
    this.#promises = new PromiseTruths(slaves);
    this.contents = new ContentTruths(slaves);
  }

  /** A slave answers one of its clients. */
  checkAnswer(slave: SlaveProcess, given: Given): void {
    this.#promises.checkAnswer(slave, given);
  }

  /** Something has happened to this slave. */
  checkSlave(slave: SlaveProcess): void {
    let all = this.#seen.get(slave);
    if (all === undefined) this.#seen.set(slave, (all = []));
    for (const replica of slave.state.replicas) {
      if (replica === undefined) continue;
      let seen = all[replica.partition];
      // Another start of the process has other replicas.
      if (seen?.replica !== replica) all[replica.partition] = seen = seenOf(replica);
      if (replica.configuration !== seen.configuration) this.#checkConfiguration(slave, replica, seen);
      if (replica.committed > seen.committed) this.#checkHistory(slave, replica, seen.committed);
      seen.committed = replica.committed;
      if (replica.role === 'learner') this.contents.noteLearner(slave, replica);
      if (replica.table.filled !== seen.filled) this.contents.checkFilled(slave, replica);
      seen.filled = replica.table.filled;
      if (replica.phase !== 'open') continue;
      this.#checkAuthority(slave, replica);
      if (replica.authorityUntil > seen.heldUntil) this.#promises.checkHeld(slave, replica);
      seen.heldUntil = replica.authorityUntil;
    }
  }

  #checkConfiguration(slave: SlaveProcess, replica: Replica, seen: Seen): void {
    const before = seen.configuration;
    seen.configuration = replica.configuration;
    this.#checkMeaning(replica.partition, replica.configuration);
    checkPromisesKept(this.#slaves, slave, replica);
    const isGrown = replica.phase === 'open' && replica.configuration.members.length > before.members.length;
    if (isGrown) this.contents.checkWhole(slave, replica);
  }

  #checkMeaning(partition: Partition, { epoch, members, since }: Configuration): void {
    if (epoch === 0) return;
    if (since !== undefined) (this.#beginnings[partition] ??= new Set()).add(since);
    const meanings = (this.#meanings[partition] ??= new Map<number, string>());
    const text = members.map((member) => `${member.slave}/${member.store.slice(-3)}`).join(' ');
    const before = meanings.get(epoch);
    invariant(
      before === undefined || before === text,
      `epoch ${epoch} of partition ${partition} means both ${before} and ${text}`,
    );
    meanings.set(epoch, text);
  }

  #checkHistory({ id }: SlaveProcess, { partition, log, committed, durable }: Replica, from: number): void {
    invariant(
      committed <= durable,
      `${id} takes entry ${committed} of partition ${partition} for history, and its own disk has ${durable}`,
    );
    for (let seq = Math.max(from, log.base.seq) + 1; seq <= committed; seq += 1) {
      const epoch = log.epochAt(seq);
      if (epoch === undefined) continue;
      const epochs = this.#historyOf(partition, epoch);
      const before = epochs[seq];
      invariant(
        before === undefined || before === epoch,
        `two histories of partition ${partition}: entry ${seq} is of epoch ${before}, and of ${epoch} at ${id}`,
      );
      epochs[seq] = epoch;
    }
  }

  /** Behind each beginning there is a history of its own. */
  #historyOf(partition: Partition, epoch: number): number[] {
    const beginnings = this.#beginnings[partition] ?? [];
    const name = `${partition} since ${Math.max(0, ...[...beginnings].filter((since) => since <= epoch))}`;
    const found = this.#committed.get(name) ?? [];
    this.#committed.set(name, found);
    return found;
  }

  #checkAuthority(slave: SlaveProcess, replica: Replica): void {
    if (!isAuthority(replica, slave.process.clock.monotonic())) return;
    for (const other of this.#slaves.values()) {
      // Who has slept compares its clocks before it does anything.
      if (other === slave || !other.isUp || other.process.isDrowsy) continue;
      const rival = other.state.replicas[replica.partition];
      const isRival =
        rival !== undefined && rival.phase === 'open' && isAuthority(rival, other.process.clock.monotonic());
      if (!isRival) continue;
      const [one, two] = [replica.configuration.epoch, rival.configuration.epoch];
      throw new Error(
        `two authorities for partition ${replica.partition}: ${slave.id} under ${one}, ${other.id} under ${two}`,
      );
    }
  }

  /** The coordination server takes something in; undefined: it has just started, and knows only what its journal knows. */
  serverHears(happening: Happening | undefined): void {
    if (happening === undefined) this.#dead.clear();
    else if (happening.kind === 'message' && happening.message.kind === 'register')
      this.#dead.delete(happening.message.slave);
  }

  #checkReturns({ slaves }: View): void {
    for (const { id, stage } of slaves.values()) {
      if (stage === 'dead') this.#dead.add(id);
      else
        invariant(!this.#dead.has(id), `${id} was declared dead, has not registered since, and is ${stage}`);
    }
  }

  /** Copies lie in as many zones as there are. */
  checkZones(placement: Placement, { slaves }: View): void {
    const zoneOf = (id: SlaveId): string => slaves.get(id)?.zone ?? id;
    const zones = new Set(placement.flat().map(zoneOf)).size;
    for (const members of placement) {
      const theirs = new Set(members.map(zoneOf)).size;
      invariant(
        theirs === Math.min(members.length, zones),
        () => `${members.join(' ')} share zones, and need not`,
      );
    }
  }

  /** What the coordination server has announced. */
  checkView(view: View): void {
    this.#checkReturns(view);
    const { configurations } = view;
    configurations.forEach((configuration, index) => {
      const partition = index as Partition; // An index of configurations is a partition.
      const { epoch } = configuration;
      invariant(
        epoch >= (this.#announced[index] ?? 0),
        `partition ${index} went back from epoch ${this.#announced[index]} to ${epoch}`,
      );
      this.#announced[index] = epoch;
      this.#checkMeaning(partition, configuration);
    });
  }
}
