/** Copies across zones: as many different ones as there can be, evenly, and as calm as without. */
import { expect } from 'chai';
import fc from 'fast-check';

import { type SlaveId, slaveId } from '../../src/common/ids.ts';
import { ownMax, type Placement, placementOf } from '../../src/coordination/placement.ts';
import { join, ringOf } from '../../src/coordination/ring.ts';
import { zoneNames } from '../../src/coordination/zoned-copies.ts';
import { configuration, wireView } from '../support/slave-bench.ts';

type Zoned = ReadonlyMap<SlaveId, string>;

/** Slaves of some zones and of none, from rings of one to more zones than slaves. */
const cluster = fc.record({
  partitions: fc.oneof(fc.constantFrom(1, 2, 16, 256), fc.integer({ min: 1, max: 300 })),
  replicas: fc.integer({ min: 0, max: 6 }),
  tokens: fc.constantFrom(1, 2, 32),
  slaves: fc.uniqueArray(
    fc.record({
      name: fc.integer({ min: 0, max: 99 }),
      zone: fc.constantFrom(undefined, 'a', 'b', 'c', 'd'),
    }),
    { minLength: 1, maxLength: 12, selector: ({ name }) => name },
  ),
});

const namesOf = (slaves: readonly { readonly name: number }[]): readonly SlaveId[] =>
  slaves.map(({ name }) => slaveId(`s${name}`));

const zonesOf = (slaves: readonly { readonly name: number; readonly zone: string | undefined }[]): Zoned =>
  new Map(
    slaves.flatMap(({ name, zone }) => (zone === undefined ? [] : [[slaveId(`s${name}`), zone] as const])),
  );

/** Whoever has no zone is one. */
const zoneOf = (zones: Zoned, slave: SlaveId): string => zones.get(slave) ?? `alone ${slave}`;

/** So many slaves, dealt out to so many zones. */
function dealt(count: number, zones: number, prefix: string): Zoned {
  return new Map(
    Array.from({ length: count }, (_, index) => [slaveId(`${prefix}${index}`), `zone-${index % zones}`]),
  );
}

const copiesOf = (placement: Placement, slave: SlaveId): number =>
  placement.filter((members) => members.indexOf(slave) > 0).length;

describe('copies across zones', () => {
  describe('as a law', () => {
    it('lie in as many zones as they can, and evenly over them', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          const zones = zonesOf(slaves);
          const names = namesOf(slaves);
          const all = new Set(names.map((slave) => zoneOf(zones, slave)));
          const wanted = wish.replicas === 0 ? names.length : Math.min(wish.replicas, names.length);
          for (const members of placementOf(ringOf(names, wish.tokens), wish, zones)) {
            expect(new Set(members).size, 'different slaves').to.equal(wanted);
            const held = members.map((slave) => zoneOf(zones, slave));
            expect(new Set(held).size, 'different zones').to.equal(Math.min(wanted, all.size));
            for (const zone of all) {
              const here = held.filter((one) => one === zone).length;
              const size = names.filter((slave) => zoneOf(zones, slave) === zone).length;
              const most = Math.max(...[...all].map((one) => held.filter((other) => other === one).length));
              expect(here, `members in ${zone}`).to.be.at.least(Math.min(size, most - 1));
            }
          }
        }),
      );
    });

    it('follow from who is there, and not from who came first', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          const there = placementOf(ringOf(namesOf(slaves), wish.tokens), wish, zonesOf(slaves));
          const turned = slaves.toReversed();
          expect(placementOf(ringOf(namesOf(turned), wish.tokens), wish, zonesOf(turned))).to.deep.equal(
            there,
          );
        }),
      );
    });

    it('leave owners where they are', () => {
      fc.assert(
        fc.property(cluster, ({ slaves, ...wish }) => {
          const ring = ringOf(namesOf(slaves), wish.tokens);
          expect(placementOf(ring, wish, zonesOf(slaves)).map(([owner]) => owner)).to.deep.equal(
            placementOf(ring, wish).map(([owner]) => owner),
          );
        }),
      );
    });

    it('are what they are without zones where no two slaves share one', () => {
      fc.assert(
        fc.property(cluster, fc.func(fc.boolean()), ({ slaves, ...wish }, isNamed) => {
          const ring = ringOf(namesOf(slaves), wish.tokens);
          const zones = new Map(
            namesOf(slaves)
              .filter((slave) => isNamed(slave))
              .map((slave) => [slave, `only ${slave}`]),
          );
          expect(placementOf(ring, wish, zones)).to.deep.equal(placementOf(ring, wish));
        }),
      );
    });
  });

  it('stay within the bound where zones are even', () => {
    for (const [slaves, zones, replicas] of [
      [6, 3, 2],
      [9, 3, 3],
      [12, 4, 2],
    ] as const) {
      const zoned = dealt(slaves, zones, 's');
      const placement = placementOf(
        ringOf(zoned.keys(), 32),
        { partitions: 256, replicas, tokens: 32 },
        zoned,
      );
      for (const slave of zoned.keys())
        expect(copiesOf(placement, slave), slave).to.be.at.most(ownMax(256 * (replicas - 1), slaves));
    }
  });

  it('are shared in a zone that is too small for its part', () => {
    // Two of a hold the copies of all that six of b own: 192 of 256, where the bound says 40.
    const zoned = new Map(
      Array.from({ length: 8 }, (_, index) => [slaveId(`s${index}`), index < 2 ? 'a' : 'b'] as const),
    );
    const placement = placementOf(
      ringOf(zoned.keys(), 32),
      { partitions: 256, replicas: 2, tokens: 32 },
      zoned,
    );
    const [one = 0, other = 0] = ['s0', 's1'].map((name) => copiesOf(placement, slaveId(name)));
    expect(Math.abs(one - other), `${one} and ${other} copies`).to.be.at.most(20);
  });

  // The least that a join can copy is what the newcomer should have.
  it('are as calm at a join as without zones', () => {
    const sums = { copied: 0, due: 0 };
    for (const slaves of [4, 6, 9, 15]) {
      for (let seed = 0; seed < 8; seed += 1) {
        const zoned = dealt(slaves, 3, `r${seed}-`);
        const guest = slaveId('guest');
        const withGuest = new Map(zoned).set(guest, 'zone-0');
        const ring = ringOf(zoned.keys(), 32);
        const wish = { partitions: 256, replicas: 2, tokens: 32 };
        const before = placementOf(ring, wish, zoned);
        placementOf(join(ring, guest, 32), wish, withGuest).forEach((members, partition) => {
          sums.copied += members.filter((member) => before[partition]?.includes(member) === false).length;
          sums.due += Number(members.includes(guest));
        });
      }
    }
    expect(sums.copied / sums.due).to.be.at.most(1.6);
  });

  it('know a zone from the record of its slave', () => {
    const [one, ...others] = wireView(configuration(0, '')).slaves;
    expect(one && [...zoneNames([...others, { ...one, zone: 'rack-1' }])]).to.deep.equal([
      [one?.id, 'rack-1'],
    ]);
  });
});
