/**
 * A client's connection to a slave, with the slave's own order of answers: they leave as their commands came.
 *
 *     commands ──► in order, some time later ──► the slave ──► answers, in order ──► some time later
 *
 * Broken, whatever is under way in either direction is lost, and both ends hear of it.
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
    this.#owed.push({ isKnown: true, reply });
    this.#flush();
  }

  defer(): { answer(reply: Reply): void } {
    const owed: Owed = { isKnown: false, reply: undefined };
    this.#owed.push(owed);
    return {
      answer: (reply) => {
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
    const due = this.#world.now + this.#world.between(1, 20) / 10;
    const arrival = Math.max(this.#arrivals[direction], due);
    this.#arrivals[direction] = arrival;
    this.#world.at(arrival, () => {
      if (!this.isOpen) return;
      this.#stuck[direction] ||= !this.reaches(direction === 1);
      if (!this.#stuck[direction]) happen();
    });
  }
}
