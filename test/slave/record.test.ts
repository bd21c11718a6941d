/** Records: bound to their key, and broken by anything that changes them. */
import { expect } from 'chai';
import fc from 'fast-check';

import { BrokenStore } from '../../src/common/sealed.ts';
import { decodeRecord, digestOf, encodeRecord } from '../../src/slave/record.ts';

const KEY = Buffer.from('d\0\0\0\x07key');
const RECORD = encodeRecord(KEY, { value: Buffer.from('value'), expiresAt: 0 });

describe('a record', () => {
  it('comes back as it was written, also when it is empty or expires', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom(0, 1, 1_700_000_000_000.25),
        (bytes, expiresAt) => {
          const stored = { value: Buffer.from(bytes), expiresAt };
          expect(decodeRecord(KEY, encodeRecord(KEY, stored))).to.deep.equal(stored);
        },
      ),
    );
  });

  it('is broken by any flipped bit', () => {
    for (let bit = 0; bit < RECORD.length * 8; bit += 1) {
      const flipped = Buffer.from(RECORD);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeRecord(KEY, flipped), `bit ${bit}`).to.throw(BrokenStore);
    }
  });

  it('is broken under a key that is not its own', () => {
    expect(() => decodeRecord(Buffer.from('d\0\0\0\x07kez'), RECORD)).to.throw(BrokenStore);
  });

  it('is broken when it is too short for its head', () => {
    expect(() => decodeRecord(KEY, RECORD.subarray(0, 11))).to.throw(BrokenStore);
  });

  it('adds something else to the digest when its value, its time or its key is another', () => {
    const others = [
      encodeRecord(KEY, { value: Buffer.from('valuf'), expiresAt: 0 }),
      encodeRecord(KEY, { value: Buffer.from('value'), expiresAt: 1 }),
      encodeRecord(Buffer.from('d\0\0\0\x07kez'), { value: Buffer.from('value'), expiresAt: 0 }),
    ];
    for (const other of others) expect(digestOf(other)).to.not.equal(digestOf(RECORD));
  });
});
