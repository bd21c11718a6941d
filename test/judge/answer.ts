/** What a reply of the store is in a history. */
import { Failure, type Reply, Simple } from '../../src/common/reply.ts';
import type { Answer } from './history.ts';

export function answerOf(reply: Reply): Answer {
  if (reply === undefined) return null;
  if (typeof reply === 'number') return reply;
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (reply instanceof Simple) return reply.text;
  if (reply instanceof Failure) return { error: reply.text };
  if (Array.isArray(reply)) return reply.map((item: Reply) => answerOf(item));
  throw new Error('an answer of a kind that nothing was asked for');
}
