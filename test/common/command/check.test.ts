/** What is wrong with a command before anybody looks at data. */
import { expect } from 'chai';

import {
  checkCommand,
  KEY_BYTES_MAX,
  keysOf,
  slotOfKeys,
  VALUE_BYTES_MAX,
} from '../../../src/common/command/check.ts';
import { key } from '../../../src/common/ids.ts';
import { Failure } from '../../../src/common/reply.ts';

const args = (...words: readonly string[]): readonly Buffer[] => words.map((word) => Buffer.from(word));

function verdict(...words: readonly string[]): string {
  const checked = checkCommand(args(...words));
  return checked instanceof Failure ? checked.text : checked.spec.name;
}

function keysIn(...words: readonly string[]): readonly string[] {
  const checked = checkCommand(args(...words));
  return checked instanceof Failure ? [checked.text] : keysOf(checked.spec, args(...words));
}

describe('checkCommand', () => {
  it('knows names and numbers of arguments', () => {
    expect(verdict('gEt', 'a')).to.equal('get');
    expect(verdict('GET')).to.equal("ERR wrong number of arguments for 'get' command");
    expect(verdict('GET', 'a', 'b')).to.equal("ERR wrong number of arguments for 'get' command");
    expect(verdict('SET', 'a')).to.equal("ERR wrong number of arguments for 'set' command");
    expect(verdict('foo', 'a', 'b')).to.equal(
      "ERR unknown command 'foo', with args beginning with: 'a' 'b' ",
    );
    expect(verdict('foo')).to.equal("ERR unknown command 'foo', with args beginning with: ");
  });

  it('knows subcommands', () => {
    expect(verdict('CLIENT', 'getname')).to.equal('client');
    expect(verdict('CLIENT')).to.equal("ERR wrong number of arguments for 'client' command");
    expect(verdict('client', 'ID', 'x')).to.equal("ERR wrong number of arguments for 'client|id' command");
    expect(verdict('client', 'Foo', 'x')).to.equal("ERR unknown subcommand 'Foo'. Try CLIENT HELP.");
    expect(verdict('CLUSTER', 'MEET', 'x')).to.equal("ERR unknown subcommand 'MEET'. Try CLUSTER HELP.");
  });

  it('shows so much of a strange command, on one line', () => {
    const shown = verdict('x'.repeat(200), 'y'.repeat(100), 'z'.repeat(100), 'w');
    expect(shown).to.equal(
      `ERR unknown command '${'x'.repeat(128)}', with args beginning with: '${'y'.repeat(100)}' '${'z'.repeat(25)}' `,
    );
    expect(verdict('a\r\nb', 'c\nd', 'e\0f')).to.equal(
      "ERR unknown command 'a  b', with args beginning with: 'c d' 'e' ",
    );
  });

  it('refuses keys and values beyond their limits, wherever they stand', () => {
    const longest = 'k'.repeat(KEY_BYTES_MAX);
    expect(verdict('MGET', 'a', longest)).to.equal('mget');
    expect(verdict('MGET', 'a', `${longest}k`)).to.match(/^LIMIT .*1 KiB/);
    expect(verdict('MSET', 'a', `${longest}k`, 'b', '1')).to.equal('mset');
    expect(verdict('MSET', 'a', '1', `${longest}k`, '2')).to.match(/^LIMIT /);
    const huge = checkCommand([...args('SET', 'a'), Buffer.alloc(VALUE_BYTES_MAX + 1)]);
    expect(huge).to.be.instanceOf(Failure);
  });
});

describe('keysOf', () => {
  it('finds the keys where the registry says', () => {
    expect(keysIn('GET', 'a')).to.deep.equal(['a']);
    expect(keysIn('DEL', 'a', 'b', 'a')).to.deep.equal(['a', 'b', 'a']);
    expect(keysIn('MSET', 'a', '1', 'b', '2')).to.deep.equal(['a', 'b']);
    expect(keysIn('MSET', 'a', '1', 'b')).to.deep.equal(['a', 'b']);
    expect(keysIn('PING', 'a')).to.deep.equal([]);
  });
});

describe('slotOfKeys', () => {
  it('is the one slot of all keys', () => {
    const keys = (...words: readonly string[]) => words.map((word) => key(Buffer.from(word)));
    expect(slotOfKeys([])).to.equal(undefined);
    expect(slotOfKeys(keys('{user}1', '{user}2', 'user'))).to.equal(5474);
    expect(slotOfKeys(keys('a', 'b'))).to.deep.equal(
      new Failure("CROSSSLOT Keys in request don't hash to the same slot"),
    );
  });
});
