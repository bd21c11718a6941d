/**
 * A 32-bit hash for points on the circle: small, well mixed, the same on every machine.
 *
 * FNV-1a reads the text; Murmur3's finaliser then spreads every bit over all others. FNV alone
 * leaves names that differ only in their last character close together, and `s1#0`, `s1#1`, …
 * are just such names. It is not a cryptographic hash and guards against nobody.
 *
 * The tokens of every cluster come from it: its values are kept by tests and may never change.
 */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The hash of a text's UTF-16 units, 0 ≤ hash < 2^32. */
export function hash32(text: string): number {
  let mixed = FNV_OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    mixed = Math.imul(mixed ^ text.charCodeAt(index), FNV_PRIME);
  }
  return finalise(mixed);
}

/** Murmur3's finaliser: a bijection of 32-bit numbers in which every input bit moves half of the output's. */
function finalise(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
