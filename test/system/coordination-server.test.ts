/** The coordination server as a process: slaves made of a link and a datagram socket, kills, and restarts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';
import { Redis } from 'ioredis';

import { epoch } from '../../src/common/ids.ts';
import { dialLink } from '../../src/common/io/link.ts';
import { openLmdbStore } from '../../src/common/io/lmdb-store.ts';
import {
  decodeKeyRanges,
  decodeRing,
  decodeStatus,
  decodeWhere,
  type Status,
} from '../../src/common/message/admin.ts';
import { hex, LinkSlave, until } from '../support/link-slave.ts';
import { Spawned } from '../support/spawned.ts';

const HOST = '127.0.0.1';

describe('the coordination server', function () {
  this.timeout(30_000);
  let dir = '';
  const servers: Spawned[] = [];
  const slaves: LinkSlave[] = [];
  const clients: Redis[] = [];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'piazza-coordination-'));
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(slaves.splice(0).map((slave) => slave.end()));
    for (const server of servers) server.kill('SIGKILL');
    await Promise.all(servers.splice(0).map(({ ended }) => ended));
    await rm(dir, { recursive: true, force: true });
  });

  /** An option given twice is an error: these are the defaults of this test, as far as it does not choose others. */
  function spawned(chosen: Readonly<Record<string, string | number>> = {}): Spawned {
    const defaults = {
      port: 0,
      dir: join(dir, 'coordination'),
      partitions: 16,
      heartbeat: 50,
      window: 200,
      promise: 100,
    };
    const args = Object.entries({ ...defaults, ...chosen }).flatMap(([option, value]) => [
      `--${option}`,
      `${value}`,
    ]);
    const server = new Spawned('dist/coordination/main.js', args);
    servers.push(server);
    return server;
  }

  async function portsOf(server: Spawned): Promise<{ port: number; peerPort: number; httpPort: number }> {
    const [, port, peerPort, httpPort] =
      /port=(\d+) peer-port=(\d+) http-port=(\d+)/.exec(await server.line('ready ')) ?? [];
    return { port: Number(port), peerPort: Number(peerPort), httpPort: Number(httpPort) };
  }

  async function started(chosen: Readonly<Record<string, string | number>> = {}) {
    const server = spawned(chosen);
    const ports = await portsOf(server);
    const page = async (path: string): Promise<{ status: number; text: string }> => {
      const response = await fetch(`http://${HOST}:${ports.httpPort}${path}`);
      return { status: response.status, text: await response.text() };
    };
    const status = async (): Promise<Status> => decodeStatus((await page('/status')).text) as Status;
    return { server, ...ports, page, status };
  }

  function slave(id: string): LinkSlave {
    const made = new LinkSlave(id);
    slaves.push(made);
    return made;
  }

  const stageOf = (status: Status, id: string): string | undefined =>
    status.slaves.find((one) => one.id === id)?.state;

  const isHealthy = (status: () => Promise<Status>) => async () => (await status()).state === 'healthy';

  it('gives the first slave everything, after it has listened for a window', async () => {
    const { peerPort, status } = await started({ replicas: 1 });
    const s1 = slave('s1');
    const answer = await s1.join(peerPort);
    expect(answer.kind).to.equal('registered');
    await until(
      () => s1.view?.configurations.every(({ members }) => members[0]?.store === s1.store) === true,
    );
    await until(isHealthy(status));
    expect((await status()).slaves[0]).to.deep.include({
      id: 's1',
      state: 'alive',
      own: { partitions: 16, keys: 0 },
    });
  });

  it('brings in a second slave, copies first', async () => {
    const { peerPort, status, server } = await started();
    const [s1, s2] = [slave('s1'), slave('s2')];
    await s1.join(peerPort);
    await until(() => (s1.view?.epoch ?? 0) > 0);
    await until(async () => (await status()).state === 'degraded');
    await s2.join(peerPort);
    await until(isHealthy(status));
    const { slaves: found } = await status();
    expect(found.map(({ own, previous }) => own.partitions + previous.partitions)).to.deep.equal([16, 16]);
    await until(() => server.errors.some((line) => line.includes('the cluster is healthy')));
  });

  it('copies what is opened late, too', async () => {
    const { peerPort, status } = await started();
    const [s1, s2] = [slave('s1'), slave('s2')];
    s1.opensAfterMs = 300;
    await s1.join(peerPort);
    await until(() => (s1.view?.epoch ?? 0) > 0);
    await s2.join(peerPort);
    await until(isHealthy(status));
  });

  it('buries at once whose process is gone, long before the window ends', async () => {
    const { peerPort, status } = await started({ window: 2_000 });
    const [s1, s2] = [slave('s1'), slave('s2')];
    await Promise.all([s1.join(peerPort), s2.join(peerPort)]);
    await until(isHealthy(status));
    const before = performance.now();
    await s2.die();
    await until(async () => stageOf(await status(), 's2') === 'dead');
    expect(performance.now() - before).to.be.below(500);
    await until(async () => (await status()).state === 'degraded');
    expect(s1.view?.configurations.every(({ members }) => members.length === 1)).to.equal(true);
  });

  it('is the same cluster, with the same epochs, after a kill -9', async () => {
    const first = await started();
    const [s1, s2] = [slave('s1'), slave('s2')];
    await Promise.all([s1.join(first.peerPort), s2.join(first.peerPort)]);
    await until(isHealthy(first.status));
    const { epoch: before } = await first.status();
    const { clusterId } = s1;
    first.server.kill('SIGKILL');
    await first.server.ended;

    const second = await started({ partitions: 32 });
    expect(second.server.errors.join('\n')).to.match(
      /created with --partitions 16, which stays: 32 is not used/,
    );
    expect((await second.status()).epoch).to.equal(before);
    await Promise.all([s1.join(second.peerPort), s2.join(second.peerPort)]);
    await until(isHealthy(second.status));
    expect([s1.clusterId, s2.clusterId]).to.deep.equal([clusterId, clusterId]);
    // The slaves are the same starts that they were: nobody had to be fenced.
    expect((await second.status()).epoch).to.equal(before);
  });

  it('turns away a store of another cluster, for good', async () => {
    const { peerPort } = await started();
    const answer = await slave('s1').join(peerPort, { clusterId: hex(16) });
    expect(answer).to.deep.include({ kind: 'refused', isFinal: true });
  });

  it('stops when a slave knows of more than its journal does', async () => {
    const { peerPort, server } = await started();
    const s1 = slave('s1');
    await s1.join(peerPort);
    await s1.die();
    void s1.join(peerPort, { epoch: epoch(1_000_000) }).catch(() => undefined);
    expect((await server.ended).status).to.equal(1);
    expect(server.errors.at(-1)).to.match(/this journal ends at \d+: it is an old one/);
    // Nobody answers it any more: its waiting ends here.
    s1.heard.push({ kind: 'refused', why: 'the server is gone', isFinal: true });
  });

  it('cuts whoever it cannot understand, and goes on', async () => {
    const { peerPort, page, status, server } = await started({ replicas: 1 });
    const [s1, stranger] = [slave('s1'), slave('s2')];
    await s1.join(peerPort);
    await stranger.join(peerPort);
    stranger.send(Buffer.from('\x01what is this'));
    await until(() => !stranger.isLinked);
    expect(s1.isLinked).to.equal(true);
    expect((await page('/metrics')).text).to.match(/piazza_control_frames_malformed_total 1\n/);
    expect(server.errors.filter((line) => line.includes('its link is cut'))).to.have.lengthOf(1);
    expect((await stranger.join(peerPort)).kind).to.equal('registered');
    await until(isHealthy(status));
  });

  it('lets nobody stay connected who does not register', async () => {
    const { peerPort } = await started();
    const before = performance.now();
    await new Promise<void>((resolve, reject) => {
      const handler = { frames: () => undefined, closed: () => resolve() };
      dialLink({ host: HOST, port: peerPort, timeoutMs: 1_000, handler: () => handler }).catch(reject);
    });
    expect(performance.now() - before).to.be.within(4_500, 8_000);
  });

  it('says over HTTP how things are', async () => {
    const { peerPort, page, status } = await started({ replicas: 1 });
    expect(await page('/healthz')).to.deep.equal({ status: 200, text: 'ok\n' });
    expect(await page('/readyz')).to.deep.equal({
      status: 503,
      text: 'unavailable: no slave has joined yet\n',
    });
    await slave('s1').join(peerPort);
    await until(isHealthy(status));
    expect((await page('/readyz')).status).to.equal(200);
    expect((await page('/')).text).to.match(/^healthy: every partition has all its copies\n/);
    expect((await status()).coordination?.pid).to.be.a('number');
    const { text } = await page('/metrics');
    expect(text).to.match(/piazza_slaves\{stage="alive"\} 1\n/);
    expect(text).to.match(/piazza_partitions 16\n/);
    expect(text).to.match(/piazza_heartbeats_total [1-9]/);
  });

  it('says over RESP how things are', async () => {
    const { port, peerPort, status } = await started({ replicas: 1 });
    await slave('s1').join(peerPort);
    await until(isHealthy(status));
    const client = new Redis({ host: HOST, port, maxRetriesPerRequest: 1 });
    clients.push(client);
    const ask = async (...words: readonly string[]): Promise<string> =>
      String(await client.call('PIAZZA', ...words));
    expect(decodeStatus(await ask('STATUS'))?.state).to.equal('healthy');
    expect(decodeWhere(await ask('WHERE', 'colour'))).to.deep.include({
      key: 'colour',
      owner: 's1',
      copies: [],
    });
    expect(decodeKeyRanges(await ask('KEYRANGE'))).to.have.lengthOf(1);
    expect(decodeKeyRanges(await ask('KEYRANGE_READ'))).to.have.lengthOf(1);
    expect(decodeRing(await ask('RING'))?.owners).to.deep.equal(Array.from({ length: 16 }, () => 0));
    expect(await client.info('piazza')).to.include('piazza_state:healthy');
    const complaint = await ask('WHERE').catch(String);
    expect(complaint).to.include("wrong number of arguments for 'piazza|where' command");
  });

  it('stops when asked to, and is found again as it was', async () => {
    const first = await started({ replicas: 1 });
    const s1 = slave('s1');
    await s1.join(first.peerPort);
    await until(isHealthy(first.status));
    const { epoch: before } = await first.status();
    first.server.kill('SIGTERM');
    expect(await first.server.ended).to.deep.equal({ status: 0, signal: undefined });
    const second = await started({ replicas: 1 });
    expect((await second.status()).epoch).to.equal(before);
  });

  describe('does not start, and says in one line what to do,', () => {
    async function expectRefusal(server: Spawned, line: RegExp): Promise<void> {
      expect((await server.ended).status).to.equal(1);
      expect(server.lines).to.deep.equal([]);
      expect(server.errors).to.have.lengthOf(1);
      expect(server.errors[0]).to.match(line);
    }

    it('when its directory is in use', async () => {
      await started();
      await expectRefusal(
        spawned(),
        /is in use by process \d+: stop that one, or choose another directory with --dir/,
      );
    });

    it('when its directory cannot be made', async () => {
      await expectRefusal(
        spawned({ dir: '/dev/null/below' }),
        /choose a directory that this user can write to with --dir/,
      );
    });

    it("when its directory is a slave's", async () => {
      await put(join(dir, 'coordination'), 'i', 'the identity of a store');
      await expectRefusal(
        spawned(),
        /holds something that is no journal of a cluster: choose another directory/,
      );
    });

    it('when its journal is damaged', async () => {
      await put(join(dir, 'coordination'), 'm', 'not what was sealed');
      await expectRefusal(
        spawned(),
        /is damaged \(the head of the journal does not match its checksum\): put its newest good copy back/,
      );
    });

    it('when a port is taken', async () => {
      const { port } = await started();
      const taken = spawned({ dir: join(dir, 'other'), port, 'peer-port': 0, 'http-port': 0 });
      expect((await taken.ended).status).to.equal(1);
      expect(taken.errors.at(-1)).to.match(
        /port \d+ is already in use on 127.0.0.1: .* choose another with --port/,
      );
      expect(taken.lines).to.deep.equal([]);
    });
  });
});

async function put(dir: string, key: string, value: string): Promise<void> {
  const store = openLmdbStore({
    dir,
    durability: 'fsync',
    onFailure: (error) => {
      throw error;
    },
  });
  await new Promise<void>((done) => {
    store.commit([{ kind: 'put', key: Buffer.from(key), value: Buffer.from(value) }], done);
  });
  await store.close();
}
