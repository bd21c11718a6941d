/**
 * A history as a few lines of text, for tests: client, command, when it began and ended, and the reply.
 *
 *     a  SET k v1    0-10   OK
 *     b  GET k       5-20   nil
 *     b  INCR n      21-?            the outcome is not known
 *     c@s2 GET k     30-40  "v1"     answered by the copy at s2
 */
import type { Answer, Operation } from './history.ts';

const LINE =
  /^(?<client>\w+)(@(?<copy>\w+))?\s+(?<command>\S.*?)\s+(?<began>\d+)-(?<ended>\d+|\?)\s*(?<reply>\S.*)?$/;

export const told = (text: string): readonly Operation[] =>
  text
    .trim()
    .split('\n')
    .map((line, id) => operationOf(line.trim(), id));

function operationOf(line: string, id: number): Operation {
  const { client = '', copy, command = '', began, ended, reply } = LINE.exec(line)?.groups ?? {};
  if (client === '') throw new Error(`no operation: ${line}`);
  return {
    ...{ id, client, command: command.split(/\s+/), began: Number(began) },
    ended: ended === '?' ? Infinity : Number(ended),
    reply: reply === undefined ? undefined : answerOf(reply),
    ...(copy === undefined ? {} : { copy }),
  };
}

function answerOf(text: string): Answer {
  if (text === 'nil') return null;
  if (text.startsWith('ERR')) return { error: text };
  // What is neither a number nor in quotes nor a list is a word: OK.
  return /^[-\d"[]/.test(text) ? (JSON.parse(text.replaceAll('nil', 'null')) as Answer) : text;
}
