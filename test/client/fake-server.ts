/**
 * A server that speaks just enough RESP to misbehave on demand: it hands each command to a function, which
 * answers with a reply, or hangs up, or says nothing.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';

import type { Reply } from '../../src/common/reply.ts';
import { encodeReply } from '../../src/common/wire/resp-writer.ts';

export type Behaviour = (words: readonly string[]) => { readonly reply: Reply } | 'hang-up' | 'silence';

export interface FakeServer {
  readonly port: number;
  readonly address: string;
  /** Every command that arrived, its words joined by blanks. */
  readonly heard: readonly string[];
  close(): Promise<void>;
}

export async function fakeServer(behaviour: Behaviour): Promise<FakeServer> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let rest = '';
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let taken = take(rest); taken !== undefined; taken = take(rest)) {
        rest = taken.rest;
        heard.push(taken.words.join(' '));
        const answer = behaviour(taken.words);
        if (answer === 'hang-up') socket.destroy();
        else if (answer !== 'silence') socket.write(encodeReply(answer.reply, 2));
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => {
        resolve();
      });
    });
  return { port, address: `127.0.0.1:${port}`, heard, close };
}

/** The first whole command in the text (latin1), and what follows it. */
function take(text: string): { readonly words: readonly string[]; readonly rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let count = Number(head[1]); count > 0; count -= 1) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (length === null) return undefined;
    const from = at + length[0].length;
    const end = from + Number(length[1]);
    if (text.length < end + 2) return undefined;
    words.push(text.slice(from, end));
    at = end + 2;
  }
  return { words, rest: text.slice(at) };
}
