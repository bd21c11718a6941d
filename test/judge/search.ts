/**
 * Whether the operations on one object could have happened one after the other: the search of Wing and Gong, with
 * Lowe's memory of configurations.
 *
 *     not yet   SET a ── GET a ── SET b        a linked list in order of `began`: taken out, and put back on the way up
 *               └──── enabled ────┘            an operation is enabled while nothing on the list ended before it began,
 *                                              nor was sent before it by its own client
 *
 * A configuration is: which operations have taken effect, and the state then. None is looked at twice. It is known by
 * the operations that are left behind the newest one taken, at most one for each connection, so it stays small
 * however long the history; where nobody waits for an answer none are left behind, and all ways through the history
 * so far that end in one state meet in one configuration. Five observations keep the search narrow. None loses an
 * order that exists:
 *
 * 1. What has changed nothing, going by its reply, takes effect as soon as it can. Every order in which it comes later
 *    stays one when it is moved here: the state is the same before and after it.
 * 2. An open operation takes effect only right before one that would have gone otherwise without it. Take an order
 *    with as few open operations as there can be: if the next one could have led to the same state without it,
 *    leaving it out would be an order with fewer. So nobody tries an open write that nobody needs.
 * 3. Of open operations that nobody can tell apart the first one comes first; swapping two changes nothing.
 * 4. A state is not left while somebody still has to see it and nobody can bring it back.
 * 5. What nobody has to see is written first, before what somebody does. This is an order of trying, no more.
 *
 * A key with a time to live goes when an operation finds it gone. Earlier would change nothing for anybody, and whoever
 * comes later can find it gone as well.
 */
import type { State } from './cells.ts';
import { type Act, nextsOf, type Subject } from './object.ts';

export type Finding = 'possible' | 'impossible' | 'undecided';

export interface Bounds {
  /** How many configurations are remembered, which bounds memory and time. */
  readonly configurationsMax: number;
  /** Told of the state after all known operations; true: go on, there may be others. Absent: one is enough. */
  readonly atEnd?: (state: State) => boolean;
}

export function search(subject: Subject, bounds: Bounds): Finding {
  return new Search(subject, bounds).run();
}

interface Configuration {
  readonly state: State;
  /** The state before the open operation that came last; undefined: what came last was not open. */
  readonly before: State | undefined;
  /** Which open operations were used, as a number of `Used`. */
  readonly used: number;
  /** Every operation that has taken effect lies before this one. */
  readonly top: number;
}

interface Candidate {
  /** The position of a known operation; below zero: ~ the class of an open one. */
  readonly move: number;
  readonly state: State;
}

interface Frame {
  readonly configuration: Configuration;
  /** How long the trail was. */
  readonly mark: number;
  candidates: readonly Candidate[];
  tried: number;
  isOpenTried: boolean;
}

class Search {
  readonly #subject: Subject;
  readonly #bounds: Bounds;
  readonly #known: readonly Act[];
  readonly #behind: Subject['behind'];
  /** By position: whether it has taken effect. */
  readonly #isGone: Uint8Array;
  readonly #began: Float64Array;
  readonly #ended: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** Behind the last operation and before the first. */
  readonly #end: number;
  readonly #observers: number[];
  readonly #producers: number[];
  readonly #due: Float64Array;
  readonly #isOpenChain: boolean;
  /** By mark. */
  readonly #bringers = new Map<number, number[]>();
  /** By class: how many of its operations have taken effect. */
  readonly #taken: Int32Array;
  readonly #used = new Used();
  readonly #trail: number[] = [];
  readonly #frames: Frame[] = [];
  /** By everything else about a configuration: which open operations were used. */
  readonly #seen = new Map<string, number[]>();
  #seenCount = 0;
  #isOver = false;

  constructor(subject: Subject, bounds: Bounds) {
    const { known, open, observers, producers, behind } = subject;
    this.#subject = subject;
    this.#behind = behind;
    this.#isGone = new Uint8Array(known.length);
    this.#bounds = bounds;
    this.#known = known;
    this.#end = known.length;
    this.#began = Float64Array.from(known, ({ operation }) => operation.began);
    this.#ended = Float64Array.from(known, ({ operation }) => operation.ended);
    this.#next = Int32Array.from({ length: known.length + 1 }, (_, index) =>
      index === known.length ? 0 : index + 1,
    );
    this.#previous = Int32Array.from({ length: known.length + 1 }, (_, index) =>
      index === 0 ? known.length : index - 1,
    );
    this.#observers = [...observers];
    this.#producers = [...producers];
    this.#due = dueTimesOf(subject);
    this.#taken = new Int32Array(open.length);
    this.#isOpenChain = open.some(({ brings }) => brings === undefined);
    open.forEach(({ brings }, index) => {
      for (const mark of brings ?? []) {
        const bringers = this.#bringers.get(mark);
        if (bringers === undefined) this.#bringers.set(mark, [index]);
        else bringers.push(index);
      }
    });
  }

  run(): Finding {
    this.#descend({ state: this.#subject.states.start, before: undefined, used: 0, top: 0 });
    while (!this.#isOver) {
      const frame = this.#frames.at(-1);
      if (frame === undefined) return 'impossible';
      if (this.#seenCount > this.#bounds.configurationsMax) return 'undecided';
      this.#undo(frame.mark);
      const candidate = this.#nextOf(frame);
      if (candidate === undefined) this.#frames.pop();
      else this.#take(frame.configuration, candidate);
    }
    return 'possible';
  }

  #nextOf(frame: Frame): Candidate | undefined {
    if (frame.tried === frame.candidates.length && !frame.isOpenTried) {
      frame.isOpenTried = true;
      frame.candidates = this.#openCandidates(frame.configuration);
      frame.tried = 0;
    }
    frame.tried += 1;
    return frame.candidates[frame.tried - 1];
  }

  #take({ state: before, used, top }: Configuration, { move, state }: Candidate): void {
    if (move >= 0) {
      this.#lift(move);
      return this.#descend({ state, before: undefined, used, top: Math.max(top, move + 1) });
    }
    this.#takeOpen(~move);
    this.#descend({ state, before, used: this.#used.with(used, ~move), top });
  }

  /** Takes what changes nothing, and then stands before a choice. */
  #descend(configuration: Configuration): void {
    const settled = this.#settled(configuration);
    if (this.#next[this.#end] === this.#end) {
      this.#isOver = this.#bounds.atEnd?.(settled.state) !== true;
      return;
    }
    if (this.#isKnown(settled)) return;
    this.#frames.push({
      configuration: settled,
      mark: this.#trail.length,
      candidates: this.#candidates(settled),
      tried: 0,
      isOpenTried: this.#taken.length === 0,
    });
  }

  #settled(configuration: Configuration): Configuration {
    const { state } = configuration;
    let { before, top } = configuration;
    for (let isChanged = true; isChanged;) {
      isChanged = false;
      this.#eachEnabled((act, index) => {
        if (!act.command.isSilent || !this.#leadsTo(act, state, state)) return;
        this.#lift(index);
        isChanged = true;
        before = undefined;
        top = Math.max(top, index + 1);
      });
    }
    return { ...configuration, before, top };
  }

  #candidates({ state, before }: Configuration): readonly Candidate[] {
    const found: (Candidate & { readonly isHidden: boolean })[] = [];
    this.#eachEnabled((act, index) => {
      for (const next of nextsOf(act, state, this.#subject.states)) {
        if (before !== undefined && this.#leadsTo(act, before, next)) continue;
        if (!this.#isLost(act, state, next))
          found.push({ move: index, state: next, isHidden: this.#isHidden(act) });
      }
    });
    if (found.length < 2) return found;
    const dueOf = ({ move }: Candidate): number => this.#due[move] ?? Infinity;
    return found.sort((a, b) => Number(b.isHidden) - Number(a.isHidden) || dueOf(a) - dueOf(b));
  }

  #openCandidates({ state, before }: Configuration): readonly Candidate[] {
    const found: Candidate[] = [];
    const { states, open } = this.#subject;
    const { classes, firstEnd } = this.#neededClasses();
    for (const index of classes) {
      const act = open[index]?.acts[this.#taken[index] ?? 0];
      if (act === undefined || act.operation.began > firstEnd) continue;
      for (const next of nextsOf(act, state, states)) {
        if (next === state || (before !== undefined && this.#leadsTo(act, before, next))) continue;
        if (!this.#isLost(act, state, next)) found.push({ move: ~index, state: next });
      }
    }
    return found;
  }

  /** The open operations that may change how an enabled one goes. */
  #neededClasses(): { readonly classes: Iterable<number>; readonly firstEnd: number } {
    const marks: number[] = [];
    let isAny = this.#isOpenChain;
    const firstEnd = this.#eachEnabled(({ command, demands, positions }) => {
      if (command.isDeaf) return;
      if (demands.length < positions.length) isAny = true;
      marks.push(...demands);
    });
    if (isAny) return { classes: this.#taken.keys(), firstEnd };
    return { classes: new Set(marks.flatMap((mark) => this.#bringers.get(mark) ?? [])), firstEnd };
  }

  /** When the first of them ends; what begins after that comes later. */
  #eachEnabled(visit: (act: Act, index: number) => void): number {
    let firstEnd = Infinity;
    for (
      let index = this.#first();
      index < this.#end && this.#beganAt(index) <= firstEnd;
      index = this.#after(index)
    ) {
      firstEnd = Math.min(firstEnd, this.#endedAt(index));
      const act = this.#known[index];
      if (act !== undefined && !this.#isHeldBack(index)) visit(act, index);
    }
    return firstEnd;
  }

  /** What its own client sent before it has not taken effect yet. */
  #isHeldBack(index: number): boolean {
    const behind = this.#behind[index];
    return behind !== undefined && behind.length > 0 && behind.some((before) => this.#isGone[before] === 0);
  }

  #leadsTo(act: Act, from: State, to: State): boolean {
    return nextsOf(act, from, this.#subject.states).includes(to);
  }

  /** Somebody still has to see what this overwrites, and nobody can bring it back. */
  #isLost(act: Act, from: State, to: State): boolean {
    return act.positions.some((position) => {
      const cell = from.cells[position];
      if (cell === undefined || cell.value === to.cells[position]?.value) return false;
      const mark = this.#subject.markOf(position, cell);
      if (mark === undefined || this.#producers[mark] !== 0) return false;
      return (this.#observers[mark] ?? 0) > (act.demands.includes(mark) ? 1 : 0);
    });
  }

  #isHidden({ command, yields }: Act): boolean {
    return command.overwrites && yields.every((mark) => this.#observers[mark] === 0);
  }

  #first(): number {
    return this.#after(this.#end);
  }

  #after(index: number): number {
    return this.#next[index] ?? this.#end;
  }

  #beganAt(index: number): number {
    return this.#began[index] ?? Infinity;
  }

  #endedAt(index: number): number {
    return this.#ended[index] ?? Infinity;
  }

  #lift(index: number): void {
    const next = this.#after(index);
    const previous = this.#previous[index] ?? this.#end;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#isGone[index] = 1;
    this.#trail.push(index);
    this.#count(this.#known[index], -1);
  }

  #takeOpen(index: number): void {
    const taken = this.#taken[index] ?? 0;
    this.#count(this.#subject.open[index]?.acts[taken], -1);
    this.#taken[index] = taken + 1;
    this.#trail.push(~index);
  }

  #undo(mark: number): void {
    while (this.#trail.length > mark) {
      const move = this.#trail.pop() ?? 0;
      if (move >= 0) this.#unlift(move);
      else {
        const taken = (this.#taken[~move] ?? 0) - 1;
        this.#taken[~move] = taken;
        this.#count(this.#subject.open[~move]?.acts[taken], 1);
      }
    }
  }

  #unlift(index: number): void {
    this.#next[this.#previous[index] ?? this.#end] = index;
    this.#previous[this.#after(index)] = index;
    this.#isGone[index] = 0;
    this.#count(this.#known[index], 1);
  }

  #count(act: Act | undefined, by: 1 | -1): void {
    if (act === undefined) return;
    for (const mark of act.yields) this.#producers[mark] = (this.#producers[mark] ?? 0) + by;
    for (const mark of act.demands) this.#observers[mark] = (this.#observers[mark] ?? 0) + by;
  }

  /** One like this was seen before that could go on at least as freely; if not, this one is remembered. */
  #isKnown({ state, before, used, top }: Configuration): boolean {
    const name = this.#nameOf(state, top);
    if (before !== undefined && this.#isSeen(name, used)) return true;
    const full = before === undefined ? name : `${name} ${before.id}`;
    if (this.#isSeen(full, used)) return true;
    const seen = this.#seen.get(full);
    if (seen === undefined) this.#seen.set(full, [used]);
    else seen.push(used);
    this.#seenCount += 1;
    return false;
  }

  #isSeen(name: string, used: number): boolean {
    return this.#seen.get(name)?.some((other) => this.#used.isWithin(other, used)) === true;
  }

  #nameOf(state: State, top: number): string {
    let name = `${state.id}`;
    let index = this.#first();
    for (; index < top; index = this.#after(index)) name += ` ${index}`;
    return `${name},${index}`;
  }
}

/** When an operation, or what has to see it, is over: what is due first is tried first. */
function dueTimesOf({ known, producers }: Subject): Float64Array {
  const seenBy = new Map<number, number>();
  for (const { demands, operation } of known) {
    for (const mark of demands) seenBy.set(mark, Math.min(seenBy.get(mark) ?? Infinity, operation.ended));
  }
  return Float64Array.from(known, ({ yields, operation }) =>
    yields.reduce(
      (due, mark) => (producers[mark] === 1 ? Math.min(due, seenBy.get(mark) ?? Infinity) : due),
      operation.ended,
    ),
  );
}

/** Sets of open operations as numbers: a chain of classes in ascending order, each link known by what it hangs on. */
class Used {
  readonly #parents: number[] = [-1];
  readonly #classes: number[] = [-1];
  readonly #links = new Map<number, number>();

  with(set: number, index: number): number {
    const above: number[] = [];
    let below = set;
    while ((this.#classes[below] ?? -1) > index) {
      above.push(this.#classes[below] ?? -1);
      below = this.#parents[below] ?? 0;
    }
    let chain = this.#link(below, index);
    for (let next = above.pop(); next !== undefined; next = above.pop()) chain = this.#link(chain, next);
    return chain;
  }

  isWithin(smaller: number, larger: number): boolean {
    let a = smaller;
    let b = larger;
    while (a !== b && a !== 0) {
      const sought = this.#classes[a] ?? -1;
      const found = this.#classes[b] ?? -1;
      if (found < sought) return false;
      if (found === sought) a = this.#parents[a] ?? 0;
      b = this.#parents[b] ?? 0;
    }
    return true;
  }

  #link(parent: number, index: number): number {
    // Neither number comes near 2 ** 26, so that both fit into one that is exact.
    const name = parent * 2 ** 26 + index;
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    this.#links.set(name, this.#parents.length);
    this.#classes.push(index);
    return this.#parents.push(parent) - 1;
  }
}
