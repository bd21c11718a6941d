/** ioredis and node-redis, with default options, single and as cluster clients, against a cluster of real processes. */
import { randomBytes } from 'node:crypto';

import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';

import { slotOf } from '../../src/common/slot.ts';
import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { pause, until } from '../support/program.ts';

const MIB = 1_048_576;

/** How long a copy may lag behind what is committed. */
const COPY_LAG_MS = 1_000;

describe('with default options', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses;
  let port: number;
  const ends: (() => void)[] = [];

  before(async () => {
    cluster = await ClusterProcesses.start({ slaves: 3 });
    ({ port } = cluster.ports);
  });

  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  after(() => cluster?.end());

  function single(at = port): Redis {
    const client = new Redis(at, HOST);
    ends.push(() => client.disconnect());
    return client;
  }

  function clustered(options = {}, at = port): Cluster {
    const client = new Cluster([{ host: HOST, port: at }], options);
    ends.push(() => client.disconnect());
    return client;
  }

  /** Another client's view of it. */
  const seen = (key: string): Promise<string | null> => single().get(key);

  for (const [title, make] of [
    ['ioredis at the gateway', (): Redis | Cluster => single()],
    ['ioredis.Cluster by way of the gateway', (): Redis | Cluster => clustered()],
    ['ioredis.Cluster by way of a slave', (): Redis | Cluster => clustered({}, cluster.seat('s2').port)],
  ] as const) {
    describe(title, () => {
      it('writes, reads, counts and deletes', async () => {
        const client = make();
        const keys = Array.from({ length: 50 }, (_, number) => `${title}:${number}`);
        await Promise.all(keys.map((key) => client.set(key, `value of ${key}`)));
        expect(await Promise.all(keys.map((key) => client.get(key)))).to.deep.equal(
          keys.map((key) => `value of ${key}`),
        );
        const [first = ''] = keys;
        expect(await client.del(first)).to.equal(1);
        expect(await client.get(first)).to.equal(null);
        expect(await client.incrby(first, 41)).to.equal(41);
        expect(await client.incr(first)).to.equal(42);
        expect(await seen(first)).to.equal('42');
      });

      it('sees keys expire', async () => {
        const client = make();
        const key = `${title}:expires`;
        await client.set(key, 'soon', 'EX', 100);
        expect(await client.ttl(key)).to.be.within(98, 100);
        expect(await client.pexpire(key, 300)).to.equal(1);
        expect(await client.pttl(key)).to.be.within(1, 300);
        await until('expired', async () => (await client.get(key)) === null, { withinMs: 2_000 });
        expect(await client.exists(key)).to.equal(0);
        expect(await client.ttl(key)).to.equal(-2);
      });

      it('keeps bytes as they are, in keys and values', async () => {
        const client = make();
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
        const key = Buffer.concat([Buffer.from(title), bytes]);
        await client.set(key, bytes);
        expect((await client.getBuffer(key))?.equals(bytes)).to.equal(true);
        await client.set(`${title}:empty`, '');
        expect(await client.get(`${title}:empty`)).to.equal('');
      });

      it('takes a value of 16 MiB and refuses a byte more', async () => {
        const client = make();
        const value = randomBytes(16 * MIB);
        expect(await client.set(`${title}:large`, value)).to.equal('OK');
        expect((await client.getBuffer(`${title}:large`))?.equals(value)).to.equal(true);
        const refusal = await client.set(`${title}:large`, Buffer.alloc(16 * MIB + 1)).catch(String);
        expect(refusal).to.match(/LIMIT .*16 MiB/);
        expect(await client.strlen(`${title}:large`)).to.equal(16 * MIB);
        expect(await client.del(`${title}:large`)).to.equal(1);
      });

      it('sends pipelines of 10,000', async () => {
        const client = make();
        const writes = client.pipeline();
        // A cluster client sends a pipeline to one slave: the keys share a slot.
        for (let number = 0; number < 10_000; number += 1) writes.set(`{${title}}:${number}`, number);
        const written = (await writes.exec()) ?? [];
        expect(written.filter(([error, reply]) => error !== null || reply !== 'OK')).to.deep.equal([]);
        const reads = client.pipeline();
        for (let number = 0; number < 10_000; number += 1) reads.get(`{${title}}:${number}`);
        const answers = (await reads.exec()) ?? [];
        expect(answers.map(([, reply]) => reply)).to.deep.equal(
          Array.from({ length: 10_000 }, (_, at) => `${at}`),
        );
      });
    });
  }

  describe('ioredis at the gateway, beyond one slot,', () => {
    it('sends pipelines of 10,000 to all slaves, and gets the answers in order', async () => {
      const client = single();
      const pipeline = client.pipeline();
      for (let number = 0; number < 5_000; number += 1)
        pipeline.set(`wide:${number}`, number).get(`wide:${number}`);
      const answers = (await pipeline.exec()) ?? [];
      const wanted = Array.from({ length: 5_000 }, (_, number) => ['OK', `${number}`]).flat();
      expect(answers.map(([error, reply]) => error ?? reply)).to.deep.equal(wanted);
    });

    it('reads and deletes many keys of many slots at once', async () => {
      const client = single();
      const keys = Array.from({ length: 300 }, (_, number) => `many:${number}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      expect(await client.mget(...keys, 'many:none')).to.deep.equal([...keys, null]);
      expect(await client.exists(...keys)).to.equal(300);
      expect(await client.del(...keys, 'many:none')).to.equal(300);
      expect(await client.mget(...keys)).to.deep.equal(keys.map(() => null));
    });
  });

  it('ioredis is told CROSSSLOT by a slave', async () => {
    const { owner } = await cluster.where('a');
    const refusal = await single(owner.port).mget('a', 'b').catch(String);
    expect(refusal).to.match(/CROSSSLOT /);
  });

  /** How many connections to the slaves have said READONLY. */
  async function readOnlyConnections(): Promise<number> {
    const lists = await Promise.all(cluster.ids.map((id) => single(cluster.seat(id).port).client('LIST')));
    return String(lists).match(/ flags=r /g)?.length ?? 0;
  }

  // It keeps one connection to each address, as a master's if that is one of anything: it must be told.
  it('ioredis.Cluster says READONLY to nobody by itself', async () => {
    const client = clustered({ scaleReads: 'slave' });
    await Promise.all(Array.from({ length: 50 }, (_, number) => client.set(`unscaled:${number}`, number)));
    expect(await readOnlyConnections()).to.equal(0);
  });

  it('ioredis.Cluster reads from copies with scaleReads: slave, where its connections say READONLY', async () => {
    const writer = single();
    const client = clustered({ scaleReads: 'slave' });
    client.on('+node', (node: Redis) => void node.readonly().catch(() => undefined));
    const keys = Array.from({ length: 100 }, (_, number) => `scaled:${number}`);
    await Promise.all(keys.map((key) => writer.set(key, key)));
    await pause(COPY_LAG_MS);
    expect(await Promise.all(keys.map((key) => client.get(key)))).to.deep.equal(keys);
    expect(await readOnlyConnections()).to.be.at.least(2);
    expect(await client.set('scaled:written', 'through it')).to.equal('OK');
    expect(await writer.get('scaled:written')).to.equal('through it');
  });

  it('READONLY has a copy answer, and READWRITE sends to the owner again', async () => {
    await single().set('turned', 'value');
    await pause(COPY_LAG_MS);
    const { owner, copies } = await cluster.where('turned');
    const copy = single(copies[0]?.port);
    const moved = new RegExp(`MOVED \\d+ ${HOST}:${owner.port}`);
    expect(await copy.get('turned').catch(String)).to.match(moved);
    expect(await copy.readonly()).to.equal('OK');
    expect(await copy.get('turned')).to.equal('value');
    expect(await copy.set('turned', 'other').catch(String)).to.match(moved);
    expect(await copy.readwrite()).to.equal('OK');
    expect(await copy.get('turned').catch(String)).to.match(moved);
  });

  it('node-redis createClient works at the gateway', async () => {
    const client = createClient({ url: `redis://${HOST}:${port}` });
    client.on('error', () => undefined);
    ends.push(() => client.destroy());
    await client.connect();
    expect(await client.set('node-redis', 'one', { expiration: { type: 'EX', value: 100 } })).to.equal('OK');
    expect(await client.get('node-redis')).to.equal('one');
    expect(await client.ttl('node-redis')).to.be.within(98, 100);
    expect(await Promise.all([client.incr('node-redis:n'), client.incr('node-redis:n')])).to.deep.equal([
      1, 2,
    ]);
    expect(await client.mGet(['node-redis', 'none'])).to.deep.equal(['one', null]);
    expect(await client.del(['node-redis', 'node-redis:n'])).to.equal(2);
  });

  for (const useReplicas of [false, true]) {
    it(`node-redis createCluster works${useReplicas ? ' with useReplicas' : ''}`, async () => {
      const client = createCluster({ rootNodes: [{ url: `redis://${HOST}:${port}` }], useReplicas });
      client.on('error', () => undefined);
      ends.push(() => client.destroy());
      await client.connect();
      const keys = Array.from({ length: 100 }, (_, number) => `createCluster:${useReplicas}:${number}`);
      await Promise.all(keys.map((key) => client.set(key, key)));
      if (useReplicas) await pause(COPY_LAG_MS);
      expect(await Promise.all(keys.map((key) => client.get(key)))).to.deep.equal(keys);
      expect(await seen(keys[7] ?? '')).to.equal(keys[7]);
      // To the first address of all, an owner's, it never says it.
      if (useReplicas) expect(await readOnlyConnections()).to.be.within(1, cluster.ids.length - 1);
    });
  }

  describe('CLUSTER', () => {
    const doors = (): readonly number[] => [port, ...cluster.ids.map((id) => cluster.seat(id).port)];

    it('SLOTS names owner and copies of every slot, alike at every door and as the status says', async () => {
      const answers = await Promise.all(doors().map((at) => single(at).cluster('SLOTS')));
      const plain = answers.map((ranges) =>
        ranges.map(([first, last, ...nodes]) => [first, last, ...nodes.map(([, nodePort]) => nodePort)]),
      );
      for (const other of plain.slice(1)) expect(other).to.deep.equal(plain[0]);
      const ranges = plain[0] ?? [];
      expect(ranges.reduce((sum, [first = 0, last = 0]) => sum + last - first + 1, 0)).to.equal(16_384);
      const { slaves, partitions } = await cluster.status();
      for (const { address, own, previous } of slaves) {
        const nodePort = Number(address.split(':')[1]);
        const slotsOf = (place: number): number =>
          ranges
            .filter((range) => range[place] === nodePort)
            .reduce((sum, [first = 0, last = 0]) => sum + last - first + 1, 0);
        expect(slotsOf(2), `${address} owns`).to.equal((own.partitions * 16_384) / partitions);
        expect(slotsOf(3), `${address} copies`).to.equal((previous.partitions * 16_384) / partitions);
      }
      const { owner } = await cluster.where('hello');
      const slot = slotOf('hello');
      expect(ranges.find(([first = 0, last = 0]) => first <= slot && slot <= last)?.[2]).to.equal(owner.port);
    });

    it('SHARDS covers all slots with an owner each', async () => {
      for (const at of doors()) {
        const shards = (await single(at).cluster('SHARDS')) as readonly Readonly<Record<string, unknown>>[];
        const fieldOf = (shard: unknown, name: string): unknown => {
          if (!Array.isArray(shard)) return (shard as Record<string, unknown>)[name];
          return shard[shard.indexOf(name) + 1] as unknown;
        };
        const slots = shards.flatMap((shard) => {
          const flat = fieldOf(shard, 'slots') as readonly number[];
          return flat.flatMap((first, place) =>
            place % 2 === 0 ? [(flat[place + 1] ?? 0) - first + 1] : [],
          );
        });
        expect(slots.reduce((sum, count) => sum + count, 0)).to.equal(16_384);
        for (const shard of shards) {
          const nodes = fieldOf(shard, 'nodes') as readonly unknown[];
          expect(fieldOf(nodes[0], 'role')).to.equal('master');
        }
      }
    });

    it('NODES has one master line for each slave, and myself right at each door', async () => {
      const { slaves, partitions } = await cluster.status();
      for (const { id, address, own } of slaves) {
        const lines = String(await single(cluster.seat(id).port).cluster('NODES'))
          .trim()
          .split('\n');
        expect(lines).to.have.length(slaves.length);
        const mine = lines.find((line) => line.includes('myself')) ?? '';
        expect(mine).to.match(new RegExp(`^[0-9a-f]{40} ${address}@\\d+ myself,master - `));
        const slots = mine
          .split(' ')
          .slice(8)
          .map((range) => range.split('-').map(Number));
        const count = slots.reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
        expect(count).to.equal((own.partitions * 16_384) / partitions);
      }
      const atGateway = String(await single().cluster('NODES'))
        .trim()
        .split('\n');
      expect(atGateway).to.have.length(slaves.length + 1);
      expect(atGateway.find((line) => line.includes('myself'))).to.match(
        new RegExp(`:${port}@\\d+ myself,master .*connected$`),
      );
    });

    it('INFO is ok everywhere', async () => {
      for (const at of doors()) {
        const info = await single(at).cluster('INFO');
        expect(info).to.include('cluster_state:ok').and.include('cluster_slots_assigned:16384');
        expect(info).to.match(/cluster_size:3\r/);
      }
    });
  });
});
