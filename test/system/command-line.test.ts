/** From typed words to a config, with a real file between. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { readCommandLine } from '../../src/common/config/io/command-line.ts';

describe('the command line', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'piazza-config-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function file(text: string): Promise<string> {
    const name = join(folder, 'piazza.json');
    await writeFile(name, text);
    return name;
  }

  const complaints = (...argv: readonly string[]): readonly string[] => {
    const outcome = readCommandLine('coordination-server', argv, {});
    return outcome.kind === 'complaints' ? outcome.complaints : [];
  };

  it('gives a config', () => {
    const outcome = readCommandLine('coordination-server', ['--port=7100', '--replicas', 'all'], {});
    expect(outcome)
      .to.have.property('config')
      .that.includes({ port: 7100, replicas: 'all', peerPort: 17_100 });
  });

  it('gives a repeated address as often as it was given', () => {
    const argv = ['--id', '007', '--coordination', 'a:1', '--coordination', 'b:2'];
    const outcome = readCommandLine('slave-server', argv, {});
    expect(outcome).to.have.nested.property('config.coordination').that.has.lengthOf(2);
    expect(outcome).to.have.nested.property('config.id', '007');
  });

  it('reads the file that it names, or that the environment names', async () => {
    const name = await file('{ "port": 7200 }');
    for (const [argv, env] of [
      [['--config', name], {}],
      [[], { PIAZZA_CONFIG: name }],
    ] as const) {
      const outcome = readCommandLine('coordination-server', argv, env);
      expect(outcome).to.have.nested.property('config.port', 7200);
    }
  });

  it('complains about a file that is not there, or is no JSON', async () => {
    expect(complaints('--config', join(folder, 'none.json'))[0]).to.match(/^--config .*none\.json: ENOENT/);
    expect(complaints('--config', await file('{ port: 1 }'))[0]).to.match(/piazza\.json: is no JSON: /);
    expect(complaints('--config', folder)[0]).to.match(/EISDIR/);
  });

  it('complains about what it does not know, in the words that were typed', () => {
    expect(complaints('--prot', '1')).to.deep.equal(['unknown option --prot; did you mean --port?']);
    expect(complaints('--no-host')[0]).to.match(/^unknown option --no-host/);
    expect(complaints('-x')).to.deep.equal(['unknown option -x']);
    expect(complaints('start')[0]).to.match(/^unexpected word "start"/);
    expect(complaints('--', 'start')[0]).to.match(/^unexpected word "start"/);
    expect(complaints('--port')).to.deep.equal(['--port: needs a value: a whole number from 0 to 65535']);
    expect(complaints('--port', '1', '--port', '2')).to.deep.equal([
      '--port 1 --port 2: must be given only once',
    ]);
  });

  it('prints help that has every option and every default, and the version', () => {
    const help = readCommandLine('coordination-server', ['--help', '--port', 'abc'], {});
    expect(help).to.have.property('kind', 'print');
    for (const words of [
      '--with-slaves',
      '[default: port + 10000]',
      'chain, two-phase, raft',
      'Liveness',
      'Examples:',
    ]) {
      expect(help).to.have.property('text').that.includes(words);
    }
    const version = readCommandLine('slave-server', ['--version'], {});
    expect(version)
      .to.have.property('text')
      .that.matches(/^\d+\.\d+\.\d+/);
  });
});
