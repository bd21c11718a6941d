/** Links over real sockets: what arrives, in which groups, and how they end. */
import { spawn } from 'node:child_process';
import { createConnection, type Socket } from 'node:net';

import { expect } from 'chai';

import {
  codeOf,
  dialLink,
  type Link,
  type LinkHandler,
  type LinkListener,
  listenLinks,
  probePort,
} from '../../src/common/io/link.ts';

const host = '127.0.0.1';

/** A handler that notes what it hears, and lets a test wait for it. */
class Ear implements LinkHandler {
  readonly batches: string[][] = [];
  readonly ends: string[] = [];
  link: Link | undefined;
  bytes = 0;
  drains = 0;
  readonly #wake: (() => void)[] = [];

  frames(_link: Link, frames: readonly Buffer[]): void {
    this.batches.push(frames.map((frame) => frame.subarray(0, 20).toString()));
    for (const frame of frames) this.bytes += frame.length;
    this.#stir();
  }
  closed(_link: Link, why: string): void {
    this.ends.push(why);
    this.#stir();
  }
  drained(): void {
    this.drains += 1;
    this.#stir();
  }
  take(link: Link): this {
    this.link = link;
    this.#stir();
    return this;
  }
  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
}

describe('a link', () => {
  const listeners: LinkListener[] = [];
  const sockets: Socket[] = [];

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  });

  async function pair(waitingBytesMax?: number): Promise<{ dialled: Link; here: Ear; there: Ear }> {
    const here = new Ear();
    const there = new Ear();
    const listener = await listenLinks({ host, port: 0, accepted: (link) => there.take(link) });
    listeners.push(listener);
    const dialled = await dialLink({
      host,
      port: listener.port,
      timeoutMs: 1000,
      handler: () => here,
      ...(waitingBytesMax === undefined ? {} : { waitingBytesMax }),
    });
    await there.until(() => there.link !== undefined);
    return { dialled, here, there };
  }

  /** A raw socket to a listening link, for bytes that no link would send. */
  async function stranger(ear: Ear): Promise<Socket> {
    const listener = await listenLinks({ host, port: 0, accepted: (link) => ear.take(link) });
    listeners.push(listener);
    const socket = createConnection({ host, port: listener.port });
    sockets.push(socket);
    socket.on('error', () => undefined);
    return socket;
  }

  it('carries frames both ways, and those of one turn together', async () => {
    const { dialled, here, there } = await pair();
    dialled.send(Buffer.from('one'));
    dialled.send([Buffer.from('t'), Buffer.from('wo')]);
    await there.until(() => there.batches.length > 0);
    expect(there.batches).to.deep.equal([['one', 'two']]);

    there.link?.send(Buffer.from('answer'));
    await here.until(() => here.batches.length > 0);
    expect(here.batches).to.deep.equal([['answer']]);
    expect(dialled.remote).to.match(/^127\.0\.0\.1:\d+$/);
  });

  it('carries large frames whole', async () => {
    const { dialled, there } = await pair();
    const value = Buffer.alloc(16 * 1024 * 1024, 'v');
    dialled.send([Buffer.from([7]), value]);
    dialled.send(Buffer.from('after'));
    await there.until(() => there.batches.flat().includes('after'));
    expect(there.bytes).to.equal(1 + value.length + 5);
  });

  it('hands over what was sent before it was closed, and ends at both sides once', async () => {
    const { dialled, here, there } = await pair();
    dialled.send(Buffer.from('last words'));
    dialled.close();
    dialled.send(Buffer.from('too late'));
    expect(dialled.isOpen).to.equal(false);
    await there.until(() => there.ends.length > 0);
    await here.until(() => here.ends.length > 0);
    expect(there.batches).to.deep.equal([['last words']]);
    expect(there.ends).to.deep.equal(['closed by the other side']);
    expect(here.ends).to.deep.equal(['closed here']);
  });

  it('hands nothing over any more once it was closed here', async () => {
    const { dialled, here, there } = await pair();
    here.frames = () => {
      throw new Error('a closed link spoke');
    };
    there.link?.send(Buffer.from('on its way'));
    dialled.close();
    await here.until(() => here.ends.length > 0);
  });

  it('closes on an offence, after the frames before it', async () => {
    const ear = new Ear();
    const socket = await stranger(ear);
    socket.write(Buffer.from('00000001' + '41' + 'ffffffff', 'hex'));
    await ear.until(() => ear.ends.length > 0);
    expect(ear.batches).to.deep.equal([['A']]);
    expect(ear.ends[0]).to.match(/^offence: a frame of 4294967295 bytes/);
  });

  it('survives a stranger who speaks HTTP', async () => {
    const ear = new Ear();
    const socket = await stranger(ear);
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    await ear.until(() => ear.ends.length > 0);
    expect(ear.ends[0]).to.match(/^offence/);
  });

  it('tells of a connection that was reset', async () => {
    const ear = new Ear();
    const socket = await stranger(ear);
    await ear.until(() => ear.link !== undefined);
    socket.resetAndDestroy();
    await ear.until(() => ear.ends.length > 0);
    expect(ear.ends).to.deep.equal(['broken (ECONNRESET)']);
  });

  it('is cut when the other side does not read, and says how much waits until then', async () => {
    const { dialled, here, there } = await pair(8 * 1024 * 1024);
    there.link?.pause();
    const value = Buffer.alloc(1024 * 1024, 'v');
    let waited = 0;
    while (dialled.isOpen) {
      dialled.send(value);
      waited = Math.max(waited, dialled.waitingBytes);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await here.until(() => here.ends.length > 0);
    expect(waited).to.be.within(4 * 1024 * 1024, 10 * 1024 * 1024);
    expect(here.ends[0]).to.match(/^cut: the other side does not read/);
  });

  it('says when what had piled up is gone', async () => {
    const { dialled, here, there } = await pair();
    there.link?.pause();
    for (let count = 0; count < 16; count += 1) dialled.send(Buffer.alloc(1024 * 1024, 'v'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(dialled.waitingBytes).to.be.greaterThan(0);
    there.link?.resume();
    await here.until(() => here.drains > 0);
    expect(dialled.waitingBytes).to.equal(0);
  });

  it('ends all accepted links when the listener closes', async () => {
    const { here } = await pair();
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    await here.until(() => here.ends.length > 0);
    expect(here.ends).to.deep.equal(['closed by the other side']);
  });
});

describe('dialling', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  async function freePort(): Promise<number> {
    const listener = await listenLinks({ host, port: 0, accepted: () => new Ear() });
    await listener.close();
    return listener.port;
  }

  const codeOfDialling = async (target: string, port: number, timeoutMs: number): Promise<unknown> =>
    dialLink({ host: target, port, timeoutMs, handler: () => new Ear() }).then(
      () => 'connected',
      (error: unknown) => codeOf(error),
    );

  it('a port where nobody listens is refused', async () => {
    const port = await freePort();
    expect(await codeOfDialling(host, port, 1000)).to.equal('ECONNREFUSED');
    expect(await probePort(host, port, 1000)).to.equal('refused');
  });

  it('a port where somebody listens is open', async () => {
    const listener = await listenLinks({ host, port: 0, accepted: () => new Ear() });
    expect(await probePort(host, listener.port, 1000)).to.equal('open');
    await listener.close();
  });

  it('a process that is stopped is silent, in bounded time', async function () {
    if (process.platform !== 'linux') this.skip(); // Elsewhere a full backlog refuses.
    const script = `const s = require('node:net').createServer(); s.listen({ host: '${host}', port: 0, backlog: 1 }, () => console.log(s.address().port))`;
    const stopped = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const port = Number(await new Promise((resolve) => stopped.stdout.once('data', resolve)));
      stopped.kill('SIGSTOP');
      // The system lets a few in on the stopped one's behalf; then it falls silent.
      const answers: string[] = [];
      for (let dials = 0; dials < 8 && !answers.includes('silent'); dials += 1) {
        const filler = createConnection({ host, port }).on('error', () => undefined);
        sockets.push(filler);
        answers.push(await probePort(host, port, 100));
      }
      expect(answers).to.include('silent');
      expect(await codeOfDialling(host, port, 100)).to.equal('ETIMEDOUT');
    } finally {
      stopped.kill('SIGKILL');
    }
  });

  it('a name that nobody knows is silent, and has a code', async () => {
    expect(await probePort('no-such-host.invalid', 9, 2000)).to.equal('silent');
    expect(await codeOfDialling('no-such-host.invalid', 9, 2000)).to.be.a('string');
  });
});
