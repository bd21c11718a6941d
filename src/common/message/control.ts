/**
 * What slaves and the coordination server say to each other over the control link.
 *
 * Messages are values; the codec is msgpack. Each may come twice, late, or from a link that is
 * gone: everything that matters carries an epoch, and both sides answer a repeat as they did before.
 */
import type { Epoch, Partition, SlaveId } from '../ids.ts';
import type { Boot, Configuration, ViewChange, WireView } from '../view.ts';

/** A place in a log, as in `slave/replication/position.ts`. */
export interface LogEnd {
  readonly epoch: Epoch;
  readonly seq: number;
}

export interface Registration {
  readonly kind: 'register';
  /** Undefined: a store that has never belonged to a cluster. */
  readonly clusterId: string | undefined;
  readonly slave: SlaveId;
  readonly store: string;
  readonly boot: Boot;
  /** The kernel's boot: with `--durability os` a machine that went down may have lost what it acknowledged (I4). */
  readonly kernelBoot: string;
  /** Whether that is the kernel boot under which the store was last open. */
  readonly isSameKernelBoot: boolean;
  readonly durability: 'fsync' | 'os' | 'memory';
  readonly host: string;
  readonly port: number;
  readonly peerPort: number;
  readonly pid: number;
  /** It is to leave the cluster, and has not handed everything over yet. */
  readonly isLeaving: boolean;
  /** Undefined: its operator named none. */
  readonly zone?: string | undefined;
  /** The highest epoch this store has sworn to (N4). */
  readonly epoch: Epoch;
  /** Configurations that it has adopted, so that a grow the journal never heard of comes to light. */
  readonly adopted: readonly AdoptedConfiguration[];
}

export interface AdoptedConfiguration {
  readonly partition: Partition;
  readonly configuration: Configuration;
}

export interface FenceAnswer {
  readonly partition: Partition;
  /** The durable end of its log. */
  readonly end: LogEnd;
  /** Its newest adopted configuration; epoch 0: none. */
  readonly adopted: Configuration;
  /** To whom it gave a promise under any epoch, and for how long that still runs (F1). */
  readonly promised: readonly { readonly slave: SlaveId; readonly ms: number }[];
  /** It has forgotten whom it promised before it started: everybody, for so long. */
  readonly promisedAllMs: number;
}

export interface SlaveReport {
  readonly kind: 'report';
  readonly ownKeys: number;
  readonly previousKeys: number;
  readonly ownPartitions: number;
  readonly previousPartitions: number;
  readonly isLowOnSpace: boolean;
  readonly commands: number;
  /** Bytes of keys and values that it has sent to learners since it started, repeats too. */
  readonly copiedBytes: number;
}

export type FromSlave =
  | Registration
  | { readonly kind: 'fenced'; readonly epoch: Epoch; readonly answers: readonly FenceAnswer[] }
  /** A fence or a grow came too late: this slave has sworn to a higher epoch. */
  | { readonly kind: 'outdated'; readonly partition: Partition; readonly epoch: Epoch }
  | {
      readonly kind: 'serving';
      readonly items: readonly { readonly partition: Partition; readonly epoch: Epoch }[];
    }
  /** The owner has adopted a larger list, durably (G2). */
  | ({ readonly kind: 'grown' } & AdoptedConfiguration)
  /** The grow of this epoch was never adopted, and never will be. */
  | {
      readonly kind: 'grow-dropped';
      readonly partition: Partition;
      readonly epoch: Epoch;
      readonly why: string;
    }
  /** This member cannot be brought level from any log: it must be left out and copied anew. */
  | { readonly kind: 'unfit'; readonly partition: Partition; readonly epoch: Epoch; readonly slave: SlaveId }
  | SlaveReport
  /** It is to end: what it holds is to be handed over first. */
  | { readonly kind: 'hand-over' }
  /** It ends now. */
  | { readonly kind: 'leaving' }
  /** Its disk failed: what this store holds is not to be trusted again (I3). */
  | { readonly kind: 'failed'; readonly why: string };

export type ToSlave =
  | { readonly kind: 'registered'; readonly clusterId: string; readonly view: WireView }
  /** `isFinal`: asking again is of no use; the slave says why and ends. */
  | { readonly kind: 'refused'; readonly why: string; readonly isFinal: boolean }
  | ({ readonly kind: 'view' } & ViewChange)
  | { readonly kind: 'fence'; readonly epoch: Epoch; readonly partitions: readonly Partition[] }
  /** To owners, before a hand-over: finish what is under way, take no more writes, and then be fenced. */
  | { readonly kind: 'calm'; readonly epoch: Epoch; readonly partitions: readonly Partition[] }
  | {
      readonly kind: 'grow';
      readonly epoch: Epoch;
      readonly partition: Partition;
      /** The configuration it was planned on (G2). */
      readonly base: Epoch;
      readonly members: Configuration['members'];
      readonly ownerNonce: string;
    }
  | { readonly kind: 'drop-grow'; readonly partition: Partition; readonly epoch: Epoch }
  /** An operator wants it to leave: until it has, it says so whenever it registers. */
  | { readonly kind: 'drain' }
  /** It stays in the cluster; or, if it must end, it ends with what it holds. */
  | { readonly kind: 'drain-refused'; readonly why: string }
  /** It holds nothing any more, and is no slave of this cluster: it may end. */
  | { readonly kind: 'drained' }
  /** It was declared dead: what it holds has moved on. It registers afresh. */
  | { readonly kind: 'buried' };
