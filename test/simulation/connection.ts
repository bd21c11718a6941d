/**
 * A client's connection to a slave, with the slave's own order of answers: they leave as their commands came.
 *
 *     commands ──► in order, some time later ──► the slave ──► answers, in order ──► some time later
 *
 * Broken, whatever is under way in either direction is lost, and both ends hear of it. Each answer is shown to
 * whoever judges it in the moment that the server gives it, which may be before it can leave.
 */
import type { Reply } from '../../src/common/reply.ts';
import { type Answering, Client } from '../../src/slave/data-commands.ts';
import type { World } from './world.ts';

interface Owed {
  isKnown: boolean;
  reply: Reply;
}

export class Connection implements Answering {
  readOnly = false;
  readonly client: Client<Connection> = new Client<Connection>(this);
  isOpen = true;
  /** The command that its server has in hand, and who is shown the answer to it. */
  inHand: readonly Buffer[] = [];
  answered: (args: readonly Buffer[], reply: Reply) => void = () => undefined;
  /** A server that stands still for a moment gives its answers when that is over. */
  leavesAt: () => number = () => 0;
  /** Whether what is sent now gets there; what once did not holds up everything behind it. */
  reaches: (isAnswer: boolean) => boolean = () => true;
  readonly #world: World;
  readonly #heard: (reply: Reply) => void;
  readonly #owed: Owed[] = [];
  readonly #arrivals: [number, number] = [0, 0];
  readonly #stuck: [boolean, boolean] = [false, false];

  constructor(world: World, heard: (reply: Reply) => void) {
    this.#world = world;
    this.#heard = heard;
  }

  get isStuck(): boolean {
    return this.#stuck.includes(true);
  }

  reply(reply: Reply): void {
    this.answered(this.inHand, reply);
    this.#owed.push({ isKnown: true, reply });
    this.#flush();
  }

  defer(): { answer(reply: Reply): void } {
    const owed: Owed = { isKnown: false, reply: undefined };
    const { inHand } = this;
    this.#owed.push(owed);
    return {
      answer: (reply) => {
        this.answered(inHand, reply);
        owed.isKnown = true;
        owed.reply = reply;
        this.#flush();
      },
    };
  }

  /** Brings something to the slave, behind what was brought before. */
  carry(arrive: () => void): void {
    this.#later(0, arrive);
  }

  #flush(): void {
    while (this.#owed[0]?.isKnown === true) {
      const { reply } = this.#owed.shift() ?? { reply: undefined };
      this.#later(1, () => {
        this.#heard(reply);
      });
    }
  }

  #later(direction: 0 | 1, happen: () => void): void {
    const from = direction === 1 ? Math.max(this.#world.now, this.leavesAt()) : this.#world.now;
    const due = from + this.#world.between(1, 20) / 10;
    const arrival = Math.max(this.#arrivals[direction], due);
    this.#arrivals[direction] = arrival;
    this.#world.at(arrival, () => {
      if (!this.isOpen) return;
      this.#stuck[direction] ||= !this.reaches(direction === 1);
      if (!this.#stuck[direction]) happen();
    });
  }
}
