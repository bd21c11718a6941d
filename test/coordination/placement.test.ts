import { expect } from 'chai';
import fc from 'fast-check';

import { type SlaveId, slaveId } from '../../src/common/ids.ts';
import { hash32 } from '../../src/common/hash.ts';
import {
  ownMax,
  type Placement,
  placementOf,
  type PlacementSettings,
  pointOf,
} from '../../src/coordination/placement.ts';
import {
  emptyRing,
  join,
  leave,
  point,
  predecessor,
  ringOf,
  successor,
} from '../../src/coordination/ring.ts';

const settings = (partitions: number, replicas: number, tokens: number): PlacementSettings => ({
  partitions,
  replicas,
  tokens,
});

const named = (count: number, prefix: string): readonly SlaveId[] =>
  Array.from({ length: count }, (_, index) => slaveId(`${prefix}${index}`));

/** How often each slave stands at these places of the member lists. */
function countOf(placement: Placement, from: number, to?: number): ReadonlyMap<SlaveId, number> {
  const counts = new Map<SlaveId, number>();
  for (const slave of placement.flatMap((members) => members.slice(from, to))) {
    counts.set(slave, (counts.get(slave) ?? 0) + 1);
  }
  return counts;
}

const fullest = (counts: ReadonlyMap<SlaveId, number>): number => Math.max(0, ...counts.values());

/** A cluster's settings and slaves, down to rings of none and of one, and more slaves than partitions. */
const cluster = fc.record({
  partitions: fc.oneof(fc.constantFrom(1, 2, 16, 256), fc.integer({ min: 1, max: 300 })),
  replicas: fc.integer({ min: 0, max: 5 }),
  tokens: fc.constantFrom(1, 2, 3, 32),
  slaves: fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 12 }),
});

describe('the placement', () => {
  describe('as a law', () => {
    it('gives every partition as many different members as it can have', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          const placement = placementOf(
            ringOf(
              slaves.map((name) => slaveId(`s${name}`)),
              wish.tokens,
            ),
            wish,
          );
          const wanted = wish.replicas === 0 ? slaves.length : Math.min(wish.replicas, slaves.length);
          expect(placement).to.have.length(wish.partitions);
          for (const members of placement) {
            expect(members).to.have.length(wanted);
            expect(new Set(members).size).to.equal(wanted);
          }
        }),
      );
    });

    it('lets no slave own more than the bound', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          fc.pre(wish.tokens > 1 && slaves.length > 0);
          const placement = placementOf(
            ringOf(
              slaves.map((name) => slaveId(`s${name}`)),
              wish.tokens,
            ),
            wish,
          );
          expect(fullest(countOf(placement, 0, 1))).to.be.at.most(
            Math.ceil((1.25 * wish.partitions) / slaves.length),
          );
        }),
      );
    });

    it('follows from who is there, and not from who came first', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          const names = slaves.map((name) => slaveId(`s${name}`));
          const there = placementOf(ringOf(names, wish.tokens), wish);
          expect(placementOf(ringOf(names.toReversed(), wish.tokens), wish)).to.deep.equal(there);
        }),
      );
    });

    it('agrees with a twin that searches sorted arrays', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          const names = slaves.map((name) => slaveId(`s${name}`));
          expect(placementOf(ringOf(names, wish.tokens), wish)).to.deep.equal(twinOf(names, wish));
        }),
      );
    });
  });

  describe('with one token each', () => {
    const wish = settings(256, 2, 1);

    it('gives each partition to the successor of its point, and the copy to the next', () => {
      for (const slaves of [1, 2, 3, 7, 16]) {
        const ring = ringOf(named(slaves, `r${slaves}-`), 1);
        placementOf(ring, wish).forEach((members, partition) => {
          const owner = successor(ring, point(pointOf(partition, 256)));
          const copy = owner && successor(ring, point(owner.token + 1));
          expect(members).to.deep.equal(slaves === 1 ? [owner?.slave] : [owner?.slave, copy?.slave]);
        });
      }
    });

    it('counts a token that lies on the very point of a partition as met', () => {
      // The token of s187242 is 15615 × 2^18, found by trying: the point of partition 15615 of 16384.
      const slaves = ['s187242', 's275400'].map(slaveId);
      const placement = placementOf(ringOf(slaves, 1), settings(16_384, 1, 1));
      expect(placement[15_615]).to.deep.equal(['s187242']);
      expect(placement[15_616]).to.deep.equal(['s275400']);
    });

    it("makes a slave's copies what its predecessor owns", () => {
      const ring = ringOf(named(7, 's'), 1);
      const placement = placementOf(ring, wish);
      for (const [slave] of ring.tokensOf) {
        const seat = successor(ring, point(hash32(`${slave}#0`)));
        const before = seat && predecessor(ring, seat.token);
        const previous = placement.flatMap((members, partition) => (members[1] === slave ? [partition] : []));
        const owned = placement.flatMap((members, partition) =>
          members[0] === before?.slave ? [partition] : [],
        );
        expect(previous, `copies of ${slave}`).to.deep.equal(owned);
      }
    });

    it('lets the range of a dead slave fall whole to its one successor, and moves nothing else', () => {
      const ring = ringOf(named(7, 's'), 1);
      const before = placementOf(ring, wish);
      for (const [dead] of ring.tokensOf) {
        const heir = successor(ring, point(hash32(`${dead}#0`) + 1))?.slave;
        placementOf(leave(ring, dead), wish).forEach(([owner], partition) => {
          const was = before[partition]?.[0];
          expect(owner).to.equal(was === dead ? heir : was);
        });
      }
    });
  });

  describe('in balance', () => {
    it('keeps the copies even too, where there are slaves to choose from', () => {
      for (let seed = 0; seed < 30; seed += 1) {
        for (const [slaves, replicas] of [
          [5, 2],
          [9, 3],
          [16, 2],
        ] as const) {
          const placement = placementOf(ringOf(named(slaves, `r${seed}-`), 32), settings(256, replicas, 32));
          expect(fullest(countOf(placement, 1))).to.be.at.most(ownMax(256 * (replicas - 1), slaves));
        }
      }
    });

    it('shares the work of a dead slave among the survivors', () => {
      const ring = ringOf(named(8, 's'), 32);
      const dead = slaveId('s3');
      const before = placementOf(ring, settings(256, 2, 32));
      const after = placementOf(leave(ring, dead), settings(256, 2, 32));
      const heirs = new Set(after.flatMap(([owner], p) => (before[p]?.[0] === dead && owner ? [owner] : [])));
      expect(heirs.size).to.be.at.least(4);
    });
  });

  // Averages over seeded rings. The least a join can move is what the newcomer should have: the mean.
  describe('in calm', () => {
    const cases = [
      { partitions: 256, slaves: [2, 3, 5, 8, 11, 15], rings: 12 },
      { partitions: 1_024, slaves: [17, 32, 48, 60], rings: 3 },
    ];
    for (const { partitions, slaves, rings } of cases) {
      let moves: Moves;
      before(() => {
        moves = movesOf({ partitions, slaves, rings });
      });

      it(`moves at most half as much again as a join must, with ${partitions} partitions`, () => {
        expect(moves.join).to.be.at.most(1.5);
      });

      it(`moves at most half as much again as a leave must, with ${partitions} partitions`, () => {
        expect(moves.leave).to.be.at.most(1.5);
      });

      it(`copies at most half as much again as it must, with ${partitions} partitions`, () => {
        expect(moves.copies).to.be.at.most(1.5);
      });
    }
  });

  it('gives nobody anything while nobody is there', () => {
    expect(placementOf(emptyRing, settings(4, 2, 32))).to.deep.equal([[], [], [], []]);
  });

  it('refuses settings that no cluster has', () => {
    expect(() => placementOf(emptyRing, settings(0, 2, 32))).to.throw('no such ring');
    expect(() => placementOf(emptyRing, settings(16_385, 2, 32))).to.throw('no such ring');
    expect(() => placementOf(emptyRing, settings(16, -1, 32))).to.throw('replicas count');
  });
});

interface Moves {
  readonly join: number;
  readonly leave: number;
  readonly copies: number;
}

/** How much moves when one slave joins, and when it leaves again, in shares of the least that must. */
function movesOf(wish: { partitions: number; slaves: readonly number[]; rings: number }): Moves {
  const sums = { moved: 0, mean: 0, held: 0, copied: 0, memberships: 0 };
  const placing = settings(wish.partitions, 2, 32);
  for (const slaves of wish.slaves) {
    for (let seed = 0; seed < wish.rings; seed += 1) {
      const ring = ringOf(named(slaves, `r${seed}-`), 32);
      const guest = slaveId('guest');
      const without = placementOf(ring, placing);
      const withGuest = placementOf(join(ring, guest, 32), placing);
      sums.mean += wish.partitions / (slaves + 1);
      withGuest.forEach((members, partition) => {
        const before = without[partition] ?? [];
        sums.moved += members[0] === before[0] ? 0 : 1;
        sums.held += members[0] === guest ? 1 : 0;
        sums.copied += members.filter((member) => !before.includes(member)).length;
        sums.memberships += members.includes(guest) ? 1 : 0;
      });
    }
  }
  // A leave is the same change the other way round; what it must move is what the guest held.
  return {
    join: sums.moved / sums.mean,
    leave: sums.moved / sums.held,
    copies: sums.copied / sums.memberships,
  };
}

/** The same rules once more, as plainly and slowly as possible; shares only the hash with the real one. */
function twinOf(slaves: readonly SlaveId[], { partitions, replicas, tokens }: PlacementSettings): Placement {
  const seats = slaves
    .flatMap((slave) =>
      Array.from({ length: tokens }, (_, counter) => ({ at: hash32(`${slave}#${counter}`), slave })),
    )
    .sort((a, b) => a.at - b.at || (a.slave < b.slave ? -1 : 1));
  const copiesWanted = (replicas === 0 ? slaves.length : Math.min(replicas, slaves.length)) - 1;
  const isBounded = tokens !== 1;
  const owned: SlaveId[] = [];
  const copied: SlaveId[] = [];
  const times = (list: readonly SlaveId[], slave: SlaveId): number =>
    list.filter((one) => one === slave).length;
  const placement: (readonly SlaveId[])[] = Array.from({ length: partitions }, () => []);
  const order = placement
    .map((_, partition) => partition)
    .sort((a, b) => hash32(`${a}`) - hash32(`${b}`) || a - b);

  for (const partition of slaves.length === 0 ? [] : order) {
    const from = Math.floor((partition * 4_294_967_296) / partitions);
    const walked = [...seats.filter(({ at }) => at >= from), ...seats.filter(({ at }) => at < from)];
    const room = (slave: SlaveId): boolean =>
      times(owned, slave) + 1 <= Math.ceil((1.25 * partitions) / slaves.length);
    const seat = walked.findIndex(({ slave }) => !isBounded || room(slave));
    const owner = walked[seat]?.slave ?? slaveId('nobody');
    const next = [...walked.slice(seat), ...walked.slice(0, seat)].map(({ slave }) => slave);
    const others = [...new Set(next)].filter((slave) => slave !== owner);
    const copiesMax = Math.ceil((1.25 * partitions * copiesWanted) / slaves.length);
    const isFull = (slave: SlaveId): boolean =>
      isBounded && copiesWanted + 1 < slaves.length && times(copied, slave) >= copiesMax;
    const copies = [...others.filter((slave) => !isFull(slave)), ...others.filter(isFull)].slice(
      0,
      copiesWanted,
    );
    owned.push(owner);
    copied.push(...copies);
    placement[partition] = [owner, ...copies];
  }
  return placement;
}
