import { expect } from 'chai';
import fc from 'fast-check';

import { linesOf } from '../../../src/client/cli/lines.ts';

describe('lines', () => {
  it('are the same however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z]{0,5}$/)),
        fc.integer({ min: 1, max: 9 }),
        async (lines, size) => {
          const all = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const chunks = (async function* () {
            for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
          })();
          const seen: string[] = [];
          for await (const line of linesOf(chunks)) seen.push(line.toString());
          expect(seen).to.deep.equal(lines);
        },
      ),
    );
  });
});
