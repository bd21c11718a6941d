/** The server shell with real sockets: order, limits, and what becomes of those who break or exceed them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { expect } from 'chai';

import {
  type Request,
  type RespConnection,
  type RespHandler,
  type RespLimits,
  type RespServer,
  serveResp,
  type Ticket,
} from '../../src/common/io/resp-server.ts';
import { OK } from '../../src/common/reply.ts';
import { requestLimits } from '../../src/common/wire/resp-request.ts';
import { encodeCommand } from '../../src/common/wire/resp-writer.ts';

/** Long enough for what has been sent over the loopback to have been looked at. */
const SETTLE_MS = 60;
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

/** A client that reads only when told to, and keeps all it was sent. */
class Client {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  closed = false;
  #chunks: Buffer[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('close', () => (this.closed = true));
  }

  static async connect(port: number): Promise<Client> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new Client(socket);
    await once(socket, 'connect');
    return client;
  }

  send(...commands: readonly (readonly (string | Buffer)[])[]): void {
    this.socket.write(Buffer.concat(commands.map((words) => encodeCommand(words))));
  }

  /** All that came so far, once it is at least so long, or the connection is closed. */
  async hear(length: number): Promise<string> {
    while (this.#size() < length && !this.closed) await new Promise((resolve) => setTimeout(resolve, 1));
    return this.text();
  }

  text(): string {
    this.received = Buffer.concat([this.received, ...this.#chunks]);
    this.#chunks = [];
    return this.received.toString('latin1');
  }

  #size(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, this.received.length);
  }

  async gone(): Promise<string> {
    return await this.hear(Infinity);
  }
}

/**
 * A handler whose answer is the command's last word; a command named LATER gets a ticket instead,
 * VALUE a value of so many bytes, QUIT the end.
 */
class Echo implements RespHandler {
  readonly tickets: Ticket[] = [];
  readonly batches: number[] = [];
  readonly connections: RespConnection[] = [];
  ends = 0;

  opened(connection: RespConnection): void {
    this.connections.push(connection);
  }

  commands(connection: RespConnection, commands: readonly Request[]): void {
    this.batches.push(commands.length);
    for (const { args } of commands) this.#answer(connection, args);
  }

  #answer(connection: RespConnection, args: readonly Buffer[]): void {
    const last = args.at(-1) ?? Buffer.alloc(0);
    switch (args[0]?.toString()) {
      case 'LATER':
        this.tickets.push(connection.defer());
        return;
      case 'VALUE':
        connection.reply(Buffer.alloc(Number(last.toString()), 'v'));
        return;
      case 'QUIT':
        connection.reply(OK);
        connection.closeAfterReplies();
        return;
      default:
        connection.reply(last);
    }
  }

  closed(): void {
    this.ends += 1;
  }

  get handed(): number {
    return this.batches.reduce((sum, size) => sum + size, 0);
  }
}

describe('RESP server', () => {
  let server: RespServer;
  let echo: Echo;
  const clients: Client[] = [];

  const serve = async (limits: Partial<RespLimits> = {}): Promise<void> => {
    echo = new Echo();
    server = await serveResp({ host: '127.0.0.1', port: 0, handler: echo, limits });
  };

  const join = async (): Promise<Client> => {
    const client = await Client.connect(server.port);
    clients.push(client);
    return client;
  };

  /** Until so many commands were handed over, and no more. */
  const handed = async (count: number): Promise<void> => {
    while (echo.handed < count) await settled();
    await settled();
    expect(echo.handed).to.equal(count);
  };

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.destroy();
    await server.close();
  });

  describe('answers', () => {
    it('come in the order of their commands, also when they are known later', async () => {
      await serve();
      const client = await join();
      client.send(['LATER', 'a'], ['ECHO', 'b'], ['LATER', 'c'], ['ECHO', 'd']);
      await handed(4);
      expect(client.text()).to.equal('');
      expect(echo.connections[0]?.pending).to.equal(2);

      echo.tickets[1]?.answer(3);
      await settled();
      expect(client.text()).to.equal('');
      echo.tickets[0]?.answerRaw(Buffer.from(':1\r\n'));
      expect(await client.hear(22)).to.equal(':1\r\n$1\r\nb\r\n:3\r\n$1\r\nd\r\n');
    });

    it('to one read are asked for in one batch', async () => {
      await serve();
      const client = await join();
      client.send(...Array.from({ length: 100 }, (_, index) => ['ECHO', `${index}`]));
      await client.hear(790);
      expect(echo.batches).to.deep.equal([100]);
      expect(echo.connections[0]?.commandCount).to.equal(100);
    });

    it('are given to whoever has said all and closed its half', async () => {
      await serve();
      const client = await join();
      client.send(['LATER', 'a'], ['ECHO', 'b']);
      client.socket.end();
      await handed(2);
      echo.tickets[0]?.answer(OK);
      expect(await client.gone()).to.equal('+OK\r\n$1\r\nb\r\n');
    });

    it('to a closed connection go nowhere', async () => {
      await serve();
      const client = await join();
      client.send(['LATER', 'a']);
      await handed(1);
      client.socket.resetAndDestroy();
      while (echo.ends === 0) await settled();
      echo.tickets[0]?.answer(OK);
      expect(echo.connections[0]?.pending).to.equal(0);
      expect(server.connections.size).to.equal(0);
    });
  });

  describe('ends', () => {
    it('a connection after its last answer, when the handler wishes so', async () => {
      await serve();
      const client = await join();
      client.send(['LATER', 'a'], ['QUIT'], ['ECHO', 'not heard']);
      await handed(3);
      expect(client.closed).to.equal(false);
      echo.tickets[0]?.answer(1);
      expect(await client.gone()).to.equal(':1\r\n+OK\r\n');
    });

    it('the connection that breaks the protocol, after its earlier answers, and no other', async () => {
      await serve();
      const [broken, other] = [await join(), await join()];
      broken.send(['LATER', 'a']);
      broken.socket.write('*1\r\n!\r\nPING\r\n');
      await handed(1);
      echo.tickets[0]?.answer(1);
      expect(await broken.gone()).to.equal(":1\r\n-ERR Protocol error: expected '$', got '!'\r\n");
      other.send(['ECHO', 'a']);
      expect(await other.hear(7)).to.equal('$1\r\na\r\n');
      expect(echo.ends).to.equal(1);
    });

    it('every connection when it closes, after what was answered', async () => {
      await serve();
      const all = [await join(), await join()];
      all[0]?.send(['LATER', 'a'], ['LATER', 'b']);
      await handed(2);
      echo.tickets[0]?.answer(1);
      await server.close();
      expect(await all[0]?.gone()).to.equal(':1\r\n');
      expect(await all[1]?.gone()).to.equal('');
      expect(echo.ends).to.equal(2);
    });

    it('with one client more than it may have', async () => {
      await serve({ connectionsMax: 1 });
      const first = await join();
      await settled();
      const second = await join();
      expect(await second.gone()).to.equal('-ERR max number of clients reached\r\n');
      first.send(['ECHO', 'a']);
      expect(await first.hear(7)).to.equal('$1\r\na\r\n');
      expect(echo.connections).to.have.length(1);
    });
  });

  describe('too much', () => {
    it('of a command is answered with LIMIT in its place, and the connection lives', async () => {
      await serve({ request: { ...requestLimits, argumentBytesMax: 100 } });
      const client = await join();
      client.send(['LATER', 'a'], ['ECHO', 'x'.repeat(200_000)], ['ECHO', 'b']);
      await handed(2);
      echo.tickets[0]?.answer(1);
      expect(await client.hear(30)).to.match(/^:1\r\n-LIMIT too large: .*200000 bytes\)\r\n\$1\r\nb\r\n$/);
    });

    it('unanswered waits: so many commands, the rest when half of them are answered', async () => {
      await serve({ commandsMax: 10 });
      const client = await join();
      client.send(...Array.from({ length: 25 }, () => ['LATER', 'a']));
      await handed(10);
      for (const ticket of echo.tickets.splice(0, 4)) ticket.answer(1);
      await handed(10);
      for (const ticket of echo.tickets.splice(0, 2)) ticket.answer(1);
      await handed(16);
      while (echo.tickets.length > 0) {
        for (const ticket of echo.tickets.splice(0)) ticket.answer(1);
        await settled();
      }
      expect(await client.hear(100)).to.equal(':1\r\n'.repeat(25));
    });

    it('unanswered waits: so many bytes, but a single command may be larger', async () => {
      await serve({ requestBytesMax: 10_000 });
      const client = await join();
      const large = ['LATER', 'x'.repeat(30_000)];
      client.send(large, large, ['LATER', 'a']);
      await handed(1);
      echo.tickets[0]?.answer(1);
      await handed(2);
      echo.tickets[1]?.answer(1);
      await handed(3);
      echo.tickets[2]?.answer(1);
      expect(await client.hear(12)).to.equal(':1\r\n'.repeat(3));
    });

    it('unanswered of all clients together lets everybody wait, until half of it is answered', async () => {
      await serve({ processRequestBytesMax: 10_000 });
      const [first, second] = [await join(), await join()];
      first.send(['LATER', 'x'.repeat(10_000)]);
      await handed(1);
      second.send(['ECHO', 'a']);
      await handed(1);
      echo.tickets[0]?.answer(1);
      expect(await first.hear(4)).to.equal(':1\r\n');
      expect(await second.hear(7)).to.equal('$1\r\na\r\n');
    });

    it('unanswered of one that leaves makes room for the others', async () => {
      await serve({ processRequestBytesMax: 10_000 });
      const [first, second] = [await join(), await join()];
      first.send(['LATER', 'x'.repeat(10_000)]);
      await handed(1);
      second.send(['ECHO', 'a']);
      await handed(1);
      first.socket.resetAndDestroy();
      expect(await second.hear(7)).to.equal('$1\r\na\r\n');
    });

    it('unread lets the commands of that client wait, and nothing is lost', async () => {
      await serve({ outputPauseBytes: 200_000, commandsMax: 4 });
      const [slow, other] = [await join(), await join()];
      slow.socket.pause();
      const count = 400;
      slow.send(...Array.from({ length: count }, () => ['VALUE', '100000']));
      await settled();
      other.send(['ECHO', 'a']);
      expect(await other.hear(7)).to.equal('$1\r\na\r\n');
      const connection = echo.connections[0];
      expect(echo.handed).to.be.below(count);
      expect(connection?.outputBytes).to.be.within(1, 700_000);

      slow.socket.resume();
      const one = `$100000\r\n${'v'.repeat(100_000)}\r\n`;
      expect((await slow.hear(count * one.length)) === one.repeat(count)).to.equal(true);
    });

    it('unread of late answers ends that connection', async () => {
      await serve({ outputBytesMax: 1_000_000 });
      const client = await join();
      client.socket.pause();
      client.send(...Array.from({ length: 100 }, () => ['LATER', 'a']));
      await handed(100);
      // All but the first, so that everything waits behind it.
      for (const ticket of echo.tickets.slice(1)) ticket.answer(Buffer.alloc(100_000));
      expect(echo.connections[0]?.outputBytes).to.equal(0);
      while (echo.ends === 0) await settled();
      echo.tickets[0]?.answer(1);
      expect(server.connections.size).to.equal(0);
    });

    it('begun and not finished ends the connection that has begun most', async () => {
      await serve({ processGatheredBytesMax: 200_000 });
      const [small, large] = [await join(), await join()];
      small.socket.write(`*1\r\n$100000\r\n${'x'.repeat(90_000)}`);
      await settled();
      large.socket.write(`*1\r\n$200000\r\n${'x'.repeat(150_000)}`);
      await large.gone();
      small.socket.write(`${'x'.repeat(10_000)}\r\n`);
      expect(await small.hear(100_000)).to.have.length(100_011);
    });
  });

  it('says where it listens, and refuses a port that is taken', async () => {
    await serve();
    const taken = serveResp({ host: '127.0.0.1', port: server.port, handler: new Echo() });
    expect(await taken.catch((error: unknown) => error)).to.have.property('code', 'EADDRINUSE');
  });

  it('knows its clients by number and address', async () => {
    await serve();
    const both = [await join(), await join()];
    await settled();
    expect([...server.connections.keys()]).to.deep.equal([1, 2]);
    expect(server.connections.get(1)?.remoteAddress).to.equal(`127.0.0.1:${both[0]?.socket.localPort}`);
    expect(server.connections.get(1)?.localAddress).to.equal(`127.0.0.1:${server.port}`);
  });
});
