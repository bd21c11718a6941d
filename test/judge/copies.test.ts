/** What copies show to READONLY readers: late is fine, invented or backwards is not. */
import { expect } from 'chai';
import fc from 'fast-check';

import { judgeCopies } from './copies.ts';
import type { Operation } from './history.ts';
import { randomHistory } from './random-history.ts';
import { told } from './shorthand.ts';

const written = `
  a SET k a 0-10  OK
  a SET k b 20-30 OK
  a SET l 1 40-50 OK
  a SET l 2 60-70 OK`;

const verdictOf = (reads: string, options = {}): string => {
  const result = judgeCopies(told(`${written}\n${reads}`), options);
  return result.verdict === 'possible' ? 'possible' : result.why;
};

const together = { partitionOf: () => 'one' };

describe('the judge of reads at copies', () => {
  it('lets a copy be behind', () => {
    expect(verdictOf('r@s2 GET k 100-110 "a"')).to.equal('possible');
    expect(verdictOf('r@s2 GET k 100-110 nil')).to.equal('possible');
  });

  it('finds a value that was never written', () => {
    expect(verdictOf('r@s2 GET k 100-110 "c"')).to.equal('never written');
  });

  it('finds a value that was written only later', () => {
    expect(verdictOf('r@s2 GET k 12-19 "b"')).to.equal('never written');
    expect(verdictOf('r@s2 GET k 12-20 "b"')).to.equal('possible');
  });

  it('finds a copy that goes back', () => {
    expect(verdictOf('r@s2 GET k 100-110 "b"\nr@s2 GET k 120-130 "a"')).to.equal('gone back');
    expect(verdictOf('r@s2 GET k 100-110 "b"\nr@s2 GET k 120-130 nil')).to.equal('gone back');
    expect(verdictOf('r@s2 MGET k l 100-110 ["b",nil]\nr@s2 MGET l k 120-130 [nil,"a"]')).to.equal(
      'gone back',
    );
  });

  it('lets another copy, or another connection, be further behind', () => {
    expect(verdictOf('r@s2 GET k 100-110 "b"\nr@s3 GET k 120-130 "a"')).to.equal('possible');
    expect(verdictOf('r@s2 GET k 100-110 "b"\nq@s2 GET k 120-130 "a"')).to.equal('possible');
  });

  it('finds a partition that goes back from one key to another', () => {
    const reads = 'r@s2 GET l 100-110 "1"\nr@s2 GET k 120-130 "a"';
    expect(verdictOf(reads, together)).to.equal('gone back');
    expect(verdictOf(reads)).to.equal('possible');
    expect(verdictOf('r@s2 GET k 100-110 "b"\nr@s2 GET l 120-130 nil', together)).to.equal('possible');
  });

  it('cannot say which of two writes at the same time was first, until somebody saw the one before the other', () => {
    const twins = 'a SET k a 0-10 OK\nb SET k b 5-15 OK\nr@s2 GET k 20-21 "b"\nr@s2 GET k 22-23 "a"';
    expect(judgeCopies(told(twins)).verdict).to.equal('possible');
    const seen =
      'a SET k a 0-10 OK\nc GET k 2-4 "a"\nb SET k b 5-15 OK\nr@s2 GET k 20-21 "b"\nr@s2 GET k 22-23 "a"';
    expect(judgeCopies(told(seen)).verdict).to.equal('impossible');
  });

  it('takes two writes that meet for writes at the same time', () => {
    const meeting = (began: number): string =>
      judgeCopies(
        told(`a SET k a 0-10 OK\nb SET k b ${began}-20 OK\nr@s2 GET k 20-21 "b"\nr@s2 GET k 22-23 "a"`),
      ).verdict;
    expect([meeting(10), meeting(11)]).to.deep.equal(['possible', 'impossible']);
  });

  it('lets a write with an unknown outcome come late', () => {
    const late = 'a SET k a 0-?\nb SET k b 5-15 OK\nr@s2 GET k 20-21 "b"\nr@s2 GET k 22-23 "a"';
    expect(judgeCopies(told(late)).verdict).to.equal('possible');
  });

  it('lets a value go again that was removed, or that has a time to live', () => {
    const removed = 'a SET k a 0-10 OK\nb DEL k 15-30 1\nr@s2 GET k 20-21 "a"\nr@s2 GET k 22-23 nil';
    expect(judgeCopies(told(removed)).verdict).to.equal('possible');
    const mortal = 'a SET k a PX 5 0-10 OK\nr@s2 GET k 20-21 "a"\nr@s2 GET k 22-23 nil';
    expect(judgeCopies(told(mortal)).verdict).to.equal('possible');
  });

  it('says of how many reads it cannot tell', () => {
    const history = told(
      'a APPEND k a 0-10 1\nr@s2 GET k 20-21 "x"\nr@s2 EXISTS k 22-23 1\nr@s2 GET l 24-25 nil',
    );
    expect(judgeCopies(history)).to.deep.equal({ verdict: 'possible', judged: 1, unjudged: 2 });
  });

  it('never accuses a copy that is up to date (law)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const happened = randomHistory({
          ...{ seed, clients: 4, keys: 3, hotKeys: 1, operations: 150, unknownPercent: 5 },
          commands: [
            (key) => ['GET', key],
            () => ['MGET', 'k0', 'k1', 'k2'],
            (key, value) => ['SET', key, value],
            (key, value) => ['SET', key, value, 'PX', '40'],
            (key, value) => ['SET', key, value, 'NX'],
            (key) => ['DEL', key],
            (key) => ['GETDEL', key],
          ],
        });
        const atCopies = happened.map((operation): Operation =>
          operation.command[0]?.endsWith('GET') === true ? { ...operation, copy: 's2' } : operation,
        );
        for (const options of [{}, together])
          expect(judgeCopies(atCopies, options).verdict).to.equal('possible');
      }),
    );
  });
});
