/**
 * Heartbeat sender: the main thread's hold on the heartbeat worker.
 *
 *     main loop ── timer: turn ──► [shared counters] ◄── reads ── worker ── UDP ──► coordination server
 *         └────── identity, target, unheard ──────────────────────►  │
 *         ◄────── answers ───────────────────────────────────────────┘
 *
 * A timer of the main loop moves its counter twice in each heartbeat: an idle loop thus lives, and a
 * stuck one is found out. The same timer measures by how much the loop is late.
 *
 * It does not decide what an answer means, nor where to send: that is the slave's.
 */
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

import type { Address } from '../../common/config/address.ts';
import type { SlaveId } from '../../common/ids.ts';
import { invariant } from '../../common/invariant.ts';
import { type HeartbeatAnswer, isDatagramText } from '../../common/wire/datagram.ts';
import { countersIn, type HeartbeatCounters, newCounterMemory } from './heartbeat-counters.ts';
import type { FromWorker, HeartbeatIdentity, ToWorker, WorkerStart } from './heartbeat-worker.ts';

export type { HeartbeatCounters } from './heartbeat-counters.ts';
export type { HeartbeatIdentity } from './heartbeat-worker.ts';

export interface SenderOptions {
  readonly heartbeatMs: number;
  /** Each answer from a server of our cluster, `heard` ones too: they tell its epoch. */
  readonly onAnswer: (answer: HeartbeatAnswer) => void;
  /** The worker is gone though nobody stopped it: from now on this slave is silent. */
  readonly onFailure: (error: Error) => void;
}

export interface HeartbeatSender {
  /** What the next heartbeats tell. The loop's own turns and lag are counted by the sender. */
  readonly counters: HeartbeatCounters;
  /** Who sends. Nothing is sent before this and `retarget`. */
  identify(identity: HeartbeatIdentity): void;
  /** To which coordination server. */
  retarget(target: Address): void;
  /** The peers from which there has been no promise for a window, the worst first: a long list is cut. */
  setUnheard(unheard: readonly SlaveId[]): void;
  stop(): Promise<void>;
}

export function startHeartbeats({ heartbeatMs, onAnswer, onFailure }: SenderOptions): HeartbeatSender {
  invariant(heartbeatMs > 0, 'heartbeats have an interval');
  const memory = newCounterMemory();
  const counters = countersIn(memory);
  const worker = startWorker({ memory, heartbeatMs });
  const timer = startTurning(counters, heartbeatMs / 2);
  let isStopped = false;

  worker.on('message', ({ answer }: FromWorker) => {
    if (!isStopped) onAnswer(answer);
  });
  worker.on('error', (error) => {
    if (!isStopped) onFailure(error instanceof Error ? error : new Error(String(error)));
  });

  const tell = (message: ToWorker): void => {
    worker.postMessage(message);
  };
  return {
    counters,
    identify: (identity) => {
      for (const text of [identity.clusterId, identity.bootNonce]) {
        invariant(isDatagramText(text), () => `no heartbeat can carry this name: "${text}"`);
      }
      tell({ kind: 'identity', identity });
    },
    retarget: (target) => {
      tell({ kind: 'target', target });
    },
    setUnheard: (unheard) => {
      tell({ kind: 'unheard', unheard });
    },
    stop: async () => {
      isStopped = true;
      clearInterval(timer);
      await worker.terminate();
    },
  };
}

/** The worker stands beside this file, as it is built: a worker thread reads no TypeScript. */
const startWorker = (workerData: WorkerStart): Worker =>
  new Worker(new URL('./heartbeat-worker.js', import.meta.url), { name: 'heartbeat', workerData });

function startTurning(counters: HeartbeatCounters, intervalMs: number): NodeJS.Timeout {
  let due = performance.now() + intervalMs;
  return setInterval(() => {
    const now = performance.now();
    counters.turn();
    counters.setLoopLagMs(Math.max(0, now - due));
    due = now + intervalMs;
  }, intervalMs);
}
