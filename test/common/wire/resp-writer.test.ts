import { expect } from 'chai';

import { Double, Failure, OK, Pairs, type Reply, Simple } from '../../../src/common/reply.ts';
import {
  encodeCommand,
  encodeReply,
  RespWriter,
  SegmentPool,
  weightOf,
} from '../../../src/common/wire/resp-writer.ts';

interface Row {
  readonly title: string;
  readonly reply: Reply;
  readonly in2: string;
  readonly in3?: string;
}

const buffer = (text: string): Buffer => Buffer.from(text, 'latin1');

const rows: readonly Row[] = [
  { title: 'OK', reply: OK, in2: '+OK\r\n' },
  { title: 'a simple string', reply: new Simple('PONG'), in2: '+PONG\r\n' },
  { title: 'an error', reply: new Failure('ERR no'), in2: '-ERR no\r\n' },
  { title: 'an error with line ends', reply: new Failure('ERR a\r\n+OK'), in2: '-ERR a  +OK\r\n' },
  { title: 'an error in Greek', reply: new Failure('ERR λ'), in2: '-ERR \xce\xbb\r\n' },
  { title: 'zero', reply: 0, in2: ':0\r\n' },
  { title: 'a small integer', reply: 255, in2: ':255\r\n' },
  { title: 'a larger integer', reply: 256, in2: ':256\r\n' },
  { title: 'the largest integer', reply: Number.MAX_SAFE_INTEGER, in2: ':9007199254740991\r\n' },
  { title: 'a negative integer', reply: -2, in2: ':-2\r\n' },
  { title: 'nothing', reply: undefined, in2: '$-1\r\n', in3: '_\r\n' },
  { title: 'an empty string', reply: buffer(''), in2: '$0\r\n\r\n' },
  { title: 'a string of any bytes', reply: buffer('\0\r\n\xff'), in2: '$4\r\n\0\r\n\xff\r\n' },
  { title: 'a string of 100', reply: buffer('x'.repeat(100)), in2: `$100\r\n${'x'.repeat(100)}\r\n` },
  { title: 'a long string', reply: buffer('y'.repeat(5000)), in2: `$5000\r\n${'y'.repeat(5000)}\r\n` },
  { title: 'an empty array', reply: [], in2: '*0\r\n' },
  {
    title: 'arrays in an array',
    reply: [1, [buffer('a'), undefined], OK],
    in2: '*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n+OK\r\n',
    in3: '*3\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n+OK\r\n',
  },
  {
    title: 'a map',
    reply: new Pairs([
      ['proto', 3],
      ['id', undefined],
    ]),
    in2: '*4\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n$-1\r\n',
    in3: '%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n_\r\n',
  },
  { title: 'a double', reply: new Double(1.5), in2: '$3\r\n1.5\r\n', in3: ',1.5\r\n' },
  { title: 'an infinite double', reply: new Double(Infinity), in2: '$3\r\ninf\r\n', in3: ',inf\r\n' },
  { title: 'a double below all', reply: new Double(-Infinity), in2: '$4\r\n-inf\r\n', in3: ',-inf\r\n' },
  { title: 'no number', reply: new Double(NaN), in2: '$3\r\nnan\r\n', in3: ',nan\r\n' },
];

describe('reply writer', () => {
  for (const { title, reply, in2, in3 } of rows) {
    it(`puts ${title} on the wire`, () => {
      expect(encodeReply(reply, 2).toString('latin1')).to.equal(in2);
      expect(encodeReply(reply, 3).toString('latin1')).to.equal(in3 ?? in2);
    });

    it(`weighs ${title} at least at what it takes`, () => {
      expect(weightOf(reply)).to.be.at.least(Math.max(encodeReply(reply, 2).length, 1) - 3);
    });
  }

  it('gives everything at once, in order, and knows its size', () => {
    const writer = new RespWriter();
    for (const { reply } of rows) writer.write(reply, 2);
    const expected = rows.map(({ in2 }) => in2).join('');
    expect(writer.size).to.equal(expected.length);
    expect(Buffer.concat(writer.take()).toString('latin1')).to.equal(expected);
    expect(writer.size).to.equal(0);
    expect(writer.take()).to.deep.equal([]);
  });

  it('makes room for a text of any length and letters', () => {
    const text = `ERR ${'λ'.repeat(40_000)}`;
    expect(encodeReply(new Failure(text), 2).toString('utf8')).to.equal(`-${text}\r\n`);
  });

  it('puts many small answers into one piece', () => {
    const writer = new RespWriter();
    for (let index = 0; index < 1_000; index += 1) writer.write(OK, 2);
    expect(writer.take()).to.have.length(1);
  });

  it('does not copy a large value', () => {
    const writer = new RespWriter();
    const value = Buffer.alloc(100_000, 'v');
    writer.write(value, 2);
    expect(writer.take()[1]).to.equal(value);
  });

  it('keeps writers apart that share a pool and write by turns', () => {
    const pool = new SegmentPool();
    const writers = [new RespWriter(pool), new RespWriter(pool)];
    const expected = ['', ''];
    for (let turn = 0; turn < 30_000; turn += 1) {
      const index = turn % 7 === 0 ? 1 : 0;
      writers[index]?.write(turn, 2);
      expected[index] = `${expected[index] ?? ''}:${turn}\r\n`;
    }
    const written = writers.map((writer) => Buffer.concat(writer.take()).toString());
    expect(written).to.deep.equal(expected);
  });

  it('never writes again where a slow socket may still read', () => {
    const writer = new RespWriter();
    const taken: Buffer[] = [];
    for (let turn = 0; turn < 20_000; turn += 1) {
      writer.writeRaw(Buffer.from(`+${turn}\r\n`));
      taken.push(...writer.take());
    }
    expect(taken.map((piece) => piece.toString()).join('')).to.equal(
      Array.from({ length: 20_000 }, (_, turn) => `+${turn}\r\n`).join(''),
    );
  });

  it('takes bytes of any length as they are', () => {
    const writer = new RespWriter();
    const lengths = [0, 1, 24, 25, 4096, 4097, 70_000];
    for (const length of lengths) writer.writeRaw(Buffer.alloc(length, 'r'));
    expect(Buffer.concat(writer.take())).to.have.length(lengths.reduce((sum, length) => sum + length, 0));
  });

  it('refuses a number that is no integer: that is a mistake of ours', () => {
    expect(() => encodeReply(1.5, 2)).to.throw('an integer');
  });
});

describe('command', () => {
  it('is an array of bulk strings', () => {
    expect(encodeCommand(['SET', 'a', Buffer.from('λ')]).toString()).to.equal(
      '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nλ\r\n',
    );
  });

  it('counts bytes, not characters', () => {
    expect(encodeCommand(['λ', 'x'.repeat(1000)]).toString()).to.equal(
      `*2\r\n$2\r\nλ\r\n$1000\r\n${'x'.repeat(1000)}\r\n`,
    );
  });
});
