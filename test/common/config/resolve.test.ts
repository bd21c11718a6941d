/** Precedence, and what a person is told. */
import { expect } from 'chai';

import { resolve, type Sources } from '../../../src/common/config/resolve.ts';
import type { CoordinationConfig, SlaveConfig } from '../../../src/common/config/schema.ts';

const nothing: Sources = { commandLine: {}, env: {} };

function coordination(sources: Partial<Sources>): CoordinationConfig {
  const outcome = resolve('coordination-server', { ...nothing, ...sources });
  if (outcome.kind === 'complaints') throw new Error(outcome.complaints.join('\n'));
  return outcome.config;
}

function slave(sources: Partial<Sources>): SlaveConfig {
  const outcome = resolve('slave-server', { ...nothing, ...sources });
  if (outcome.kind === 'complaints') throw new Error(outcome.complaints.join('\n'));
  return outcome.config;
}

function complaints(
  program: 'coordination-server' | 'slave-server',
  sources: Partial<Sources>,
): readonly string[] {
  const outcome = resolve(program, { ...nothing, ...sources });
  return outcome.kind === 'complaints' ? outcome.complaints : [];
}

const warnings = (sources: Partial<Sources>): readonly string[] => {
  const outcome = resolve('coordination-server', { ...nothing, ...sources });
  return outcome.kind === 'config' ? outcome.warnings : ['no config'];
};

const file = (content: unknown): Sources['file'] & object => ({ name: 'piazza.json', content });

describe('a setting', () => {
  const commandLine = { port: '1001' };
  const env = { PIAZZA_PORT: '1002' };
  const inFile = file({ port: 1003 });

  it('comes from the command line before all', () => {
    expect(coordination({ commandLine, env, file: inFile }).port).to.equal(1001);
  });

  it('comes from the environment before the file', () => {
    expect(coordination({ env, file: inFile }).port).to.equal(1002);
  });

  it('comes from the file before its default', () => {
    expect(coordination({ file: inFile }).port).to.equal(1003);
    expect(coordination({}).port).to.equal(7000);
  });

  it('may be another from another place', () => {
    const config = coordination({
      commandLine,
      env: { PIAZZA_HOST: 'db1' },
      file: file({ replicas: 'all' }),
    });
    expect(config).to.include({ port: 1001, host: 'db1', replicas: 'all' });
  });
});

describe('a derived default', () => {
  it('follows the setting that it derives from', () => {
    expect(coordination({ commandLine: { port: '8000' } })).to.include({ peerPort: 18_000, httpPort: 8080 });
    expect(slave({ commandLine: { id: 's7', host: 'db7' } })).to.include({
      dir: './piazza-data/s7',
      advertise: 'db7',
    });
  });

  it('is picked by the system where the port is, or where the sum would be no port', () => {
    expect(coordination({ commandLine: { port: '0' } })).to.include({ peerPort: 0, httpPort: 0 });
    expect(coordination({ commandLine: { port: '55535' } }).peerPort).to.equal(65_535);
    expect(coordination({ commandLine: { port: '55536' } }).peerPort).to.equal(0);
    expect(slave({ commandLine: { id: 's1' } }).peerPort).to.equal(0);
  });

  it('gives way to what was given', () => {
    expect(coordination({ commandLine: { 'peer-port': '9' } })).to.include({ port: 7000, peerPort: 9 });
  });
});

describe('a complaint', () => {
  it('names the place as it was written', () => {
    const wrong = 'must be a whole number from 0 to 65535';
    expect(complaints('coordination-server', { commandLine: { port: 'abc' } })).to.deep.equal([
      `--port abc: ${wrong}`,
    ]);
    expect(complaints('coordination-server', { env: { PIAZZA_PORT: 'abc' } })).to.deep.equal([
      `PIAZZA_PORT=abc: ${wrong}`,
    ]);
    expect(complaints('coordination-server', { file: file({ port: 99_999 }) })).to.deep.equal([
      `piazza.json: "port": 99999: ${wrong}`,
    ]);
  });

  it('comes with all the others', () => {
    const all = complaints('coordination-server', {
      commandLine: { prot: '1', partitions: '3' },
      env: { PIAZZA_TOKENS: '0' },
      file: file({ minCopies: 2, window: 'long' }),
    });
    expect(all).to.have.lengthOf(5);
    expect(all[0]).to.equal('unknown option --prot; did you mean --port?');
    expect(all[1]).to.equal('piazza.json: unknown setting "minCopies"; did you mean min-copies?');
  });

  it('is made of what is missing', () => {
    expect(complaints('slave-server', {})[0]).to.match(/^--id is missing: .*; or set PIAZZA_ID$/);
    expect(slave({ env: { PIAZZA_ID: 's1' } }).id).to.equal('s1');
  });

  it('is not made of a zone that nobody named', () => {
    expect(slave({ commandLine: { id: 's1' } }).zone).to.equal(undefined);
    expect(slave({ commandLine: { id: 's1', zone: 'rack-1' } }).zone).to.equal('rack-1');
    expect(complaints('slave-server', { commandLine: { id: 's1', zone: 'room 1' } })).to.deep.equal([
      '--zone room 1: must be 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit',
    ]);
  });

  it('is made of an option that was repeated, but not of an address', () => {
    expect(complaints('slave-server', { commandLine: { id: ['a', 'b'] } })).to.deep.equal([
      '--id a --id b: must be given only once',
    ]);
    const { coordination: servers } = slave({ commandLine: { id: 'a', coordination: ['a:1', 'b:2'] } });
    expect(servers).to.have.lengthOf(2);
  });

  it('is made of a file that is no object, and of names that only look known', () => {
    for (const content of [7, 'port', [], undefined]) {
      expect(complaints('coordination-server', { file: file(content) })).to.deep.equal([
        'piazza.json: must hold one JSON object of settings',
      ]);
    }
    const strange = JSON.parse('{ "__proto__": 1, "constructor": 2 }') as unknown;
    expect(complaints('coordination-server', { file: file(strange) })).to.have.lengthOf(2);
  });
});

describe('an unknown variable', () => {
  it('is a warning, with what may have been meant', () => {
    expect(warnings({ env: { PIAZZA_PROT: '1', HOME: '/' } })).to.deep.equal([
      'unknown variable PIAZZA_PROT is ignored; did you mean PIAZZA_PORT?',
    ]);
  });

  it('is not one that another program of the house knows', () => {
    expect(
      warnings({ env: { PIAZZA_DURABILITY: 'os', PIAZZA_PARENT_FD: '3', PIAZZA_CONFIG: 'x' } }),
    ).to.deep.equal([]);
  });
});
