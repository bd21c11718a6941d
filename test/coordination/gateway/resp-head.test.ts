import { expect } from 'chai';
import fc from 'fast-check';

import { bulksOf, countOf, headOf } from '../../../src/coordination/gateway/resp-head.ts';
import { rewrapPage } from '../../../src/coordination/gateway/scan.ts';

describe("readers of slaves' replies", () => {
  it('give undefined for any bytes of another form, and never throw', () => {
    const near = fc.array(fc.constantFrom('*', '$', ':', '-1', '1', '2', '\r\n', 'a', '9999999999'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(near, (words) => {
        const raw = Buffer.from(words.join(''), 'latin1');
        const values = bulksOf(raw, 2);
        if (values !== undefined) expect(values).to.have.length(2);
        headOf(raw, 0, '$');
        countOf(raw);
        rewrapPage(raw, 0, 4);
      }),
    );
  });
});
