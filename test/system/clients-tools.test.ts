/** redis-cli and redis-benchmark, with default options, against the gateway and against slaves. */
import { expect } from 'chai';

import { slotOf } from '../../src/common/slot.ts';
import { ClusterProcesses, type SlaveSeat } from '../support/cluster-processes.ts';
import { hasTool, runTool, toolOutput } from '../support/tools.ts';

describe('against a real cluster', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses;
  let gateway: string;

  before(async () => {
    cluster = await ClusterProcesses.start({ slaves: 3, slave: ['--durability', 'os'] });
    gateway = `${cluster.ports.port}`;
  });

  after(() => cluster?.end());

  const strangerTo = (owner: SlaveSeat): SlaveSeat => {
    const other = cluster.ids.find((id) => id !== owner.id);
    return cluster.seat(other ?? owner.id);
  };

  describe('redis-cli', () => {
    before(function () {
      if (!hasTool('redis-cli')) this.skip();
    });

    const cli = (...args: readonly string[]): Promise<string> =>
      toolOutput('redis-cli', ['-p', gateway, ...args]);

    it('sets and gets through the gateway', async () => {
      expect(await cli('SET', 'hello', 'world')).to.equal('OK\n');
      expect(await cli('GET', 'hello')).to.equal('world\n');
      expect(await cli('GET', 'nothing')).to.equal('\n');
      expect(await cli('--no-raw', 'GET', 'nothing')).to.equal('(nil)\n');
    });

    it('speaks RESP3', async () => {
      await cli('SET', 'three', '3');
      expect(await cli('-3', 'GET', 'three')).to.equal('3\n');
      expect(await cli('-3', '--no-raw', 'GET', 'nothing')).to.equal('(nil)\n');
      expect(await cli('-3', '--no-raw', 'HELLO', '3')).to.match(/# "proto" => \(integer\) 3/);
    });

    it('reads commands from its standard input, a thousand of them', async () => {
      const input = Array.from({ length: 1_000 }, (_, number) => `SET piped:${number} ${number}\n`).join('');
      const out = await toolOutput('redis-cli', ['-p', gateway], { input });
      expect(out).to.equal('OK\n'.repeat(1_000));
      expect(
        await toolOutput('redis-cli', ['-p', gateway], { input: 'GET piped:999\nINCR piped:999\n' }),
      ).to.equal('999\n1000\n');
    });

    it('loads a mass of protocol with --pipe', async () => {
      const command = (number: number): string => {
        const words = ['SET', `mass:${number}`, `${number}`];
        return `*3\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
      };
      const input = Array.from({ length: 10_000 }, (_, number) => command(number)).join('');
      expect(await toolOutput('redis-cli', ['-p', gateway, '--pipe'], { input })).to.match(
        /errors: 0, replies: 10000/,
      );
      expect(await cli('GET', 'mass:9999')).to.equal('9999\n');
    });

    it('is sent on by a slave that is not the owner, and follows with -c', async () => {
      await cli('SET', 'roaming', 'yes');
      const { owner } = await cluster.where('roaming');
      const port = `${strangerTo(owner).port}`;
      const refused = await toolOutput('redis-cli', ['-p', port, 'GET', 'roaming']);
      expect(refused).to.equal(`MOVED ${slotOf('roaming')} 127.0.0.1:${owner.port}\n\n`);
      expect(await toolOutput('redis-cli', ['-c', '-p', port, 'GET', 'roaming'])).to.equal('yes\n');
      expect(await toolOutput('redis-cli', ['-c', '-p', gateway, 'GET', 'roaming'])).to.equal('yes\n');
    });

    it('counts the keys, and finds the cluster whole', async () => {
      const before = Number(await cli('DBSIZE'));
      await toolOutput('redis-cli', ['-p', gateway], {
        input: Array.from({ length: 100 }, (_, number) => `SET counted:${number} x\n`).join(''),
      });
      expect(Number(await cli('DBSIZE'))).to.equal(before + 100);
      const check = await toolOutput('redis-cli', [
        '--cluster',
        'check',
        `127.0.0.1:${cluster.seat('s1').port}`,
      ]);
      expect(check).to.include('[OK] All 16384 slots covered.');
    });
  });

  describe('redis-benchmark', () => {
    before(function () {
      if (!hasTool('redis-benchmark')) this.skip();
    });

    const REQUESTS = 20_000;

    /** Both tests ran to their end and nobody complained. */
    async function benchmark(port: string, ...args: readonly string[]): Promise<void> {
      const load = ['-t', 'set,get', '-P', '16', '-n', `${REQUESTS}`, '-q'];
      const { status, out, err } = await runTool('redis-benchmark', ['-p', port, ...load, ...args]);
      const text = out.replaceAll('\r', '\n');
      expect(status, text + err).to.equal(0);
      expect(text)
        .to.match(/^SET: \d+\.\d+ requests per second/m)
        .and.match(/^GET: \d+\.\d+ requests per second/m);
      expect(text + err).not.to.match(/\bERR\b|MOVED|CLUSTERDOWN|UNCERTAIN|Error/);
    }

    it('runs through the gateway', () => benchmark(gateway));

    it('runs through the gateway with random keys', () => benchmark(gateway, '-r', '10000'));

    it('runs with --cluster', () => benchmark(gateway, '--cluster', '-r', '10000'));

    it('runs straight at the owner of its key', async () => {
      const { owner } = await cluster.where('key:__rand_int__');
      await benchmark(`${owner.port}`);
    });
  });
});
