/** COMMAND: the ten elements by position, documentation, lists, and keys. */
import { expect } from 'chai';

import { commands } from '../../../src/common/command/registry.ts';
import { Pairs } from '../../../src/common/reply.ts';
import { answerOf, bulkText, elementsOf, fakeSession, wireOf } from './fake-session.ts';

describe('COMMAND', () => {
  it('describes a command in ten elements', () => {
    expect(wireOf('COMMAND INFO mset')).to.equal(
      '*1 *10 $4 mset :-3 *2 +write +denyoom :1 :-1 :2 *3 +@write +@string +@slow ' +
        '*2 $26 request_policy:multi_shard $29 response_policy:all_succeeded ' +
        '*1 *6 $5 flags *2 +OW +update $12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 ' +
        '$9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :-1 $7 keystep :2 $5 limit :0 *0',
    );
    expect(wireOf('COMMAND INFO nonesuch client|nonesuch')).to.equal('*2 $-1 $-1');
    expect(wireOf('COMMAND INFO Client|Id')).to.match(/^\*1 \*10 \$9 client\|id :2 /);
  });

  it('describes all of them when none is named', () => {
    for (const line of ['COMMAND', 'COMMAND INFO']) {
      const all = elementsOf(answerOf(line, fakeSession()));
      expect(all.map((one) => bulkText(elementsOf(one)[0]))).to.deep.equal(commands.map(({ name }) => name));
    }
    expect(wireOf('COMMAND COUNT')).to.equal(`:${commands.length}`);
  });

  it('documents those it knows', () => {
    const docs = answerOf('COMMAND DOCS get nonesuch client', fakeSession());
    const entries = docs instanceof Pairs ? docs.entries : [];
    expect(entries.map(([name]) => name)).to.deep.equal(['get', 'client']);
    expect(wireOf('COMMAND DOCS get')).to.equal(
      '*2 $3 get *6 $7 summary $22 Get the value of a key $5 since $5 1.0.0 $5 group $6 string',
    );
    expect(wireOf('COMMAND DOCS')).to.match(new RegExp(`^\\*${2 * commands.length} `));
  });

  it('lists names, all or some', () => {
    const names = (line: string): readonly string[] =>
      elementsOf(answerOf(line, fakeSession())).map(bulkText);
    expect(names('COMMAND LIST')).to.include.members(['get', 'client', 'client|id']);
    expect(names('COMMAND LIST FILTERBY PATTERN GETS*')).to.deep.equal(['getset']);
    expect(names('COMMAND LIST FILTERBY ACLCAT admin')).to.deep.equal(['client|list', 'config|get']);
    expect(names('COMMAND LIST FILTERBY MODULE x')).to.deep.equal([]);
    expect(wireOf('COMMAND LIST FILTERBY FOO x')).to.equal('-ERR syntax error');
  });

  it('finds the keys of a whole command', () => {
    const table: Readonly<Record<string, string>> = {
      'MSET a 1 b 2': '*2 $1 a $1 b',
      'FOO a': '-ERR Invalid command specified',
      'PING a': '-ERR The command has no key arguments',
      'GET a b': '-ERR Invalid number of arguments specified for command',
    };
    for (const [line, reply] of Object.entries(table))
      expect(wireOf(`COMMAND GETKEYS ${line}`)).to.equal(reply);
  });
});
