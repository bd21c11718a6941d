/**
 * A planted bug: one rule of the protocol left out, on purpose, as a change of the product's own text.
 *
 * The simulator is worth what it finds. Each of these is a mistake that a good programmer could make, and each must
 * be found out; the product itself holds no switch for any of them.
 */
export interface Edit {
  readonly file: string;
  /** Stands exactly once in the file. Where it does not, the code has moved, and the bug moves with it. */
  readonly find: string;
  readonly replace: string;
}

export interface Bug {
  readonly name: string;
  /** Its label in docs/protocol.md. */
  readonly rule: string;
  /** What is no longer done, and what comes of it. */
  readonly leavesOut: string;
  /** Several, where the rule is guarded more than once: one guard left standing would hide the bug. */
  readonly edits: readonly Edit[];
  /**
   * What stands in for the rule, so that by itself its absence changes nothing that anybody could see. Such a bug is
   * hunted by name only; one that is found then is news.
   */
  readonly guardedBy?: string;
}

/**
 * The text with one edit in it.
 * @throws Error when the place to edit is not there, or is there more than once.
 */
export function plant(text: string, { file, find, replace }: Edit): string {
  const places = text.split(find).length - 1;
  if (places !== 1) throw new Error(`${file} has ${places} places that read "${find.trim()}"`);
  // As a function: a `$` in the replacement is only a `$`.
  return text.replace(find, () => replace);
}

/** The texts of all files that a bug changes, with the bug in them. */
export function planted({ edits }: Bug, read: (file: string) => string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const edit of edits) texts.set(edit.file, plant(texts.get(edit.file) ?? read(edit.file), edit));
  return texts;
}
