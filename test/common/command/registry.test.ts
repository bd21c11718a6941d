/** The registry: names found in any case, rows as the rest of the program needs them. */
import { expect } from 'chai';

import { commandOf, commands, isWord, subcommandOf } from '../../../src/common/command/registry.ts';

const named = (name: string): ReturnType<typeof commandOf> => commandOf(Buffer.from(name, 'latin1'));

describe('the registry', () => {
  it('finds every command in any mixture of cases, and its place', () => {
    for (const [index, spec] of commands.entries()) {
      const mixed = spec.name.replace(/^./, (first) => first.toUpperCase());
      expect([spec.name, spec.name.toUpperCase(), mixed].map(named)).to.deep.equal([spec, spec, spec]);
      expect(spec.index).to.equal(index);
    }
  });

  it('finds nothing else', () => {
    for (const name of ['', 'ge', 'gett', 'g\x45T\0', 'client|id', 'GE\x14', 'g'.repeat(100_000), 'gêt']) {
      expect(named(name), name.slice(0, 20)).to.equal(undefined);
    }
  });

  it('has all commands of version 0.1', () => {
    const data =
      'get set setnx setex psetex getset getdel getex mget mset del unlink exists type strlen append incr decr ' +
      'incrby decrby incrbyfloat getrange setrange expire pexpire expireat pexpireat ttl pttl expiretime ' +
      'pexpiretime persist';
    const others =
      'ping echo hello quit reset select command info client readonly readwrite asking dbsize cluster auth config ' +
      'keyrange keyrange_read';
    for (const name of `${data} ${others}`.split(' ')) expect(named(name)?.name).to.equal(name);
  });

  it('knows what the gateway splits, and what can need room', () => {
    const split = commands.filter(({ splits }) => splits).map(({ name, splits }) => `${name} ${splits}`);
    expect(split).to.deep.equal(['mget mget', 'del sum', 'unlink sum', 'exists sum']);
    const growing = commands.filter(({ grows }) => grows).map(({ name }) => name);
    expect(growing).to.include.members(['set', 'mset', 'append', 'setrange', 'incr']);
    expect(growing).to.not.include.members(['del', 'expire', 'getdel', 'persist']);
  });

  it('gives containers their subcommands, and nobody else any', () => {
    const client = named('CLIENT');
    expect(client && subcommandOf(client, Buffer.from('SetName'))?.name).to.equal('client|setname');
    expect(client && subcommandOf(client, Buffer.from('nonesuch'))).to.equal(undefined);
    const containers = commands.filter(({ subcommands }) => subcommands).map(({ name }) => name);
    expect(containers).to.have.members(['client', 'command', 'config', 'cluster']);
  });

  it('says which kind each command is, as its flags do', () => {
    for (const { name, kind, flags, firstKey } of commands) {
      expect(kind === 'write', name).to.equal(flags.includes('write'));
      expect(kind === 'read' || kind === 'write', name).to.equal(firstKey > 0);
    }
  });
});

describe('isWord', () => {
  it('compares letters only without their case', () => {
    expect(isWord(Buffer.from('KeepTTL'), 'keepttl')).to.equal(true);
    expect(
      [Buffer.from('keepttl '), Buffer.from('@'), Buffer.from('')].map((word) => isWord(word, '`')),
    ).to.deep.equal([false, false, false]);
  });
});
