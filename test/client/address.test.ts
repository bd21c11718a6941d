import { expect } from 'chai';

import { addressText, parseAddress } from '../../src/client/address.ts';

describe('an address', () => {
  const good = [
    ['127.0.0.1:7000', '127.0.0.1', 7000],
    ['[::1]:7000', '::1', 7000],
    ['::1:7000', '::1', 7000],
    ['db.example:1', 'db.example', 1],
  ] as const;
  for (const [text, host, port] of good) {
    it(`reads ${text}`, () => {
      expect(parseAddress(text)).to.deep.equal({ host, port });
    });
  }

  for (const text of [
    '',
    'host',
    'host:',
    ':7000',
    'host:0',
    'host:65536',
    'host:7e3',
    'ho st:1',
    'http://h:1',
  ]) {
    it(`refuses "${text}"`, () => {
      expect(parseAddress(text)).to.equal(undefined);
    });
  }

  it('takes a host from elsewhere when it has none', () => {
    expect(parseAddress(':7001', '10.0.0.1')).to.deep.equal({ host: '10.0.0.1', port: 7001 });
  });

  it('is written so that it can be read again', () => {
    expect(addressText({ host: '::1', port: 7000 })).to.equal('[::1]:7000');
    expect(addressText({ host: 'h', port: 1 })).to.equal('h:1');
  });
});
