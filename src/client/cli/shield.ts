/**
 * Keeps values away from the option parser.
 *
 * yargs loses words that follow `--` when it fills a command's positions, reads a lone `-` as an empty
 * text, and takes `-5` for an option. So such a word travels through it with a zero byte in front, which
 * no operating system lets into an argument, and loses it again on the other side.
 *
 *   put greeting -- --hello     →   put greeting ␀--hello     →   key "greeting", value "--hello"
 *
 * Invariant: plainWord(word of shielded argv) is the word that was typed, also when it begins with zeros.
 */
const MARK = '\0';

const isMisread = (word: string): boolean => word === '-' || word.startsWith(MARK) || /^-\.?\d/.test(word);

/** The same words, safe to parse; the `--` itself is gone. */
export function shielded(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  const before = end === -1 ? argv : argv.slice(0, end);
  const behind = end === -1 ? [] : argv.slice(end + 1);
  return [
    ...before.map((word) => (isMisread(word) ? MARK + word : word)),
    ...behind.map((word) => MARK + word),
  ];
}

export const plainWord = (word: string): string => (word.startsWith(MARK) ? word.slice(MARK.length) : word);

/** For what the parser says about words: no mark is ever shown. */
export const plainText = (text: string): string => text.replaceAll(MARK, '');
