/** EXPIRE and its relatives, TTL and its, PERSIST. The clock stands at zero unless a test moves it. */
import { expect } from 'chai';

import { stamp } from '../../../src/common/time.ts';
import { expectTalk, Model } from './model.ts';

const at = (ms: number): Model => {
  const model = new Model();
  model.now = stamp(ms);
  return model;
};

describe('EXPIRE and its relatives', () => {
  it('set the time in all four forms', () => {
    expectTalk(
      `
      SET a 1              → OK
      EXPIRE a 10          → 1
      PTTL a               → 10000
      PEXPIRE a 1500       → 1
      PEXPIRETIME a        → 2500
      EXPIREAT a 100       → 1
      EXPIRETIME a         → 100
      PEXPIREAT a 100500   → 1
      EXPIRETIME a         → 101
      EXPIRE b 10          → 0
      PERSIST a            → 1
      PERSIST a            → 0
      PERSIST b            → 0
    `,
      at(1000),
    );
  });

  it('delete at once when the time is over', () => {
    for (const line of [
      'EXPIRE a 0',
      'EXPIRE a -1',
      'PEXPIRE a -9223372036854775808',
      'EXPIREAT a 5',
      'PEXPIREAT a 0',
    ]) {
      const model = at(5_000);
      expectTalk('SET a 1 → OK', model);
      expectTalk(`${line} → 1`, model);
      expect(model.effects, line).to.deep.equal([{ kind: 'delete', key: 'a' }]);
    }
  });

  it('keep to NX, XX, GT and LT; no time counts as for ever', () => {
    expectTalk(`
      SET a 1              → OK
      EXPIRE a 10 XX       → 0
      EXPIRE a 10 GT       → 0
      EXPIRE a 10 LT       → 1
      EXPIRE a 20 NX       → 0
      EXPIRE a 10 GT       → 0
      EXPIRE a 20 GT       → 1
      EXPIRE a 20 LT       → 0
      EXPIRE a 15 LT XX    → 1
      TTL a                → 15
    `);
  });

  it('refuse other words, and words that do not go together', () => {
    expectTalk(
      `
      EXPIRE a 10 foo      → ERR Unsupported option foo
      EXPIRE a x foo       → ERR Unsupported option foo
      EXPIRE a 10 NX XX    → ERR NX and XX, GT or LT options at the same time are not compatible
      EXPIRE a 10 GT LT    → ERR GT and LT options at the same time are not compatible
      EXPIRE a 10 GT LT NX → ERR NX and XX, GT or LT options at the same time are not compatible
      EXPIRE a 1.5         → ERR value is not an integer or out of range
      EXPIRE a 9223372036854775807   → ERR invalid expire time in 'expire' command
      PEXPIRE a 9223372036854775807  → ERR invalid expire time in 'pexpire' command
      EXPIREAT a -9223372036854776   → ERR invalid expire time in 'expireat' command
      PEXPIREAT a 9223372036854775807 → 0
    `,
      at(1),
    );
  });

  it('change nothing where the time stays as it was', () => {
    const model = expectTalk('SET a 1 PXAT 9000 → OK');
    expectTalk('PEXPIREAT a 9000 → 1', model);
    expect(model.effects).to.deep.equal([]);
  });
});

describe('TTL and its relatives', () => {
  it('tell absent keys from those that live for ever', () => {
    expectTalk(`
      SET a 1              → OK
      TTL a                → -1
      PTTL b               → -2
      EXPIRETIME a         → -1
      PEXPIRETIME b        → -2
    `);
  });

  it('round to the nearest second', () => {
    expectTalk(`
      SET a 1 PX 1499      → OK
      TTL a                → 1
      SET a 1 PX 1500      → OK
      TTL a                → 2
      SET a 1 PX 499       → OK
      TTL a                → 0
    `);
  });
});
