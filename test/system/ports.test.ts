/** One number for TCP and UDP, and clear words when it cannot be had. */
import { createSocket } from 'node:dgram';

import { expect } from 'chai';

import { listenLinks } from '../../src/common/io/link.ts';
import { bindPair, bindPort, type Bound, PortError } from '../../src/common/io/ports.ts';

const host = '127.0.0.1';

const tcp = (port: number): Promise<Bound> =>
  listenLinks({ host, port, accepted: () => ({ frames: () => undefined, closed: () => undefined }) });

const udp = (port: number): Promise<Bound> =>
  new Promise((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.bind({ port, address: host, exclusive: true }, () => {
      const close = (): Promise<void> => new Promise((done) => socket.close(() => done()));
      resolve({ port: socket.address().port, close });
    });
  });

const errorOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a pair of ports', () => {
  const bound: Bound[] = [];
  afterEach(async () => {
    await Promise.all(bound.splice(0).map((one) => one.close()));
  });

  it('is one number', async () => {
    const pair = await bindPair({ host, port: 0, option: '--peer-port', tcp, udp });
    bound.push(pair.tcp, pair.udp);
    expect(pair.udp.port).to.equal(pair.tcp.port);
    expect(pair.tcp.port).to.be.greaterThan(0);
  });

  it('is picked again while its other half is taken', async () => {
    const tried: number[] = [];
    const pair = await bindPair({
      host,
      port: 0,
      option: '--peer-port',
      tcp,
      udp: async (port) => {
        tried.push(port);
        if (tried.length < 3) throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
        return udp(port);
      },
    });
    bound.push(pair.tcp, pair.udp);
    expect(pair.tcp.port).to.equal(tried[2]);
  });

  it('that was asked for and is half taken is an error, and leaves nothing bound', async () => {
    const other = await udp(0);
    bound.push(other);
    const error = await errorOf(bindPair({ host, port: other.port, option: '--peer-port', tcp, udp }));
    expect(error).to.be.instanceOf(PortError);
    bound.push(await tcp(other.port));
  });

  it('is not picked for ever', async () => {
    let picks = 0;
    const taken = (): Promise<Bound> => {
      picks += 1;
      return Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }));
    };
    const error = await errorOf(bindPair({ host, port: 0, option: '--peer-port', tcp, udp: taken }));
    expect(error).to.be.instanceOf(PortError);
    expect(picks).to.equal(20);
  });
});

describe('a port', () => {
  it('that is taken is an error that says what to do', async () => {
    const other = await tcp(0);
    const error = await errorOf(bindPort({ host, port: other.port, option: '--port' }, tcp));
    expect(error).to.have.property(
      'message',
      `port ${other.port} is already in use on 127.0.0.1: stop the program that uses it or choose another with --port`,
    );
    await other.close();
  });

  it('on an address of another machine is an error that says so', async () => {
    const elsewhere = { host: '192.0.2.1', port: 0, option: '--port' };
    const bind = (port: number): Promise<Bound> =>
      listenLinks({
        host: elsewhere.host,
        port,
        accepted: () => ({ frames: () => undefined, closed: () => undefined }),
      });
    expect(await errorOf(bindPort(elsewhere, bind))).to.have.property(
      'message',
      '192.0.2.1 is not an address of this machine: choose one that is with --host',
    );
  });
});
