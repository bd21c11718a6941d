/**
 * What clients ask for: a few kinds of keys, some of them hot, values that are never written twice.
 *
 *     r3.0   a register: SET, SET NX, DEL        c1.0      a counter: INCR        a2.0   a text: APPEND
 *     e0.0   a register that expires: PEXPIRE    {m1.0}x   one of two keys that are written together: MSET
 *
 * A key is worn out after some operations, and sooner when the outcome of writes to it is not known: a long history
 * of one key takes long to judge. The next of its line takes its place, and it is only read from then on.
 */
import { below, type Prng } from '../../src/common/prng.ts';

const FAMILIES = { register: 'r', counter: 'c', text: 'a', pair: 'm', expiring: 'e' } as const;

type Family = keyof typeof FAMILIES;

/** How many keys of each are in use at a time. */
const COUNTS: Readonly<Record<Family, number>> = { register: 24, counter: 6, text: 6, pair: 4, expiring: 3 };

/** How often each is chosen, out of a hundred. */
const SHARES: readonly (readonly [Family, number])[] = [
  ['register', 50],
  ['counter', 14],
  ['text', 14],
  ['pair', 14],
  ['expiring', 8],
];

const OPERATIONS_MAX = 250;
const UNKNOWN_MAX = 5;

const TTL_MIN_MS = 200;
const TTL_MAX_MS = 3_000;

/** Some values do not fit into a packet. */
const LARGE_BYTES = 8_192;

/** Of what is asked, this share reads a key that is worn out. */
const OLD_SHARE = 0.05;

type Build = (keys: readonly string[], random: Prng, value: () => string) => readonly string[];

const words =
  (word: string, ...rest: readonly string[]): Build =>
  ([key = '']) => [word, key, ...rest];

const set: Build = ([key = ''], _random, value) => ['SET', key, value()];

/** How often each is asked of a kind of key, out of a hundred; for the rest it is GET. */
const COMMANDS: Readonly<Record<Family, readonly (readonly [number, Build])[]>> = {
  register: [
    [39, set],
    [1, ([key = ''], _random, value) => ['SET', key, value().padEnd(LARGE_BYTES, '.')]],
    [8, ([key = ''], _random, value) => ['SET', key, value(), 'NX']],
    [7, words('DEL')],
  ],
  counter: [
    [50, words('INCR')],
    [8, words('DEL')],
  ],
  text: [
    [50, ([key = ''], _random, value) => ['APPEND', key, `${value()},`]],
    [10, words('DEL')],
  ],
  pair: [
    [40, ([key = '', other = ''], _random, value) => ['MSET', key, value(), other, value()]],
    [40, ([key = '', other = '']) => ['MGET', key, other]],
    [10, set],
  ],
  expiring: [
    [30, ([key = ''], random) => ['PEXPIRE', key, `${TTL_MIN_MS + below(random, TTL_MAX_MS - TTL_MIN_MS)}`]],
    [30, set],
  ],
};

interface Line {
  readonly family: Family;
  readonly number: number;
  generation: number;
  operations: number;
  unknown: number;
}

/** Two keys of a pair are one. */
const tagOf = ({ family, number, generation }: Line): string => `${FAMILIES[family]}${number}.${generation}`;

const keysOf = (family: Family, tag: string): readonly string[] =>
  family === 'pair' ? [`{${tag}}x`, `{${tag}}y`] : [tag];

export class Workload {
  readonly #random: Prng;
  readonly #lines: Readonly<Record<Family, readonly Line[]>>;
  readonly #byKey = new Map<string, Line>();
  readonly #old: string[] = [];
  #values = 0;

  constructor(random: Prng) {
    this.#random = random;
    const linesOf = (family: Family): readonly Line[] =>
      Array.from({ length: COUNTS[family] }, (_, number) => ({
        ...{ family, number, generation: 0 },
        ...{ operations: 0, unknown: 0 },
      }));
    this.#lines = {
      register: linesOf('register'),
      counter: linesOf('counter'),
      text: linesOf('text'),
      pair: linesOf('pair'),
      expiring: linesOf('expiring'),
    };
  }

  /** Every key that was ever used. */
  get keys(): readonly string[] {
    const current = Object.values(this.#lines)
      .flat()
      .flatMap((line) => keysOf(line.family, tagOf(line)));
    return [...this.#old, ...current];
  }

  /** What a client asks next. */
  next(): readonly string[] {
    if (this.#old.length > 0 && this.#random.next() < OLD_SHARE) return ['GET', this.#oneOf(this.#old)];
    const line = this.#line();
    line.operations += 1;
    const keys = keysOf(line.family, tagOf(line));
    for (const key of keys) this.#byKey.set(key, line);
    return this.#command(line.family, keys);
  }

  /** What somebody asks who can only read. */
  nextRead(): readonly string[] {
    const isOld = this.#old.length > 0 && this.#random.next() < OLD_SHARE;
    const line = this.#line();
    return ['GET', isOld ? this.#oneOf(this.#old) : this.#oneOf(keysOf(line.family, tagOf(line)))];
  }

  /** To be told of each write whose outcome is not known. */
  leftOpen([, key = '']: readonly string[]): void {
    const line = this.#byKey.get(key);
    if (line !== undefined && keysOf(line.family, tagOf(line)).includes(key)) line.unknown += 1;
  }

  /** A line, the first of a family more often than the last; renewed when its key is worn out. */
  #line(): Line {
    const family = this.#family();
    const lines = this.#lines[family];
    const line = lines[Math.floor(lines.length * this.#random.next() ** 2)];
    if (line === undefined) throw new Error(`there is no ${family}`);
    if (line.operations >= OPERATIONS_MAX || line.unknown >= UNKNOWN_MAX) {
      this.#old.push(...keysOf(family, tagOf(line)));
      line.generation += 1;
      line.operations = 0;
      line.unknown = 0;
    }
    return line;
  }

  #family(): Family {
    let at = below(this.#random, 100);
    for (const [family, share] of SHARES) {
      if (at < share) return family;
      at -= share;
    }
    return 'register';
  }

  #command(family: Family, keys: readonly string[]): readonly string[] {
    let at = below(this.#random, 100);
    for (const [share, build] of COMMANDS[family]) {
      if (at < share) return build(keys, this.#random, () => this.#value());
      at -= share;
    }
    return ['GET', keys[0] ?? ''];
  }

  #value(): string {
    this.#values += 1;
    return `v${this.#values}`;
  }

  #oneOf(keys: readonly string[]): string {
    return keys[below(this.#random, keys.length)] ?? '';
  }
}
