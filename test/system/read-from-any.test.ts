/** `--read-from any` and KEYRANGE against real processes: copies share the reads, and a copy that dies is not noticed. */
import { expect } from 'chai';
import { Redis } from 'ioredis';

import { judge } from '../judge/linearizability.ts';
import type { Operation } from '../judge/history.ts';
import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { pause, until } from '../support/program.ts';

const PARTITIONS = 16;
const KEYS = Array.from({ length: 64 }, (_, number) => `key:${number}`);

type Range = readonly [first: number, last: number, owner: string | null, ...copies: readonly string[]];

describe('a gateway that reads from any', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses;
  const ends: (() => void)[] = [];

  before(async () => {
    const coordination = ['--read-from', 'any', '--replicas', '3', '--partitions', `${PARTITIONS}`];
    cluster = await ClusterProcesses.start({ slaves: 3, coordination });
  });

  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  after(() => cluster?.end());

  function client(port = cluster.ports.port): Redis {
    const made = new Redis({ port, host: HOST, maxRetriesPerRequest: 0 });
    ends.push(() => made.disconnect());
    return made;
  }

  /** Commands that each slave has taken since it started. */
  const commandsOf = (): Promise<readonly number[]> =>
    Promise.all(
      cluster.ids.map(async (id) => {
        const info = await client(cluster.seat(id).port).info('stats');
        return Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
      }),
    );

  it('tells at every door who owns and who may be read for each part of the ring', async () => {
    const doors = [cluster.ports.port, ...cluster.ids.map((id) => cluster.seat(id).port)];
    const places = cluster.ids.map((id) => `${HOST}:${cluster.seat(id).port} ${id}`);
    for (const port of doors) {
      const owners = (await client(port).call('KEYRANGE')) as readonly Range[];
      const members = (await client(port).call('KEYRANGE_READ')) as readonly Range[];
      for (const ranges of [owners, members]) {
        expect(ranges[0]?.[0]).to.equal(0);
        expect(ranges.at(-1)?.[1]).to.equal(16_383);
        for (const [index, [first]] of ranges.slice(1).entries())
          expect(first).to.equal((ranges[index]?.[1] ?? 0) + 1);
      }
      for (const range of owners) expect(range).to.have.length(3);
      for (const [, , ...all] of members) expect([...all].sort()).to.deep.equal([...places].sort());
      const { owner } = await cluster.where('hello');
      const slot = await client(port).cluster('KEYSLOT', 'hello');
      const range = owners.find(([first, last]) => first <= slot && slot <= last);
      expect(range?.[2]).to.equal(`${HOST}:${owner.port} ${owner.id}`);
    }
  });

  it('spreads the reads of one partition over all who hold it', async () => {
    const writer = client();
    await writer.set('hot', 'value');
    await pause(1_000);
    const readers = Array.from({ length: 12 }, () => client());
    await Promise.all(readers.map((reader) => reader.ping()));
    const before = await commandsOf();
    for (let round = 0; round < 50; round += 1) {
      const values = await Promise.all(readers.map((reader) => reader.get('hot')));
      expect(new Set(values)).to.deep.equal(new Set(['value']));
    }
    const after = await commandsOf();
    const counts = after.map((count, place) => count - (before[place] ?? 0));
    for (const count of counts) expect(count, `${counts.join(', ')} commands`).to.be.at.least(100);
  });

  it('shows each connection its own writes, and writes stay in one order', async () => {
    const history: Operation[] = [];
    const run = async (number: number): Promise<void> => {
      const connection = client();
      for (let round = 0; round < 60; round += 1) {
        const key = `judged:${round % 4}`;
        const value = `${number}.${round}`;
        const command = round < 4 || round % 3 === 0 ? ['SET', key, value] : ['GET', key];
        const began = performance.now();
        const [name = '', ...args] = command;
        const reply = (await connection.call(name, ...args)) as string | null;
        const id = history.length;
        history.push({ id, client: `c${number}`, command, began, ended: performance.now(), reply });
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, number) => run(number)));
    // Each has written to every key before it reads any, so nothing that it reads may be old.
    expect(judge(history).verdict).to.equal('possible');
  });

  it('goes on reading without an error when a copy is killed', async () => {
    const writer = client();
    await Promise.all(KEYS.map((key) => writer.set(key, `value of ${key}`)));
    await pause(1_000);
    let isOver = false;
    let answered = 0;
    const read = async (): Promise<void> => {
      const reader = client();
      while (!isOver) {
        const values = await Promise.all(KEYS.map((key) => reader.get(key)));
        expect(values).to.deep.equal(KEYS.map((key) => `value of ${key}`));
        answered += values.length;
      }
    };
    const readers = Array.from({ length: 6 }, () => read());
    await pause(500);
    await cluster.kill('s3');
    const atDeath = answered;
    await cluster.reach('without s3', ({ slaves }) => slaves.some(({ state }) => state === 'dead'));
    await until('read on', () => Promise.resolve(answered > atDeath + 5_000), { withinMs: 10_000 });
    isOver = true;
    await Promise.all(readers);
  });
});
