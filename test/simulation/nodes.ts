/** The processes of a simulated cluster: what each is made of, and what survives its crash. */
import type { SlaveId, StoreId } from '../../src/common/ids.ts';
import type { MemoryStore } from '../../src/common/memory-store.ts';
import type { Reply } from '../../src/common/reply.ts';
import type * as coordinator from '../../src/coordination/coordinator.ts';
import type { Registration } from '../../src/common/message/control.ts';
import type { View } from '../../src/common/view.ts';
import type { Heartbeat } from '../../src/common/wire/datagram.ts';
import { unheardPeers } from '../../src/slave/housekeeping.ts';
import { oathsOf, type State as SlaveState } from '../../src/slave/state.ts';

/** As Omit, but for each kind of a union by itself. */
export type Untimed<Union> = Union extends unknown ? Omit<Union, 'now' | 'wall'> : never;

export interface Process {
  /** Counts starts and stops: what was meant for an earlier life is dropped. */
  life: number;
  isUp: boolean;
  pausedUntil: number;
  readonly held: (() => void)[];
}

export interface SlaveNode extends Process {
  readonly id: SlaveId;
  readonly store: StoreId;
  /** The store of the log, and that of the tables. */
  disk: MemoryStore;
  tables: MemoryStore;
  boots: number;
  nonce: string;
  state: SlaveState;
  /** The control link that it has, if any. */
  link: number | undefined;
  sequence: number;
  clusterId: string | undefined;
  tickets: Map<number, (reply: Reply) => void>;
}

export interface CoordinatorNode extends Process {
  disk: MemoryStore;
  state: coordinator.State;
}

/** How a slave introduces itself. */
export const registrationOf = (node: SlaveNode): Registration => ({
  kind: 'register',
  clusterId: node.clusterId,
  slave: node.id,
  store: node.store,
  boot: { count: node.boots, nonce: node.nonce },
  kernelBoot: 'k',
  isSameKernelBoot: true,
  durability: 'fsync',
  host: '127.0.0.1',
  port: 1,
  peerPort: 2,
  pid: 3,
  ...oathsOf(node.state),
});

export const heartbeatOf = (node: SlaveNode, { clusterId, epoch }: View): Heartbeat => ({
  clusterId,
  slave: node.id,
  store: node.store,
  bootNonce: node.nonce,
  sequence: node.sequence,
  viewEpoch: epoch,
  loopCounter: node.sequence,
  commands: 0,
  lastCommit: 0,
  loopLagMs: 0,
  commitHung: false,
  unheard: unheardPeers(node.state),
});
