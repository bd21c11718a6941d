/** DEL, UNLINK, EXISTS, TYPE. */
import { expect } from 'chai';

import { expectTalk } from './model.ts';

describe('the commands about keys', () => {
  it('count and name what is there', () => {
    expectTalk(`
      MSET a 1 b 2      → OK
      EXISTS a b c      → 2
      EXISTS a a        → 2
      TYPE a            → string
      TYPE c            → none
      DEL a a c         → 1
      UNLINK a b        → 1
      EXISTS a b        → 0
    `);
  });

  it('have one effect for each key that was there', () => {
    const model = expectTalk('MSET a 1 b 2 → OK');
    expectTalk('DEL b x b a → 2', model);
    expect(model.effects).to.deep.equal([
      { kind: 'delete', key: 'b' },
      { kind: 'delete', key: 'a' },
    ]);
    expectTalk('DEL a b → 0', model);
    expect(model.effects).to.deep.equal([]);
  });

  it('take any bytes for a key', () => {
    expectTalk(`
      SET \\xff\\x00 1     → OK
      EXISTS \\xff\\x00    → 1
      SET '' 2             → OK
      GET ''               → "2"
      GET \\xff            → nil
    `);
  });
});
