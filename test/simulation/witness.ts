/**
 * The witness: sees what machines are given and what they want, and counts what happened (`coverage.ts`).
 *
 * It changes nothing and judges nothing.
 */
import type { Partition, SlaveId } from '../../src/common/ids.ts';
import type { View } from '../../src/common/view.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import type { Effect } from '../../src/slave/state.ts';
import type { Coverage } from './coverage.ts';
import type { Happening, SlaveProcess } from './slave.ts';

export class Witness {
  readonly #coverage: Coverage;
  readonly #slaves: ReadonlyMap<SlaveId, SlaveProcess>;
  #view: View | undefined;
  /** Where each partition's log ended at each slave, when that was last looked at. */
  readonly #ends = new WeakMap<SlaveProcess, number[]>();

  constructor(coverage: Coverage, slaves: ReadonlyMap<SlaveId, SlaveProcess>) {
    this.#coverage = coverage;
    this.#slaves = slaves;
  }

  slaveStepped(slave: SlaveProcess, happening: Happening, effects: readonly Effect[]): void {
    if (happening.kind === 'peer') for (const message of happening.messages) this.#heard(slave, message);
    for (const effect of effects) {
      if (effect.kind === 'tell' && effect.message.kind === 'fenced') this.#fenced(effect.message.answers);
      const isWipe =
        effect.kind === 'commit' && effect.store === 'tables' && effect.changes[0]?.kind === 'delete-range';
      if (isWipe) this.#coverage.leftoversCleared += 1;
    }
  }

  #fenced(answers: readonly { readonly promised: readonly { readonly slave: SlaveId }[] }[]): void {
    this.#coverage.fencesAnswered += answers.length;
    for (const { promised } of answers) {
      if (promised.some(({ slave }) => this.#slaves.get(slave)?.isUp !== true))
        this.#coverage.fencesThatWaited += 1;
    }
  }

  #heard(slave: SlaveProcess, message: PeerMessage): void {
    if (message.kind === 'append') {
      const isOld = message.items.some(
        ({ partition, epoch }) => epoch < (slave.state.replicas[partition]?.fence ?? 0),
      );
      if (isOld) this.#coverage.staleEpochsRefused += 1;
    } else if (message.kind === 'copy-begin' && message.mode === 'onward') {
      this.#coverage.ledOn += 1;
    } else if (message.kind === 'level' || message.kind === 'fetched') {
      this.#lookAtEnds(slave);
    }
  }

  /** A log that is shorter than it was has been cut to what is history. */
  #lookAtEnds(slave: SlaveProcess): void {
    const ends = this.#ends.get(slave) ?? [];
    for (const replica of slave.state.replicas) {
      if (replica === undefined) continue;
      const { end } = replica.log;
      if (end.seq < (ends[replica.partition] ?? 0)) this.#coverage.tailsReconciled += 1;
      ends[replica.partition] = end.seq;
    }
    this.#ends.set(slave, ends);
  }

  /** Just before its process ends. */
  crashing(slave: SlaveProcess): void {
    this.#lookAtEnds(slave);
    for (const replica of slave.state.replicas)
      if (replica?.role === 'learner') this.#coverage.learnersDiedHalfway += 1;
  }

  announced(view: View, unavailable: ReadonlySet<Partition>): void {
    const before = this.#view;
    this.#view = view;
    this.#coverage.partitionsLost += unavailable.size;
    if (before === undefined) return;
    view.configurations.forEach(({ epoch, members }, index) => {
      const old = before.configurations[index];
      if (old === undefined || old.epoch === epoch || old.epoch === 0) return;
      if (members.length > old.members.length) this.#coverage.growsAdopted += 1;
      const [was, is] = [old.members[0], members[0]];
      if (was === undefined || was.slave === is?.slave) return;
      if (members.some(({ slave }) => slave === was.slave)) this.#coverage.handOversUnderLoad += 1;
      else this.#coverage.failovers += 1;
    });
  }
}
