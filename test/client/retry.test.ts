import { expect } from 'chai';

import { faults } from '../../src/common/fault.ts';
import { prng } from '../../src/common/prng.ts';
import { backOffMs, judge, movedTo } from '../../src/client/retry.ts';

const refused = (text: string) => ({ kind: 'refused' as const, text });

describe('the rules of repeating', () => {
  const rows = [
    { trouble: { kind: 'not-sent' as const }, read: 'again', write: 'again' },
    { trouble: { kind: 'silence' as const }, read: 'again', write: 'uncertain' },
    { trouble: refused('CLUSTERDOWN nobody may answer'), read: 'again', write: 'again' },
    { trouble: refused('TRYAGAIN moving'), read: 'again', write: 'again' },
    { trouble: refused('NOREPLICAS a copy is away'), read: 'again', write: 'again' },
    { trouble: refused('NOSPACE full'), read: 'give-up', write: 'give-up' },
    { trouble: refused('LIMIT too large'), read: 'give-up', write: 'give-up' },
    { trouble: refused('UNCERTAIN who knows'), read: 'again', write: 'uncertain' },
    { trouble: refused('ERR syntax error'), read: 'give-up', write: 'give-up' },
    { trouble: refused('WRONGTYPE not a string'), read: 'give-up', write: 'give-up' },
    { trouble: refused('toString is no fault'), read: 'give-up', write: 'give-up' },
    { trouble: refused(''), read: 'give-up', write: 'give-up' },
  ];
  for (const { trouble, read, write } of rows) {
    const name = trouble.kind === 'refused' ? `"${trouble.text}"` : trouble.kind;
    it(`answers ${name} with ${read} for a read and ${write} for a write`, () => {
      expect([judge(trouble, 'read'), judge(trouble, 'write')]).to.deep.equal([read, write]);
    });
  }

  it('repeats a write after no fault that is not definite', () => {
    for (const [code, { definite }] of Object.entries(faults)) {
      if (!definite) expect(judge(refused(`${code} x`), 'write'), code).to.equal('uncertain');
    }
  });

  it('waits 20 ms, then twice as long each time up to 200 ms, and up to half as much again by chance', () => {
    const lucky = { next: () => 0 };
    const unlucky = { next: () => 0.999_999 };
    expect([0, 1, 2, 3, 4, 50].map((waits) => backOffMs(waits, lucky))).to.deep.equal([
      20, 40, 80, 160, 200, 200,
    ]);
    expect([0, 1, 2, 3, 4, 50].map((waits) => backOffMs(waits, unlucky))).to.deep.equal([
      30, 60, 120, 240, 300, 300,
    ]);
  });

  it('waits the same with the same seed', () => {
    const waits = (seed: number): readonly number[] => {
      const random = prng(seed);
      return [0, 1, 2, 3].map((count) => backOffMs(count, random));
    };
    expect(waits(7)).to.deep.equal(waits(7));
    expect(waits(7)).not.to.deep.equal(waits(8));
  });

  it('reads where MOVED points', () => {
    expect(movedTo('MOVED 3999 127.0.0.1:6381')).to.equal('127.0.0.1:6381');
    expect(movedTo('MOVED 3999 ')).to.equal(undefined);
    expect(movedTo('ERR MOVED 1 a:1')).to.equal(undefined);
  });
});
