/**
 * Shapes: what a value from outside must look like, field by field, before it is one of ours.
 *
 * A shape takes anything and answers with the value it wants, or with `REFUSED`. Shapes are made of
 * shapes, and their types are those of the values, so the compiler sees to it that a schema and its
 * type name the same fields. Fields that no shape asks for are left behind. What is absent may be
 * undefined or, as MessagePack has it, nil.
 */
export const REFUSED: unique symbol = Symbol('refused');

export type Shape<T> = (value: unknown) => T | typeof REFUSED;

export type Fields<T> = { readonly [Name in keyof T]-?: Shape<T[Name]> };

export const flag: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : REFUSED);

export const integer =
  (min: number, max: number): Shape<number> =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : REFUSED;

/** Fractions, too; never NaN, never endless. */
export const number =
  (min: number, max: number): Shape<number> =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max ? value : REFUSED;

export const text =
  (lengthMax: number): Shape<string> =>
  (value) =>
    typeof value === 'string' && value.length <= lengthMax ? value : REFUSED;

export const oneOf =
  <const Word extends string>(...words: readonly Word[]): Shape<Word> =>
  (value) =>
    words.find((word) => word === value) ?? REFUSED;

/** What the shape takes and the test allows. */
export const such =
  <T>(shape: Shape<T>, test: (value: T) => boolean): Shape<T> =>
  (value) => {
    const taken = shape(value);
    return taken === REFUSED || test(taken) ? taken : REFUSED;
  };

/** What the shape takes, under the name that `make` gives it; `make` may throw at nothing that the shape takes. */
export const named =
  <T, Named>(shape: Shape<T>, make: (value: T) => Named): Shape<Named> =>
  (value) => {
    const taken = shape(value);
    return taken === REFUSED ? REFUSED : make(taken);
  };

export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value) =>
    value === undefined || value === null ? undefined : shape(value);

export const list =
  <T>(shape: Shape<T>, lengthMax: number): Shape<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value) || value.length > lengthMax) return REFUSED;
    const taken: T[] = [];
    for (const each of value) {
      const item = shape(each);
      if (item === REFUSED) return REFUSED;
      taken.push(item);
    }
    return taken;
  };

export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return REFUSED;
    const taken: Record<string, unknown> = {};
    for (const [name, shape] of shapes) {
      const field = shape(ownField(value, name));
      if (field === REFUSED) return REFUSED;
      // What was left out stays left out.
      if (field !== undefined || Object.hasOwn(value, name)) taken[name] = field;
    }
    // `Fields<T>` has a shape for every field of T, and each of them has taken its field.
    return taken as T;
  };
}

const ownField = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;

interface Tagged {
  readonly kind: string;
}

type FieldsByKind<T extends Tagged> = {
  readonly [Kind in T['kind']]: Fields<Omit<Extract<T, { readonly kind: Kind }>, 'kind'>>;
};

/** A record for each `kind`; the kind itself is not listed among its fields. */
export function union<T extends Tagged>(kinds: FieldsByKind<T>): Shape<T> {
  const shapes = new Map<unknown, Shape<object>>();
  for (const [kind, fields] of Object.entries<Fields<object>>(kinds)) {
    const same: Shape<unknown> = (value) => (value === kind ? kind : REFUSED);
    shapes.set(kind, record<object>({ kind: same, ...fields }));
  }
  return (value) => {
    if (typeof value !== 'object' || value === null) return REFUSED;
    const taken = shapes.get(ownField(value, 'kind'))?.(value) ?? REFUSED;
    // `FieldsByKind<T>` has the fields of every kind of T, and those of this kind were taken.
    return taken as T | typeof REFUSED;
  };
}
