/**
 * The view: who is there, and who holds what, under which epoch.
 *
 * The coordination server journals it; slaves, the gateway and clients keep copies. It is a
 * value: a change makes a new one. What *should be* (ring, placement) is the planner's; this
 * is what *is*.
 *
 * Invariants
 *   1. A configuration of epoch 0 has no members: its partition was never founded.
 *   2. The members of a configuration are different slaves; `members[0]` is the owner.
 *   3. No configuration's epoch is above the view's.
 */
import type { Epoch, Partition, SlaveId, StoreId } from './ids.ts';

/** A slave with a certain store: the only thing that can be a member (protocol N3). */
export interface Member {
  readonly slave: SlaveId;
  readonly store: StoreId;
}

/** What a start of a slave is known by: a count kept in its store, and chance (protocol I2). */
export interface Boot {
  readonly count: number;
  readonly nonce: string;
}

export interface Configuration {
  readonly epoch: Epoch;
  /** `members[0]` is the owner; the others hold copies, in ring order. */
  readonly members: readonly Member[];
  /** The start of the owner under which it was made owner. A restarted owner needs a new epoch (protocol F5). */
  readonly ownerNonce: string;
  /** The partition was forfeited and began anew, empty, with this epoch: what is of before is no part of it. */
  readonly since?: Epoch;
}

/** What every later configuration of the same history says as well. */
export const historyOf = ({ since }: Configuration): Pick<Configuration, 'since'> =>
  since === undefined ? {} : { since };

export type Stage = 'joining' | 'alive' | 'suspect' | 'dead' | 'draining';

export interface SlaveRecord {
  readonly id: SlaveId;
  readonly store: StoreId;
  readonly boot: Boot;
  /** Where clients reach it. */
  readonly host: string;
  readonly port: number;
  /** Where slaves reach it. */
  readonly peerPort: number;
  readonly pid: number;
  /** Slaves of one zone may fail together. Undefined, as in every journal from before there were any: none named. */
  readonly zone?: string | undefined;
  readonly stage: Stage;
}

/** What is fixed for a cluster when it is created, or learnt by slaves when they register. */
export interface ClusterSettings {
  readonly partitions: number;
  /** How many slaves hold each key, its owner counted. `Infinity` cannot travel: 'all' is 0. */
  readonly replicas: number;
  readonly minCopies: number;
  readonly tokens: number;
  readonly replication: 'successor';
  readonly heartbeatMs: number;
  readonly windowMs: number;
  readonly promiseMs: number;
  readonly requestTimeoutMs: number;
}

export interface View {
  readonly clusterId: string;
  /** The last number the journal has given out to anything in this view. */
  readonly epoch: Epoch;
  readonly settings: ClusterSettings;
  readonly slaves: ReadonlyMap<SlaveId, SlaveRecord>;
  /** Indexed by partition. */
  readonly configurations: readonly Configuration[];
}

export const sameMember = (a: Member, b: Member): boolean => a.slave === b.slave && a.store === b.store;

export const hasMember = ({ members }: Configuration, wanted: Member): boolean =>
  members.some((member) => sameMember(member, wanted));

/** The owner, if the partition was ever founded. */
export const ownerOf = (view: View, partition: Partition): Member | undefined =>
  view.configurations[partition]?.members[0];

/** The view as it travels: maps become lists. */
export interface WireView {
  readonly epoch: Epoch;
  readonly settings: ClusterSettings;
  readonly slaves: readonly SlaveRecord[];
  readonly configurations: readonly Configuration[];
}

/** What is different in a newer view. */
export interface ViewChange {
  readonly epoch: Epoch;
  readonly slaves: readonly SlaveRecord[];
  readonly gone: readonly SlaveId[];
  readonly configurations: readonly {
    readonly partition: Partition;
    readonly configuration: Configuration;
  }[];
}

export const viewOf = (clusterId: string, { epoch, settings, slaves, configurations }: WireView): View => ({
  clusterId,
  epoch,
  settings,
  slaves: new Map(slaves.map((record) => [record.id, record])),
  configurations,
});

export const wireOf = ({ epoch, settings, slaves, configurations }: View): WireView => ({
  epoch,
  settings,
  slaves: [...slaves.values()],
  configurations,
});

export function changeView(view: View, change: ViewChange): View {
  const slaves = new Map(view.slaves);
  for (const record of change.slaves) slaves.set(record.id, record);
  for (const id of change.gone) slaves.delete(id);
  const configurations = [...view.configurations];
  for (const { partition, configuration } of change.configurations) configurations[partition] = configuration;
  return { ...view, epoch: change.epoch, slaves, configurations };
}
