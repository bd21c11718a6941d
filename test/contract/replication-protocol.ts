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

import type { FaultKind } from '../simulation/faults.ts';
import { ALL_FAULTS, planOf } from '../simulation/plan.ts';
import { attempt, complaintOf, type Outcome } from '../simulation/trial.ts';
import { CALM, type Weather } from '../simulation/weather.ts';

const WILD: Weather = { lostPercent: 2, twicePercent: 3, latePercent: 5 };

interface Chapter {
  readonly title: string;
  readonly kinds: readonly FaultKind[];
  readonly weather: Weather;
}

const CHAPTERS: readonly Chapter[] = [
  { title: 'slaves that die and come back', kinds: ['crash', 'crash-two'], weather: CALM },
  { title: 'slaves that sleep longer than their promises', kinds: ['pause', 'sleep', 'hang'], weather: CALM },
  { title: 'slaves that cannot reach each other', kinds: ['cut', 'cut-one-way', 'cut-off'], weather: CALM },
  {
    title: 'a coordination server that dies in the middle of things',
    kinds: ['crash-coordination', 'pause-coordination', 'crash'],
    weather: CALM,
  },
  { title: 'everything going down at once', kinds: ['crash-all', 'crash-coordination'], weather: CALM },
  { title: 'slaves that join while others die', kinds: ['join', 'crash', 'pause'], weather: CALM },
  {
    title: 'disks that are slow, full, wiped, or lie',
    kinds: ['slow-disk', 'full-disk', 'failing-disk', 'wipe', 'old-copy', 'flipped-byte'],
    weather: CALM,
  },
  {
    title: 'frames that are lost, repeated and reordered',
    kinds: ['crash', 'pause', 'break-link'],
    weather: WILD,
  },
  { title: 'all of it together', kinds: ALL_FAULTS, weather: WILD },
];

const TROUBLED_MS = 6_000;

export function replicationProtocolContract(name: string, seeds: readonly number[]): void {
  describe(`${name} keeps the replication contract`, () => {
    for (const { title, kinds, weather } of CHAPTERS) {
      for (const replicas of [2, 3]) {
        it(`through ${title}, with ${replicas} copies`, () => {
          for (const seed of seeds)
            judge(
              attempt(planOf(seed, { slaves: 4, replicas, weather, kinds, troubledMs: TROUBLED_MS })),
              seed,
            );
        }).timeout(30_000);
      }
    }

    it('tells the same story twice from the same seed', () => {
      const plan = planOf(7, { weather: WILD, troubledMs: TROUBLED_MS });
      expect(attempt(plan)).to.deep.equal(attempt(plan));
    });
  });
}

function judge(outcome: Outcome, seed: number): void {
  expect(complaintOf(outcome), `seed ${seed}\n${outcome.story.join('\n')}`).to.equal(undefined);
  expect(outcome.acknowledged, 'something happened at all').to.be.greaterThan(20);
}
