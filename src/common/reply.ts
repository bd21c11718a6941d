/**
 * What a command answers, as a value; the RESP writer puts it on the wire in the client's dialect.
 *
 * Plain JavaScript values stand for the plain replies (a number is an integer, a Buffer a bulk
 * string, undefined the null, an array an array), so that the common case costs no object.
 */
export type Reply =
  | number
  /** An integer beyond 2^53: Redis counts in 64 bits. */
  | bigint
  | Buffer
  | undefined
  | Simple
  | Failure
  | Pairs
  | Double
  | readonly Reply[];

/** A simple string: `+OK`. */
export class Simple {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An error: `-ERR no such thing`. The text begins with its code word and holds no line break. */
export class Failure {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A map in RESP3, a flat array in RESP2. */
export class Pairs {
  readonly entries: readonly (readonly [string, Reply])[];
  constructor(entries: readonly (readonly [string, Reply])[]) {
    this.entries = entries;
  }
}

/** A double in RESP3, a bulk string in RESP2. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export const OK = new Simple('OK');
