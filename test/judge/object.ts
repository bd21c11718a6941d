/**
 * One object to judge: keys that commands join, and the operations on them, read once and made ready for the search.
 *
 *     known    in order of `began`; each must take effect between its ends
 *     open     no answer came; each may take effect from `began` on, or never. Those that nobody can tell apart are
 *              one class, in order of `began`: whoever needs one takes the first, which can do what the others can
 *     mark     a key and a value: who still has to see it, and who may still bring it
 */
import { Cells, isMortal, type Cell, type State, States } from './cells.ts';
import { type Clock, type Command, commandOf, type Expected, type Holding } from './commands.ts';
import type { Answer, Operation } from './history.ts';

export interface Act {
  readonly operation: Operation;
  readonly command: Command;
  /** The key of each part, as its position in a state. */
  readonly positions: readonly number[];
  readonly demands: readonly number[];
  readonly yields: readonly number[];
}

export interface OpenClass {
  readonly acts: readonly Act[];
  /** What it brings, if it brings the same from wherever; undefined: it depends. */
  readonly brings: readonly number[] | undefined;
}

export interface Subject {
  readonly keys: readonly string[];
  readonly states: States;
  readonly known: readonly Act[];
  readonly open: readonly OpenClass[];
  /** By position in `known`: those that its own client sent before it to one of its keys, where their times do not say so. */
  readonly behind: readonly (readonly number[])[];
  /** By mark: how many known operations demand it. */
  readonly observers: readonly number[];
  /** By mark: how many operations may yield it; Infinity: nobody can tell. */
  readonly producers: readonly number[];
  markOf(position: number, cell: Cell): number | undefined;
}

/** The commands that the judge does not know, if there are any. */
export type Unread = { readonly unread: string };

/** Reads with an unknown outcome tell nothing, and are left out. */
export function subjectOf(operations: readonly Operation[], clock: Clock): Subject | Unread {
  const cells = new Cells();
  const marks = new Marks();
  const known: Act[] = [];
  const open: Act[] = [];
  for (const operation of operations) {
    const command = commandOf(operation, cells, clock);
    if (command === undefined) return { unread: operation.command.join(' ') };
    if (command.isRead && operation.ended === Infinity) continue;
    const act = marks.actOf(operation, command);
    (operation.ended === Infinity ? open : known).push(act);
  }
  const inOrder = (a: Act, b: Act): number => a.operation.began - b.operation.began;
  known.sort(inOrder);
  open.sort(inOrder);
  return {
    keys: marks.keys,
    states: new States(cells.absent, marks.keys.length),
    known,
    open: classesOf(open),
    behind: behindOf(known),
    ...marks.talliesOf(known, open),
    markOf: (position, { value }) => marks.of(position, value),
  };
}

/** Keys and what they may hold, as numbers. */
class Marks {
  readonly keys: string[] = [];
  readonly #positions = new Map<string, number>();
  /** By position. */
  readonly #marks: Map<string | undefined, number>[] = [];
  #count = 0;

  of(position: number, value: string | undefined): number | undefined {
    return this.#marks[position]?.get(value);
  }

  actOf(operation: Operation, command: Command): Act {
    return {
      operation,
      command,
      positions: command.parts.map(({ key }) => this.#positionOf(key)),
      demands: this.#allOf(command.demands),
      yields: this.#allOf(command.yields),
    };
  }

  talliesOf(known: readonly Act[], open: readonly Act[]): Pick<Subject, 'observers' | 'producers'> {
    const observers = Array.from({ length: this.#count }, () => 0);
    const producers = Array.from({ length: this.#count }, () => 0);
    for (const { demands } of known) for (const mark of demands) observers[mark] = (observers[mark] ?? 0) + 1;
    for (const act of [...known, ...open]) {
      for (const mark of act.yields) producers[mark] = (producers[mark] ?? 0) + 1;
    }
    for (const mark of this.#untoldIn([...known, ...open])) producers[mark] = Infinity;
    return { observers, producers };
  }

  /** What operations may leave without saying so. */
  #untoldIn(acts: readonly Act[]): readonly number[] {
    const positionsOf = (those: (command: Command) => boolean): readonly number[] => [
      ...new Set(acts.flatMap(({ command, positions }) => (those(command) ? positions : NO_MARKS))),
    ];
    const wild = positionsOf(({ isWild }) => isWild).flatMap((position) => [
      ...(this.#marks[position]?.values() ?? []),
    ]);
    const gone = positionsOf(({ isTicking }) => isTicking).flatMap(
      (position) => this.of(position, undefined) ?? [],
    );
    return [...wild, ...gone];
  }

  #allOf(holdings: readonly Holding[]): readonly number[] {
    return holdings.length === 0 ? NO_MARKS : holdings.map((holding) => this.#madeOf(holding));
  }

  #positionOf(key: string): number {
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    this.#positions.set(key, this.keys.length);
    this.#marks.push(new Map());
    return this.keys.push(key) - 1;
  }

  #madeOf([key, value]: Holding): number {
    const marks = this.#marks[this.#positionOf(key)];
    const known = marks?.get(value);
    if (known !== undefined) return known;
    marks?.set(value, this.#count);
    this.#count += 1;
    return this.#count - 1;
  }
}

const NO_MARKS: readonly number[] = [];

/**
 * By what was sent. From when a time to live counts depends on when it was given; the first of a class may go before
 * the others, and none of them has to go, so here too the first can do what the others can.
 */
function classesOf(open: readonly Act[]): readonly OpenClass[] {
  const classes = new Map<string, Act[]>();
  for (const act of open) {
    const name = JSON.stringify(act.operation.command);
    const acts = classes.get(name);
    if (acts === undefined) classes.set(name, [act]);
    else acts.push(act);
  }
  return Array.from(classes.values(), (acts) => ({ acts, brings: broughtBy(acts[0]) }));
}

/** With several keys, one part may be needed long after another was overwritten. */
const broughtBy = (act: Act | undefined): readonly number[] | undefined =>
  act?.command.overwrites === true && !act.command.isTicking && act.positions.length === 1
    ? act.yields
    : undefined;

/**
 * What a client sends ahead on one connection takes effect in its order, key by key. Only known outcomes are held to it:
 * what was never answered may have got lost, and anything may have been sent after it.
 */
function behindOf(known: readonly Act[]): readonly (readonly number[])[] {
  const latest = new Map<string, Map<number, number>>();
  return known.map(({ operation: { client, began }, positions }, index) => {
    let ofClient = latest.get(client);
    if (ofClient === undefined) latest.set(client, (ofClient = new Map<number, number>()));
    let found = NO_MARKS;
    for (const position of positions) {
      const before = ofClient.get(position);
      ofClient.set(position, index);
      const isAhead =
        before !== undefined && before !== index && (known[before]?.operation.ended ?? 0) >= began;
      if (isAhead) found = [...found, before];
    }
    return found;
  });
}

const NOWHERE: readonly State[] = [];

/** Every state that an operation may lead to from this one, if its reply was to be the one that was given. */
export function nextsOf(act: Act, state: State, states: States): readonly State[] {
  const { command, positions, operation } = act;
  const [part] = command.parts;
  const [position = 0] = positions;
  const before = state.cells[position];
  if (part === undefined || before === undefined) return NOWHERE;
  if (positions.length > 1 || command.joined === 'list' || isMortal(before))
    return manyNextsOf(act, state, states);
  const { reply, after } = part.run(before);
  return fits(reply, operation.reply) ? states.with(state, position, after).alone : NOWHERE;
}

interface Way {
  readonly state: State;
  readonly replies: readonly Expected[];
}

/** Part by part; a key that may have gone by now opens two ways. */
function manyNextsOf({ command, positions, operation }: Act, state: State, states: States): readonly State[] {
  let ways: readonly Way[] = [{ state, replies: [] }];
  command.parts.forEach(({ run }, index) => {
    const position = positions[index] ?? 0;
    ways = ways.flatMap((way) =>
      heldBy(way.state.cells[position], operation, states).map((before) => {
        const { reply, after } = run(before);
        return { state: states.with(way.state, position, after), replies: [...way.replies, reply] };
      }),
    );
  });
  return ways
    .filter(({ replies }) => fits(joinedOf(command, replies), operation.reply))
    .map((way) => way.state);
}

/** What an operation may find: the clock of the store ran between its ends somewhere. */
function heldBy(cell: Cell | undefined, { began, ended }: Operation, { start }: States): readonly Cell[] {
  if (cell === undefined) return [];
  if (!isMortal(cell)) return [cell];
  const isThere = began <= cell.latest ? [cell] : [];
  return ended >= cell.earliest ? [...isThere, ...start.cells.slice(0, 1)] : isThere;
}

function joinedOf({ joined }: Command, replies: readonly Expected[]): Expected | readonly Expected[] {
  switch (joined) {
    case 'OK':
      return 'OK';
    case 'list':
      return replies;
    case 'sum':
      return replies.reduce<number>((sum, reply) => sum + (typeof reply === 'number' ? reply : 0), 0);
    default:
      return replies[0] ?? null;
  }
}

/** An unknown reply fits whatever it should have been. */
function fits(expected: Expected | readonly Expected[], reply: Answer | undefined): boolean {
  if (expected === reply || reply === undefined) return true;
  if (typeof expected !== 'object' || expected === null) return false;
  if (isListOf(expected)) return isListOf(reply) && areFitting(expected, reply);
  if ('least' in expected)
    return typeof reply === 'number' && expected.least <= reply && reply <= expected.most;
  return isError(reply) && wordOf(reply.error) === wordOf(expected.error);
}

const areFitting = (expected: readonly Expected[], reply: readonly Answer[]): boolean =>
  expected.length === reply.length && expected.every((part, index) => fits(part, reply[index]));

const isError = (reply: Answer): reply is { readonly error: string } =>
  typeof reply === 'object' && reply !== null && 'error' in reply;

const isListOf = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

/** The code of an error; its text may change. */
const wordOf = (error: string): string | undefined => error.split(' ', 1)[0];
