import { expect } from 'chai';
import fc from 'fast-check';

import { formatAddress, parseAddress } from '../../../src/common/config/address.ts';

describe('an address', () => {
  it('reads back as it was written', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        expect(parseAddress(formatAddress({ host: name, port }))).to.deep.equal({ host: name, port });
      }),
    );
  });

  it('has a host and a port, and nothing else', () => {
    for (const text of [
      '',
      'a',
      'a:',
      ':1',
      'a:0',
      'a:65536',
      'a:1:2',
      '::1',
      'a:1x',
      ' a:1',
      '[]:1',
      'a/b:1',
    ]) {
      expect(parseAddress(text), text).to.equal(undefined);
    }
  });
});
