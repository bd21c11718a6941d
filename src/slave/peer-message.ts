/**
 * What slaves say to each other. Everything is about one partition under one epoch, and many
 * partitions share a frame.
 *
 * `sentAt` is the asker's own clock, handed back as `echo`: an answer is a promise that holds for
 * `T` from then (protocol P1), so nobody keeps a table of questions, and clocks are never compared.
 *
 *     append ► ack          the writes of a turn, and "I have them durably"
 *     ping   ► pong         promises, where nothing is written
 *     probe  ► position     "this is the configuration; where do you stand?"
 *     level                 the answer to a position: "your log ends here" (once for each position)
 *     fetch  ► fetched      a new owner asks the best log for what it lacks itself
 *     copy-begin ► copy-state ◄► copy-part      a learner's snapshot
 *     copy-begin ► copy-offer ► copy-begin      or only what has changed, if it was here before
 */
import type { Epoch, Partition } from '../common/ids.ts';
import type { Stamp } from '../common/time.ts';
import type { Configuration } from '../common/view.ts';
import type { Effect } from './commands/evaluation.ts';
import type { Entry } from './replication/entry.ts';
import type { Position } from './replication/position.ts';

export interface AppendItem {
  readonly partition: Partition;
  readonly epoch: Epoch;
  /** Everything up to here is history. */
  readonly committed: number;
  readonly entry: Entry;
}

export interface AckItem {
  readonly partition: Partition;
  readonly epoch: Epoch;
  /** The log up to here is durable at the sender; or, for a gap, all that it has. */
  readonly seq: number;
  readonly echo: number;
  /** The append did not continue the sender's log: it must be probed. */
  readonly isGap: boolean;
}

export interface PingItem {
  readonly partition: Partition;
  readonly epoch: Epoch;
  /** The partition's clock, if the asker is its authority; otherwise 0. */
  readonly stamp: Stamp;
}

export interface EpochItem {
  readonly partition: Partition;
  readonly epoch: Epoch;
}

export interface CommitItem extends EpochItem {
  readonly committed: number;
}

export interface ProbeItem {
  readonly partition: Partition;
  readonly configuration: Configuration;
  readonly stamp: Stamp;
}

export interface PositionItem extends EpochItem {
  /** Counts the positions that the sender has told; the level that answers this one names it. */
  readonly round: number;
  readonly end: Position;
  readonly committed: number;
}

export interface LevelItem extends EpochItem {
  /** Of the position that this answers: a level counts for the newest one only. */
  readonly round: number;
  readonly sentAt: number;
  readonly entries: readonly Entry[];
  /** Where the log ends; what the receiver has beyond never became history. Undefined: more is coming. */
  readonly end: Position | undefined;
}

export interface FetchedItem extends EpochItem {
  readonly after: number;
  readonly entries: readonly Entry[];
  /** The log no longer reaches back so far. */
  readonly isTooOld: boolean;
}

export interface CopyPart extends EpochItem {
  readonly grow: Epoch;
  readonly number: number;
  /** The records are as of here. */
  readonly committed: number;
  readonly records: readonly Effect[];
  readonly isLast: boolean;
}

/** `ask`: with what it has, if that is anything; `onward`: with what it offered; `anew`: with nothing. */
export const COPY_MODES = ['ask', 'onward', 'anew'] as const;
export type CopyMode = (typeof COPY_MODES)[number];

export type PeerMessage =
  | { readonly kind: 'append'; readonly sentAt: number; readonly items: readonly AppendItem[] }
  | { readonly kind: 'ack'; readonly items: readonly AckItem[] }
  | { readonly kind: 'ping'; readonly sentAt: number; readonly items: readonly PingItem[] }
  | { readonly kind: 'pong'; readonly echo: number; readonly items: readonly EpochItem[] }
  | { readonly kind: 'commit'; readonly items: readonly CommitItem[] }
  | { readonly kind: 'probe'; readonly sentAt: number; readonly items: readonly ProbeItem[] }
  | { readonly kind: 'position'; readonly echo: number; readonly items: readonly PositionItem[] }
  | { readonly kind: 'level'; readonly item: LevelItem }
  | ({ readonly kind: 'fetch'; readonly after: number } & EpochItem)
  | { readonly kind: 'fetched'; readonly item: FetchedItem }
  | ({
      readonly kind: 'copy-begin';
      readonly grow: Epoch;
      readonly mode: CopyMode;
      /** Where the learner's log begins. */
      readonly base: Position;
    } & EpochItem)
  /** The learner was a member before, and holds everything up to here. */
  | ({ readonly kind: 'copy-offer'; readonly grow: Epoch; readonly has: Position } & EpochItem)
  /** The learner has everything before part `next`, durably; and how it began, which is what counts. */
  | ({
      readonly kind: 'copy-state';
      readonly grow: Epoch;
      readonly next: number;
      readonly isOnward: boolean;
      readonly base: Position;
    } & EpochItem)
  | { readonly kind: 'copy-part'; readonly part: CopyPart };
