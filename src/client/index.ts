/**
 * What `import … from 'piazza'` offers.
 *
 *   await using piazza = await PiazzaClient.connect({ addresses: ['127.0.0.1:7000'] });
 *   await piazza.put('colour', 'ochre');
 */
export {
  type CallOptions,
  type CommandOptions,
  type ConnectOptions,
  type EventsOptions,
  type ForfeitOptions,
  PiazzaClient,
  type PutOptions,
} from './client.ts';
export {
  AbortedError,
  AnswerError,
  PiazzaError,
  RefusedError,
  TimeoutError,
  UncertainError,
  UnreachableError,
  UsageError,
} from './errors.ts';
export type { Purpose } from './retry.ts';
export type { ScanPage, ScanRecord } from './scan-page.ts';
export type {
  ClusterEvent,
  ClusterState,
  EventKind,
  Healing,
  KeyRange,
  LostPartition,
  Place,
  RingPicture,
  RingSeat,
  RingSlave,
  SlaveState,
  SlaveStatus,
  Status,
  TableCount,
  Where,
} from '../common/message/admin.ts';
export { Double, Failure, Pairs, type Reply, Simple } from '../common/reply.ts';
