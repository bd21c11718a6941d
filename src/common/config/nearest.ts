/** "Did you mean …?": the known word that a mistyped one is nearest to, if any is near. */

/** The share of letters that may differ; beyond it a suggestion would be a guess in the dark. */
const NEAR = 0.5;

/** Undefined if every candidate differs in more than half of its letters. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = flat(word);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(plain.length * NEAR)) + 1;
  for (const candidate of candidates) {
    const edits = distance(plain, flat(candidate));
    if (edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** `peerPort`, `peer_port` and `--Peer-Port` are all meant for `peer-port`. */
const flat = (word: string): string =>
  word
    .toLowerCase()
    .replaceAll(/[-_\s]/g, '')
    .slice(0, 40);

/** Levenshtein's: how many letters to add, drop or change. One row of the table at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
