/**
 * What one key holds, and what all keys of an object hold: values that are the same are the same object, with a
 * number, so that a search compares and remembers them for nothing.
 *
 * A key with a time to live goes at some moment between `earliest` and `latest`, which nobody sees.
 */
export interface Cell {
  /** From 0, without a gap. */
  readonly id: number;
  /** Undefined: there is nothing. */
  readonly value: string | undefined;
  /** ms; Infinity: it stays. */
  readonly earliest: number;
  readonly latest: number;
}

export type Life = Pick<Cell, 'earliest' | 'latest'>;

const FOR_EVER: Life = { earliest: Infinity, latest: Infinity };

export const isMortal = ({ earliest }: Life): boolean => earliest !== Infinity;

export class Cells {
  readonly absent: Cell = { id: 0, value: undefined, ...FOR_EVER };
  readonly #lasting = new Map<string, Cell>();
  readonly #mortal = new Map<string, Cell>();
  #count = 1;

  of(value: string | undefined, life: Life = FOR_EVER): Cell {
    if (value === undefined) return this.absent;
    if (isMortal(life))
      return this.#found(this.#mortal, `${life.earliest} ${life.latest} ${value}`, value, life);
    return this.#found(this.#lasting, value, value, FOR_EVER);
  }

  #found(known: Map<string, Cell>, name: string, value: string, { earliest, latest }: Life): Cell {
    const existing = known.get(name);
    if (existing !== undefined) return existing;
    const cell = { id: this.#count, value, earliest, latest };
    this.#count += 1;
    known.set(name, cell);
    return cell;
  }
}

export interface State {
  readonly id: number;
  /** By the position of the key in the object. */
  readonly cells: readonly Cell[];
  /** This state as the only possible one: most steps lead to one state, and need no new list. */
  readonly alone: readonly State[];
}

export class States {
  readonly start: State;
  readonly #ofOneCell: State[] = [];
  readonly #ofMany = new Map<string, State>();
  #count = 0;

  constructor(absent: Cell, keys: number) {
    this.start = this.of(Array.from({ length: keys }, () => absent));
  }

  of(cells: readonly Cell[]): State {
    const [only] = cells;
    if (only !== undefined && cells.length === 1) return (this.#ofOneCell[only.id] ??= this.#made(cells));
    const name = cells.map(({ id }) => id).join(' ');
    const existing = this.#ofMany.get(name);
    if (existing !== undefined) return existing;
    const state = this.#made(cells);
    this.#ofMany.set(name, state);
    return state;
  }

  /** The state in which one key holds something else. */
  with(state: State, position: number, cell: Cell): State {
    if (state.cells[position] === cell) return state;
    return state.cells.length === 1 ? this.of([cell]) : this.of(state.cells.with(position, cell));
  }

  #made(cells: readonly Cell[]): State {
    const alone: State[] = [];
    const state = { id: this.#count, cells, alone };
    this.#count += 1;
    alone.push(state);
    return state;
  }
}
