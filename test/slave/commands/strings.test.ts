/** The commands that read or change a part of a string. */
import { expect } from 'chai';

import { VALUE_BYTES_MAX } from '../../../src/common/command/check.ts';
import { expectTalk, Model } from './model.ts';

const LIMIT =
  'LIMIT too large: a key has at most 1 KiB, a value 16 MiB, a command 65536 arguments and 64 MiB; nothing was done';

describe('GETRANGE and SUBSTR', () => {
  it('count from either end, and stay inside the value', () => {
    expectTalk(`
      SET a hello          → OK
      GETRANGE a 0 -1      → "hello"
      GETRANGE a 1 3       → "ell"
      GETRANGE a -3 -2     → "ll"
      GETRANGE a -100 1    → "he"
      GETRANGE a 3 100     → "lo"
      GETRANGE a 5 9       → ""
      GETRANGE a 3 1       → ""
      GETRANGE a -1 -3     → ""
      GETRANGE a -50 -90   → ""
      GETRANGE b 0 -1      → ""
      SUBSTR a 0 0         → "h"
      GETRANGE a 0 9223372036854775807    → "hello"
      GETRANGE a -9223372036854775808 0   → "h"
    `);
  });

  it('refuse ends that are no integers', () => {
    expectTalk(`
      GETRANGE a x 1                     → ERR value is not an integer or out of range
      GETRANGE a 0 1.5                   → ERR value is not an integer or out of range
      GETRANGE a 0 9223372036854775808   → ERR value is not an integer or out of range
    `);
  });
});

describe('APPEND', () => {
  it('makes the key, or adds to its end, and keeps the time to live', () => {
    expectTalk(`
      APPEND a he       → 2
      PEXPIRE a 9000    → 1
      APPEND a llo      → 5
      GET a             → "hello"
      PTTL a            → 9000
      APPEND b ''       → 0
      EXISTS b          → 1
      STRLEN a          → 5
      STRLEN c          → 0
    `);
  });

  it('changes nothing when nothing is added', () => {
    const model = expectTalk('SET a x → OK');
    expectTalk("APPEND a '' → 1", model);
    expect(model.effects).to.deep.equal([]);
  });
});

describe('SETRANGE', () => {
  it('overwrites, grows, and fills a gap with zero bytes', () => {
    expectTalk(`
      SET a hello         → OK
      SETRANGE a 1 ipp    → 5
      GET a               → "hippo"
      SETRANGE a 4 y!!    → 7
      GET a               → "hippy!!"
      SETRANGE b 2 x      → 3
      GET b               → "\\u0000\\u0000x"
      SETRANGE c 5 ''     → 0
      EXISTS c            → 0
    `);
  });

  it('refuses offsets before the value', () => {
    expectTalk(`
      SETRANGE a -1 x     → ERR offset is out of range
      SETRANGE a x y      → ERR value is not an integer or out of range
      SETRANGE a -1 ''    → ERR offset is out of range
    `);
  });
});

describe('a value that would grow past its limit', () => {
  it('stays as it is', () => {
    const model = new Model();
    expectTalk(
      `
      SETRANGE a ${VALUE_BYTES_MAX - 1} x    → ${VALUE_BYTES_MAX}
      SETRANGE a ${VALUE_BYTES_MAX} x        → ${LIMIT}
      SETRANGE b 9223372036854775807 x       → ${LIMIT}
      APPEND a x                             → ${LIMIT}
      STRLEN a                               → ${VALUE_BYTES_MAX}
      EXISTS b                               → 0
    `,
      model,
    );
  });
});
