/** Bad input from clients and operators: a clear word about what to do, and nothing else is harmed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import { Redis } from 'ioredis';

import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { freePort, Program } from '../support/program.ts';
import { commandBytes, Wire } from '../support/wire.ts';

const KIB = 1_024;
const MIB = 1_048_576;

describe('bad input', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses;
  let dir: string;
  const wires: Wire[] = [];
  const programs: Program[] = [];

  before(async () => {
    cluster = await ClusterProcesses.start({ slaves: 2, slave: ['--durability', 'os'] });
  });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'piazza-bad-'));
  });

  afterEach(async () => {
    for (const wire of wires.splice(0)) wire.end();
    await Promise.all(programs.splice(0).map((program) => program.kill()));
    rmSync(dir, { recursive: true, force: true });
  });

  after(() => cluster?.end());

  const wireTo = (port: number): Wire => {
    const wire = new Wire(port);
    wires.push(wire);
    return wire;
  };

  const ownerOf = async (key: string): Promise<number> => (await cluster.where(key)).owner.port;

  const doors = [
    { door: 'the gateway', portFor: (): Promise<number> => Promise.resolve(cluster.ports.port) },
    { door: 'a slave', portFor: ownerOf },
  ] as const;

  for (const { door, portFor } of doors) {
    describe(`from a client of ${door}`, () => {
      const key = 'k'.repeat(KIB);

      it('a key or a value that is too long is refused, and the longest is taken', async () => {
        const wire = wireTo(await portFor(key));
        expect(await wire.askUntilServed(commandBytes('SET', key, 'v'))).to.equal('+OK\r\n');
        expect(await wire.ask(commandBytes('SET', `${key}k`, 'v'))).to.match(/^-LIMIT .*1 KiB/);
        expect(await wire.askUntilServed(commandBytes('SET', key, Buffer.alloc(16 * MIB)))).to.equal(
          '+OK\r\n',
        );
        expect(await wire.ask(commandBytes('SET', key, Buffer.alloc(16 * MIB + 1)))).to.match(
          /^-LIMIT .*16 MiB/,
        );
        expect(await wire.askUntilServed(commandBytes('STRLEN', key))).to.equal(`:${16 * MIB}\r\n`);
        expect(await wire.askUntilServed(commandBytes('DEL', key))).to.equal(':1\r\n');
      });

      it('a command of too many arguments is refused', async () => {
        const wire = wireTo(await portFor('{a}'));
        const many = Array.from({ length: 65_536 }, (_, number) => `{a}${number}`);
        expect(await wire.ask(commandBytes('DEL', ...many))).to.match(/^-LIMIT .*65536 arguments/);
      });

      it('a command of more than 64 MiB is refused, whatever becomes of its connection', async () => {
        const port = await portFor('{a}');
        const wire = wireTo(port);
        const values = Array.from({ length: 5 }, (_, number) => [
          `{a}${number}`,
          Buffer.alloc(15 * MIB),
        ]).flat();
        expect(await wire.ask(commandBytes('MSET', ...values))).to.match(/^-(LIMIT|ERR Protocol error)/);
        expect(await wireTo(port).askUntilServed('EXISTS {a}0 {a}1\r\n')).to.equal(':0\r\n');
      });

      it('a command that is unknown, or has too few words, is refused and the next is served', async () => {
        const wire = wireTo(await portFor('k'));
        expect(await wire.ask('NOSUCH a b\r\n')).to.match(/^-ERR unknown command 'NOSUCH'/i);
        expect(await wire.ask('SET k\r\n')).to.equal("-ERR wrong number of arguments for 'set' command\r\n");
        expect(await wire.ask('SET k v PX never\r\n')).to.match(/^-ERR value is not an integer/);
        expect(await wire.ask('SET k v MAYBE\r\n')).to.equal('-ERR syntax error\r\n');
        expect(await wire.ask('CLUSTER NONSENSE\r\n')).to.match(/^-ERR unknown subcommand/i);
        expect(await wire.ask('PING\r\n')).to.equal('+PONG\r\n');
      });

      it('bytes that are no protocol close their own connection and no other', async () => {
        const port = await portFor('k');
        const [bad, good] = [wireTo(port), wireTo(port)];
        expect(await good.ask('PING\r\n')).to.equal('+PONG\r\n');
        expect(await bad.ask('*2\r\n$3\r\nGET\r\n:12\r\n')).to.match(/^-ERR Protocol error/);
        await bad.closed();
        const huge = wireTo(port);
        expect(await huge.ask('*1\r\n$99999999999\r\n')).to.match(/^-(ERR Protocol error|LIMIT)/);
        await huge.closed();
        expect(await good.ask('PING\r\n')).to.equal('+PONG\r\n');
      });
    });
  }

  describe('from an operator', () => {
    const started = (program: Program): Program => {
      programs.push(program);
      return program;
    };

    const slave = (...options: readonly string[]): Program =>
      started(
        new Program('slave-server', ['--coordination', `${HOST}:${cluster.ports.peerPort}`, ...options]),
      );

    const coordination = (...options: readonly string[]): Program =>
      started(new Program('coordination-server', ['--port', '0', ...options]));

    /** Ends with 1, says so in one line that tells what to do, and never said that it was ready. */
    async function expectRefusal(program: Program, line: RegExp): Promise<void> {
      expect((await program.ended).status, program.tail).to.equal(1);
      expect(program.lines, program.tail).to.deep.equal([]);
      const grave = program.errors.filter((error) => !/^[\d:.]+ info /.test(error));
      expect(grave, program.tail).to.have.length(1);
      expect(grave[0]).to.match(line);
    }

    it("a port that is in use is named, at a slave's start", async () => {
      const { port } = cluster.seat('s1');
      await expectRefusal(
        slave('--id', 's9', '--dir', join(dir, 's9'), '--port', `${port}`),
        new RegExp(`port ${port} is already in use on 127.0.0.1: .*--port`),
      );
    });

    it("a port that is in use is named, at the coordination server's start", async () => {
      const port = await freePort();
      const occupant = createServer().listen(port, HOST);
      try {
        const server = coordination('--dir', join(dir, 'coordination'), '--http-port', `${port}`);
        await expectRefusal(server, new RegExp(`port ${port} is already in use on 127.0.0.1: .*--http-port`));
      } finally {
        occupant.close();
      }
    });

    it('a directory that cannot be written is named', async () => {
      writeFileSync(join(dir, 'file'), '');
      const below = join(dir, 'file', 'below');
      await expectRefusal(slave('--id', 's9', '--dir', below), /file\/below.*--dir/);
      await expectRefusal(coordination('--dir', below), /file\/below.*--dir/);
    });

    it("another cluster's directory is refused", async () => {
      const settings = ['--partitions', '16', '--replicas', '1'];
      const other = await ClusterProcesses.start({ slaves: 1, coordination: settings, dir });
      await other.end();
      await expectRefusal(
        slave('--id', 's1', '--dir', join(dir, 's1')),
        /belongs to another cluster .*--dir/,
      );
    });

    it("another slave's directory is refused", async () => {
      const alone = await ClusterProcesses.start({ slaves: 1, coordination: ['--replicas', '1'], dir });
      await alone.end();
      await expectRefusal(
        slave('--id', 's9', '--dir', join(dir, 's1')),
        /holds the data of slave s1, not of s9: .*--dir/,
      );
    });

    it('a slave id that is in use is refused', async () => {
      await expectRefusal(
        slave('--id', 's1', '--dir', join(dir, 's1')),
        /the id s1 is in use by the slave at .*--id/,
      );
      await cluster.reach('as it was', ({ state }) => state === 'healthy');
    });

    it('a second server in one directory is refused', async () => {
      await expectRefusal(
        slave('--id', 's1', '--dir', cluster.seat('s1').dir),
        /is in use by process \d+.*--dir/,
      );
      await expectRefusal(
        coordination('--dir', join(cluster.dir, 'coordination')),
        /is in use by process \d+.*--dir/,
      );
      expect((await cluster.status()).state).to.equal('healthy');
    });
  });

  describe('of a disk that is nearly full', () => {
    let mount: string | undefined;
    let small: ClusterProcesses | undefined;
    let redis: Redis | undefined;

    beforeEach(function () {
      const place = join(dir, 'disk');
      // Twice what a slave keeps free, for two slaves' files and something that fills the rest.
      const command = `mkdir ${place} && mount -t tmpfs -o size=400m tmpfs ${place}`;
      if (process.platform !== 'linux' || spawnSync('sh', ['-c', command]).status !== 0) this.skip();
      mount = place;
    });

    afterEach(async () => {
      redis?.disconnect();
      await small?.end();
      if (mount !== undefined) spawnSync('umount', ['-l', mount]);
      mount = undefined;
    });

    it('writes that grow are refused, reads and deletes go on, and the status says so', async () => {
      const place = mount ?? '';
      const fill = join(place, 'fill');
      small = await ClusterProcesses.start({ slaves: 2, coordination: ['--partitions', '16'], dir: place });
      redis = new Redis(small.ports.port, HOST);
      await redis.set('kept', 'value');
      await redis.set('dropped', 'value');
      const spaceIs = (wanted: string) =>
        small?.reach(`${wanted} on space`, ({ slaves }) => slaves.every(({ space }) => space === wanted));
      await spaceIs('ok');

      expect(spawnSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=1M', 'count=280']).status).to.equal(0);
      await spaceIs('low');
      expect(await redis.set('new', 'value').catch(String)).to.match(/NOSPACE too little room/);
      expect(await redis.get('new')).to.equal(null);
      expect(await redis.get('kept')).to.equal('value');
      expect(await redis.del('dropped')).to.equal(1);

      rmSync(fill);
      await spaceIs('ok');
      expect(await redis.set('new', 'value')).to.equal('OK');
    });
  });
});
