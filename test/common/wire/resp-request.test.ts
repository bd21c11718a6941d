import { expect } from 'chai';

import { type RequestLimits, RequestParser } from '../../../src/common/wire/resp-request.ts';
import { encodeCommand } from '../../../src/common/wire/resp-writer.ts';
import { bytes, heardFrom, pieces } from '../../support/resp-bytes.ts';

/** Small enough to pass by hand: 10 bytes an argument, 4 arguments, 60 bytes a command. */
const small: RequestLimits = { argumentBytesMax: 10, argumentsMax: 4, commandBytesMax: 60 };

interface Row {
  readonly title: string;
  readonly sent: string;
  readonly heard: readonly string[];
}

const commands: readonly Row[] = [
  { title: 'takes a command of one word', sent: '*1\r\n$4\r\nPING\r\n', heard: ['PING'] },
  {
    title: 'takes a command with arguments',
    sent: '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nxy\r\n',
    heard: ['SET|a|xy'],
  },
  { title: 'takes an empty argument', sent: '*2\r\n$3\r\nGET\r\n$0\r\n\r\n', heard: ['GET|'] },
  {
    title: 'takes line ends inside an argument',
    sent: '*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n',
    heard: ['ECHO|\r\n\r\n'],
  },
  {
    title: 'takes every byte inside an argument',
    sent: '*2\r\n$4\r\nECHO\r\n$3\r\n\0\xff*\r\n',
    heard: ['ECHO|\0\xff*'],
  },
  {
    title: 'takes a pipeline',
    sent: '*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\nc d\r\n*1\r\n$1\r\ne\r\n',
    heard: ['a', 'b', 'c|d', 'e'],
  },
  { title: 'passes over an empty array', sent: '*0\r\n*-1\r\n*1\r\n$1\r\na\r\n', heard: ['a'] },
  { title: 'waits for what is cut off', sent: '*1\r\n$1\r\na\r\n*1\r\n$4\r\nPIN', heard: ['a'] },
  { title: 'takes an inline command', sent: 'GET color\r\n', heard: ['GET|color'] },
  { title: 'takes an inline command without a carriage return', sent: 'PING\n', heard: ['PING'] },
  { title: 'passes over blank lines', sent: '\r\n\n  \r\nPING\r\n', heard: ['PING'] },
  { title: 'keeps what quotes keep together', sent: 'SET a "b c"\r\n', heard: ['SET|a|b c'] },
];

const oversized: readonly Row[] = [
  {
    title: 'throws away a command with too long an argument, and goes on',
    sent: `*2\r\n$3\r\nGET\r\n$11\r\n01234567890\r\n*1\r\n$1\r\na\r\n`,
    heard: ['oversized: an argument of 11 bytes', 'a'],
  },
  {
    title: 'throws away what follows the argument that is too long',
    sent: `*3\r\n$11\r\n01234567890\r\n$1\r\nb\r\n$12\r\n012345678901\r\nPING\r\n`,
    heard: ['oversized: an argument of 11 bytes', 'PING'],
  },
  {
    title: 'throws away a command with too many arguments',
    sent: `*5\r\n${'$1\r\na\r\n'.repeat(5)}PING\r\n`,
    heard: ['oversized: 5 arguments', 'PING'],
  },
  {
    title: 'throws away a command that is too long as a whole',
    sent: `*4\r\n${'$10\r\n0123456789\r\n'.repeat(4)}PING\r\n`,
    heard: ['oversized: a command of 72 bytes or more', 'PING'],
  },
  { title: 'waits for the rest of what it throws away', sent: `*1\r\n$11\r\n012345678`, heard: [] },
  {
    title: 'takes what is just within the limits',
    sent: `*4\r\n$10\r\n0123456789\r\n${'$1\r\na\r\n'.repeat(3)}`,
    heard: ['0123456789|a|a|a'],
  },
];

const broken = (why: string): string => `broken: Protocol error: ${why}`;

const offences: readonly Row[] = [
  {
    title: 'a count that is no number',
    sent: '*x\r\n$1\r\na\r\n',
    heard: [broken('invalid multibulk length')],
  },
  { title: 'a count without digits', sent: '*\r\n', heard: [broken('invalid multibulk length')] },
  { title: 'a count with a leading zero', sent: '*01\r\n', heard: [broken('invalid multibulk length')] },
  { title: 'a count of minus nothing', sent: '*-0\r\n', heard: [broken('invalid multibulk length')] },
  { title: 'a count with two signs', sent: '*--1\r\n', heard: [broken('invalid multibulk length')] },
  { title: 'a count beyond all sense', sent: '*2147483648\r\n', heard: [broken('invalid multibulk length')] },
  {
    title: 'a count that never ends',
    sent: `*${'1'.repeat(16)}`,
    heard: [broken('invalid multibulk length')],
  },
  { title: 'a count whose line ends otherwise', sent: '*1\rx', heard: [broken('invalid multibulk length')] },
  {
    title: 'a length of less than nothing',
    sent: '*1\r\n$-1\r\n',
    heard: [broken('invalid bulk length')],
  },
  { title: 'a length that is no number', sent: '*1\r\n$1x\r\n', heard: [broken('invalid bulk length')] },
  {
    title: 'a length beyond 512 MiB',
    sent: '*1\r\n$536870913\r\n',
    heard: [broken('invalid bulk length')],
  },
  { title: 'an argument that is none', sent: '*1\r\nx', heard: [broken("expected '$', got 'x'")] },
  {
    title: 'an argument that is none, in a byte that cannot be shown',
    sent: '*1\r\n\r\n',
    heard: [broken("expected '$', got '\\x0d'")],
  },
  {
    title: 'an argument that is longer than it says',
    sent: '*1\r\n$1\r\nabc',
    heard: [broken("expected '\\r\\n' after a bulk")],
  },
  {
    title: 'an argument whose line ends otherwise',
    sent: '*1\r\n$1\r\na\rx',
    heard: [broken("expected '\\r\\n' after a bulk")],
  },
  {
    title: 'an argument that is none, in a command that is thrown away',
    sent: '*5\r\n$1\r\na\r\nx',
    heard: [broken("expected '$', got 'x'")],
  },
  {
    title: 'quotes that are not closed',
    sent: 'SET a "b\r\n',
    heard: [broken('unbalanced quotes in request')],
  },
  { title: 'a line without an end', sent: 'x'.repeat(65_537), heard: [broken('too big inline request')] },
  {
    title: 'a request of a browser',
    sent: 'POST / HTTP/1.1\r\nHost: localhost\r\n\r\nFLUSHALL\r\n',
    heard: [broken('this is an HTTP request, and no HTTP is spoken here')],
  },
  {
    title: 'anything, and hears nothing after it',
    sent: 'PING\r\n*x\r\n*1\r\n$4\r\nPING\r\n',
    heard: ['PING', broken('invalid multibulk length')],
  },
];

describe('request parser', () => {
  const rowsOf = (rows: readonly Row[], limits?: RequestLimits): void => {
    for (const { title, sent, heard } of rows) {
      it(title, () => {
        expect(heardFrom([bytes(sent)], limits)).to.deep.equal(heard);
      });
      it(`${title}, byte by byte`, () => {
        expect(heardFrom(pieces(bytes(sent), [1]), limits)).to.deep.equal(heard);
      });
    }
  };

  rowsOf(commands);
  describe('over a limit', () => {
    rowsOf(oversized, small);
  });
  describe('calls broken', () => {
    rowsOf(offences, small);
  });

  describe('the raw form', () => {
    const first = (sent: string): Buffer | undefined => {
      const parser = new RequestParser();
      parser.push(bytes(sent));
      const next = parser.next();
      return next?.kind === 'request' ? next.request.raw : undefined;
    };

    it('is what came, for an array', () => {
      expect(first('*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n')?.toString()).to.equal('*1\r\n$1\r\na\r\n');
    });

    it('is an array also for a line', () => {
      expect(first('GET "a b"\r\n')?.toString()).to.equal('*2\r\n$3\r\nGET\r\n$3\r\na b\r\n');
    });

    it('is a slice of the read, not a copy, as the arguments are', () => {
      const parser = new RequestParser();
      const read = bytes('*2\r\n$3\r\nGET\r\n$1\r\na\r\n');
      parser.push(read);
      const next = parser.next();
      if (next?.kind !== 'request') return expect.fail('a command');
      expect(next.request.raw.buffer).to.equal(read.buffer);
      expect(next.request.args.every((arg) => arg.buffer === read.buffer)).to.equal(true);
    });
  });

  it('keeps earlier commands whole while later bytes arrive', () => {
    const parser = new RequestParser();
    const kept: Buffer[] = [];
    const sent = Buffer.concat(
      Array.from({ length: 500 }, (_, index) => encodeCommand(['SET', `key${index}`])),
    );
    for (const chunk of pieces(sent, [7, 31, 1, 64])) {
      parser.push(chunk);
      for (let next = parser.next(); next !== undefined; next = parser.next()) {
        if (next.kind === 'request') kept.push(next.request.raw);
      }
    }
    expect(Buffer.concat(kept).equals(sent)).to.equal(true);
  });

  it('gathers a large value in time that grows with its length, not with its square', () => {
    const value = Buffer.alloc(16 * 1024 * 1024, 'v');
    const parser = new RequestParser();
    // A copy of all that came, at each of 16,384 pieces, would be 137 GB: the test would not end in time.
    for (const chunk of pieces(encodeCommand(['SET', 'a', value]), [1024])) {
      parser.push(chunk);
      const next = parser.next();
      if (next?.kind === 'request') expect(next.request.args[2]?.equals(value)).to.equal(true);
    }
    expect(parser.buffered).to.equal(0);
  });

  it('says how much it has gathered', () => {
    const parser = new RequestParser();
    parser.push(bytes('*1\r\n$4\r\nPI'));
    expect(parser.next()).to.equal(undefined);
    expect(parser.buffered).to.equal(10);
  });

  it('gathers nothing of what it throws away', () => {
    const parser = new RequestParser(small);
    parser.push(bytes('*1\r\n$1000\r\n'));
    for (let index = 0; index < 9; index += 1) {
      parser.push(Buffer.alloc(100));
      expect(parser.next()).to.equal(undefined);
      expect(parser.buffered).to.equal(0);
    }
  });
});
