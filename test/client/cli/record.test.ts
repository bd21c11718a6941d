import { expect } from 'chai';
import fc from 'fast-check';

import { parseRecord, recordText } from '../../../src/client/cli/record.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

describe('a record', () => {
  it('gives back every key, value and expiry, to the bit', () => {
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.option(fc.integer({ min: 1 }), { nil: undefined }),
        (key, value, expiresAtMs) => {
          const record = { key, value, expiresAtMs };
          expect(parseRecord(recordText(record))).to.deep.equal({ kind: 'record', record });
        },
      ),
    );
  });

  it('is readable where its bytes are text', () => {
    const record = { key: Buffer.from('ß'), value: Buffer.from('ochre'), expiresAtMs: undefined };
    expect(recordText(record)).to.equal('{"key":"ß","value":"ochre","encoding":"utf8"}');
  });

  const bad = [
    '', '[]', 'null', '{', '{"key":"k"}', '{"value":"v"}', '{"key":1,"value":"v"}',
    '{"key":"k","value":"v","encoding":"latin1"}', '{"key":"k","value":"%%","encoding":"base64"}',
    '{"key":"k","value":"v","expiresAt":"soon"}', '{"key":"k","value":"v","expiresAt":-1}',
  ]; // prettier-ignore
  for (const line of bad) {
    it(`is not made of ${line || 'nothing'}`, () => {
      expect(parseRecord(line).kind).to.equal('complaint');
    });
  }
});
