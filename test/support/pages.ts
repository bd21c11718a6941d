/**
 * The pages that are printed from tables in the source, so that no page can say something else than the code.
 *
 *   npm run docs        writes them; `tidy.test.ts` fails while one differs
 */
import { writeFileSync } from 'node:fs';

import { faults } from '../../src/common/fault.ts';
import { configPage } from './config-docs.ts';

interface Page {
  readonly path: string;
  readonly text: () => string;
}

export const pages: readonly Page[] = [
  { path: 'docs/errors.md', text: errorsPage },
  { path: 'docs/config.md', text: configPage },
];

const ERRORS_HEAD = `# Errors

Every error beyond Redis' own, printed from \`src/common/fault.ts\` (\`npm run docs\`). An error on the wire begins
with its code; a sentence follows, which may end with a detail in brackets and is not for programs to read.

**definite** is the column that matters. After a definite error nothing was done and nothing will be: who gets one may
send the same command again. After one that is not, the command may or may not have happened: only what is safe to do
twice may be repeated. The command line client tells the two apart by its exit status (1 and 4), the library by the
error's \`code\`.
`;

/** docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(faults).map(
    ([code, { definite, advice, text }]) => `| ${code} | ${definite ? 'yes' : 'no'} | ${advice} | ${text} |`,
  );
  return [
    ERRORS_HEAD,
    '| code | definite | advice | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  for (const { path, text } of pages) {
    writeFileSync(path, text());
    process.stdout.write(`${path}\n`);
  }
}
