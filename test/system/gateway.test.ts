import { createServer, type Server } from 'node:net';

import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createClient } from 'redis';

import { epoch, type Partition, partition, type SlaveId, slaveId, storeId } from '../../src/common/ids.ts';
import { type RespServer, serveResp } from '../../src/common/io/resp-server.ts';
import { Failure, OK, type Reply } from '../../src/common/reply.ts';
import { partitionOf, slotOf } from '../../src/common/slot.ts';
import type { SlaveRecord, View } from '../../src/common/view.ts';
import { type Gateway, serveGateway } from '../../src/coordination/io/gateway-server.ts';
import { settings } from '../support/gateway-world.ts';

const PARTITIONS = 4;
const REQUEST_TIMEOUT_MS = 600;

/** A slave as far as the gateway can see: keys, the right to refuse, and silence. */
class FakeSlave {
  readonly id: SlaveId;
  readonly keys = new Map<string, Buffer>();
  readonly heard: string[] = [];
  refusing: string | undefined;
  silent = false;
  nonce = 'first';
  #latched = new Set<string>();
  #server: RespServer | undefined;

  constructor(id: string) {
    this.id = slaveId(id);
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async listen(port = 0): Promise<this> {
    this.#latched = new Set();
    this.#server = await serveResp({
      host: '127.0.0.1',
      port,
      handler: {
        opened: () => undefined,
        commands: (connection, requests) => {
          for (const { args } of requests) {
            if (this.silent) connection.defer();
            else connection.reply(this.#answer(args.map(String)));
          }
        },
        closed: () => undefined,
      },
    });
    return this;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #answer(words: readonly string[]): Reply {
    const [name = '', first = ''] = words;
    this.heard.push(words.join(' '));
    if (name === 'PIAZZA') return this.#piazza(first, words.slice(2));
    if (name === 'DBSIZE') return this.keys.size;
    const place = `${partitionOf(slotOf(first), PARTITIONS)}`;
    if (this.refusing !== undefined) this.#latched.add(place);
    if (this.#latched.has(place)) return new Failure(this.refusing ?? 'TRYAGAIN behind a refusal');
    return this.#evaluate(words);
  }

  #evaluate(words: readonly string[]): Reply {
    const [name = '', first = '', second = ''] = words;
    switch (name.toUpperCase()) {
      case 'SET':
        this.keys.set(first, Buffer.from(second));
        return OK;
      case 'GET':
        return this.keys.get(first);
      case 'MGET':
        return words.slice(1).map((word) => this.keys.get(word));
      case 'DEL':
        return words.slice(1).filter((word) => this.keys.delete(word)).length;
      default:
        return new Failure(`ERR a fake slave does not know ${name}`);
    }
  }

  #piazza(word: string, [place = '', after = '']: readonly string[]): Reply {
    if (word === 'RESUME') this.#latched.delete(place);
    if (word !== 'SCANPART') return OK;
    const inside = [...this.keys]
      .filter(([name]) => `${partitionOf(slotOf(name), PARTITIONS)}` === place)
      .sort();
    const next = inside.find(([name]) => name > Buffer.from(after, 'base64').toString());
    if (next === undefined) return [Buffer.from(''), []];
    const [name, value] = next;
    return [Buffer.from(Buffer.from(name).toString('base64')), [Buffer.from(name), value, 0]];
  }
}

function viewOf(owners: readonly FakeSlave[], count: number, dead: readonly FakeSlave[] = []): View {
  const store = storeId('0'.repeat(32));
  const records = [...new Set([...owners, ...dead])].map((slave): SlaveRecord => ({
    ...{ id: slave.id, store, boot: { count: 1, nonce: slave.nonce }, host: '127.0.0.1', port: slave.port },
    ...{ peerPort: 1, pid: 1, stage: dead.includes(slave) ? 'dead' : 'alive' },
  }));
  return {
    clusterId: 'c',
    epoch: epoch(count),
    settings: { ...settings, partitions: PARTITIONS, requestTimeoutMs: REQUEST_TIMEOUT_MS },
    slaves: new Map(records.map((record) => [record.id, record])),
    configurations: owners.map(({ id }) => ({
      epoch: epoch(count),
      members: [{ slave: id, store }],
      ownerNonce: 'n',
    })),
  };
}

const nothingLost: ReadonlySet<Partition> = new Set();

describe('gateway, over sockets', () => {
  let gateway: Gateway;
  let s1: FakeSlave;
  let s2: FakeSlave;
  let client: Redis;
  let strangers: Server[];

  beforeEach(async () => {
    strangers = [];
    s1 = await new FakeSlave('s1').listen();
    s2 = await new FakeSlave('s2').listen();
    gateway = await serveGateway({
      host: '127.0.0.1',
      port: 0,
      peerPort: 1,
      settings: { ...settings, partitions: PARTITIONS, requestTimeoutMs: REQUEST_TIMEOUT_MS },
      readFrom: 'owner',
      version: '0.0.0',
      configuration: new Map(),
      callbacks: {
        admin: (args) => (String(args[1]) === 'STATUS' ? Buffer.from('{"state":"healthy"}') : undefined),
        info: () => [],
        refresh: () => undefined,
      },
    });
    gateway.updateView(viewOf([s1, s2, s1, s2], 1), nothingLost);
    client = new Redis({ port: gateway.port, maxRetriesPerRequest: 0, retryStrategy: () => undefined });
    client.on('error', () => undefined);
  });

  afterEach(async () => {
    client.disconnect();
    await Promise.all([gateway.close(), s1.close(), s2.close()]);
    for (const stranger of strangers) stranger.close();
  });

  it('takes every key from a client that knows nothing of clusters', async () => {
    const names = Array.from({ length: 500 }, (_, place) => `key:${place}`);
    await Promise.all(names.map((name) => client.set(name, `value of ${name}`)));
    expect(await client.mget(...names)).to.deep.equal(names.map((name) => `value of ${name}`));
    expect(await client.dbsize()).to.equal(500);
    expect(s1.keys.size).to.be.within(100, 400);
    expect(await client.del(...names, 'absent')).to.equal(500);
    expect(await client.get('key:1')).to.equal(null);
    expect(gateway.counters).to.deep.include({ waiting: 0, inFlight: 0, clients: 1 });
  });

  it('speaks RESP3, nulls included', async () => {
    const modern = await createClient({ RESP: 3, url: `redis://127.0.0.1:${gateway.port}` }).connect();
    await modern.set('a', '1');
    expect(
      await Promise.all([modern.get('a'), modern.get('absent'), modern.mGet(['absent', 'a', 'b'])]),
    ).to.deep.equal(['1', null, [null, '1', null]]);
    modern.destroy();
  });

  it('answers what is about itself, in order with what is not', async () => {
    const results = await client.pipeline().set('a', '1').ping().get('a').call('PIAZZA', 'STATUS').exec();
    expect(results?.map(([, reply]) => reply)).to.deep.equal(['OK', 'PONG', '1', '{"state":"healthy"}']);
    expect(await client.call('PIAZZA', 'NONSENSE').catch(String)).to.match(/unknown subcommand 'NONSENSE'/);
    expect(await client.mset('a', '1', 'b', '2').catch(String)).to.match(/CROSSSLOT/);
    expect(await client.call('CLUSTER', 'NODES')).to.match(/myself,master/);
    expect(await client.info()).to.match(/cluster_enabled:1/);
  });

  it('walks the whole ring', async () => {
    const names = Array.from({ length: 40 }, (_, place) => `key:${place}`);
    await Promise.all(names.map((name) => client.set(name, 'v')));
    const seen: string[] = [];
    let cursor = '0';
    do {
      const page = (await client.call('PIAZZA', 'SCAN', cursor, '1')) as [string, string[]];
      cursor = page[0];
      seen.push(...page[1].slice(0, 1));
    } while (cursor !== '0');
    expect(seen.sort()).to.deep.equal(names.sort());
  });

  it('waits out a refusal, in order, and says RESUME', async () => {
    s1.refusing = s2.refusing = 'TRYAGAIN moving';
    const writes = ['1', '2', '3', '4'].map((value) => client.set('a', value));
    setTimeout(() => {
      s1.refusing = s2.refusing = undefined;
    }, 60);
    expect(await Promise.all(writes)).to.deep.equal(['OK', 'OK', 'OK', 'OK']);
    expect(await client.get('a')).to.equal('4');
  });

  it('follows a partition to its new owner', async () => {
    s1.refusing = s2.refusing = 'MOVED 1 127.0.0.1:1';
    const write = client.set('a', '1');
    const s3 = await new FakeSlave('s3').listen();
    gateway.updateView(viewOf([s3, s3, s3, s3], 2), nothingLost);
    expect(await write).to.equal('OK');
    expect(s3.keys.get('a')?.toString()).to.equal('1');
    await s3.close();
  });

  it('answers within its time when nobody can', async () => {
    await client.get('a');
    await Promise.all([s1.close(), s2.close()]);
    const start = performance.now();
    expect(await client.get('a').catch(String)).to.match(/CLUSTERDOWN/);
    expect(performance.now() - start).to.be.within(REQUEST_TIMEOUT_MS - 50, REQUEST_TIMEOUT_MS + 300);
  });

  it('finds a slave again that was started anew', async () => {
    await client.set('a', '1');
    const { port } = s1;
    await s1.close();
    setTimeout(() => void s1.listen(port), 100);
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((name) => client.get(name)))).to.include('1');
  });

  it('tells the fate of what was sent to a slave that is declared dead', async () => {
    await client.set('a', '1');
    s1.silent = s2.silent = true;
    const write = client.set('a', '2').catch(String);
    const other = new Redis({ port: gateway.port });
    const read = other.get('a');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const s3 = await new FakeSlave('s3').listen();
    s3.keys.set('a', Buffer.from('from the copy'));
    gateway.updateView(viewOf([s3, s3, s3, s3], 2, [s1, s2]), nothingLost);
    expect(await write).to.match(/UNCERTAIN/);
    expect(await read).to.equal('from the copy');
    other.disconnect();
    await s3.close();
  });

  it('refuses at once what is lost, by name', async () => {
    gateway.updateView(viewOf([s1, s2, s1, s2], 2), new Set([0, 1, 2, 3].map(partition)));
    const start = performance.now();
    expect(await client.get('a').catch(String)).to.match(/CLUSTERDOWN .*partition \d is lost/);
    expect(await client.dbsize().catch(String)).to.match(/CLUSTERDOWN/);
    expect(await client.call('PIAZZA', 'SCAN', '0', '10').catch(String)).to.match(/CLUSTERDOWN/);
    expect(performance.now() - start).to.be.below(200);
  });

  it('has nothing to do with a slave that talks nonsense', async () => {
    const liar = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    strangers.push(liar);
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    const address = liar.address();
    const fake = new FakeSlave('s4');
    Object.defineProperty(fake, 'port', { value: typeof address === 'object' ? address?.port : 0 });
    gateway.updateView(viewOf([fake, fake, fake, fake], 2), nothingLost);
    expect(await client.get('a').catch(String)).to.match(/CLUSTERDOWN/);
  });

  it('answers everything before it closes', async () => {
    await client.set('a', '1');
    s1.silent = s2.silent = true;
    const write = client.set('a', '2').catch(String);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await gateway.close();
    expect(await write).to.match(/UNCERTAIN/);
  });
});
