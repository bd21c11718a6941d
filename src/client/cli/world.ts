/**
 * Everything that the command line may touch, so that a test can hand it a world made of strings.
 *
 * Commands know this and a `Cluster`, nothing else: no process, no console, no clock, no file system.
 * The real world is built in real-world.ts.
 */
import type { ConnectOptions, PiazzaClient } from '../client.ts';

/** Exit statuses are part of the contract: scripts read them. */
export const exit = {
  done: 0,
  /** The key is absent, or the operation was refused: nothing was done. */
  refused: 1,
  usage: 2,
  unreachable: 3,
  /** It may or may not have happened. */
  uncertain: 4,
} as const;

export type ExitStatus = (typeof exit)[keyof typeof exit];

export type Cluster = Pick<
  PiazzaClient,
  | 'put'
  | 'get'
  | 'delete'
  | 'status'
  | 'where'
  | 'keyRanges'
  | 'ring'
  | 'events'
  | 'drain'
  | 'forget'
  | 'forfeit'
  | 'scan'
  | 'command'
  | 'close'
>;

export interface Terminal {
  /** Somebody looks at standard output. */
  readonly out: boolean;
  /** Somebody looks at standard error. */
  readonly err: boolean;
  readonly color: boolean;
  /** A value printed as it is gets a newline: somebody looks, or something else will follow. */
  readonly newline: boolean;
  columns(): number;
  rows(): number;
}

export interface Source {
  readonly chunks: AsyncIterable<Buffer>;
  /** Undefined where the end is not known before it comes. */
  readonly bytes: number | undefined;
}

/** A file being written: it appears under its name when it is whole, or not at all. */
export interface Sink {
  /** Settles when there is room for more. */
  write(bytes: Buffer): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/** A person, or a pipe, that says one line after another. */
export interface Conversation {
  /** Undefined at the end. */
  next(prompt: string): Promise<string | undefined>;
  /** Calls back when the person wants what is under way to end; answers with the way to stop listening. */
  onInterrupt(callback: () => void): () => void;
  close(): Promise<void>;
}

export interface ConversationWish {
  /** Completions for what has been typed, and the part of it that they replace. */
  complete(typed: string): readonly [readonly string[], string];
  /** Whether a line may be kept in the history. */
  worthKeeping(line: string): boolean;
}

export interface World {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Aborted when the program is asked to stop. */
  readonly signal: AbortSignal;
  /** Writes to standard output as it is; settles when there is room for more. */
  out(text: string | Buffer): Promise<void>;
  /** One line on standard error. */
  complain(line: string): void;
  /** Writes to standard error as it is: progress. */
  err(text: string): void;
  /** Milliseconds that only go forward. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Ends early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  connect(options: ConnectOptions): Promise<Cluster>;
  /** A small file as text; rejects with a `UsageError` where it cannot be read. */
  readText(path: string): Promise<string>;
  /** '-' is standard input. Rejects with a `UsageError`. */
  openSource(path: string): Promise<Source>;
  /** '-' is standard output. Rejects with a `UsageError`. */
  openSink(path: string): Promise<Sink>;
  converse(wish: ConversationWish): Conversation;
}
