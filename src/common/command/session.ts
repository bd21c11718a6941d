/**
 * What a command about a connection sees: the connection, and the process around it.
 *
 * Both are interfaces, so that the gateway and the slaves answer with the same functions, and
 * tests with plain records. Nothing here knows of sockets.
 */
import type { Reply } from '../reply.ts';
import type { InfoSection } from './info.ts';

/** One client connection, as far as commands can see and change it. */
export interface Session {
  readonly id: number;
  /** The dialect of RESP in which it is answered. */
  protocol: 2 | 3;
  /** Empty: it has none. */
  name: string;
  libName: string;
  libVersion: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** By the same clock as `Surroundings.nowMs`. */
  readonly openedAtMs: number;
  /** As the registry has it; empty: none yet. */
  lastCommand: string;
  commandCount: number;
  /** Reads from copies are welcome (READONLY). */
  readOnly: boolean;
  /** Closes the connection when everything answered so far, this command included, is sent. */
  closeAfterReplies(): void;
}

/** The process in which a session lives. */
export interface Surroundings {
  /** Piazza's own version. */
  readonly version: string;
  readonly nowMs: number;
  /** What INFO tells, in its order; only asked for when somebody wants it. */
  info(): readonly InfoSection[];
  /** All client connections of this process. */
  sessions(): Iterable<Session>;
  /** What CONFIG GET may tell: names in lower case. */
  readonly configuration: ReadonlyMap<string, string>;
}

/** `args` begin with the command's name and have passed `checkCommand`. */
export type SessionCommand = (args: readonly Buffer[], session: Session, surroundings: Surroundings) => Reply;
