/**
 * Histories that happened: clients that do one random operation after another, each of which takes effect at a random
 * moment between its ends. Some answers get lost, and what they answer takes effect then, later, or never.
 *
 * The effects come from the commands of the slave itself, so the judge's reading of a command is held against theirs.
 */
import { below, prng, type Prng } from '../../src/common/prng.ts';
import { Failure, type Reply, Simple } from '../../src/common/reply.ts';
import { stamp } from '../../src/common/time.ts';
import { Model } from '../slave/commands/model.ts';
import type { Answer, Operation } from './history.ts';

export interface Traffic {
  readonly seed: number;
  readonly clients: number;
  readonly keys: number;
  /** So many keys get half of the operations. */
  readonly hotKeys: number;
  readonly operations: number;
  /** Of a hundred operations, so many get no answer. */
  readonly unknownPercent: number;
  /** What a client does, given a key and a value that nobody has written yet. */
  readonly commands: readonly ((key: string, value: string) => readonly string[])[];
}

interface Pending {
  readonly client: number;
  readonly command: readonly string[];
  readonly began: number;
  readonly point: number;
}

/** Moments are whole, so that some of them fall together. */
export function randomHistory(traffic: Traffic): readonly Operation[] {
  const random = prng(traffic.seed);
  const store = new Model();
  const history: Operation[] = [];
  const late: Pending[] = [];
  const begun = (client: number, from: number, id: number): Pending => {
    const began = from + below(random, 3);
    return { client, command: commandFrom(traffic, random, id), began, point: began + below(random, 12) };
  };
  const clients = Array.from({ length: traffic.clients }, (_, client) => begun(client, 0, client));
  for (let id = 0; id < traffic.operations; id += 1) {
    const next = clients.reduce((a, b) => (b.point < a.point ? b : a));
    for (let first = late[0]; first !== undefined && first.point <= next.point; first = late[0]) {
      perform(store, first);
      late.shift();
    }
    const { client, command, began, point } = next;
    let ended = point + below(random, 12);
    let reply: Answer | undefined;
    if (below(random, 100) >= traffic.unknownPercent) reply = perform(store, next);
    else {
      const fate = below(random, 3);
      if (fate === 0) perform(store, next);
      if (fate === 1) insert(late, { ...next, point: point + below(random, 200) });
    }
    history.push({
      id,
      client: `c${client}`,
      command,
      began,
      ended: reply === undefined ? Infinity : ended,
      reply,
    });
    if (reply === undefined) ended += 20;
    clients[client] = begun(client, ended + 1, id + traffic.clients);
  }
  return history;
}

function commandFrom({ keys, hotKeys, commands }: Traffic, random: Prng, id: number): readonly string[] {
  const key = below(random, 2) === 0 ? below(random, hotKeys) : below(random, keys);
  return commands[below(random, commands.length)]?.(`k${key}`, `v${id}`) ?? [];
}

function insert(late: Pending[], pending: Pending): void {
  const index = late.findIndex(({ point }) => point > pending.point);
  late.splice(index < 0 ? late.length : index, 0, pending);
}

/** What a store answers at a moment. */
export function perform(store: Model, pending: Pick<Pending, 'command' | 'point'>): Answer {
  store.now = stamp(pending.point);
  return answerOf(store.answer(pending.command.map((word) => Buffer.from(word, 'latin1'))));
}

function answerOf(reply: Reply): Answer {
  if (reply === undefined) return null;
  if (reply instanceof Failure) return { error: reply.text };
  if (reply instanceof Simple) return reply.text;
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (typeof reply === 'bigint') return Number(reply);
  return Array.isArray(reply) ? reply.map((part: Reply) => answerOf(part)) : (reply as Answer);
}
