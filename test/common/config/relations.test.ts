/** Settings that are right one by one and wrong together. */
import { expect } from 'chai';

import { resolve } from '../../../src/common/config/resolve.ts';

const coordination = (commandLine: Readonly<Record<string, string>>): readonly string[] => {
  const outcome = resolve('coordination-server', { commandLine, env: {} });
  return outcome.kind === 'complaints'
    ? outcome.complaints
    : outcome.warnings.map((text) => `warning: ${text}`);
};

const slave = (commandLine: Readonly<Record<string, string>>): readonly string[] => {
  const outcome = resolve('slave-server', { commandLine: { id: 's1', ...commandLine }, env: {} });
  return outcome.kind === 'complaints' ? outcome.complaints : outcome.warnings;
};

describe('relations', () => {
  it('hold for the defaults', () => {
    expect(coordination({})).to.deep.equal([]);
    expect(coordination({ 'with-slaves': '3' })).to.deep.equal([]);
    expect(coordination({ port: '0', 'with-slaves': '64', partitions: '1024' })).to.deep.equal([]);
    expect(slave({})).to.deep.equal([]);
  });

  it('want three heartbeats in a window', () => {
    expect(coordination({ heartbeat: '200', window: '600' })).to.deep.equal([]);
    expect(coordination({ heartbeat: '201' })[0]).to.match(
      /^--window 600 .* with --heartbeat 201 choose 603 or more$/,
    );
  });

  it('want a promise to be renewed within a window', () => {
    expect(coordination({ promise: '1799' })).to.deep.equal([]);
    expect(coordination({ promise: '1800' })[0]).to.match(/^--promise 1800 .* choose less than 1800$/);
  });

  it('want no more live copies than there are copies', () => {
    expect(coordination({ 'min-copies': '2' })).to.deep.equal([]);
    expect(coordination({ 'min-copies': '3' })[0]).to.match(
      /^--min-copies 3 can never be had with --replicas 2/,
    );
    expect(coordination({ 'min-copies': '3', replicas: 'all' })).to.deep.equal([]);
  });

  it('want a port for each listener, those of the children too', () => {
    expect(coordination({ port: '9', 'http-port': '9' })[0]).to.equal(
      '--port and --http-port must differ: both are 9',
    );
    expect(coordination({ 'with-slaves': '3', 'http-port': '7002' })[0]).to.match(
      /^--http-port and the port of slave s2/,
    );
    expect(coordination({ 'http-port': '7002' })).to.deep.equal([]);
    expect(slave({ port: '9', 'peer-port': '9' })[0]).to.match(/must differ/);
    expect(slave({ port: '0', 'peer-port': '0' })).to.deep.equal([]);
  });

  it('want an address that others can dial', () => {
    expect(slave({ host: '0.0.0.0' })[0]).to.match(/^0\.0\.0\.0 means every address .* --advertise/);
    expect(slave({ host: '0.0.0.0', advertise: 'db1' })).to.deep.equal([]);
  });

  it('warn of what works, but hardly as it was meant', () => {
    expect(coordination({ 'request-timeout': '1000' })[0]).to.match(
      /^warning: --request-timeout 1000 ends before/,
    );
    expect(coordination({ partitions: '16', 'with-slaves': '3' })[0]).to.match(
      /^warning: --partitions 16 are few/,
    );
  });
});
