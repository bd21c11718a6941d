/** Columns of text, as wide as they must be; the last one runs free. */

/** How many places a text takes on a terminal. Only colours are known; wide letters are taken for narrow ones. */
export const widthOf = (text: string): number => text.replaceAll(/\x1b\[[0-9;]*m/g, '').length;

export const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** Rows as lines, each ending in a newline. */
export function columns(rows: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  return rows
    .map((row) => row.map((cell, column) => padded(cell, widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
