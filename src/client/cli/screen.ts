/**
 * A page that is redrawn in place: on the terminal's other screen, so that nothing scrolls away.
 *
 * Each draw is one write that overwrites lines and wipes what is left of them; nothing is cleared first,
 * which is what would flicker.
 */
import type { World } from './world.ts';

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const WIPE_LINE = '\x1b[K';
const WIPE_BELOW = '\x1b[J';

export class Screen {
  readonly #world: Pick<World, 'out' | 'terminal'>;
  #entered = false;

  constructor(world: Pick<World, 'out' | 'terminal'>) {
    this.#world = world;
  }

  async draw(page: string): Promise<void> {
    // A line more than the screen has would scroll, and the next draw would no longer match.
    const lines = page.replace(/\n$/, '').split('\n').slice(0, this.#world.terminal.rows());
    const enter = this.#entered ? '' : ENTER;
    this.#entered = true;
    await this.#world.out(`${enter}${HOME}${lines.map((line) => line + WIPE_LINE).join('\n')}${WIPE_BELOW}`);
  }

  async leave(): Promise<void> {
    if (!this.#entered) return;
    this.#entered = false;
    await this.#world.out(LEAVE);
  }
}
