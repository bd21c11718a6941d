/**
 * A progress bar on standard error, where a terminal shows it; nothing at all elsewhere.
 *
 *   import  [##########··········]  51%  12345 keys  8211/s
 */
import type { World } from './world.ts';

const REDRAW_MS = 100;
const BAR_WIDTH = 30;

export interface Step {
  readonly keys: number;
  /** Between 0 and 1; undefined where the end is not known. */
  readonly share: number | undefined;
}

export class Progress {
  readonly #world: Pick<World, 'err' | 'monotonicMs' | 'terminal'>;
  readonly #name: string;
  readonly #startMs: number;
  #drawnMs: number | undefined;

  constructor(name: string, world: Pick<World, 'err' | 'monotonicMs' | 'terminal'>) {
    this.#world = world;
    this.#name = name;
    this.#startMs = world.monotonicMs();
  }

  show(step: Step): void {
    this.draw((elapsedMs) => progressText(this.#name, step, elapsedMs));
  }

  /** The same with a text of one's own, which is made only when it is drawn. */
  draw(text: (elapsedMs: number) => string): void {
    if (!this.#world.terminal.err) return;
    const nowMs = this.#world.monotonicMs();
    if (this.#drawnMs !== undefined && nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#world.err(`\r${text(nowMs - this.#startMs)}\x1b[K`);
  }

  /** Wipes the bar away; what comes next has the line to itself. */
  end(): void {
    if (this.#drawnMs !== undefined) this.#world.err('\r\x1b[K');
    this.#drawnMs = undefined;
  }
}

export function progressText(name: string, { keys, share }: Step, elapsedMs: number): string {
  const rate = elapsedMs < 1 ? 0 : Math.round((keys * 1_000) / elapsedMs);
  const bar = share === undefined ? '' : `${barText(share)}  `;
  return `${name}  ${bar}${keys} keys  ${rate}/s`;
}

export function barText(share: number): string {
  const known = Math.min(1, Math.max(0, share));
  const filled = Math.round(known * BAR_WIDTH);
  const percent = `${String(Math.floor(known * 100)).padStart(3)}%`;
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]  ${percent}`;
}
