/** Histories that are known to be good or bad, each by the name of what went wrong. */
import { expect } from 'chai';

import { judge, type Options } from './linearizability.ts';
import { told } from './shorthand.ts';

const EXACT: Options = { drift: 0, earlyMs: 0, lateMs: 0 };

const good: Readonly<Record<string, string>> = {
  'a read during a write sees it or does not': `
    a SET k v1 0-10 OK
    b GET k 2-4 nil
    b GET k 5-9 "v1"`,
  'an unknown write takes effect late': `
    a SET k v1 0-?
    b SET k v2 10-20 OK
    b GET k 30-40 "v2"
    b GET k 50-60 "v1"`,
  'an unknown write never takes effect': `
    a SET k v1 0-?
    b GET k 50-60 nil`,
  'one of two cas succeeds': `
    a SET k v1 NX 0-10 OK
    b SET k v2 NX 0-10 nil
    a GET k 20-30 "v1"`,
  'an unknown delete explains why a key is gone': `
    a SET k v1 0-10 OK
    b DEL k 20-?
    a GET k 30-40 "v1"
    a SET k v2 NX 50-60 OK`,
  'an unknown increment explains a gap': `
    a INCR n 0-10 1
    b INCR n 20-?
    a INCR n 30-40 3`,
  'half of an unknown MSET is needed after the other half was overwritten': `
    a MSET k v1 l v2 0-?
    b SET k v3 10-20 OK
    b MGET k l 30-40 ["v3","v2"]`,
  'moments that are the same count as together': `
    a SET k v1 0-10 OK
    b GET k 10-10 nil`,
  'a copy is behind, which is not judged here': `
    a SET k v1 0-10 OK
    b@s2 GET k 20-30 nil`,
};

const bad: Readonly<Record<string, string>> = {
  'a write is lost': `
    a SET k v1 0-10 OK
    b GET k 20-30 nil`,
  'a read is stale': `
    a SET k v1 0-10 OK
    a SET k v2 20-30 OK
    b GET k 40-50 "v1"`,
  'a deleted key is there again': `
    a SET k v1 0-10 OK
    a DEL k 20-30 1
    b GET k 40-50 "v1"`,
  'a value was never written': `
    a SET k v1 0-10 OK
    b GET k 20-30 "v9"`,
  'two increments get one answer': `
    a INCR n 0-10 1
    b INCR n 0-10 1`,
  'an increment is counted twice': `
    a INCR n 0-10 1
    b GET n 20-30 "2"`,
  'an increment is lost': `
    a INCR n 0-10 1
    b INCR n 20-30 2
    b GET n 40-50 "1"`,
  'more was counted than was ever asked for': `
    a INCR n 0-10 1
    b INCR n 20-?
    a GET n 30-40 "3"`,
  'a value is seen, and gone again': `
    a SET k v1 0-10 OK
    b SET k v2 20-60 OK
    c GET k 25-30 "v2"
    c GET k 35-40 "v1"`,
  'two readers see two writes in opposite orders': `
    a SET k v1 0-90 OK
    b SET k v2 0-90 OK
    c GET k 10-20 "v1"
    c GET k 30-40 "v2"
    c GET k 50-60 "v1"`,
  'both cas succeed': `
    a SET k v1 NX 0-10 OK
    b SET k v2 NX 5-15 OK`,
  'two swaps take the same value': `
    a SET k v1 0-10 OK
    b GETSET k v2 20-30 "v1"
    c GETSET k v3 20-30 "v1"`,
  'an unknown write takes effect twice': `
    a SET k v1 0-?
    b GET k 10-20 "v1"
    b SET k v2 30-40 OK
    b GET k 50-60 "v1"`,
  'an unknown write takes effect before it began': `
    b GET k 0-10 "v1"
    a SET k v1 20-?`,
  'an MSET is seen in part': `
    a MSET k v1 l v2 0-10 OK
    b MGET k l 20-30 ["v1",nil]`,
};

describe('the judge of linearizability', () => {
  for (const [name, history] of Object.entries(good)) {
    it(`believes it when ${name}`, () => {
      expect(judge(told(history)).verdict).to.equal('possible');
    });
  }

  for (const [name, history] of Object.entries(bad)) {
    it(`finds it when ${name}`, () => {
      expect(judge(told(history)).verdict).to.equal('impossible');
    });
  }

  it('tells the answer that cannot be, what was possible then, and who was there', () => {
    const history = told(`
      a SET other v0 0-10 OK
      a SET k v1 0-10 OK
      a SET k v2 20-30 OK
      b SET k v3 32-60 OK
      b GET k 40-50 "v1"
      b GET k 70-80 "v3"`);
    const result = judge(history);
    expect(result).to.deep.include({ verdict: 'impossible', keys: ['k'], failed: history[4] });
    if (result.verdict !== 'impossible') return;
    expect(result.states).to.deep.include({ k: 'v2' });
    expect(result.states).to.not.deep.include({ k: 'v1' });
    expect(result.around.map(({ id }) => id)).to.deep.equal([1, 2, 3, 4]);
  });

  describe('with times to live', () => {
    const mortal = 'a SET k v1 PX 100 0-10 OK';

    for (const [name, line, verdict] of [
      ['lets a key live as long as it may', 'b GET k 109-120 "v1"', 'possible'],
      ['finds a key that lives longer', 'b GET k 111-120 "v1"', 'impossible'],
      ['lets a key go as soon as it may', 'b GET k 90-100 nil', 'possible'],
      ['finds a key that goes too early', 'b GET k 90-99 nil', 'impossible'],
      ['finds a key that is there again', 'b GET k 90-105 nil\nb GET k 106-107 "v1"', 'impossible'],
      ['lets it stay when that was asked for', 'b PERSIST k 50-60 1\nb GET k 990-999 "v1"', 'possible'],
      ['lets it go when that was asked for', 'b PEXPIRE k 5 50-60 1\nb GET k 62-63 nil', 'possible'],
      ['counts the time that is left', 'b PTTL k 50-60 55', 'possible'],
      ['finds more time left than there is', 'b PTTL k 50-60 75', 'impossible'],
      ['finds no time left where there is some', 'b PTTL k 50-60 -1', 'impossible'],
      [
        'keeps the time when a value is counted on',
        'b APPEND k x 50-60 3\nb GET k 111-112 "v1x"',
        'impossible',
      ],
    ] as const) {
      it(name, () => {
        expect(judge(told(`${mortal}\n${line}`), EXACT).verdict).to.equal(verdict);
      });
    }

    it('forgives what the options say', () => {
      const late = told(`${mortal}\nb GET k 111-120 "v1"`);
      expect(judge(late, { ...EXACT, lateMs: 1 }).verdict).to.equal('possible');
      expect(judge(late, { ...EXACT, drift: 0.01 }).verdict).to.equal('possible');
      const early = told(`${mortal}\nb GET k 90-99 nil`);
      expect(judge(early, { ...EXACT, earlyMs: 1 }).verdict).to.equal('possible');
    });
  });

  it('says so when it does not know a command', () => {
    const result = judge(told('a LPUSH k v1 0-10 1'));
    expect(result).to.deep.equal({ verdict: 'undecided', why: 'no meaning is known for: LPUSH k v1' });
  });

  it('says so when there is too much to search', () => {
    const many = Array.from(
      { length: 12 },
      (_, index) => `c${index} INCRBY n ${index + 1} 0-100 ${index + 50}`,
    );
    expect(judge(told(many.join('\n')), { configurationsMax: 0 }).verdict).to.equal('undecided');
  });

  it('reports what is impossible even if something else is undecided', () => {
    expect(judge(told('a LPUSH k v1 0-10 1\nb GET l 0-10 "v1"')).verdict).to.equal('impossible');
  });
});
