/**
 * Transcripts: a conversation with a machine, written down, replayed, and compared.
 *
 *   # What is being shown, and why.
 *   tick 2000
 *   ----
 *   s1 late (1 silent window)
 *
 * Above the rule, one command; below it, what the machine answered. A blank line ends an exchange, so an
 * answer holds none. Run with UPDATE=1 to rewrite the answers, then read the diff as if a colleague had sent it.
 *
 *   describe('heartbeat tally', () => {
 *     for (const path of transcriptsIn('coordination')) {
 *       it(`tells ${titleOf(path)}`, () => replay(path, conversation()));
 *     }
 *   });
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { expect } from 'chai';

const RULE = '----';
const ROOM = 'test/transcripts';

/** Every transcript of one folder of test/transcripts, in order of name. */
export function transcriptsIn(folder: string): readonly string[] {
  const room = join(ROOM, folder);
  const paths = readdirSync(room)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => join(room, name));
  expect(paths, `transcripts in ${room}`).not.to.have.length(0);
  return paths;
}

/** `late-then-back.txt` is "late then back". */
export const titleOf = (path: string): string => basename(path, '.txt').replaceAll('-', ' ');

/** Plays one transcript: each command is handed to `answer`, and what it says is compared with what is written. */
export function replay(path: string, answer: (command: string) => string): void {
  const told = readFileSync(path, 'utf8');
  const heard = retell(told, answer);
  if (process.env['UPDATE'] === '1') writeFileSync(path, heard);
  else expect(heard).to.equal(told);
}

/** The same conversation with the answers of today. */
export function retell(told: string, answer: (command: string) => string): string {
  const exchanges = told
    .trimEnd()
    .split('\n\n')
    .map((exchange) => retellExchange(exchange, answer));
  return `${exchanges.join('\n\n')}\n`;
}

function retellExchange(exchange: string, answer: (command: string) => string): string {
  const lines = exchange.split('\n');
  const rule = lines.indexOf(RULE);
  if (rule === -1) return exchange; // A paragraph of prose.
  const asked = lines.slice(0, rule);
  const command = asked.filter((line) => !line.startsWith('#')).join(' ');
  const answered = answer(command);
  expect(answered, `the answer to "${command}" has a blank line`).not.to.match(/\n\n|\n$/);
  return [...asked, RULE, answered === '' ? '(nothing)' : answered].join('\n');
}
