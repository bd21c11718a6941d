/**
 * What every client asked and heard, and when: all that the judge gets to see.
 *
 * One clock, that of the driving process. What was refused for certain is left out, and so is a read that brought
 * nothing: neither tells anything. A write whose outcome is not known stays open for ever.
 */
import { type Answer, linesOf, type Operation } from '../judge/history.ts';

/** What one operation came to. */
export type Heard =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Nothing was done and nothing will be. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

const READS: ReadonlySet<string> = new Set(['GET', 'MGET', 'PTTL']);

export const isRead = ([word = '']: readonly string[]): boolean => READS.has(word);

export interface Asked {
  /** The connection that it went over, known when it is answered. */
  readonly client: () => string;
  readonly command: readonly string[];
  readonly copy?: string;
}

export interface Trouble {
  readonly id: number;
  readonly client: string;
  readonly command: readonly string[];
  readonly began: number;
  /** When it was known that there would be no answer. */
  readonly ended: number;
  readonly heard: Exclude<Heard, { kind: 'answer' }>;
}

export class History {
  readonly operations: Operation[] = [];
  readonly counts = { answered: 0, refused: 0, unknown: 0 };
  /** What was refused or left open, and why: the judge does not see it, whoever looks into a run does. */
  readonly troubles: Trouble[] = [];
  /** How often what was refused or left open was explained how. */
  readonly reasons = new Map<string, number>();
  #next = 0;

  async record(asked: Asked, ask: (command: readonly string[]) => Promise<Heard>): Promise<Heard> {
    this.#next += 1;
    const id = this.#next;
    const began = performance.now();
    const heard = await ask(asked.command);
    const operation = { id, ...asked, client: asked.client(), began };
    switch (heard.kind) {
      case 'answer':
        this.counts.answered += 1;
        this.operations.push({ ...operation, ended: performance.now(), reply: heard.answer });
        break;
      case 'refused':
        this.counts.refused += 1;
        this.#explain(operation, heard);
        break;
      default:
        this.counts.unknown += 1;
        this.#explain(operation, heard);
        if (!isRead(asked.command)) this.operations.push({ ...operation, ended: Infinity, reply: undefined });
    }
    return heard;
  }

  get lines(): string {
    return linesOf(this.operations);
  }

  #explain(operation: Pick<Trouble, 'id' | 'client' | 'command' | 'began'>, heard: Trouble['heard']): void {
    const { kind, why } = heard;
    this.troubles.push({ ...operation, ended: performance.now(), heard });
    // Numbers and addresses make many reasons of one.
    const reason = `${kind}: ${why.replace(/ \(.*$/, '').replaceAll(/\d+(\.\d+)*(:\d+)?/g, '…')}`;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }
}
