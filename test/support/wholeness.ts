/** Whether a cluster is as it should be, read off its status: what the runs with real processes wait for. */
import type { Status } from '../../src/common/message/admin.ts';

const aliveOf = ({ slaves }: Status): readonly string[] =>
  slaves.filter((slave) => slave.state === 'alive').map(({ id }) => id);

/** Healthy, with so many slaves alive. */
export const isWhole =
  (count: number) =>
  (status: Status): boolean =>
    status.state === 'healthy' && aliveOf(status).length === count;

/** Healthy, with these slaves alive and no others. */
export const isWholeWith =
  (...ids: readonly string[]) =>
  (status: Status): boolean =>
    status.state === 'healthy' && [...aliveOf(status)].sort().join() === ids.join();
