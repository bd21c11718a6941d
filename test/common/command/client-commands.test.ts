/** CLIENT: names, libraries, and the list of connections. */
import { expect } from 'chai';

import { answerOf, bulkText, fakeSession, surroundingsOf, wireOf } from './fake-session.ts';

describe('CLIENT', () => {
  it('names a connection, and forgets the name', () => {
    const session = fakeSession();
    const talk = ['ID', 'GETNAME', 'SETNAME me', 'GETNAME', 'SETNAME é', 'GETNAME', "SETNAME ''", 'GETNAME'];
    expect(talk.map((line) => wireOf(`CLIENT ${line}`, session))).to.deep.equal([
      ...[':7', '$-1', '+OK', '$2 me'],
      ...['-ERR Client names cannot contain spaces, newlines or special characters.', '$2 me', '+OK', '$-1'],
    ]);
  });

  it('takes what libraries say of themselves', () => {
    const session = fakeSession();
    expect(wireOf('CLIENT SETINFO LIB-NAME ioredis', session)).to.equal('+OK');
    expect(wireOf('CLIENT SETINFO lib-ver 6.0', session)).to.equal('+OK');
    expect([session.libName, session.libVersion]).to.deep.equal(['ioredis', '6.0']);
    expect(wireOf('CLIENT SETINFO lib-foo x', session)).to.equal("-ERR Unrecognized option 'lib-foo'");
    expect(wireOf('CLIENT SETINFO lib-ver é', session)).to.equal(
      '-ERR lib-ver cannot contain spaces, newlines or special characters.',
    );
    expect(session.libVersion).to.equal('6.0');
  });

  it('describes one connection, or all', () => {
    const [first, second] = [
      fakeSession(1),
      { ...fakeSession(2), name: 'me', readOnly: true, lastCommand: 'get' },
    ];
    const around = surroundingsOf(first, second);
    const info = answerOf('CLIENT INFO', second, around);
    expect(bulkText(info)).to.equal(
      'id=2 addr=127.0.0.1:50000 laddr=127.0.0.1:7001 name=me age=3 flags=r db=0 multi=-1 cmd=get user=default ' +
        'resp=2 lib-name= lib-ver= tot-cmds=0\n',
    );
    const list = bulkText(answerOf('CLIENT LIST', first, around));
    expect(list.split('\n').map((line) => line.split(' ')[0])).to.deep.equal(['id=1', 'id=2', '']);
  });

  it('lists those that were asked for', () => {
    const around = surroundingsOf(fakeSession(1), fakeSession(2), fakeSession(3));
    const idsOf = (line: string): string =>
      [...bulkText(answerOf(line, fakeSession(1), around)).matchAll(/^id=(\d)/gm)]
        .map(([, id]) => id)
        .join(' ');
    expect(idsOf('CLIENT LIST ID 3 1 9')).to.equal('1 3');
    expect(idsOf('CLIENT LIST TYPE normal')).to.equal('1 2 3');
    expect(idsOf('CLIENT LIST TYPE pubsub')).to.equal('');
    expect(wireOf('CLIENT LIST TYPE foo')).to.equal("-ERR Unknown client type 'foo'");
    expect(wireOf('CLIENT LIST ID x')).to.equal('-ERR Invalid client ID');
    expect(wireOf('CLIENT LIST TYPE')).to.equal('-ERR syntax error');
  });

  it('refuses the rest, and helps', () => {
    expect(wireOf('CLIENT KILL x')).to.equal("-ERR unknown subcommand 'KILL'. Try CLIENT HELP.");
    expect(wireOf('CLIENT HELP')).to.match(/^\*\d+ \+CLIENT <subcommand>/);
  });
});
