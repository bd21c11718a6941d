/** A client without manners: sends bytes, and takes the answers as text. */
import { connect, type Socket } from 'node:net';

import { HOST } from './cluster-processes.ts';
import { PATIENCE_MS, until } from './program.ts';

export class Wire {
  readonly #socket: Socket;
  #text = '';
  #isClosed = false;

  constructor(port: number) {
    this.#socket = connect(port, HOST);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => (this.#text += text));
    // Whoever is cut off while it sends is told by the close that follows.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => (this.#isClosed = true));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends, and waits until what came since then ends a line (or the connection). */
  async ask(bytes: string | Buffer): Promise<string> {
    const from = this.#text.length;
    this.send(bytes);
    await until('answered', () => this.#isClosed || this.#text.indexOf('\r\n', from) !== -1, {
      withinMs: PATIENCE_MS,
    });
    return this.#text.slice(from);
  }

  /** Asks again while nobody may answer: a busy machine can let a promise run out for a moment. */
  async askUntilServed(bytes: string | Buffer): Promise<string> {
    let answer = '';
    await until('served', async () => {
      answer = await this.ask(bytes);
      return !/^-(CLUSTERDOWN|TRYAGAIN) /.test(answer);
    });
    return answer;
  }

  async closed(): Promise<void> {
    await until('closed', () => this.#isClosed);
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** The words as a client would send them. */
export const commandBytes = (...words: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => {
      const bytes = Buffer.from(word);
      return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
    }),
  ]);
