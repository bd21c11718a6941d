/** Grace: it bends the placement for a while, and never what is safe. */
import { expect } from 'chai';
import fc from 'fast-check';

import { slaveId } from '../../src/common/ids.ts';
import { instant } from '../../src/common/time.ts';
import {
  bent,
  forgetGrace,
  type Grace,
  isAwaitedBack,
  newGrace,
  nextEnd,
  noteDeath,
  noteReturn,
} from '../../src/coordination/grace.ts';
import { CoordinatorBench, obey } from '../support/coordinator-bench.ts';
import { cast } from '../support/coordinator-scenes.ts';
import { configuration, SETTINGS } from '../support/slave-bench.ts';

const HAND_BACK_MS = 10_000;
const REJOIN_MS = 5_000;
const FORGIVEN_MS = 600_000;
const A = slaveId('a');
const NEVER = instant(Number.MAX_SAFE_INTEGER);

const grace = (): Grace => newGrace({ rejoinGraceMs: REJOIN_MS, handBackGraceMs: HAND_BACK_MS });

const names = (text: string): readonly ReturnType<typeof slaveId>[] => text.split('').map(slaveId);

/** It dies at each of these, and returns a second later. Answers with how long it is not handed back to. */
function gracesOf(...deaths: readonly number[]): readonly number[] {
  const kept = grace();
  return deaths.map((at) => {
    noteDeath(kept, A, instant(at));
    noteReturn(kept, A, instant(at + 1_000));
    return (kept.returned.get(A) ?? 0) - at - 1_000;
  });
}

describe('a slave that has returned', () => {
  it('is handed back to when it has been there for the grace', () => {
    const kept = grace();
    noteDeath(kept, A, instant(0));
    noteReturn(kept, A, instant(1_000));
    noteReturn(kept, slaveId('z'), instant(9_000));
    const isBent = (at: number): boolean =>
      bent(kept, [names('ab')], [configuration(3, 'ba')], instant(at))[0]?.[0] === 'b';
    expect(isBent(1_000 + HAND_BACK_MS - 1)).to.equal(true);
    expect(isBent(1_000 + HAND_BACK_MS)).to.equal(false);
  });

  it('is handed back to twice as late for each death in ten minutes, five times doubled at most', () => {
    const deaths = Array.from({ length: 8 }, (_, index) => index * 60_000);
    expect(gracesOf(...deaths)).to.deep.equal(
      [1, 2, 4, 8, 16, 32, 32, 32].map((times) => times * HAND_BACK_MS),
    );
  });

  it('is forgiven when it has not died for ten minutes', () => {
    expect(gracesOf(0, FORGIVEN_MS - 1)).to.deep.equal([HAND_BACK_MS, 2 * HAND_BACK_MS]);
    expect(gracesOf(0, FORGIVEN_MS)).to.deep.equal([HAND_BACK_MS, HAND_BACK_MS]);
  });

  it('and dies again is waited for no more', () => {
    const kept = grace();
    noteReturn(kept, A, instant(0));
    noteDeath(kept, A, instant(1));
    expect(kept.returned.size).to.equal(0);
  });

  it('is handed back to at once where there is no grace', () => {
    const kept = newGrace({ rejoinGraceMs: 0, handBackGraceMs: 0 });
    noteDeath(kept, A, instant(0));
    noteReturn(kept, A, instant(1));
    expect(kept.returned.size).to.equal(0);
  });

  it('in a new life has no past', () => {
    const kept = grace();
    noteDeath(kept, A, instant(0));
    noteReturn(kept, A, instant(1));
    forgetGrace(kept, A);
    expect([kept.deaths.size, kept.returned.size]).to.deep.equal([0, 0]);
  });
});

describe('a slave that has died', () => {
  it('has its place kept for it during the rejoin grace, and no longer', () => {
    const kept = grace();
    expect(isAwaitedBack(kept, A, instant(0))).to.equal(false);
    noteDeath(kept, A, instant(100));
    expect(isAwaitedBack(kept, A, instant(100 + REJOIN_MS - 1))).to.equal(true);
    expect(isAwaitedBack(kept, A, instant(100 + REJOIN_MS))).to.equal(false);
  });

  it('has none kept where there is no rejoin grace', () => {
    const kept = newGrace({ rejoinGraceMs: 0, handBackGraceMs: HAND_BACK_MS });
    noteDeath(kept, A, instant(100));
    expect(isAwaitedBack(kept, A, instant(100))).to.equal(false);
  });
});

describe('the next end of a grace', () => {
  it('is the soonest that is still to come', () => {
    const kept = grace();
    expect(nextEnd(kept, instant(0))).to.equal(NEVER);
    noteDeath(kept, A, instant(0));
    noteReturn(kept, slaveId('b'), instant(1_000));
    expect(nextEnd(kept, instant(0))).to.equal(REJOIN_MS);
    expect(nextEnd(kept, instant(REJOIN_MS))).to.equal(1_000 + HAND_BACK_MS);
    expect(nextEnd(kept, instant(1_000 + HAND_BACK_MS))).to.equal(NEVER);
  });
});

describe('a bent placement', () => {
  const letters = fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 1 }).map((some) => some.join(''));

  it('wants the same slaves in every partition, and changes nothing but who comes first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wanted: letters, present: letters }), { minLength: 1, maxLength: 8 }),
        fc.shuffledSubarray(['a', 'b', 'c', 'd']),
        (partitions, returned) => {
          const kept = grace();
          for (const name of returned) noteReturn(kept, slaveId(name), instant(0));
          const target = partitions.map(({ wanted }) => names(wanted));
          const configurations = partitions.map(({ present }) => configuration(3, present));
          const result = bent(kept, target, configurations, instant(1));
          result.forEach((slaves, index) => {
            const [first, ...rest] = slaves;
            const wanted = target[index] ?? [];
            expect([...slaves].sort()).to.deep.equal([...wanted].sort());
            expect(rest, 'the others stand as they did').to.deep.equal(wanted.filter((one) => one !== first));
            const isPresent = first === configurations[index]?.members[0]?.slave;
            expect(first === wanted[0] || isPresent).to.equal(true);
          });
        },
      ),
    );
  });

  it('leaves an owner where it is that is wanted, as long as who is to own has just returned', () => {
    const kept = grace();
    noteReturn(kept, A, instant(0));
    const target = [names('abc'), names('bac'), names('ac')];
    const present = [configuration(3, 'ca'), configuration(3, 'cb'), configuration(3, 'ba')];
    expect(bent(kept, target, present, instant(1))).to.deep.equal([names('cab'), names('bac'), names('ac')]);
  });
});

describe('in a cluster', () => {
  /** The owner died, the two others went on, and it is back: it holds everything again. */
  function returned(): ReturnType<typeof cast> {
    const actors = cast();
    comeAndGo(actors);
    return actors;
  }

  function comeAndGo({ bench, owner }: ReturnType<typeof cast>): void {
    bench.kill(owner);
    obey(bench);
    expect(bench.members).not.to.contain(owner);
    bench.reboot(owner);
    bench.register(owner);
    bench.beating.add(owner);
    obey(bench);
    expect(bench.members, 'its copy is made at once').to.contain(owner);
  }

  it('the owner stays where it is until the grace of who has returned is over, and then moves back', () => {
    const { bench, owner, copy } = returned();
    expect(bench.members).to.equal(`${copy}${owner}`);
    obey(bench, HAND_BACK_MS - 3 * SETTINGS.windowMs);
    expect(bench.members).to.equal(`${copy}${owner}`);
    obey(bench, 3 * SETTINGS.windowMs);
    expect(bench.members).to.equal(`${owner}${copy}`);
  });

  it('it moves back later each time', () => {
    const actors = returned();
    const { bench, owner, copy } = actors;
    obey(bench, HAND_BACK_MS);
    expect(bench.members).to.equal(`${owner}${copy}`);
    comeAndGo(actors);
    obey(bench, HAND_BACK_MS + 3 * SETTINGS.windowMs);
    expect(bench.members, 'twice as long').to.equal(`${copy}${owner}`);
    obey(bench, HAND_BACK_MS);
    expect(bench.members).to.equal(`${owner}${copy}`);
  });

  it('the place of a dead copy is kept for it, and given away when the rejoin grace is over', () => {
    const bench = new CoordinatorBench({ policy: { rejoinGraceMs: REJOIN_MS, handBackGraceMs: 0 } });
    for (const name of 'abc') {
      bench.register(name);
      bench.beating.add(name);
    }
    obey(bench, 3 * SETTINGS.windowMs);
    const [owner = '', copy = ''] = bench.members.split('');
    bench.kill(copy);
    obey(bench, REJOIN_MS - 200);
    expect(bench.members, 'nothing is copied').to.equal(owner);
    obey(bench, 1_000);
    expect(bench.members).to.have.length(2);
    expect(bench.members).not.to.contain(copy);
  });
});
