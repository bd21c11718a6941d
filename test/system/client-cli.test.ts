/**
 * The library and the command line against real sockets: a real redis-server, where there is one, and small
 * servers that misbehave on demand. The program itself runs as a process of its own.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { PiazzaClient, PiazzaError } from '../../src/client/index.ts';
import { Failure, OK } from '../../src/common/reply.ts';
import { status as healthy } from '../client/cli/string-world.ts';
import { type Behaviour, type FakeServer, fakeServer } from '../client/fake-server.ts';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program; `input` goes to its standard input, which is then closed. */
function program(argv: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { ...process.env };
    for (const name of Object.keys(env)) if (name.startsWith('PIAZZA_')) Reflect.deleteProperty(env, name);
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/client/main.ts', ...argv], { env });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
    child.on('close', (status) => {
      resolve({ status, out, err });
    });
    child.stdin.end(input);
  });
}

async function errorOf(work: Promise<unknown>): Promise<PiazzaError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof PiazzaError) return error;
    throw error;
  }
  throw new Error('it succeeded');
}

describe('the client', function () {
  this.timeout(20_000);

  describe('against servers that misbehave', () => {
    const servers: FakeServer[] = [];
    const clients: PiazzaClient[] = [];
    const serve = async (behaviour: Behaviour): Promise<FakeServer> => {
      const server = await fakeServer(behaviour);
      servers.push(server);
      return server;
    };
    const connect = async (addresses: readonly string[], timeoutMs = 1_000): Promise<PiazzaClient> => {
      const client = await PiazzaClient.connect({ addresses, timeoutMs, lazy: true });
      clients.push(client);
      return client;
    };
    afterEach(async () => {
      await Promise.all([...clients.splice(0), ...servers.splice(0)].map((one) => one.close()));
    });

    it('calls a write uncertain, and does not repeat it, when the link breaks after it was sent', async () => {
      const server = await serve(() => 'hang-up');
      const error = await errorOf((await connect([server.address])).put('k', 'v'));
      expect([error.name, error.code, error.definite]).to.deep.equal(['UncertainError', 'UNCERTAIN', false]);
      expect(server.heard).to.deep.equal(['SET k v GET']);
    });

    it('calls a write uncertain when no answer comes in time', async () => {
      const server = await serve(() => 'silence');
      const error = await errorOf((await connect([server.address], 200)).delete('k'));
      expect(error.name).to.equal('UncertainError');
      expect(server.heard).to.deep.equal(['DEL k']);
    });

    it('asks a read again when the link breaks', async () => {
      let asked = 0;
      const server = await serve(() => {
        asked += 1;
        return asked < 3 ? 'hang-up' : { reply: Buffer.from('v') };
      });
      expect(await (await connect([server.address])).getString('k')).to.equal('v');
      expect(server.heard).to.have.length(3);
    });

    it('repeats a write after a definite refusal until it is taken', async () => {
      let asked = 0;
      const server = await serve(() => {
        asked += 1;
        return { reply: asked < 3 ? new Failure('CLUSTERDOWN nobody may answer now') : undefined };
      });
      expect(await (await connect([server.address])).put('k', 'v', { ttlSeconds: 1.5 })).to.equal('inserted');
      expect(server.heard).to.deep.equal(Array.from({ length: 3 }, () => 'SET k v GET PX 1500'));
    });

    it('gives the refusal when the time ends before it is taken', async () => {
      const server = await serve(() => ({ reply: new Failure('TRYAGAIN moving') }));
      // It ends in a pause: the third attempt begins after 210 ms at most, the fourth after 300 at least.
      const error = await errorOf((await connect([server.address], 255)).put('k', 'v'));
      expect([error.name, error.code, error.message]).to.deep.equal(['RefusedError', 'TRYAGAIN', 'moving']);
    });

    it('follows MOVED', async () => {
      const owner = await serve(() => ({ reply: 1 }));
      const other = await serve(() => ({ reply: new Failure(`MOVED 7 ${owner.address}`) }));
      expect(await (await connect([other.address])).delete('k')).to.equal(true);
      expect([other.heard.length, owner.heard.length]).to.deep.equal([1, 1]);
    });

    it('turns to the next contact point when the first is not there', async () => {
      const server = await serve(() => ({ reply: undefined }));
      const client = await connect([`127.0.0.1:${await freePort()}`, server.address]);
      expect(await client.get('k')).to.equal(undefined);
    });

    it('cannot be connected where nobody listens', async () => {
      const addresses = [`127.0.0.1:${await freePort()}`];
      const error = await errorOf(PiazzaClient.connect({ addresses, timeoutMs: 100 }));
      expect([error.name, error.definite]).to.deep.equal(['UnreachableError', true]);
      expect(error.message).to.contain('connection refused');
    });

    it('tells a read that nobody answers that its time is over', async () => {
      const server = await serve(() => 'silence');
      const error = await errorOf((await connect([server.address])).get('k', { timeoutMs: 100 }));
      expect(error.name).to.equal('TimeoutError');
    });

    it('ends a call when its signal says so, and says whether something may have happened', async () => {
      const server = await serve(() => 'silence');
      const client = await connect([server.address]);
      const call = new AbortController();
      const write = errorOf(client.put('k', 'v', { signal: call.signal }));
      setTimeout(() => {
        call.abort();
      }, 50);
      const error = await write;
      expect([error.name, error.definite]).to.deep.equal(['AbortedError', false]);
      expect((await errorOf(client.put('k', 'v', { signal: call.signal }))).definite).to.equal(true);
    });

    it('ends what is under way when it is closed', async () => {
      const server = await serve(() => 'silence');
      const client = await connect([server.address]);
      const read = errorOf(client.get('k'));
      await client.close();
      expect((await read).name).to.equal('AbortedError');
      expect((await errorOf(client.get('k'))).name).to.equal('UsageError');
    });

    it('does not mistake a late answer for that of the next call', async () => {
      const server = await serve(([, key]) => ({ reply: Buffer.from(`value of ${key ?? ''}`) }));
      const client = await connect([server.address]);
      const call = new AbortController();
      const first = errorOf(client.get('first', { signal: call.signal }));
      call.abort();
      expect((await first).name).to.equal('AbortedError');
      expect(await client.getString('second')).to.equal('value of second');
    });

    it('takes bytes that are no RESP for a broken link', async () => {
      const server = createServer((socket) => {
        socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
        socket.on('error', () => undefined);
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const { port } = server.address() as AddressInfo; // It listens on TCP.
      const client = await connect([`127.0.0.1:${port}`], 200);
      expect((await errorOf(client.put('k', 'v'))).name).to.equal('UncertainError');
      expect((await errorOf(client.get('k'))).name).to.equal('TimeoutError');
      await client.close();
      await new Promise((resolve) => server.close(resolve));
    });

    it('answers a thousand calls side by side, each with its own answer', async () => {
      const server = await serve(([, key]) => ({ reply: Buffer.from(key ?? '') }));
      const client = await connect([server.address]);
      const keys = Array.from({ length: 1_000 }, (_, index) => `k${index}`);
      expect(await Promise.all(keys.map((key) => client.getString(key)))).to.deep.equal(keys);
    });

    it('reads a status, and says so when it is none', async () => {
      const server = await serve(() => ({ reply: Buffer.from(JSON.stringify(healthy)) }));
      expect(await (await connect([server.address])).status()).to.deep.equal(healthy);
      expect(server.heard).to.deep.equal(['PIAZZA STATUS']);
      const liar = await serve(() => ({ reply: OK }));
      expect((await errorOf((await connect([liar.address])).status())).name).to.equal('AnswerError');
    });
  });

  describe('as a program', () => {
    it('ends with 3 where nobody listens, within its timeout', async () => {
      const address = `127.0.0.1:${await freePort()}`;
      const { status, out, err } = await program(['--connect', address, '--timeout', '100', 'get', 'k']);
      expect([status, out]).to.deep.equal([3, '']);
      expect(err).to.match(/^UNREACHABLE .*connection refused/);
    });

    it('ends with 4 when a write was sent and the link broke', async () => {
      const server = await fakeServer(() => 'hang-up');
      const { status, err } = await program(['--connect', server.address, 'put', 'k', 'v']);
      await server.close();
      expect(status).to.equal(4);
      expect(err).to.match(/^UNCERTAIN /);
    });

    it('ends with 1 and the reason when it is refused', async () => {
      const server = await fakeServer(() => ({ reply: new Failure('NOSPACE too little room') }));
      const { status, err } = await program(['--connect', server.address, 'put', 'k', 'v']);
      await server.close();
      expect([status, err]).to.deep.equal([1, 'NOSPACE too little room\n']);
    });

    it('ends with 2 for a word that is no command', async () => {
      const { status, err } = await program(['statsu']);
      expect(status).to.equal(2);
      expect(err).to.contain('did you mean status?');
    });

    it('prints the status as the contract has it', async () => {
      const server = await fakeServer(() => ({ reply: Buffer.from(JSON.stringify(healthy)) }));
      const { status, out } = await program(['status', '--json', '--connect', server.address]);
      await server.close();
      expect(status).to.equal(0);
      expect(JSON.parse(out)).to.deep.equal(healthy);
    });
  });

  (hasRedis ? describe : describe.skip)('against a real redis-server', () => {
    let redis: ChildProcess;
    let address: string;
    let folder: string;
    let client: PiazzaClient;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'piazza-client-'));
      const port = await freePort();
      address = `127.0.0.1:${port}`;
      redis = spawn('redis-server', [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--dir',
        folder,
      ]);
      client = await PiazzaClient.connect({ addresses: [address] });
    });
    after(async () => {
      await client.close();
      const gone = new Promise((resolve) => redis.on('exit', resolve));
      redis.kill();
      await gone;
      rmSync(folder, { recursive: true });
    });

    it('puts, gets and deletes bytes', async () => {
      const value = Buffer.from([0, 0x0d, 0x0a, 0xff]);
      expect(await client.put('k', value)).to.equal('inserted');
      expect(await client.put('k', value)).to.equal('updated');
      expect(await client.get('k')).to.deep.equal(value);
      expect(await client.delete('k')).to.equal(true);
      expect(await client.delete('k')).to.equal(false);
      expect(await client.get('k')).to.equal(undefined);
    });

    it('puts a value of 16 MiB and gets it back', async () => {
      const value = Buffer.alloc(16 * 1024 * 1024, 'x');
      await client.put('large', value);
      expect((await client.get('large'))?.equals(value)).to.equal(true);
      await client.delete('large');
    });

    it('lets a key expire', async () => {
      await client.put('short', 'v', { ttlSeconds: 100 });
      const left = await client.command(['PTTL', 'short'], { purpose: 'read' });
      expect(left).to.be.within(90_000, 100_000);
    });

    it('hands on what the server refuses', async () => {
      await client.command(['LPUSH', 'list', 'a']);
      expect((await errorOf(client.get('list'))).code).to.equal('WRONGTYPE');
      expect((await errorOf(client.status())).code).to.equal('ERR');
    });

    it('finds the server again after its connections were closed', async () => {
      await client.put('k', 'v');
      await client.command(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no']);
      expect(await client.getString('k')).to.equal('v');
    });

    it('is a program that puts, gets and deletes', async () => {
      const on = (...argv: readonly string[]) => program(['--connect', address, ...argv]);
      expect(await on('put', 'program', '007')).to.deep.equal({ status: 0, out: 'inserted\n', err: '' });
      expect(await on('get', 'program')).to.deep.equal({ status: 0, out: '007', err: '' });
      expect(await on('delete', 'program')).to.include({ status: 0 });
      expect(await on('get', 'program')).to.include({ status: 1, out: '' });
    });

    it('reads commands from a pipe, its own and those of Redis', async () => {
      const { status, out } = await program(
        ['--connect', address],
        'put piped "a b"\nGET piped\nINCR count\nquit\nGET nix\n',
      );
      expect({ status, out }).to.deep.equal({ status: 0, out: 'inserted\na b\n1\n' });
    });

    it('imports a file of many lines', async () => {
      const file = join(folder, 'many.ndjson');
      const lines = Array.from({ length: 2_000 }, (_, index) =>
        JSON.stringify({ key: `m${index}`, value: `v${index}` }),
      );
      writeFileSync(file, lines.join('\n'));
      const { status, out } = await program(['--connect', address, 'import', file, '--json']);
      expect([status, JSON.parse(out)]).to.deep.equal([
        0,
        { stored: 2_000, expired: 0, failed: 0, lines: 2_000 },
      ]);
      expect(await client.getString('m1999')).to.equal('v1999');
    });

    it('leaves no file behind when an export is refused', async () => {
      const { status } = await program(['--connect', address, 'export', join(folder, 'out.ndjson')]);
      expect(status).to.equal(1);
      expect(readdirSync(folder).filter((name) => name.startsWith('out'))).to.deep.equal([]);
    });
  });

  it('exports into a file that appears when it is whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'piazza-export-'));
    const server = await fakeServer(([, word, cursor]) => {
      if (word === 'STATUS') return { reply: Buffer.from(JSON.stringify(healthy)) };
      const next = cursor === '0' ? 'x1' : '0';
      return { reply: [Buffer.from(next), [Buffer.from(`key${cursor ?? ''}`), Buffer.from([0xff]), 0]] };
    });
    const file = join(folder, 'all.ndjson');
    const { status, err } = await program(['--connect', server.address, 'export', file]);
    await server.close();
    expect([status, err]).to.deep.equal([0, '2 exported\n']);
    expect(readdirSync(folder)).to.deep.equal(['all.ndjson']);
    expect(readFileSync(file, 'utf8')).to.equal(
      '{"key":"key0","value":"/w==","encoding":"base64"}\n{"key":"keyx1","value":"/w==","encoding":"base64"}\n',
    );
    rmSync(folder, { recursive: true });
  });
});
