/**
 * Promises between our own lines: what must be true, said where it must be true.
 *
 * A broken one is a `Bug`: it is never caught below the process, which stops. Trouble that
 * others make is not a bug: a peer's offence is an effect, a refusal to a client a `Fault`.
 */

/** A broken promise between two pieces of our own code. Never caught: the process dies. */
export class Bug extends Error {
  override readonly name = 'Bug';
}

/**
 * State what must be true here. Phrase the claim so that its failure reads as a sentence; one that tells of values
 * is a function, so that the sentence is put together only when it is needed.
 */
export function invariant(condition: unknown, claim: string | (() => string)): asserts condition {
  if (!condition) throw new Bug(typeof claim === 'string' ? claim : claim());
}

/** Put this in the `default` of a switch: adding a case elsewhere then fails to compile here. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`);
}
