import { expect } from 'chai';
import fc from 'fast-check';

import { slaveId, storeId } from '../../../src/common/ids.ts';
import { decodeHello, encodeHello, type Hello } from '../../../src/common/wire/hello.ts';
import { names, slaves, stores } from '../../support/wire-values.ts';

const hello: Hello = {
  clusterId: 'c1',
  slave: slaveId('s1'),
  store: storeId('000102030405060708090a0b0c0d0e0f'),
  nonce: 'n1',
};
const hellos: fc.Arbitrary<Hello> = fc.record({
  clusterId: names,
  slave: slaves,
  store: stores,
  nonce: names,
});

describe('the hello between slaves', () => {
  it('keeps its layout', () => {
    expect(encodeHello(hello).toString('hex')).to.equal(
      '01 505a5a50 0001 026331 027331 000102030405060708090a0b0c0d0e0f 026e31'.replaceAll(' ', ''),
    );
  });

  it('comes back as it went', () => {
    fc.assert(
      fc.property(hellos, (one) => {
        expect(decodeHello(encodeHello(one), one.clusterId)).to.deep.equal({ kind: 'hello', hello: one });
      }),
    );
  });

  it('tells another cluster apart', () => {
    expect(decodeHello(encodeHello(hello), 'c2')).to.deep.equal({ kind: 'other-cluster', hello });
  });

  it('tells another version apart, whatever that has behind its number', () => {
    const frame = Buffer.from('01505a5a50 0102 ffff'.replaceAll(' ', ''), 'hex');
    expect(decodeHello(frame, 'c1')).to.deep.equal({ kind: 'other-protocol', protocol: 258 });
  });

  const spoiled: readonly (readonly [string, number, number])[] = [
    ['another type', 0, 2],
    ['another magic', 1, 0x51],
    ['an empty cluster id', 7, 0],
    ['a cluster id with a blank', 8, 0x20],
    ['a slave id that is none', 11, 0x2e],
    ['a nonce that does not end', 29, 3],
    ['a nonce that ends too early', 29, 1],
  ];
  for (const [what, at, byte] of spoiled) {
    it(`is refused with ${what}`, () => {
      const frame = encodeHello(hello);
      frame[at] = byte;
      expect(decodeHello(frame, 'c1')).to.equal(undefined);
    });
  }

  it('refuses to be written with a name that cannot travel', () => {
    expect(() => encodeHello({ ...hello, nonce: 'ü' })).to.throw('printable');
    expect(() => encodeHello({ ...hello, clusterId: 'c'.repeat(65) })).to.throw('printable');
  });

  it('is a verdict or undefined for any bytes', () => {
    const noise = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
    const led = noise.map((bytes) => Buffer.concat([encodeHello(hello).subarray(0, 7), bytes]));
    fc.assert(
      fc.property(fc.oneof(noise, led), (frame) => {
        const heard = decodeHello(frame, 'c1');
        if (heard?.kind === 'hello') expect(encodeHello(heard.hello).equals(frame)).to.equal(true);
      }),
    );
  });
});
