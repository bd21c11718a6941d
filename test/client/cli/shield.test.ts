import { expect } from 'chai';
import fc from 'fast-check';

import { plainWord, shielded } from '../../../src/client/cli/shield.ts';

describe('a shielded word', () => {
  const word = fc.oneof(
    fc.constantFrom('-', '--', '-x', '--json', '\0', '\0-', '', '-5', '-.5', 'put'),
    fc.string(),
  );

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.array(word), fc.array(word), (before, behind) => {
        const typed = before.filter((one) => one !== '--');
        const out = shielded([...typed, '--', ...behind]).map(plainWord);
        expect(out).to.deep.equal([...typed, ...behind]);
      }),
    );
  });
});
