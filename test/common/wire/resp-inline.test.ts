import { expect } from 'chai';

import { splitInline } from '../../../src/common/wire/resp-inline.ts';
import { bytes } from '../../support/resp-bytes.ts';

const split = (line: string): readonly string[] | string => {
  const result = splitInline(bytes(line));
  return result.kind === 'args' ? result.args.map((arg) => arg.toString('latin1')) : result.why;
};

const UNBALANCED = 'unbalanced quotes in request';

/** What redis-server makes of the same lines. */
const rows: readonly { readonly line: string; readonly args: readonly string[] | string }[] = [
  { line: '', args: [] },
  { line: ' \t\r', args: [] },
  { line: 'PING', args: ['PING'] },
  { line: '  a   b\tc \r', args: ['a', 'b', 'c'] },
  { line: '""', args: [''] },
  { line: "''", args: [''] },
  { line: '"a b" c', args: ['a b', 'c'] },
  { line: 'a"b c"', args: ['ab c'] },
  { line: '"\\n\\r\\t\\b\\a"', args: ['\n\r\t\b\x07'] },
  { line: '"\\x41\\xfF\\x00"', args: ['A\xff\0'] },
  { line: '"\\x4"', args: ['x4'] },
  { line: '"\\q\\"\\\\"', args: ['q"\\'] },
  { line: "'it\\'s'", args: ["it's"] },
  { line: "'a\\n\\x41'", args: ['a\\n\\x41'] },
  { line: '\\n', args: ['\\n'] },
  { line: 'a\vb', args: ['a\vb'] },
  { line: '\va', args: ['a'] },
  { line: 'a\0b c', args: ['a'] },
  { line: '"a', args: UNBALANCED },
  { line: "'a", args: UNBALANCED },
  { line: '"a\\', args: UNBALANCED },
  { line: '"a\\"', args: UNBALANCED },
  { line: '"a"b', args: UNBALANCED },
  { line: "'a'b", args: UNBALANCED },
  { line: '"a""b"', args: UNBALANCED },
];

describe('inline command', () => {
  for (const { line, args } of rows) {
    it(`${JSON.stringify(line)} is ${JSON.stringify(args)}`, () => {
      expect(split(line)).to.deep.equal(args);
    });
  }

  for (const line of ['POST / HTTP/1.1', 'host: localhost']) {
    it(`is none in a browser's request: ${line}`, () => {
      expect(split(line)).to.be.a('string');
    });
  }
});
