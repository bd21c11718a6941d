import { expect } from 'chai';

import { Double, Failure, Pairs, type Reply, Simple } from '../../../src/common/reply.ts';
import { decodeReply, REPLY_BYTES_MAX, ReplyScanner, SIGN } from '../../../src/common/wire/resp-reply.ts';
import { bytes, pieces, scannedFrom } from '../../support/resp-bytes.ts';

interface Row {
  readonly title: string;
  readonly wire: string;
  readonly reply: Reply;
}

const rows: readonly Row[] = [
  { title: 'a simple string', wire: '+OK\r\n', reply: new Simple('OK') },
  { title: 'an empty simple string', wire: '+\r\n', reply: new Simple('') },
  { title: 'an error', wire: '-ERR no\r\n', reply: new Failure('ERR no') },
  { title: 'an integer', wire: ':-42\r\n', reply: -42 },
  { title: 'a zero with a minus', wire: ':-0\r\n', reply: 0 },
  { title: 'an integer with a plus', wire: ':+42\r\n', reply: 42 },
  {
    title: 'an integer that JavaScript cannot hold',
    wire: ':9007199254740993\r\n',
    reply: bytes('9007199254740993'),
  },
  { title: 'a bulk string', wire: '$3\r\na\r\n\r\n', reply: bytes('a\r\n') },
  { title: 'an empty bulk string', wire: '$0\r\n\r\n', reply: bytes('') },
  { title: 'the null of RESP2', wire: '$-1\r\n', reply: undefined },
  { title: 'the null array of RESP2', wire: '*-1\r\n', reply: undefined },
  { title: 'the null of RESP3', wire: '_\r\n', reply: undefined },
  { title: 'an array', wire: '*2\r\n:1\r\n$1\r\na\r\n', reply: [1, bytes('a')] },
  { title: 'an empty array', wire: '*0\r\n', reply: [] },
  { title: 'arrays in arrays', wire: '*2\r\n*1\r\n*0\r\n*1\r\n:7\r\n', reply: [[[]], [7]] },
  { title: 'a true', wire: '#t\r\n', reply: 1 },
  { title: 'a false', wire: '#f\r\n', reply: 0 },
  { title: 'a double', wire: ',1.5e-3\r\n', reply: new Double(0.0015) },
  { title: 'an infinite double', wire: ',-inf\r\n', reply: new Double(-Infinity) },
  { title: 'no number', wire: ',nan\r\n', reply: new Double(NaN) },
  { title: 'a big number', wire: '(123456789012345678901\r\n', reply: bytes('123456789012345678901') },
  { title: 'a bulk error', wire: '!8\r\nERR a\r\nb\r\n', reply: new Failure('ERR a b') },
  { title: 'a verbatim string', wire: '=7\r\ntxt:abc\r\n', reply: bytes('abc') },
  { title: 'a set', wire: '~2\r\n:1\r\n:2\r\n', reply: [1, 2] },
  { title: 'a push', wire: '>2\r\n+pubsub\r\n:1\r\n', reply: [new Simple('pubsub'), 1] },
  {
    title: 'a map',
    wire: '%2\r\n$1\r\na\r\n:1\r\n:2\r\n*0\r\n',
    reply: new Pairs([
      ['a', 1],
      ['2', []],
    ]),
  },
  { title: 'an empty map', wire: '%0\r\n', reply: new Pairs([]) },
  { title: 'an answer with an attribute', wire: '|1\r\n+ttl\r\n:9\r\n$1\r\na\r\n', reply: bytes('a') },
  { title: 'an answer with an empty attribute', wire: '|0\r\n:1\r\n', reply: 1 },
  {
    title: 'an element with an attribute',
    wire: '*2\r\n|1\r\n+a\r\n*1\r\n:0\r\n:1\r\n:2\r\n',
    reply: [1, 2],
  },
  { title: 'a row of attributes', wire: `${'|0\r\n'.repeat(100)}:1\r\n`, reply: 1 },
];

const nested = (depth: number): string => `${'*1\r\n'.repeat(depth)}:1\r\n`;

const offences: readonly { readonly title: string; readonly wire: string }[] = [
  { title: 'another first byte', wire: 'x\r\n' },
  { title: 'a line that ends otherwise', wire: '+OK\rx' },
  { title: 'a line without an end', wire: `+${'x'.repeat(65_537)}` },
  { title: 'an integer that is none', wire: ':1a\r\n' },
  { title: 'an integer without digits', wire: ':-\r\n' },
  { title: 'a length that is none', wire: '$x\r\n' },
  { title: 'a length below the null', wire: '$-2\r\n' },
  { title: 'no length', wire: '*\r\n' },
  { title: 'a bulk string longer than it says', wire: '$1\r\nabc\r\n' },
  { title: 'a truth that is neither', wire: '#x\r\n' },
  { title: 'a null that says something', wire: '_x\r\n' },
  { title: 'a double that is none', wire: ',1.2.3\r\n' },
  { title: 'a stream without a length', wire: '$?\r\n' },
  { title: 'arrays nested too deeply', wire: nested(33) },
  { title: 'a bulk string longer than any answer', wire: `$${REPLY_BYTES_MAX}\r\nabc` },
];

describe('reply scanner', () => {
  for (const { title, wire } of rows) {
    const code = /^[-!](8\r\n)?(\w+)/.exec(wire)?.[2] ?? '';
    it(`finds the end of ${title}`, () => {
      expect(scannedFrom([bytes(`${wire}+next\r\n`)])).to.deep.equal([`${code}${wire}`, '+next\r\n']);
    });
    it(`finds the end of ${title}, byte by byte`, () => {
      expect(scannedFrom(pieces(bytes(`${wire}+next\r\n`), [1]))).to.deep.equal([
        `${code}${wire}`,
        '+next\r\n',
      ]);
    });
  }

  for (const { title, wire } of offences) {
    it(`calls ${title} broken, and hears nothing after it`, () => {
      for (const chunks of [[bytes(`+OK\r\n${wire}`)], pieces(bytes(`+OK\r\n${wire}`), [1])]) {
        const heard = scannedFrom([...chunks, bytes('+OK\r\n')]);
        expect(heard).to.have.length(2);
        expect(heard[1]).to.match(/^the answer cannot be read: /);
      }
    });
  }

  it('tells the first byte and the code word', () => {
    const scanner = new ReplyScanner();
    scanner.push(bytes('-MOVED 7 127.0.0.1:7001\r\n-LOADING\r\n$1\r\na\r\n'));
    const heard = [scanner.next(), scanner.next(), scanner.next()];
    expect(heard.map((next) => (next?.kind === 'reply' ? [next.sign, next.code] : next))).to.deep.equal([
      [SIGN.error, 'MOVED'],
      [SIGN.error, 'LOADING'],
      [SIGN.bulk, undefined],
    ]);
  });

  it('gives slices of the read, not copies', () => {
    const read = bytes('+OK\r\n$1\r\na\r\n');
    const scanner = new ReplyScanner();
    scanner.push(read);
    const next = scanner.next();
    expect(next?.kind === 'reply' && next.raw.buffer === read.buffer).to.equal(true);
  });

  it('takes as deep a nest as the decoder does', () => {
    expect(scannedFrom([bytes(nested(32))])).to.deep.equal([nested(32)]);
    expect(decodeReply(bytes(nested(32)))).not.to.be.instanceOf(Failure);
    expect(decodeReply(bytes(nested(33)))).to.be.instanceOf(Failure);
  });

  it('gathers a large array in time that grows with its length, not with its square', () => {
    const element = `$5000\r\n${'v'.repeat(5000)}\r\n`;
    const wire = bytes(`*4000\r\n${element.repeat(4_000)}`);
    expect(scannedFrom(pieces(wire, [1024]))).to.have.length(1);
  });
});

describe('reply decoder', () => {
  for (const { title, wire, reply } of rows) {
    it(`reads ${title}`, () => {
      expect(decodeReply(bytes(wire))).to.deep.equal(reply);
    });
  }

  for (const { title, wire } of offences) {
    it(`refuses ${title}`, () => {
      const reply = decodeReply(bytes(wire));
      expect(reply instanceof Failure && reply.text).to.match(/^MALFORMED /);
    });
  }

  for (const wire of [
    '',
    '+OK',
    '$3\r\nab',
    '*2\r\n:1\r\n',
    '%1\r\n:1\r\n',
    '*9999999999\r\n',
    ':1\r\n:2\r\n',
    '|1\r\n',
  ]) {
    it(`refuses ${JSON.stringify(wire)}, which is not one whole answer`, () => {
      const reply = decodeReply(bytes(wire));
      expect(reply instanceof Failure && reply.text).to.match(/^MALFORMED /);
    });
  }

  it('names a map entry by the bytes of its key, if the key is an aggregate', () => {
    expect(decodeReply(bytes('%1\r\n*1\r\n:1\r\n:2\r\n'))).to.deep.equal(new Pairs([['*1\r\n:1\r\n', 2]]));
  });
});
