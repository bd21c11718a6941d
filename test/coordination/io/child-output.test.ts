/** What children say, cut into lines and understood. */
import { expect } from 'chai';
import fc from 'fast-check';

import { LineCutter, parseReadyLine, prefixedLine } from '../../../src/coordination/io/child-output.ts';

function cut(pieces: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line));
  for (const piece of pieces) cutter.push(piece);
  cutter.end();
  return lines;
}

describe('line cutter', () => {
  it('gives the same lines however the text arrives', () => {
    const line = fc.stringMatching(/^[a-z ]{1,10}$/);
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, places) => {
        const text = lines.map((one) => `${one}\n`).join('');
        const cuts = [0, ...places.map((place) => place % (text.length + 1)), text.length].sort(
          (a, b) => a - b,
        );
        expect(cut(cuts.slice(1).map((end, index) => text.slice(cuts[index], end)))).to.deep.equal(lines);
      }),
    );
  });

  it('cuts a line without an end into pieces', () => {
    const lines = cut(Array.from({ length: 10 }, () => 'x'.repeat(5_000)));
    expect(Math.max(...lines.map(({ length }) => length))).to.equal(16_384);
    expect(lines.join('')).to.have.lengthOf(50_000);
  });
});

describe('a child', () => {
  it('is ready when it says so', () => {
    expect(parseReadyLine('ready id=s1 port=7001 peer-port=17001')).to.deep.equal({
      id: 's1',
      port: 7001,
      peerPort: 17_001,
    });
    expect(parseReadyLine('ready id=s1 port=x peer-port=17001')).to.equal(undefined);
    expect(parseReadyLine('almost ready')).to.equal(undefined);
  });

  it('is named in its log lines, within JSON or before text', () => {
    expect(prefixedLine('s1', '12:04 info x')).to.equal('s1 | 12:04 info x');
    expect(prefixedLine('s1', '{"level":"info"}')).to.equal('{"slave":"s1","level":"info"}');
    expect(prefixedLine('s1', '{}')).to.equal('s1 | {}');
  });
});
