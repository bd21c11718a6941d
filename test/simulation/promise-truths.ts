/**
 * Truths about promises, held against those who gave them: what a slave counts on, somebody has sworn, and in the
 * giver's own time it still runs.
 *
 *     an authority counts on nothing      that a member did not promise, nor for longer than it did
 *                                         by the store that is named: another under its id is a stranger (N3)
 *     who answers a READONLY client       is a level member of its configuration, and its owner has promised
 *     who answers as the owner            is the authority in the moment that the answer is given, not only before
 *
 * A giver that has started since has forgotten whom it promised what, and a fence knows that (F1); one that sleeps, or
 * slept and has not looked at its clocks, does nothing meanwhile.
 */
import { key, type Partition, type SlaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { Failure, type Reply } from '../../src/common/reply.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import { after } from '../../src/common/time.ts';
import type { Member } from '../../src/common/view.ts';
import { isAuthority, isFenced, type Replica } from '../../src/slave/replication/replica.ts';
import type { SlaveProcess } from './slave.ts';

/** An answer in the moment that it is given. */
export interface Given {
  readonly args: readonly Buffer[];
  readonly reply: Reply;
  readonly readOnly: boolean;
}

/** For rounding, in ms. */
const TOLERANCE = 1e-3;

const READS: ReadonlySet<string> = new Set(['get', 'mget', 'exists']);

export class PromiseTruths {
  readonly #slaves: ReadonlyMap<SlaveId, SlaveProcess>;

  constructor(slaves: ReadonlyMap<SlaveId, SlaveProcess>) {
    this.#slaves = slaves;
  }

  /** It counts on promises until later than before. */
  checkHeld(holder: SlaveProcess, { partition, peers }: Replica): void {
    if (holder.process.isDrowsy) return;
    const { clock } = holder.process;
    for (const { member, heldUntil } of peers.values()) {
      const counted = clock.inWorld(heldUntil - clock.monotonic());
      invariant(
        counted <= 0 || !this.#isStranger(member),
        `${holder.id} counts on ${member.slave} for partition ${partition}, which has had another store for long`,
      );
      const giver = this.#giver(member);
      if (giver === undefined) continue;
      const sworn = leftOf(giver, holder, partition);
      invariant(
        counted <= 0 || counted <= sworn + TOLERANCE,
        `${holder.id} counts on ${giver.id} for partition ${partition} for ${counted} ms, which promised ${sworn} ms`,
      );
    }
  }

  /** An answer is given to a client. */
  checkAnswer(slave: SlaveProcess, { args, reply, readOnly }: Given): void {
    const [name, first] = args;
    const { view, replicas } = slave.state;
    if (reply instanceof Failure || name === undefined || first === undefined || view === undefined) return;
    if (!READS.has(name.toString().toLowerCase())) return;
    const partition = partitionOf(slotOf(key(first)), view.settings.partitions);
    const replica = replicas[partition];
    if (replica !== undefined && isAuthority(replica, slave.now())) return;
    invariant(readOnly, `${slave.id} answers for partition ${partition} without being its authority`);
    this.#checkCopy(slave, replica);
  }

  #checkCopy(slave: SlaveProcess, replica: Replica | undefined): void {
    const owner = replica?.configuration.members[0];
    const isWhole =
      replica !== undefined &&
      replica.role === 'copy' &&
      replica.isLevel &&
      !isFenced(replica) &&
      replica.configuration.members.some((member) => isOf(member, slave));
    invariant(isWhole && owner !== undefined, `${slave.id} answers a READONLY client as ${replica?.role}`);
    const giver = this.#giver(owner);
    if (giver === undefined) return;
    const left = leftOf(giver, slave, replica.partition) - slave.aheadMs;
    invariant(
      left > 0,
      `${slave.id} answers a READONLY client ${-left} ms after its owner's promise was over`,
    );
  }

  /** Whose memory can be asked; undefined: it has forgotten, or is not who it was. */
  #giver(member: Member): SlaveProcess | undefined {
    const giver = this.#slaves.get(member.slave);
    if (giver === undefined || !giver.isUp || giver.process.isDrowsy || !isOf(member, giver))
      return undefined;
    return isYoung(giver) ? undefined : giver;
  }

  /** Under its name there is another store, and has been for longer than any promise of the one before lasts. */
  #isStranger(member: Member): boolean {
    const other = this.#slaves.get(member.slave);
    return (
      other !== undefined && other.isUp && !other.process.isDrowsy && !isOf(member, other) && !isYoung(other)
    );
  }
}

/** Promises of the start before may still run. */
const isYoung = ({ process: { clock }, state: { host } }: SlaveProcess): boolean =>
  clock.monotonic() < after(host.startedAt, 2 * host.promiseMs);

const isOf = ({ store }: Member, { directory }: SlaveProcess): boolean => directory.store === store;

/** For how long this giver's promise still runs, in the world's time. */
function leftOf(giver: SlaveProcess, to: SlaveProcess, partition: Partition): number {
  const { clock } = giver.process;
  const until = giver.state.replicas[partition]?.given.get(to.id);
  return until === undefined ? -Infinity : clock.inWorld(until - clock.monotonic());
}
