/** Slaves as processes, with real clients before them and a coordination server that does as it is told behind them. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import { Redis } from 'ioredis';

import { epoch, partition } from '../../src/common/ids.ts';
import { openLmdbStore } from '../../src/common/io/lmdb-store.ts';
import { dialLink } from '../../src/common/io/link.ts';
import { slotOf } from '../../src/common/slot.ts';
import { ReplyScanner } from '../../src/common/wire/resp-reply.ts';
import { encodeCommand } from '../../src/common/wire/resp-writer.ts';
import { FakeCoordination, PARTITIONS } from '../support/fake-coordination.ts';
import { Spawned } from '../support/spawned.ts';

const host = '127.0.0.1';
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;

/** A client that sees replies as they are on the wire, each as text. */
class Wire {
  readonly #socket: Socket;
  readonly #replies: string[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;

  constructor(port: number) {
    const scanner = new ReplyScanner();
    this.#socket = connect(port, host);
    this.#socket.on('data', (chunk) => {
      scanner.push(chunk);
      for (let next = scanner.next(); next?.kind === 'reply'; next = scanner.next()) {
        this.#replies.push(next.raw.toString('latin1'));
      }
      this.#wake?.();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#isOver = true;
      this.#wake?.();
    });
  }

  /** Sends all in one write and waits for as many answers. */
  async ask(...commands: readonly string[]): Promise<readonly string[]> {
    this.#socket.write(Buffer.concat(commands.map((command) => encodeCommand(command.split(' ')))));
    while (this.#replies.length < commands.length && !this.#isOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#replies.splice(0);
  }

  async over(): Promise<void> {
    while (!this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Asks again until it is so, or the test's time is over. */
async function eventually<Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<void> {
  while (!isSo(await ask())) await new Promise((resolve) => setTimeout(resolve, 10));
}

interface Ports {
  readonly port: number;
  readonly peerPort: number;
}

describe('a slave server', function () {
  this.timeout(30_000);
  let folder = '';
  let coordination: FakeCoordination;
  const spawned: Spawned[] = [];
  const wires: Wire[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'piazza-slave-'));
    coordination = await new FakeCoordination().open();
  });

  afterEach(async () => {
    for (const wire of wires.splice(0)) wire.close();
    for (const one of spawned.splice(0)) {
      one.kill('SIGKILL');
      await one.ended;
    }
    await coordination.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (id: string, ...options: readonly string[]): Spawned => {
    const dir = options.includes('--dir') ? [] : ['--dir', join(folder, id)];
    const durability = options.includes('--durability') ? [] : ['--durability', 'os'];
    const common = ['--id', id, '--coordination', `${host}:${coordination.port}`, ...dir, ...durability];
    const slave = new Spawned('dist/slave/main.js', [...common, ...options]);
    spawned.push(slave);
    return slave;
  };

  const ready = async (slave: Spawned): Promise<Ports> => {
    const [, port, peerPort] =
      /^ready id=\S+ port=(\d+) peer-port=(\d+)$/.exec(await slave.line('ready ')) ?? [];
    return { port: Number(port), peerPort: Number(peerPort) };
  };

  const wire = (port: number): Wire => {
    const opened = new Wire(port);
    wires.push(opened);
    return opened;
  };

  const lonely = async (
    ...options: readonly string[]
  ): Promise<{ slave: Spawned; port: number; peerPort: number }> => {
    const slave = start('s1', ...options);
    const ports = await ready(slave);
    await coordination.configure('s1');
    return { slave, ...ports };
  };

  it('serves ioredis and redis-cli', async () => {
    const { port } = await lonely();
    const redis = new Redis({ port, host });
    try {
      expect(await redis.set('color', 'ochre')).to.equal('OK');
      expect(await redis.get('color')).to.equal('ochre');
      expect(await redis.incr('count')).to.equal(1);
      expect(
        await redis.pipeline().incr('count').get('count').del('count').get('count').exec(),
      ).to.deep.equal(
        [
          [undefined, 2],
          [undefined, '2'],
          [undefined, 1],
          [undefined, undefined],
        ].map((pair) => pair.map((value) => value ?? null)),
      );
      expect(await redis.set('soon', 'gone', 'PX', 60)).to.equal('OK');
      expect(await redis.pttl('soon')).to.be.within(1, 60);
      await new Promise((resolve) => setTimeout(resolve, 80));
      expect(await redis.get('soon')).to.equal(null);
      expect(await redis.dbsize()).to.equal(1);
      await eventually(
        () => redis.info(),
        (info) => info.includes('cluster_enabled:1') && /^db0:keys=1,/m.test(info),
      );
    } finally {
      redis.disconnect();
    }
    const cli = spawnSync('redis-cli', ['-p', `${port}`, 'GET', 'color'], { encoding: 'utf8' });
    if (cli.error === undefined) expect(cli.stdout).to.equal('ochre\n');
  });

  it('keeps the order of a connection, and refuses what it cannot do whole', async () => {
    const { port } = await lonely();
    const replies = await wire(port).ask(
      ...['SET a 1', 'GET a', 'INCR a', 'GET a', 'MSET {t}x 1 {t}y 2', 'MGET {t}y {t}x', 'DBSIZE'],
      ...['MSET x 1 y 2', 'CLUSTER KEYSLOT a', 'PIAZZA STATUS', 'NOSUCH', 'QUIT', 'SET after quit'],
    );
    expect(replies.slice(0, 7)).to.deep.equal([
      ...['+OK\r\n', '$1\r\n1\r\n', ':2\r\n', '$1\r\n2\r\n', '+OK\r\n'],
      ...['*2\r\n$1\r\n2\r\n$1\r\n1\r\n', ':3\r\n'],
    ]);
    expect(replies[7]).to.match(/^-CROSSSLOT /);
    expect(replies[8]).to.equal(`:${slotOf('a')}\r\n`);
    expect(replies[9]).to.match(/^-ERR .*gateway/);
    expect(replies[10]).to.match(/^-ERR unknown command/);
    expect(replies.slice(11)).to.deep.equal(['+OK\r\n']);
    expect(await wire(port).ask('GET after')).to.deep.equal(['$-1\r\n']);
  });

  it('counts the keys of a slot, and hands a partition to the gateway in pages', async () => {
    const { port } = await lonely();
    const client = wire(port);
    await client.ask('SET {t}a 1', 'SET {t}b 2 PX 100000', 'SET {t}c 3', 'SET {t}gone 4 PX 1', 'SET other 5');
    await eventually(
      () => client.ask(`CLUSTER COUNTKEYSINSLOT ${slotOf('t')}`),
      ([count]) => count === ':3\r\n',
    );
    const index = Math.floor((slotOf('t') * PARTITIONS) / 16_384);
    const found: string[] = [];
    let after = '';
    for (;;) {
      // An empty argument cannot be written in this wire's short words.
      const [page = ''] = await client.ask(
        after === '' ? `PIAZZA SCANPART ${index}  2` : `PIAZZA SCANPART ${index} ${after} 2`,
      );
      found.push(...(page.match(/\{t\}\w+/g) ?? []));
      after = /^\*2\r\n\$\d+\r\n([^\r]*)\r\n/.exec(page)?.[1] ?? '';
      if (after === '') break;
    }
    expect(found).to.deep.equal(['{t}a', '{t}b', '{t}c']);
  });

  it('holds what it was told under a new start, once it is named again', async () => {
    const { slave, port } = await lonely();
    await wire(port).ask('SET kept 1', 'SET also 2');
    const before = coordination.registration('s1');
    slave.kill('SIGKILL');
    await slave.ended;

    const { port: newPort } = await ready(start('s1'));
    const after = coordination.registration('s1');
    expect(after.store).to.equal(before.store);
    expect(after.boot.count).to.equal(before.boot.count + 1);
    expect(after.boot.nonce).not.to.equal(before.boot.nonce);
    expect(after.clusterId).to.be.a('string');
    expect(after.isSameKernelBoot).to.equal(true);
    const client = wire(newPort);
    expect((await client.ask('GET kept'))[0]).to.match(/^-TRYAGAIN /);
    await coordination.configure('s1');
    expect(await client.ask('GET kept', 'GET also')).to.deep.equal(['$1\r\n1\r\n', '$1\r\n2\r\n']);
  });

  describe('beside another', () => {
    const pair = async (): Promise<{ first: Spawned; second: Spawned; ports: readonly [Ports, Ports] }> => {
      const [first, second] = [start('s1'), start('s2')];
      const ports = [await ready(first), await ready(second)] as const;
      await coordination.configure('s1', 's2');
      return { first, second, ports };
    };

    it('lets its copies be read by who asks for that, and sends all others to the owner', async () => {
      const { ports } = await pair();
      const [owner, copy] = ports;
      expect(await wire(owner.port).ask('SET color ochre')).to.deep.equal(['+OK\r\n']);
      const client = wire(copy.port);
      expect(await client.ask('GET color')).to.deep.equal([
        `-MOVED ${slotOf('color')} ${host}:${owner.port}\r\n`,
      ]);
      expect(await client.ask('READONLY')).to.deep.equal(['+OK\r\n']);
      // Within some 50 ms the copy hears that it is committed; its first promise may take longer.
      await eventually(
        () => client.ask('GET color'),
        ([reply]) => reply === '$5\r\nochre\r\n',
      );
      expect((await client.ask('READWRITE', 'GET color'))[1]).to.match(/^-MOVED /);
      expect((await client.ask('SET color red'))[0]).to.match(/^-MOVED /);
    });

    it('does not say OK without its copy: the outcome is uncertain, and then nobody may answer', async () => {
      const { second, ports } = await pair();
      const client = wire(ports[0].port);
      await client.ask('SET color ochre');
      second.kill('SIGKILL');
      const sentAt = performance.now();
      const [answer, read] = await client.ask('SET color red', 'GET color');
      expect(answer).to.match(/^-UNCERTAIN /);
      expect(read).to.match(/^-(CLUSTERDOWN|TRYAGAIN) /);
      expect(performance.now() - sentAt).to.be.within(1_000, 6_000);
      expect((await client.ask('SET color blue'))[0]).to.match(/^-(CLUSTERDOWN|TRYAGAIN) /);
      await coordination.configure('s1');
      expect((await client.ask('GET color'))[0]).to.match(/ochre|red/);
    });

    it('brings a copy that was away level, so that it can be the owner', async () => {
      const { second, ports } = await pair();
      const client = wire(ports[0].port);
      await client.ask('SET color ochre');
      second.kill('SIGKILL');
      await second.ended;
      await coordination.configure('s1');
      expect(await client.ask('SET color red')).to.deep.equal(['+OK\r\n']);
      const { port } = await ready(start('s2'));
      await coordination.configure('s1', 's2');
      expect(await client.ask('SET shape round')).to.deep.equal(['+OK\r\n']);
      await coordination.configure('s2', 's1');
      expect(await wire(port).ask('GET color', 'GET shape')).to.deep.equal([
        '$3\r\nred\r\n',
        '$5\r\nround\r\n',
      ]);
      expect((await client.ask('GET color'))[0]).to.equal(`-MOVED ${slotOf('color')} ${host}:${port}\r\n`);
    });

    it('refuses a stranger on its peer port, and noise', async () => {
      const { ports } = await pair();
      const closed = await new Promise<string>((resolve, reject) => {
        dialLink({
          ...{ host, port: ports[0].peerPort, timeoutMs: 1_000 },
          handler: (link) => {
            link.send(Buffer.from('what is this'));
            return { frames: () => undefined, closed: (_, why) => resolve(why) };
          },
        }).catch(reject);
      });
      expect(closed).to.be.a('string');
      expect(await wire(ports[0].port).ask('SET a 1')).to.deep.equal(['+OK\r\n']);
    });
  });

  it('turns everything away on a gateway’s link behind a refusal, until it hears RESUME', async () => {
    const { port } = await lonely();
    const gateway = wire(port);
    const index = Math.floor((slotOf('a') * PARTITIONS) / 16_384);
    expect(await gateway.ask('PIAZZA GATEWAY', 'SET a 1')).to.deep.equal(['+OK\r\n', '+OK\r\n']);
    coordination.tell('s1', {
      kind: 'fence',
      epoch: epoch(coordination.nextEpoch()),
      partitions: [partition(index)],
    });
    await coordination.message('s1', 'fenced');
    expect((await gateway.ask('SET a 2', 'GET a')).join('')).to.match(/^-TRYAGAIN .*\r\n-TRYAGAIN .*\r\n$/);
    await coordination.configure('s1');
    expect((await gateway.ask('GET a'))[0]).to.match(/^-TRYAGAIN /);
    expect(await wire(port).ask('GET a')).to.deep.equal(['$1\r\n1\r\n']);
    expect(await gateway.ask(`PIAZZA RESUME ${index}`, 'GET a')).to.deep.equal(['+OK\r\n', '$1\r\n1\r\n']);
  });

  it('sends its clients away when it was declared dead, and registers afresh', async () => {
    const { port } = await lonely();
    const client = wire(port);
    await client.ask('SET a 1');
    coordination.tell('s1', { kind: 'buried' });
    await client.over();
    await coordination.message('s1', 'register', 2);
    await coordination.configure('s1');
    expect(await wire(port).ask('GET a')).to.deep.equal(['$1\r\n1\r\n']);
  });

  it('serves on without a coordination server, and registers with it when it is back', async () => {
    const { slave, port } = await lonely();
    const known = coordination.port;
    await coordination.close();
    expect(await wire(port).ask('SET a 1', 'GET a')).to.deep.equal(['+OK\r\n', '$1\r\n1\r\n']);
    const back = await new FakeCoordination().open(known);
    back.refusal = { kind: 'refused', why: 'not now', isFinal: false };
    await back.message('s1', 'register', 2);
    back.refusal = { kind: 'refused', why: 'its id is taken', isFinal: true };
    expect(await slave.ended).to.deep.equal({ status: 1, signal: undefined });
    expect(slave.errors.filter((line) => line.includes('waits for a coordination server'))).to.have.lengthOf(
      1,
    );
    expect(slave.errors.at(-1)).to.match(/refuses this slave: its id is taken/);
    await back.close();
  });

  it('leaves in good order: answers, says so, and ends with 0', async () => {
    const { slave, port } = await lonely();
    await wire(port).ask('SET a 1');
    slave.kill('SIGTERM');
    await coordination.message('s1', 'hand-over');
    coordination.tell('s1', { kind: 'drain-refused', why: 's1 is the last slave' });
    await coordination.message('s1', 'leaving');
    expect(slave.errors.join()).to.contain('keeps what it holds in its directory: s1 is the last slave');
    expect(await slave.ended).to.deep.equal({ status: 0, signal: undefined });
    const { port: newPort } = await ready(start('s1'));
    await coordination.configure('s1');
    expect(await wire(newPort).ask('GET a')).to.deep.equal(['$1\r\n1\r\n']);
  });

  it('forgets everything with --storage memory, and is another store each time', async () => {
    const { slave, port } = await lonely('--storage', 'memory');
    expect(await wire(port).ask('SET a 1', 'GET a')).to.deep.equal(['+OK\r\n', '$1\r\n1\r\n']);
    const { store } = coordination.registration('s1');
    slave.kill('SIGKILL');
    await slave.ended;
    await ready(start('s1', '--storage', 'memory'));
    expect(coordination.registration('s1').store).not.to.equal(store);
    expect(existsSync(join(folder, 's1'))).to.equal(false);
  });

  (canTrace ? describe : describe.skip)('on a disk that strace breaks', () => {
    it('says so, answers that the outcome is uncertain, ends with 1 and is not started there again', async () => {
      const slave = start('s1', '--durability', 'fsync');
      const { port } = await ready(slave);
      await coordination.configure('s1');
      const client = wire(port);
      expect(await client.ask('SET a 1')).to.deep.equal(['+OK\r\n']);
      const broken = join(folder, 's1', 'journal.0');
      const rule = ['-f', '-qq', '-o', '/dev/null', '-P', broken, '-e', 'inject=fdatasync:error=EIO'];
      const strace = spawn('strace', [...rule, '-p', `${slave.process.pid}`], { stdio: 'ignore' });
      try {
        let answer = '';
        // It takes strace a moment to get hold of all threads.
        for (let tries = 0; tries < 100 && !answer.startsWith('-'); tries += 1) {
          answer = (await client.ask('SET a 2'))[0] ?? '-gone';
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(answer).to.match(/^-UNCERTAIN /);
        await client.over();
        expect((await coordination.message('s1', 'failed')).why).to.match(/EIO/);
        expect(await slave.ended).to.deep.equal({ status: 1, signal: undefined });
        expect(slave.errors.at(-1)).to.match(/cannot be trusted any more: .*EIO.*empty directory/);
      } finally {
        strace.kill();
      }
      const again = start('s1');
      expect(await again.ended).to.deep.equal({ status: 1, signal: undefined });
      expect(again.errors.at(-1)).to.match(/has failed before .*EIO/);
    });
  });

  describe('with a directory that it must not use', () => {
    const endOf = async (slave: Spawned): Promise<string> => {
      expect(await slave.ended).to.deep.equal({ status: 1, signal: undefined });
      return slave.errors.at(-1) ?? '';
    };

    it('says whose it is', async () => {
      const { slave } = await lonely('--drain-timeout', '0');
      slave.kill('SIGTERM');
      await slave.ended;
      expect(await endOf(start('s2', '--dir', join(folder, 's1')))).to.match(
        /holds the data of slave s1, not of s2/,
      );
    });

    it('says that another process is using it', async () => {
      await lonely();
      expect(await endOf(start('s1'))).to.match(/in use by process/);
    });

    it('marks a broken one, and refuses it from then on', async () => {
      const dir = join(folder, 's1');
      const store = openLmdbStore({ dir, durability: 'os', onFailure: () => undefined });
      const stray = { kind: 'put', key: Buffer.from('d'), value: Buffer.from('whose?') } as const;
      await new Promise<void>((resolve) => store.commit([stray], resolve));
      await store.close();
      expect(await endOf(start('s1'))).to.match(
        /cannot be trusted any more: it holds records and no identity/,
      );
      expect(await endOf(start('s1'))).to.match(/has failed before .*start with an empty directory/);
    });
  });
});
