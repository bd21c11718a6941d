/**
 * Replies as a person reads them, in redis-cli's manner; or raw, for a pipe.
 *
 *   1) "red"
 *   2) (integer) 7
 *   3) 1) (nil)
 *      2) (empty array)
 */
import { Double, Failure, Pairs, type Reply, Simple } from '../../common/reply.ts';

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x07, '\\a'],
  [0x08, '\\b'],
]);

/** Bytes between quotes, so that the prompt would read them back the same. */
export function quoted(bytes: Buffer): string {
  const letters = Array.from(bytes, (byte) => {
    const escape = ESCAPES.get(byte);
    if (escape !== undefined) return escape;
    const plain = byte >= 0x20 && byte < 0x7f;
    return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${letters.join('')}"`;
}

/** Lines, without the newline at the end. */
export function replyText(reply: Reply): string {
  if (reply === undefined) return '(nil)';
  if (typeof reply === 'number' || typeof reply === 'bigint') return `(integer) ${reply}`;
  if (Buffer.isBuffer(reply)) return quoted(reply);
  if (reply instanceof Simple) return reply.text;
  if (reply instanceof Failure) return `(error) ${reply.text}`;
  if (reply instanceof Double) return `(double) ${reply.value}`;
  if (reply instanceof Pairs) return pairsText(reply);
  return listText(reply);
}

function listText(list: readonly Reply[]): string {
  if (list.length === 0) return '(empty array)';
  const width = String(list.length).length;
  return list
    .map((item, index) => hung(`${String(index + 1).padStart(width)}) `, replyText(item)))
    .join('\n');
}

function pairsText({ entries }: Pairs): string {
  if (entries.length === 0) return '(empty hash)';
  const width = String(entries.length).length;
  return entries
    .map(([name, value], index) =>
      hung(
        `${String(index + 1).padStart(width)}# `,
        `${quoted(Buffer.from(name, 'utf8'))} => ${replyText(value)}`,
      ),
    )
    .join('\n');
}

/** A label before the first line, and as many blanks before the others. */
const hung = (label: string, text: string): string =>
  label + text.replaceAll('\n', `\n${' '.repeat(label.length)}`);

/** Bytes as they are, a line for each element: for programs that read along. */
export function rawReply(reply: Reply): Buffer {
  if (Buffer.isBuffer(reply)) return Buffer.concat([reply, Buffer.from('\n')]);
  if (reply instanceof Pairs)
    return Buffer.concat(
      reply.entries.flatMap(([name, value]) => [Buffer.from(`${name}\n`), rawReply(value)]),
    );
  if (Array.isArray(reply)) return Buffer.concat(reply.map(rawReply));
  if (reply instanceof Simple || reply instanceof Failure) return Buffer.from(`${reply.text}\n`);
  if (reply instanceof Double) return Buffer.from(`${reply.value}\n`);
  return Buffer.from(typeof reply === 'number' ? `${reply}\n` : '\n');
}
