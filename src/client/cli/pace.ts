/** How fast something shrinks, measured over the last moments, and when it will be gone at that pace. */

/** Long enough to even out what goes in rounds, short enough to notice a change. */
const MEASURED_MS = 10_000;

interface Sample {
  readonly atMs: number;
  readonly left: number;
}

export class Pace {
  #samples: Sample[] = [];

  /** What is left now. More than before: something new has begun, and it is measured afresh. */
  add(atMs: number, left: number): void {
    const before = this.#samples.at(-1);
    if (before !== undefined && left > before.left) this.#samples = [];
    this.#samples = [...this.#samples.filter((sample) => atMs - sample.atMs <= MEASURED_MS), { atMs, left }];
  }

  /** Undefined while nothing is known. */
  get perSecond(): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    const gone = first.left - last.left;
    return gone <= 0 ? undefined : (1_000 * gone) / (last.atMs - first.atMs);
  }

  get leftMs(): number | undefined {
    const { perSecond } = this;
    const last = this.#samples.at(-1);
    return perSecond === undefined || last === undefined ? undefined : (1_000 * last.left) / perSecond;
  }
}
