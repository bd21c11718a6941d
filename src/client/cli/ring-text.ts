/**
 * The ring as a drawing of at most 80 columns: the circle of slots, each place in its owner's letter and
 * colour, slot 0 at the top, clockwise; below it a legend with each slave's share.
 *
 *               0
 *            A A A B
 *          A         B         A place of the drawing stands for a few partitions;
 *   12288  C         B  4096   the one at its angle gives it the letter.
 *            C C C B
 *             8192
 *
 * Letters come with the colours, so that the drawing says the same without them.
 */
import { SLOTS } from '../../common/ids.ts';
import type { RingPicture } from '../../common/message/admin.ts';
import { counted } from './counted.ts';
import type { Paint } from './paint.ts';
import { columns } from './table.ts';

const ROWS = 21;
/** Places on a terminal are about twice as high as wide. */
const ASPECT = 2;
const COLUMNS = ROWS * ASPECT;
const LEFT = 12;
const OUTER = ROWS / 2;
const INNER = OUTER - 3;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Twelve of the 256 colours that differ well on light and on dark. */
const COLORS = [33, 208, 40, 199, 220, 45, 141, 160, 112, 215, 75, 170] as const;
const NOBODY = '.';

export function ringText(picture: RingPicture, paint: Paint): string {
  return `${circle(picture, paint)}\n${legend(picture, paint)}`;
}

function circle(picture: RingPicture, paint: Paint): string {
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const places = Array.from({ length: COLUMNS }, (_, column) => placeAt(picture, row, column, paint)).join(
      '',
    );
    const middle = row === (ROWS - 1) / 2;
    const west = middle ? String((SLOTS * 3) / 4) : '';
    const east = middle ? `  ${SLOTS / 4}` : '';
    return `${west.padStart(LEFT - 2).padEnd(LEFT)}${places}${east}`.trimEnd();
  });
  const centre = LEFT + COLUMNS / 2;
  return [at(centre, '0'), ...withCaption(lines, picture), at(centre, String(SLOTS / 2))].join('\n') + '\n';
}

const at = (centre: number, text: string): string => ' '.repeat(centre - Math.floor(text.length / 2)) + text;

/** The middle of the circle is free: it says which picture this is. */
function withCaption(
  lines: readonly string[],
  { epoch, partitions, tokens }: RingPicture,
): readonly string[] {
  const captions = [
    `epoch ${epoch}`,
    counted(partitions, 'partition', 'partitions'),
    counted(tokens.length, 'token', 'tokens'),
  ];
  const first = (ROWS - captions.length) / 2;
  return lines.map((line, row) => {
    const caption = captions[row - first];
    return caption === undefined
      ? line
      : line.replace(/( {20,})(?=\S*\S)/g, (gap, _all, offset: number) => inGap(gap, caption, offset));
  });
}

/** Only the gap inside the circle is wide enough and not at the line's beginning. */
function inGap(gap: string, caption: string, offset: number): string {
  if (offset === 0 || gap.length < caption.length) return gap;
  const before = Math.floor((gap.length - caption.length) / 2);
  return ' '.repeat(before) + caption + ' '.repeat(gap.length - caption.length - before);
}

function placeAt(picture: RingPicture, row: number, column: number, paint: Paint): string {
  const y = row - (ROWS - 1) / 2;
  const x = (column - (COLUMNS - 1) / 2) / ASPECT;
  const radius = Math.hypot(x, y);
  if (radius > OUTER || radius < INNER) return ' ';
  // From the top, clockwise, as a share of the whole turn.
  const turn = (Math.atan2(x, -y) / (2 * Math.PI) + 1) % 1;
  const { owners } = picture;
  const owner = owners[Math.min(owners.length - 1, Math.floor(turn * owners.length))] ?? -1;
  return signOf(owner, paint);
}

function signOf(owner: number, paint: Paint): string {
  if (owner < 0) return paint(NOBODY, 'red');
  return paint(LETTERS[owner % LETTERS.length] ?? NOBODY, COLORS[owner % COLORS.length] ?? 'bold');
}

function legend({ slaves, owners, tokens, partitions }: RingPicture, paint: Paint): string {
  const owned = (index: number): number =>
    owners.reduce((count, owner) => (owner === index ? count + 1 : count), 0);
  const share = (count: number): string => `${((100 * count) / Math.max(1, partitions)).toFixed(1)}%`;
  const rows = slaves.map(({ id, state, address }, index) => [
    signOf(index, paint),
    id,
    state,
    address,
    counted(owned(index), 'partition', 'partitions'),
    share(owned(index)),
    counted(tokens.filter(({ slave }) => slave === id).length, 'token', 'tokens'),
  ]);
  const orphans = owned(-1);
  const nobody =
    orphans === 0
      ? []
      : [
          [
            signOf(-1, paint),
            '(nobody)',
            '',
            '',
            counted(orphans, 'partition', 'partitions'),
            share(orphans),
          ],
        ];
  return rows.length + nobody.length === 0 ? 'no slaves\n' : columns([...rows, ...nobody]);
}
