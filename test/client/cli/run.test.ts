import { expect } from 'chai';

import { RefusedError, TimeoutError, UncertainError, UnreachableError } from '../../../src/client/errors.ts';
import { mapCluster, stringWorld, told } from './string-world.ts';

const run = (...argv: readonly string[]) => told(stringWorld(mapCluster()), ...argv);

/** A world in which every read fails like this. */
const failing = (error: Error) => stringWorld(mapCluster({ get: () => Promise.reject(error) }));

describe('piazza-client', () => {
  describe('put, get, delete', () => {
    it('says whether a put inserted or updated', async () => {
      const cluster = mapCluster();
      expect(await told(stringWorld(cluster), 'put', 'colour', 'ochre')).to.include({
        status: 0,
        out: 'inserted\n',
      });
      expect(await told(stringWorld(cluster), 'put', 'colour', 'red')).to.include({
        status: 0,
        out: 'updated\n',
      });
    });

    it('writes the bytes of a value as they are, with a newline only to a terminal', async () => {
      const cluster = mapCluster();
      await cluster.put('k', 'v');
      expect((await told(stringWorld(cluster), 'get', 'k')).out).to.equal('v');
      const seen = stringWorld(cluster);
      const terminal = { ...seen.terminal, newline: true };
      expect((await told(stringWorld(cluster, { terminal }), 'get', 'k')).out).to.equal('v\n');
    });

    it('gives status 1 for a key that is absent', async () => {
      expect(await run('get', 'k')).to.deep.equal({ status: 1, out: '', err: ['"k" is absent'] });
      expect(await run('delete', 'k')).to.include({ status: 1, out: '' });
    });

    it('prints a value that is no text as base64 for machines', async () => {
      const cluster = mapCluster();
      await cluster.put('k', Buffer.from([0xff, 0]));
      expect((await told(stringWorld(cluster), 'get', 'k', '--json')).out).to.equal(
        '{"key":"k","value":"/wA=","encoding":"base64"}\n',
      );
    });

    const words = [
      { argv: ['put', '007', '1e3'], key: '007', value: '1e3' },
      { argv: ['put', 'k', ''], key: 'k', value: '' },
      { argv: ['put', '', 'v'], key: '', value: 'v' },
      { argv: ['put', 'k', '-'], key: 'k', value: '-' },
      { argv: ['put', 'k', '-5'], key: 'k', value: '-5' },
      { argv: ['put', 'k', '--', '--json'], key: 'k', value: '--json' },
      { argv: ['put', '--', '-k', '--'], key: '-k', value: '--' },
      { argv: ['--json', 'put', 'a.b', 'x=y'], key: 'a.b', value: 'x=y' },
      { argv: ['put', '0x10', 'true'], key: '0x10', value: 'true' },
      { argv: ['put', '"k"', "'v'"], key: '"k"', value: "'v'" },
      { argv: ['put', '__proto__', 'constructor'], key: '__proto__', value: 'constructor' },
      { argv: ['--connect', 'h:1', '--connect', 'h:2', 'put', ' k ', ' v '], key: ' k ', value: ' v ' },
    ];
    for (const { argv, key, value } of words) {
      it(`stores the words of ${JSON.stringify(argv)} unchanged`, async () => {
        const cluster = mapCluster();
        expect((await told(stringWorld(cluster), ...argv)).status).to.equal(0);
        expect([...cluster.table].map(([name, bytes]) => [name, bytes.toString()])).to.deep.equal([
          [key, value],
        ]);
      });
    }
  });

  describe('wrong usage', () => {
    const wrong = [
      { argv: ['statsu'], says: 'unknown command "statsu"; did you mean status?' },
      { argv: ['qqqqqq', 'x'], says: 'unknown command "qqqqqq"' },
      { argv: ['toString'], says: 'unknown command "toString"' },
      { argv: ['status', '--wach'], says: 'Unknown argument: wach' },
      { argv: ['--foo', 'get', 'k'], says: 'Unknown argument: foo' },
      { argv: ['get'], says: 'Not enough non-option arguments' },
      { argv: ['get', 'a', 'b'], says: 'Unknown argument: b' },
      { argv: ['get', 'k', '--timeout'], says: 'timeout' },
      { argv: ['get', 'k', '--timeout', '0'], says: '--timeout must be a whole number' },
      { argv: ['get', 'k', '--timeout', '-5'], says: '--timeout must be a whole number' },
      { argv: ['get', 'k', '--timeout', '1', '--timeout', '2'], says: '--timeout must be' },
      { argv: ['get', 'k', '--connect', 'nowhere'], says: '--connect must be HOST:PORT' },
      { argv: ['put', 'k', 'v', '--ttl', '0'], says: '--ttl must be a number of seconds' },
      { argv: ['put', 'k', 'v', '--ttl', 'soon'], says: '--ttl must be a number of seconds' },
      { argv: ['get', 'k', '--config', 'nix.json'], says: 'nix.json: no such file' },
    ];
    for (const { argv, says } of wrong) {
      it(`gives status 2 for ${argv.join(' ')}, and says why`, async () => {
        const { status, out, err } = await run(...argv);
        expect([status, out]).to.deep.equal([2, '']);
        expect(err[0]).to.contain(says);
      });
    }
  });

  describe('exit status', () => {
    const cases = [
      { error: new RefusedError('CLUSTERDOWN', 'nobody may answer'), status: 1 },
      { error: new UnreachableError('nobody there'), status: 3 },
      { error: new TimeoutError('silence'), status: 3 },
      { error: new UncertainError('who knows'), status: 4 },
    ];
    for (const { error, status } of cases) {
      it(`is ${status} for ${error.name}, with the reason on standard error`, async () => {
        const result = await told(failing(error), 'get', 'k');
        expect(result).to.deep.equal({ status, out: '', err: [`${error.code} ${error.message}`] });
      });
    }

    it('is none for a bug, which is thrown on', async () => {
      const bug = new TypeError('a bug');
      expect(await run0(failing(bug))).to.equal(bug);
    });
  });

  describe('settings', () => {
    const asked = async (env: Record<string, string>, file: string, ...argv: readonly string[]) => {
      let options: unknown;
      const cluster = mapCluster();
      const world = stringWorld(cluster, {
        env,
        connect: (wish) => {
          options = { addresses: wish.addresses, timeoutMs: wish.timeoutMs };
          return Promise.resolve(cluster);
        },
      });
      world.files.set('piazza.json', file);
      expect(await told(world, ...argv, 'get', 'k')).to.include({ status: 1 });
      return options;
    };
    const file = '{"connect":["file:1"],"timeout":10}';

    it('come from the command line before the environment, the file and the default', async () => {
      const env = { PIAZZA_CONNECT: 'env:1,env:2' };
      const config = ['--config', 'piazza.json'];
      expect(await asked({}, '')).to.deep.equal({ addresses: ['127.0.0.1:7000'], timeoutMs: 5000 });
      expect(await asked({}, file, ...config)).to.deep.equal({ addresses: ['file:1'], timeoutMs: 10 });
      expect(await asked(env, file, ...config)).to.deep.equal({
        addresses: ['env:1', 'env:2'],
        timeoutMs: 10,
      });
      expect(await asked(env, file, ...config, '--connect', 'word:1', '--timeout', '7')).to.deep.equal({
        addresses: ['word:1'],
        timeoutMs: 7,
      });
    });

    it('warn of a variable that nobody knows, and of no other', async () => {
      const world = stringWorld(mapCluster(), { env: { PIAZZA_CONECT: 'x', PIAZZA_PORT: '7', HOME: '/' } });
      const { err } = await told(world, 'put', 'k', 'v');
      expect(err).to.deep.equal([
        'piazza-client: unknown variable PIAZZA_CONECT is ignored; did you mean PIAZZA_CONNECT?',
      ]);
    });

    it('are refused where the file holds something unknown', async () => {
      const world = stringWorld(mapCluster());
      world.files.set('f', '{"conect":"a:1"}');
      expect((await told(world, '--config', 'f', 'get', 'k')).err[0]).to.contain('unknown setting "conect"');
    });
  });

  it('prints its version and its help on standard output', async () => {
    expect(await run('--version')).to.include({ status: 0, out: '1.2.3\n' });
    const { status, out } = await run('--help');
    expect(status).to.equal(0);
    expect(out).to.contain('keyrange-read').and.contain('--connect').and.not.contain('words');
  });

  it('says of what is not built yet that it is not', async () => {
    expect(await run('bench')).to.deep.equal({ status: 1, out: '', err: ['not built yet'] });
  });

  it('tells where a key lives', async () => {
    expect((await run('where', 'k')).out).to.match(
      /^key +k\nslot +7\npartition +0\nepoch +3\nowner +s1\ncopies +s2\n$/,
    );
    expect(JSON.parse((await run('where', 'k', '--json')).out)).to.have.all.keys(
      'key', 'slot', 'partition', 'epoch', 'owner', 'copies',
    ); // prettier-ignore
  });

  it('tells who owns what, and who may be read', async () => {
    expect((await run('keyrange')).out.split('\n')[1]).to.match(/^0-8191 +128 +s1 +127.0.0.1:7001$/);
    expect((await run('keyrange')).out).to.contain('(nobody)');
    expect((await run('keyrange-read')).out.split('\n')[1]).to.contain('s2 127.0.0.1:7002');
  });
});

async function run0(world: ReturnType<typeof stringWorld>): Promise<unknown> {
  try {
    return await told(world, 'get', 'k');
  } catch (error) {
    return error;
  }
}
