/**
 * The order that a gateway's link keeps: behind a refused command of a partition, nothing succeeds.
 *
 *      SET a ─► refused (MOVED, TRYAGAIN, CLUSTERDOWN, NOREPLICAS)   the gateway sends it again, later, elsewhere
 *      GET a ─► answered                                             … and this client has seen its own future
 *
 * The gateway sends ahead, and repeats what was refused. So from the first refusal on all commands of
 * that partition on that link are turned away, until the gateway says that it begins anew (`PIAZZA
 * RESUME`). What was handed to the machine already needs two more rules, since a refusal may come out of
 * the machine late (a promise ran out, the time was over, a fence) and in another step than the rest:
 *
 *   a read behind a refusal      is turned away too, whatever it found
 *   a refusal before a write     that is not refused in the same step becomes `UNCERTAIN`, which nobody
 *                                repeats: the write has happened, or may happen yet, and cannot be called back
 *
 * The second costs an answer, rarely: writes of one turn are refused together, in one step. It does not
 * know what commands do, nor who sends them.
 *
 * Invariant: of a lane's commands in order, once the gateway has read a refusal it reads no success
 * before it has said RESUME.
 */
import type { Partition } from '../common/ids.ts';
import { Failure, type Reply } from '../common/reply.ts';
import { TRYAGAIN, UNCERTAIN } from './replication/history.ts';

/** A command that the machine has, or has answered within the step that is under way. */
export interface Ordered {
  /** Rises with each command of a link. */
  readonly number: number;
  readonly isWrite: boolean;
  /** Whether the machine has answered; then `reply` is what it said. */
  isKnown: boolean;
  reply: Reply;
}

const REFUSAL = /^(?:MOVED|TRYAGAIN|CLUSTERDOWN|NOREPLICAS) /;

/** An answer after which the gateway sends the command again. */
export const isRefusal = (reply: Reply): boolean => reply instanceof Failure && REFUSAL.test(reply.text);

/** The commands of one partition on one link. */
export class Lane<Command extends Ordered> {
  #handed: Command[] = [];
  /** The number of the first command that was refused since the last RESUME. */
  #refusedFrom = Infinity;

  get isRefused(): boolean {
    return this.#refusedFrom < Infinity;
  }

  refuse(number: number): void {
    this.#refusedFrom = Math.min(this.#refusedFrom, number);
  }

  resume(): void {
    this.#refusedFrom = Infinity;
  }

  hand(command: Command): void {
    this.#handed.push(command);
  }

  /** Those that are answered now, in their order, with what is to be said; they are forgotten here. */
  settle(): readonly Command[] {
    const known = this.#handed.filter(({ isKnown }) => isKnown);
    if (this.isRefused || known.some(({ reply }) => isRefusal(reply))) {
      this.#spareWrites();
      this.#turnAwayReads(known);
    }
    this.#handed = this.#handed.filter(({ isKnown }) => !isKnown);
    return known;
  }

  /** From behind: a refusal stands only if no write that goes on comes after it. */
  #spareWrites(): void {
    let goesOn = false;
    for (let place = this.#handed.length - 1; place >= 0; place -= 1) {
      const command = this.#handed[place];
      if (command === undefined) continue;
      if (!command.isKnown || !isRefusal(command.reply)) goesOn ||= command.isWrite;
      else if (goesOn) command.reply = UNCERTAIN;
    }
  }

  #turnAwayReads(known: readonly Command[]): void {
    for (const command of known) {
      if (isRefusal(command.reply)) this.refuse(command.number);
      else if (!command.isWrite && command.number > this.#refusedFrom) command.reply = TRYAGAIN;
    }
  }
}

/** The lanes of one link. */
export class LinkOrder<Command extends Ordered> {
  readonly #lanes = new Map<Partition, Lane<Command>>();

  lane(partition: Partition): Lane<Command> {
    let lane = this.#lanes.get(partition);
    if (lane === undefined) this.#lanes.set(partition, (lane = new Lane()));
    return lane;
  }

  isRefused(partition: Partition): boolean {
    return this.#lanes.get(partition)?.isRefused ?? false;
  }
}
