/**
 * Redis' glob patterns: `*`, `?`, `[abc]`, `[^a-z]`, and `\` before what is meant as it stands.
 *
 * A star that fails is retried one character further, and only the last star met is ever
 * retried, so the work is at most pattern × text: a pattern of many stars cannot hold the loop.
 */

/** Does the whole text match? Neither side's case matters: names of commands and settings are what it is for. */
export function matchesGlob(pattern: string, text: string): boolean {
  return matches(pattern.toLowerCase(), text.toLowerCase());
}

function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star: { readonly next: number; readonly from: number } | undefined;
  let index = 0;
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = { next: at + 1, from: index };
      at += 1;
      continue;
    }
    const next = afterOne(pattern, at, text.charAt(index));
    if (next !== undefined) {
      at = next;
      index += 1;
    } else if (star !== undefined) {
      star = { next: star.next, from: star.from + 1 };
      at = star.next;
      index = star.from;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at >= pattern.length;
}

/** Where the pattern goes on after it has matched this one character, or undefined. */
function afterOne(pattern: string, at: number, character: string): number | undefined {
  switch (pattern[at]) {
    case undefined:
      return undefined;
    case '?':
      return at + 1;
    case '[':
      return afterClass(pattern, at + 1, character);
    case '\\':
      // A backslash at the very end stands for itself.
      if (at + 1 >= pattern.length) return character === '\\' ? at + 1 : undefined;
      return pattern[at + 1] === character ? at + 2 : undefined;
    default:
      return pattern[at] === character ? at + 1 : undefined;
  }
}

/** A class runs to its `]`, or, if there is none, to the end of the pattern. */
function afterClass(pattern: string, from: number, character: string): number | undefined {
  const negated = pattern[from] === '^';
  let at = negated ? from + 1 : from;
  let found = false;
  while (at < pattern.length && pattern[at] !== ']') {
    const member = memberAt(pattern, at);
    found ||= character >= member.low && character <= member.high;
    at = member.next;
  }
  return found === negated ? undefined : Math.min(at + 1, pattern.length);
}

/** One character of a class, or one span of them, which may be written either way round. */
function memberAt(
  pattern: string,
  at: number,
): { readonly low: string; readonly high: string; readonly next: number } {
  const here = pattern.charAt(at);
  if (here === '\\' && at + 1 < pattern.length) {
    const escaped = pattern.charAt(at + 1);
    return { low: escaped, high: escaped, next: at + 2 };
  }
  if (pattern[at + 1] !== '-' || at + 2 >= pattern.length) return { low: here, high: here, next: at + 1 };
  const there = pattern.charAt(at + 2);
  return here <= there ? { low: here, high: there, next: at + 3 } : { low: there, high: here, next: at + 3 };
}
