/**
 * What every write of a test came to, and so which values a read may bring.
 *
 *     begun ──► acknowledged     everybody must see it, or a later one
 *       │─────► refused          nobody may ever see it
 *       └─────► unknown          may be seen, now or later; once seen it has happened
 *
 * The n-th write of a key is its value n. One writer writes a key, one write at a time, so the order of its
 * writes is known and every check is exact. A read may bring nothing older than what was acknowledged, or seen
 * by another read, when it began (its *floor*): else something that had happened is undone.
 */

interface KeyHistory {
  begun: number;
  /** The newest that is known to have happened: acknowledged, or seen. */
  happened: number;
  readonly refused: Set<number>;
  readonly unknown: Set<number>;
}

export interface LedgerCounts {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  readonly read: number;
}

/** So many violations tell as much as all of them. */
const VIOLATIONS_KEPT = 20;

export class Ledger {
  readonly violations: string[] = [];
  readonly #histories = new Map<string, KeyHistory>();
  readonly #counts = { acknowledged: 0, refused: 0, unknown: 0, read: 0 };

  get counts(): LedgerCounts {
    return { ...this.#counts };
  }

  get keys(): readonly string[] {
    return [...this.#histories.keys()];
  }

  /** The number of a new write, and the value that it is to write. */
  begin(key: string): { readonly number: number; readonly value: string } {
    const history = this.#of(key);
    history.begun += 1;
    return { number: history.begun, value: valueOf(key, history.begun) };
  }

  acknowledge(key: string, number: number): void {
    this.#counts.acknowledged += 1;
    this.#happened(key, number);
  }

  /** A definite refusal: it did not happen and will not. */
  refuse(key: string, number: number): void {
    this.#counts.refused += 1;
    this.#of(key).refused.add(number);
  }

  leaveOpen(key: string, number: number): void {
    this.#counts.unknown += 1;
    this.#of(key).unknown.add(number);
  }

  /** To be asked before a read is sent. */
  floor(key: string): number {
    return this.#of(key).happened;
  }

  /** Judges what a read brought that began when the floor was such. */
  judge(key: string, floor: number, value: string | undefined): void {
    this.#counts.read += 1;
    const number = value === undefined ? 0 : numberIn(key, value);
    const wrong = this.#wrongWith(this.#of(key), floor, number);
    if (wrong === undefined) {
      if (number !== undefined && number > 0) this.#happened(key, number);
    } else if (this.violations.length < VIOLATIONS_KEPT) {
      this.violations.push(`${key}: read ${value ?? 'nothing'}, ${wrong}`);
    }
  }

  #wrongWith(
    { begun, refused, unknown }: KeyHistory,
    floor: number,
    number: number | undefined,
  ): string | undefined {
    if (number === undefined) return 'which nobody ever wrote there';
    if (number > begun) return `but only ${begun} writes were begun`;
    if (refused.has(number)) return 'which was refused as not done';
    if (number < floor && !unknown.has(number)) return `but ${floor} had happened before the read began`;
    return undefined;
  }

  #happened(key: string, number: number): void {
    const history = this.#of(key);
    history.happened = Math.max(history.happened, number);
    history.unknown.delete(number);
  }

  #of(key: string): KeyHistory {
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = { begun: 0, happened: 0, refused: new Set(), unknown: new Set() };
      this.#histories.set(key, history);
    }
    return history;
  }
}

const valueOf = (key: string, number: number): string => `${key}:${number}`;

function numberIn(key: string, value: string): number | undefined {
  const [name, digits] = [value.slice(0, key.length + 1), value.slice(key.length + 1)];
  return name === `${key}:` && /^[1-9]\d*$/.test(digits) ? Number(digits) : undefined;
}
