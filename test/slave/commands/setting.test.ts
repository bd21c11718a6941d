/** The commands that set a whole value: answers, options in any order, and what they leave. */
import { expect } from 'chai';

import { stamp } from '../../../src/common/time.ts';
import { expectTalk, Model } from './model.ts';

const later = (model: Model, ms: number): void => {
  model.now = stamp(model.now + ms);
};

describe('SET', () => {
  it('sets, and takes away the time to live', () => {
    expectTalk(`
      SET a 1          → OK
      GET a            → "1"
      SET a 2 EX 10    → OK
      SET a 3          → OK
      TTL a            → -1
    `);
  });

  it('keeps to NX and XX', () => {
    expectTalk(`
      SET a 1 XX       → nil
      EXISTS a         → 0
      SET a 1 NX       → OK
      SET a 2 nx       → nil
      SET a 3 xx       → OK
      GET a            → "3"
    `);
  });

  it('answers with the old value under GET, whether or not it sets', () => {
    expectTalk(`
      SET a 1 GET      → nil
      SET a 2 GET      → "1"
      SET a 3 NX GET   → "2"
      SET b 1 XX GET   → nil
      MGET a b         → ["2" nil]
    `);
  });

  it('takes times in all four forms, and keeps one under KEEPTTL', () => {
    expectTalk(`
      SET a 1 EX 10            → OK
      PTTL a                   → 10000
      SET a 1 PX 1500          → OK
      PTTL a                   → 1500
      SET a 1 EXAT 20          → OK
      PTTL a                   → 20000
      SET a 1 PXAT 20500       → OK
      PTTL a                   → 20500
      SET a 2 KEEPTTL          → OK
      PTTL a                   → 20500
      SET a 2 EX 1 EX 2        → OK
      PTTL a                   → 2000
    `);
  });

  it('refuses what contradicts itself, and times that are none', () => {
    expectTalk(`
      SET a 1 NX XX                    → ERR syntax error
      SET a 1 EX                       → ERR syntax error
      SET a 1 EX 1 PX 1                → ERR syntax error
      SET a 1 KEEPTTL EX 1             → ERR syntax error
      SET a 1 PERSIST                  → ERR syntax error
      SET a 1 EX abc                   → ERR value is not an integer or out of range
      SET a 1 EX 0                     → ERR invalid expire time in 'set' command
      SET a 1 PX -5                    → ERR invalid expire time in 'set' command
      SET a 1 EX 9223372036854775807   → ERR invalid expire time in 'set' command
      EXISTS a                         → 0
    `);
  });

  it('deletes when the time is over already', () => {
    const model = new Model();
    later(model, 5_000);
    expectTalk('SET a 1 PXAT 5000 → OK', model);
    expect(model.effects).to.deep.equal([]);
    expectTalk('SET a 1 → OK', model);
    expectTalk('SET a 2 EXAT 4 GET → "1"', model);
    expect(model.effects).to.deep.equal([{ kind: 'delete', key: 'a' }]);
  });

  it('keeps a time that no double holds exactly as the last that one does', () => {
    expectTalk(`
      SET a 1 PXAT 9223372036854775807   → OK
      PEXPIRETIME a                      → 9007199254740991
    `);
  });
});

describe('the relatives of SET', () => {
  it('set, each in its way', () => {
    expectTalk(`
      SETNX a 1          → 1
      SETNX a 2          → 0
      SETEX a 10 2       → OK
      TTL a              → 10
      PSETEX a 1500 3    → OK
      PTTL a             → 1500
      GETSET a 4         → "3"
      TTL a              → -1
      GETSET b 1         → nil
      MSET a 1 b 2 a 3   → OK
      MGET a b c         → ["3" "2" nil]
      GETDEL a           → "3"
      GETDEL a           → nil
    `);
  });

  it('name themselves in their errors', () => {
    expectTalk(`
      SETEX a 0 1        → ERR invalid expire time in 'setex' command
      PSETEX a -1 1      → ERR invalid expire time in 'psetex' command
      SETEX a x 1        → ERR value is not an integer or out of range
      MSET a 1 b         → ERR wrong number of arguments for 'mset' command
      MSET a             → ERR wrong number of arguments for 'mset' command
    `);
  });
});

describe('GETEX', () => {
  it('reads, and changes the time to live only when it is told to', () => {
    const model = expectTalk(`
      SET a 1            → OK
      GETEX a            → "1"
      GETEX a EX 10      → "1"
      PTTL a             → 10000
      GETEX a PERSIST    → "1"
      TTL a              → -1
      GETEX b EX 10      → nil
    `);
    expectTalk('GETEX a PERSIST → "1"', model);
    expect(model.effects).to.deep.equal([]);
  });

  it('looks at the key before it looks at the number', () => {
    expectTalk(`
      GETEX a EX abc         → nil
      GETEX a NX             → ERR syntax error
      SET a 1                → OK
      GETEX a EX abc         → ERR value is not an integer or out of range
      GETEX a EX 0           → ERR invalid expire time in 'getex' command
      GETEX a PERSIST EX 1   → ERR syntax error
    `);
  });

  it('deletes the key whose time is over', () => {
    const model = new Model();
    later(model, 5_000);
    expectTalk(
      `
      SET a 1            → OK
      GETEX a EXAT 5     → "1"
      EXISTS a           → 0
    `,
      model,
    );
  });
});
