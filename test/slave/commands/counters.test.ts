/** Counting: whole numbers to the 64th bit, and floats as Redis adds them. */
import { expect } from 'chai';

import { expectTalk } from './model.ts';

describe('INCR and its relatives', () => {
  it('count from nothing, up and down, and keep the time to live', () => {
    expectTalk(`
      INCR a           → 1
      INCRBY a 41      → 42
      DECR a           → 41
      DECRBY a 50      → -9
      PEXPIRE a 9000   → 1
      INCR a           → -8
      PTTL a           → 9000
    `);
  });

  it('are exact where doubles are not, up to the last bit', () => {
    expectTalk(`
      SET a 9007199254740991                → OK
      INCR a                                → 9007199254740992
      INCR a                                → 9007199254740993
      DECRBY a 2                            → 9007199254740991
      INCRBY a 9214364837600034816          → 9223372036854775807
      INCR a                                → ERR increment or decrement would overflow
      GET a                                 → "9223372036854775807"
      SET b -9223372036854775808            → OK
      DECR b                                → ERR increment or decrement would overflow
      INCRBY b 9223372036854775807          → -1
      DECRBY a -9223372036854775808         → ERR decrement would overflow
    `);
  });

  it('take only the one spelling of an integer', () => {
    for (const text of ['1.0', '01', '+1', '-0', "''", 'a', '9223372036854775808']) {
      expectTalk(`
        SET a ${text}     → OK
        INCR a            → ERR value is not an integer or out of range
        INCRBY b ${text}  → ERR value is not an integer or out of range
      `);
    }
  });

  it('leave no effect behind an error', () => {
    const model = expectTalk('SET a x → OK');
    expectTalk('INCR a → ERR value is not an integer or out of range', model);
    expect(model.effects).to.deep.equal([]);
  });
});

describe('INCRBYFLOAT', () => {
  it('answers as Redis does, where doubles would not', () => {
    expectTalk(`
      SET a 0.1              → OK
      INCRBYFLOAT a 0.2      → "0.3"
      SET a 10.50            → OK
      INCRBYFLOAT a 0.1      → "10.6"
      INCRBYFLOAT a -5       → "5.6"
      SET a 5.0e3            → OK
      INCRBYFLOAT a 2.0e2    → "5200"
      INCRBYFLOAT a -5200    → "0"
      INCRBYFLOAT a -1e-30   → "0"
    `);
  });

  it('refuses what is no number, and what would be none', () => {
    expectTalk(`
      INCRBYFLOAT a abc      → ERR value is not a valid float
      INCRBYFLOAT a nan      → ERR value is not a valid float
      INCRBYFLOAT a 1e5000   → ERR value is not a valid float
      INCRBYFLOAT a inf      → ERR increment would produce NaN or Infinity
      SET a x                → OK
      INCRBYFLOAT a 1        → ERR value is not a valid float
    `);
  });
});
