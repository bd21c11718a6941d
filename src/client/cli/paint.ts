/** Colours, where somebody sees them: a painter paints or leaves the text as it is. */
const CODES = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
} as const;

export type Color = keyof typeof CODES;

export type Paint = (text: string, color: Color | number) => string;

/** A number is one of the terminal's 256 colours. */
export const painter = (on: boolean): Paint =>
  on
    ? (text, color) => `\x1b[${typeof color === 'number' ? `38;5;${color}` : CODES[color]}m${text}\x1b[0m`
    : (text) => text;
