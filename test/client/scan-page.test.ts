import { expect } from 'chai';

import { scanPageOf } from '../../src/client/scan-page.ts';

describe('a page of a scan', () => {
  const bytes = (text: string): Buffer => Buffer.from(text);

  it('is read in threes', () => {
    const reply = [bytes('7'), [bytes('a'), bytes('1'), 0, bytes('b'), bytes('2'), bytes('99')]];
    expect(scanPageOf(reply)).to.deep.equal({
      cursor: '7',
      records: [
        { key: bytes('a'), value: bytes('1'), expiresAtMs: undefined },
        { key: bytes('b'), value: bytes('2'), expiresAtMs: 99 },
      ],
    });
  });

  it('is nothing where the reply has another shape', () => {
    for (const reply of [
      undefined,
      7,
      [],
      [bytes('0')],
      [bytes('0'), [bytes('a')]],
      [bytes('0'), [bytes('a'), 1, 0]],
    ]) {
      expect(scanPageOf(reply)).to.equal(undefined);
    }
  });
});
