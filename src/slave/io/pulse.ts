/**
 * The slave's pulse: heartbeats to the coordination server that it is registered with, and what they tell.
 *
 * It begins to beat with the first registration and goes on when the control link is gone: that a slave
 * lives does not depend on its being listened to. The worker is started before, since that takes longer
 * than a window on a busy machine.
 */
import type { Address } from '../../common/config/address.ts';
import type { Epoch, SlaveId } from '../../common/ids.ts';
import type { ClusterSettings, Member } from '../../common/view.ts';
import { type HeartbeatSender, startHeartbeats } from './heartbeat-sender.ts';

export interface PulseOptions {
  readonly self: Member;
  readonly nonce: string;
  /** The server that we beat at does not know us: we should register again. */
  readonly onUnknown: () => void;
  /** The worker is gone, and this slave silent. */
  readonly onFailure: (error: Error) => void;
}

/** What a heartbeat tells beside "I am here". */
export interface PulseFacts {
  readonly commands: number;
  readonly commitsDone: number;
  readonly isCommitHung: boolean;
  readonly unheard: readonly SlaveId[];
}

/** The usual interval; if the registration tells another, the worker is started anew. */
const HEARTBEAT_MS_EXPECTED = 200;

export class Pulse {
  readonly #options: PulseOptions;
  #sender: HeartbeatSender | undefined;
  #heartbeatMs = 0;
  #commandsTold = 0;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#sender = this.#start(HEARTBEAT_MS_EXPECTED);
  }

  /** Beats at this server from now on. */
  follow(server: Address, clusterId: string, { heartbeatMs }: ClusterSettings): void {
    const { self, nonce } = this.#options;
    if (this.#sender !== undefined && heartbeatMs !== this.#heartbeatMs) void this.stop();
    this.#sender ??= this.#start(heartbeatMs);
    this.#sender.identify({ clusterId, ...self, bootNonce: nonce });
    this.#sender.retarget(server);
  }

  #start(heartbeatMs: number): HeartbeatSender {
    const { onUnknown, onFailure } = this.#options;
    this.#heartbeatMs = heartbeatMs;
    this.#commandsTold = 0;
    return startHeartbeats({
      heartbeatMs,
      onAnswer: ({ verdict }) => {
        if (verdict === 'register-afresh') onUnknown();
      },
      onFailure,
    });
  }

  setViewEpoch(epoch: Epoch): void {
    this.#sender?.counters.setViewEpoch(epoch);
  }

  tell({ commands, commitsDone, isCommitHung, unheard }: PulseFacts): void {
    if (this.#sender === undefined) return;
    const { counters } = this.#sender;
    counters.addCommands(commands - this.#commandsTold);
    this.#commandsTold = commands;
    counters.setLastCommit(commitsDone);
    counters.setCommitHung(isCommitHung);
    this.#sender.setUnheard(unheard);
  }

  async stop(): Promise<void> {
    const sender = this.#sender;
    this.#sender = undefined;
    await sender?.stop();
  }
}
