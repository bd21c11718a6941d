/**
 * What every replication protocol promises, whatever happens to its slaves: the suite that makes a
 * protocol a protocol.
 *
 * Clients write and read in a small world; slaves crash, pause, are cut apart; the coordination
 * server comes and goes; frames are lost, repeated and reordered. Whatever was acknowledged is
 * there, nothing is read that could not be, no partition has two authorities, and when the
 * trouble is over the cluster is healthy and answers for every key.
 */
import { expect } from 'chai';

import { CALM, type Weather } from '../simulation/peer-network.ts';
import { attempt, type Outcome, type Plan, type Trouble } from '../simulation/trial.ts';

const WILD: Weather = { lostPercent: 2, twicePercent: 3, latePercent: 5 };

interface Chapter {
  readonly title: string;
  readonly kinds: readonly Trouble[];
  readonly weather: Weather;
}

const CHAPTERS: readonly Chapter[] = [
  { title: 'slaves that die and come back', kinds: ['crash'], weather: CALM },
  { title: 'slaves that sleep longer than their promises', kinds: ['pause'], weather: CALM },
  { title: 'slaves that cannot reach each other', kinds: ['cut'], weather: CALM },
  {
    title: 'a coordination server that dies in the middle of things',
    kinds: ['coordinator', 'crash'],
    weather: CALM,
  },
  { title: 'everything going down at once', kinds: ['crash-all', 'coordinator'], weather: CALM },
  { title: 'slaves that join while others die', kinds: ['join', 'crash', 'pause'], weather: CALM },
  { title: 'frames that are lost, repeated and reordered', kinds: ['crash', 'pause'], weather: WILD },
  {
    title: 'all of it together',
    kinds: ['crash', 'crash-all', 'pause', 'cut', 'coordinator', 'join'],
    weather: WILD,
  },
];

export function replicationProtocolContract(name: string, seeds: readonly number[]): void {
  describe(`${name} keeps the replication contract`, () => {
    for (const { title, kinds, weather } of CHAPTERS) {
      for (const replicas of [2, 3]) {
        it(`through ${title}, with ${replicas} copies`, () => {
          for (const seed of seeds)
            judge(attempt({ seed, slaves: 4, replicas, weather, kinds, troubles: 5 }), seed);
        }).timeout(30_000);
      }
    }

    it('tells the same story twice from the same seed', () => {
      const plan: Plan = {
        seed: 7,
        slaves: 4,
        replicas: 2,
        weather: WILD,
        kinds: ['crash', 'cut', 'pause'],
        troubles: 4,
      };
      expect(attempt(plan)).to.deep.equal(attempt(plan));
    });
  });
}

function judge(outcome: Outcome, seed: number): void {
  const told = `seed ${seed}\n${[...outcome.violations, ...outcome.story].join('\n')}`;
  expect(outcome.violations, told).to.deep.equal([]);
  expect(outcome.health, told).to.equal('healthy');
  expect(outcome.unanswered, told).to.deep.equal([]);
  expect(outcome.acknowledged, 'something happened at all').to.be.greaterThan(20);
}
