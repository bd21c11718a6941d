/**
 * Whether what clients saw could have happened one operation after the other, each between its ends.
 *
 *     history ──keys──► objects ──search──► possible | impossible | undecided
 *
 * Keys that no command joins have nothing to do with each other: a history is possible exactly if each object's part
 * of it is. The verdict is a proof both ways; what was too much to search, or is no command of the judge's, is
 * `undecided` and never passes for fine. Reads that copies answered are not looked at: see `copies.ts`.
 */
import type { State } from './cells.ts';
import type { Clock } from './commands.ts';
import type { Operation } from './history.ts';
import { nameless } from './namelessness.ts';
import { type Subject, subjectOf } from './object.ts';
import { hasGoneBack } from './rising.ts';
import { type Finding, search } from './search.ts';

export interface Options extends Partial<Clock> {
  /** For one object; a configuration costs about 100 bytes. */
  readonly configurationsMax?: number;
}

/** What the keys of an object hold; null: nothing. */
export type Contents = Readonly<Record<string, string | null>>;

export interface Impossible {
  readonly verdict: 'impossible';
  /** The keys of the object. */
  readonly keys: readonly string[];
  /**
   * With its answer the beginning of the history is impossible. Without it everything that was answered before can be
   * explained, or would take long to search.
   */
  readonly failed: Operation;
  /** What the object may have held just before that answer; a few of them. */
  readonly states: readonly Contents[];
  /** The failed operation and those around it, in order of `began`. */
  readonly around: readonly Operation[];
}

export type Verdict =
  { readonly verdict: 'possible' } | Impossible | { readonly verdict: 'undecided'; readonly why: string };

const CONFIGURATIONS_MAX = 2_000_000;
/** More states than a reader compares tell nothing. */
const STATES_MAX = 8;
const AROUND_MAX = 12;
/** To tell a reader more about what is proven already: a second or so, and enough to get through a long history. */
const TELLING_MIN = 100_000;
const TELLING_PER_OPERATION = 3;

/** A promise of the store's default, and the drift that it allows for: see rule W4 of the protocol. */
const CLOCK: Clock = { drift: 0.01, earlyMs: 500, lateMs: 500 };

/** The first object that is impossible decides; else the first that is undecided. */
export function judge(history: readonly Operation[], options: Options = {}): Verdict {
  const settings = { ...CLOCK, configurationsMax: CONFIGURATIONS_MAX, ...options };
  let undecided: Verdict | undefined;
  for (const operations of objectsOf(history)) {
    const verdict = verdictOf(operations, settings);
    if (verdict.verdict === 'impossible') return verdict;
    if (verdict.verdict === 'undecided') undecided ??= verdict;
  }
  return undecided ?? { verdict: 'possible' };
}

/** The keys of a command. One that the judge does not know has the key that most commands have. */
export function keysOf([name = '', ...args]: readonly string[]): readonly string[] {
  const upper = name.toUpperCase();
  if (['MGET', 'DEL', 'UNLINK', 'EXISTS'].includes(upper)) return args;
  return upper === 'MSET' ? args.filter((_, index) => index % 2 === 0) : args.slice(0, 1);
}

/** Operations by what they touch: commands with several keys join them. */
function objectsOf(history: readonly Operation[]): Iterable<readonly Operation[]> {
  const parents = new Map<string, string>();
  const rootOf = (key: string): string => {
    let root = key;
    for (let above = parents.get(root); above !== undefined; above = parents.get(root)) root = above;
    // The next one goes straight there.
    if (root !== key) parents.set(key, root);
    return root;
  };
  const judged = history.filter(({ copy }) => copy === undefined);
  for (const { command } of judged) {
    const [first = '', ...others] = keysOf(command);
    for (const key of others) if (rootOf(key) !== rootOf(first)) parents.set(rootOf(key), rootOf(first));
  }
  const objects = new Map<string, Operation[]>();
  for (const operation of judged) {
    const root = rootOf(keysOf(operation.command)[0] ?? '');
    const object = objects.get(root);
    if (object === undefined) objects.set(root, [operation]);
    else object.push(operation);
  }
  return objects.values();
}

type Settings = Clock & { readonly configurationsMax: number };

function verdictOf(operations: readonly Operation[], settings: Settings): Verdict {
  if (hasGoneBack(operations)) return explained(operations, settings, keysOf(operations[0]?.command ?? []));
  const subject = subjectOf(nameless(operations), settings);
  if ('unread' in subject) return { verdict: 'undecided', why: `no meaning is known for: ${subject.unread}` };
  switch (search(subject, settings)) {
    case 'possible':
      return { verdict: 'possible' };
    case 'impossible':
      return explained(operations, settings, subject.keys);
    default:
      return {
        verdict: 'undecided',
        why: `more than ${settings.configurationsMax} configurations: ${subject.keys.join(' ')}`,
      };
  }
}

/**
 * What began before the `count`-th answer, with the first `count` answers only: the others were still to come. A
 * history is as impossible as its first impossible beginning, and every longer beginning is impossible too.
 */
function beginningOf(operations: readonly Operation[], count: number): readonly Operation[] {
  const answered = answeredOf(operations).slice(0, count);
  const isAnswered = new Set(answered);
  const until = answered.at(-1)?.ended ?? -Infinity;
  return operations
    .filter(({ began }) => began <= until)
    .map((operation) => (isAnswered.has(operation) ? operation : unanswered(operation)));
}

const unanswered = (operation: Operation): Operation => ({ ...operation, ended: Infinity, reply: undefined });

const answeredOf = (operations: readonly Operation[]): readonly Operation[] =>
  operations.filter(({ ended }) => ended !== Infinity).sort((a, b) => a.ended - b.ended);

function findingOf(operations: readonly Operation[], settings: Settings): Finding {
  if (hasGoneBack(operations)) return 'impossible';
  const subject = subjectOf(nameless(operations), settings);
  return 'unread' in subject ? 'undecided' : search(subject, settings);
}

/** Finds the first answer that cannot be explained, by halves; a beginning that takes too long counts as possible. */
function explained(operations: readonly Operation[], given: Settings, keys: readonly string[]): Impossible {
  const enough = Math.max(TELLING_MIN, operations.length * TELLING_PER_OPERATION);
  const settings = { ...given, configurationsMax: Math.min(given.configurationsMax, enough) };
  const answered = answeredOf(operations);
  let possible = 0;
  let impossible = answered.length;
  while (impossible - possible > 1) {
    const middle = Math.floor((possible + impossible) / 2);
    if (findingOf(beginningOf(operations, middle), settings) === 'impossible') impossible = middle;
    else possible = middle;
  }
  const failed = answered[impossible - 1];
  if (failed === undefined) throw new Error('an impossible history has an answer that cannot be');
  const before = beginningOf(operations, impossible).map((operation) =>
    operation === failed ? unanswered(operation) : operation,
  );
  return {
    ...{ verdict: 'impossible', keys, failed },
    states: statesAfter(before, settings),
    around: aroundOf(
      before.filter(({ id }) => id !== failed.id),
      failed,
    ),
  };
}

function statesAfter(operations: readonly Operation[], settings: Settings): readonly Contents[] {
  const subject = subjectOf(operations, settings);
  if ('unread' in subject) return [];
  const found = new Map<string, Contents>();
  const atEnd = (state: State): boolean => {
    const contents = contentsOf(subject, state);
    found.set(JSON.stringify(contents), contents);
    return found.size < STATES_MAX;
  };
  search(subject, { ...settings, atEnd });
  return [...found.values()];
}

const contentsOf = ({ keys }: Subject, { cells }: State): Contents =>
  Object.fromEntries(keys.map((key, position) => [key, cells[position]?.value ?? null]));

/** The latest before it, and whoever wrote what it says it saw. */
function aroundOf(before: readonly Operation[], failed: Operation): readonly Operation[] {
  const seen = new Set([failed.reply].flat().filter((part) => typeof part === 'string' && part !== 'OK'));
  const writers = before.filter(({ command }) => command.slice(1).some((word) => seen.has(word))).slice(-2);
  const latest = before
    .filter((operation) => !writers.includes(operation))
    .sort((a, b) => Math.min(a.ended, failed.ended) - Math.min(b.ended, failed.ended) || a.began - b.began)
    .slice(-(AROUND_MAX - 1 - writers.length));
  return [...writers, ...latest, failed].sort((a, b) => a.began - b.began);
}
