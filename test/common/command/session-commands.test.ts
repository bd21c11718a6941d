/** The commands about a connection: what they answer, and what they leave behind in the session. */
import { expect } from 'chai';

import { commands } from '../../../src/common/command/registry.ts';
import { sessionCommandOf } from '../../../src/common/command/session-commands.ts';
import { fakeSession, wireOf } from './fake-session.ts';

describe('PING, ECHO, SELECT, AUTH, ASKING', () => {
  it('answer as Redis does', () => {
    const table: Readonly<Record<string, string>> = {
      PING: '+PONG',
      'PING hi': '$2 hi',
      'PING a b': "-ERR wrong number of arguments for 'ping' command",
      'ECHO hi': '$2 hi',
      'SELECT 0': '+OK',
      'SELECT 1': '-ERR SELECT is not allowed in cluster mode',
      'SELECT x': '-ERR value is not an integer or out of range',
      'AUTH default x': '+OK',
      'AUTH bob x': '-WRONGPASS invalid username-password pair or user is disabled.',
      'AUTH a b c': '-ERR syntax error',
      ASKING: '+OK',
    };
    for (const [line, reply] of Object.entries(table)) expect(wireOf(line), line).to.equal(reply);
    expect(wireOf('AUTH x')).to.match(/^-ERR AUTH <password> called without any password configured/);
  });
});

describe('HELLO', () => {
  it('greets in the dialect it was asked for, and stays in it', () => {
    const session = fakeSession();
    const facts = '$6 server $5 redis $7 version $6 7.0.15';
    expect(wireOf('HELLO 3', session)).to.equal(
      `%8 ${facts} $5 proto :3 $2 id :7 $4 mode $7 cluster $4 role $6 master $7 modules *0 $14 piazza_version $5 0.1.0`,
    );
    expect(wireOf('HELLO', session)).to.match(/^%8 .* proto :3 /);
    expect(wireOf('HELLO 2', session)).to.match(/^\*16 .* proto :2 /);
  });

  it('takes a name and the one user there is', () => {
    const session = fakeSession();
    expect(wireOf('HELLO 3 SETNAME a AUTH default x setname b', session)).to.match(/^%8/);
    expect([session.name, session.protocol]).to.deep.equal(['b', 3]);
  });

  it('changes nothing when anything is wrong with it', () => {
    const table: Readonly<Record<string, string>> = {
      'HELLO 4': '-NOPROTO unsupported protocol version',
      'HELLO x': '-ERR Protocol version is not an integer or out of range',
      'HELLO 3 FOO': "-ERR Syntax error in HELLO option 'FOO'",
      'HELLO 3 SETNAME': "-ERR Syntax error in HELLO option 'SETNAME'",
      'HELLO 3 SETNAME a AUTH bob x': '-WRONGPASS invalid username-password pair or user is disabled.',
      'HELLO 3 SETNAME é': '-ERR Client names cannot contain spaces, newlines or special characters.',
    };
    for (const [line, reply] of Object.entries(table)) {
      const session = fakeSession();
      expect(wireOf(line, session), line).to.equal(reply);
      expect([session.name, session.protocol], line).to.deep.equal(['', 2]);
    }
  });
});

describe('QUIT, RESET, READONLY, READWRITE', () => {
  it('change the session', () => {
    const session = fakeSession();
    expect(wireOf('READONLY', session)).to.equal('+OK');
    expect(session.readOnly).to.equal(true);
    expect(wireOf('READWRITE', session)).to.equal('+OK');
    expect(session.readOnly).to.equal(false);
    for (const line of ['HELLO 3 SETNAME me', 'READONLY']) wireOf(line, session);
    expect(wireOf('RESET', session)).to.equal('+RESET');
    expect([session.protocol, session.name, session.readOnly]).to.deep.equal([2, '', false]);
    expect(wireOf('QUIT', session)).to.equal('+OK');
    expect(session.closing).to.equal(true);
  });
});

describe('INFO and CONFIG GET', () => {
  it('tell what they are given', () => {
    expect(wireOf('INFO')).to.equal('$32 # Server redis_version:7.0.15');
    expect(wireOf('INFO nonesuch')).to.equal('$0');
    expect(wireOf('CONFIG GET save')).to.equal('*2 $4 save $0');
    expect(wireOf('CONFIG GET SAV? append*')).to.equal('*4 $4 save $0  $10 appendonly $3 yes');
    expect(wireOf('CONFIG GET maxmemory')).to.equal('*0');
    expect(wireOf('CONFIG SET save x')).to.equal("-ERR unknown subcommand 'SET'. Try CONFIG HELP.");
    expect(wireOf('CONFIG HELP')).to.match(/^\*5 \+CONFIG <subcommand>/);
  });
});

describe('sessionCommandOf', () => {
  it('covers every command of a connection, and of the server all but DBSIZE', () => {
    const without = commands.filter((spec) => sessionCommandOf(spec) === undefined);
    const expected = commands.filter(
      ({ kind, name }) => ['read', 'write', 'cluster'].includes(kind) || name === 'dbsize',
    );
    expect(without).to.deep.equal(expected);
  });
});
