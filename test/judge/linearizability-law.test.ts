/**
 * The judge against every order of a handful of operations, and against histories that really happened.
 */
import { expect } from 'chai';
import fc from 'fast-check';

import { below, prng } from '../../src/common/prng.ts';
import { isPossible } from './brute-force.ts';
import type { Answer, Operation } from './history.ts';
import { judge } from './linearizability.ts';
import { randomHistory, type Traffic } from './random-history.ts';

type Commands = Traffic['commands'];

const registers: Commands = [
  (key) => ['GET', key],
  (key) => ['GET', key],
  (key, value) => ['SET', key, value],
  (key, value) => ['SET', key, value],
  (key) => ['DEL', key],
];

const conditions: Commands = [
  ...registers,
  (key, value) => ['SETNX', key, value],
  (key, value) => ['SET', key, value, 'NX'],
  (key, value) => ['SET', key, value, 'XX'],
  (key, value) => ['SET', key, value, 'NX', 'GET'],
  (key, value) => ['SET', key, value, 'XX', 'GET'],
  (key, value) => ['SET', key, value, 'GET'],
  (key, value) => ['GETSET', key, value],
  (key) => ['GETDEL', key],
  (key) => ['EXISTS', key],
  (key) => ['TYPE', key],
];

const counters: Commands = [
  (key) => ['GET', key],
  (key) => ['INCR', key],
  (key) => ['INCR', key],
  (key) => ['DECRBY', key, '2'],
  (key) => ['SET', key, '1'],
  (key) => ['DEL', key],
];

const measures: Commands = [
  ...counters,
  (key, value) => ['SET', key, value],
  (key, value) => ['APPEND', key, value],
  (key) => ['STRLEN', key],
];

const families: Commands = [
  ...registers,
  (_, value) => ['MSET', 'k0', value, 'k1', `${value}b`],
  () => ['MGET', 'k0', 'k1'],
  () => ['EXISTS', 'k0', 'k1', 'k0'],
  () => ['DEL', 'k1', 'k0', 'k1'],
];

const mortals: Commands = [
  ...conditions,
  (key, value) => ['SET', key, value, 'PX', '20'],
  (key, value) => ['SET', key, value, 'PX', '60'],
  (key, value) => ['SET', key, value, 'KEEPTTL'],
  (key) => ['PEXPIRE', key, '30'],
  (key) => ['PEXPIRE', key, '0'],
  (key) => ['EXPIRE', key, '1'],
  (key) => ['PERSIST', key],
  (key) => ['PTTL', key],
  (key) => ['INCR', key],
  (key, value) => ['APPEND', key, value],
];

const mixes = { registers, conditions, counters, measures, families };

const traffic = { clients: 4, keys: 2, hotKeys: 1, unknownPercent: 20 };

/** The clock of these histories is exact, so nothing is forgiven. */
const EXACT = { drift: 0, earlyMs: 0, lateMs: 0 };

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A reply becomes one that somebody else got, or that is always worth a try. */
function spoiled(history: readonly Operation[], seed: number): readonly Operation[] {
  const random = prng(seed);
  const known = history.filter(({ reply }) => reply !== undefined);
  const replies: Answer[] = [...known.map(({ reply }) => reply ?? null), null, 0, 1, 2];
  const victim = known[below(random, Math.max(known.length, 1))];
  const reply = replies[below(random, replies.length)];
  return history.map((operation) =>
    operation === victim && reply !== undefined ? { ...operation, reply } : operation,
  );
}

/** The same with half as many clients: each sends what two did, and does not wait. */
const sentAhead = (history: readonly Operation[]): readonly Operation[] =>
  history.map((operation, id) => ({
    ...operation,
    id,
    client: operation.client === 'c0' || operation.client === 'c1' ? 'a' : 'b',
  }));

// Every order of six operations, eight hundred times: a second on a quiet machine.
describe('the judge of linearizability, as a law,', function () {
  this.timeout(20_000);

  for (const [name, commands] of Object.entries(mixes)) {
    it(`finds what every order of a few operations finds: ${name}`, () => {
      const verdicts = { possible: 0, impossible: 0, undecided: 0 };
      fc.assert(
        fc.property(seeds, (seed) => {
          for (let variant = 0; variant < 8; variant += 1) {
            const happened = randomHistory({ ...traffic, seed: seed + variant, operations: 6, commands });
            const history = variant % 4 === 0 ? happened : spoiled(happened, seed + variant);
            const { verdict } = judge(history);
            expect(verdict).to.equal(isPossible(history) ? 'possible' : 'impossible');
            verdicts[verdict] += 1;
          }
        }),
      );
      expect(Math.min(verdicts.possible, verdicts.impossible), JSON.stringify(verdicts)).to.be.above(100);
    });
  }

  it('finds what every order finds where clients send ahead', () => {
    const verdicts = { possible: 0, impossible: 0, undecided: 0 };
    fc.assert(
      fc.property(seeds, (seed) => {
        for (let variant = 0; variant < 8; variant += 1) {
          const made = { ...traffic, seed: seed + variant, operations: 6, commands: conditions };
          const history = sentAhead(spoiled(randomHistory(made), seed + variant));
          const { verdict } = judge(history);
          expect(verdict).to.equal(isPossible(history) ? 'possible' : 'impossible');
          verdicts[verdict] += 1;
        }
      }),
    );
    expect(Math.min(verdicts.possible, verdicts.impossible), JSON.stringify(verdicts)).to.be.above(100);
  });

  for (const [name, commands] of Object.entries({ ...mixes, mortals })) {
    it(`believes what happened: ${name}`, () => {
      fc.assert(
        fc.property(seeds, (seed) => {
          const history = randomHistory({ ...traffic, seed, operations: 120, unknownPercent: 5, commands });
          expect(judge(history, EXACT).verdict).to.equal('possible');
        }),
      );
    });
  }

  it('names a first answer without which the history is possible, and with which it is not', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const happened = randomHistory({ ...traffic, keys: 1, seed, operations: 7, commands: conditions });
        const history = spoiled(happened, seed);
        const result = judge(history);
        if (result.verdict !== 'impossible') return;
        const unanswered = { ended: Infinity, reply: undefined };
        const { failed } = result;
        const without = history
          .filter(({ began }) => began <= failed.ended)
          .map((operation) => (operation.ended < failed.ended ? operation : { ...operation, ...unanswered }));
        expect(isPossible(without)).to.equal(true);
        expect(result.states).to.not.deep.equal([]);
        // Answers of the same moment have come as well.
        const together = without.map(
          (operation) =>
            history.find(({ id, ended }) => id === operation.id && ended === failed.ended) ?? operation,
        );
        expect(isPossible(together)).to.equal(false);
        expect(result.around).to.deep.include(failed);
      }),
    );
  });
});
