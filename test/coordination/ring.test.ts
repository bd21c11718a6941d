import { expect } from 'chai';
import fc from 'fast-check';

import { type SlaveId, slaveId } from '../../src/common/ids.ts';
import {
  emptyRing,
  join,
  leave,
  point,
  POINTS,
  predecessor,
  type Ring,
  reseated,
  ringOf,
  type Seat,
  slavesOf,
  successor,
  tokenOf,
  walk,
} from '../../src/coordination/ring.ts';

const s1 = slaveId('s1');
const s2 = slaveId('s2');
const s3 = slaveId('s3');

const seatsOf = (ring: Ring): readonly Seat[] => [...walk(ring, point(0))];
const seatsAsText = (seats: readonly Seat[]): readonly string[] =>
  seats.map(({ token, slave }) => `${token} ${slave}`);

// Two slaves whose first tokens collide, found by trying names one after the other.
const [low, high] = [slaveId('csbxun'), slaveId('yvivst')];

describe('the ring', () => {
  describe('that is empty', () => {
    it('has no seats and no neighbours to offer', () => {
      expect(seatsOf(emptyRing)).to.deep.equal([]);
      expect(slavesOf(emptyRing)).to.deep.equal([]);
      expect(successor(emptyRing, point(5))).to.equal(undefined);
      expect(predecessor(emptyRing, point(5))).to.equal(undefined);
    });
  });

  describe('with one slave of one token', () => {
    const ring = ringOf([s1], 1);
    const token = tokenOf(s1, 0);

    it('makes it its own successor and predecessor, from everywhere', () => {
      for (const at of [0, token - 1, token, token + 1, POINTS - 1].map(point)) {
        expect(successor(ring, at)).to.deep.equal({ token, slave: s1 });
        expect(predecessor(ring, at)).to.deep.equal({ token, slave: s1 });
      }
    });

    it('is empty again when that one leaves', () => {
      expect(seatsOf(leave(ring, s1))).to.deep.equal([]);
      expect(slavesOf(leave(ring, s1))).to.deep.equal([]);
    });
  });

  describe('a walk', () => {
    const ring = ringOf([s1, s2, s3], 4);

    it('meets every seat once, from the first at or after its point', () => {
      const all = seatsOf(ring);
      const fifth = all[4] as Seat;
      expect([...walk(ring, fifth.token)]).to.deep.equal([...all.slice(4), ...all.slice(0, 4)]);
      expect([...walk(ring, point(fifth.token + 1))]).to.deep.equal([...all.slice(5), ...all.slice(0, 5)]);
    });

    it('goes round through zero', () => {
      expect([...walk(ring, point(POINTS - 1))]).to.deep.equal(seatsOf(ring));
    });

    it('may be left in the middle', () => {
      for (const seat of walk(ring, point(0))) {
        expect(seat).to.deep.equal(seatsOf(ring)[0]);
        break;
      }
    });
  });

  describe('a change', () => {
    it('leaves the old ring whole', () => {
      const before = ringOf([s1, s2], 8);
      const seats = seatsAsText(seatsOf(before));
      const after = leave(join(before, s3, 8), s1);
      expect(seatsAsText(seatsOf(before))).to.deep.equal(seats);
      expect(slavesOf(after)).to.deep.equal([s2, s3]);
    });

    it('refuses who sits already, who does not sit, and who wants no seat', () => {
      expect(() => join(ringOf([s1], 2), s1, 2)).to.throw('s1 sits on the ring already');
      expect(() => leave(emptyRing, s1)).to.throw('s1 does not sit on the ring');
      expect(() => join(emptyRing, s1, 0)).to.throw('one token or more');
    });
  });

  it('is reseated to what it would be from nothing, and is the same one when nobody comes or goes', () => {
    const some = fc.uniqueArray(fc.constantFrom(s1, s2, s3, low, high));
    fc.assert(
      fc.property(some, some, (before, now) => {
        const ring = ringOf(before, 3);
        const next = reseated(ring, new Set(now), 3);
        expect(seatsAsText(seatsOf(next))).to.deep.equal(seatsAsText(seatsOf(ringOf(now, 3))));
        expect(next === ring).to.equal(
          before.length === now.length && before.every((id) => now.includes(id)),
        );
      }),
    );
  });

  describe('with two slaves on one token', () => {
    it('seats both, the smaller id first, whoever came first', () => {
      const token = tokenOf(low, 0);
      expect(tokenOf(high, 0), 'the names were chosen to collide').to.equal(token);
      for (const ring of [ringOf([low, high], 1), ringOf([high, low], 1)]) {
        expect(seatsOf(ring)).to.deep.equal([
          { token, slave: low },
          { token, slave: high },
        ]);
        expect(successor(ring, token)?.slave).to.equal(low);
        expect(predecessor(ring, token)?.slave, 'before the token, so round through zero').to.equal(high);
      }
    });

    it('gives the token to the other when one leaves', () => {
      expect(seatsOf(leave(ringOf([low, high], 1), low)).map(({ slave }) => slave)).to.deep.equal([high]);
      expect(seatsOf(leave(ringOf([low, high], 1), high)).map(({ slave }) => slave)).to.deep.equal([low]);
    });
  });

  it('agrees with a list that is searched end to end, over random joins and leaves', () => {
    const names = ['a', 'b', 'c', 'd', 'e', low, high].map(slaveId);
    const change = fc.record({ slave: fc.constantFrom(...names), tokens: fc.integer({ min: 1, max: 9 }) });
    const changes = fc.array(change, { maxLength: 40 });
    fc.assert(
      fc.property(changes, fc.integer({ min: 0, max: POINTS - 1 }), fc.nat(), (steps, anywhere, pick) => {
        let ring = emptyRing;
        let model: readonly Seat[] = [];
        const past: { readonly ring: Ring; readonly model: readonly Seat[] }[] = [];
        for (const { slave, tokens } of steps) {
          past.push({ ring, model });
          const sits = model.some((seat) => seat.slave === slave);
          ring = sits ? leave(ring, slave) : join(ring, slave, tokens);
          model = sits ? model.filter((seat) => seat.slave !== slave) : withSeats(model, slave, tokens);
        }
        for (const then of past) expect(seatsOf(then.ring)).to.deep.equal(then.model);
        expect(seatsOf(ring)).to.deep.equal(model);

        // A point anywhere, and the points around a seat: that is where an answer would be off by one.
        const token = model[pick % Math.max(1, model.length)]?.token ?? 0;
        for (const at of [anywhere, token, (token + 1) % POINTS, (token + POINTS - 1) % POINTS].map(point)) {
          expect(successor(ring, at)).to.deep.equal(model.find((seat) => seat.token >= at) ?? model[0]);
          expect(predecessor(ring, at)).to.deep.equal(
            model.findLast((seat) => seat.token < at) ?? model.at(-1),
          );
          expect([...walk(ring, at)]).to.deep.equal([
            ...model.filter((seat) => seat.token >= at),
            ...model.filter((seat) => seat.token < at),
          ]);
        }
      }),
    );
  });

  it('does not depend on the order in which slaves came', () => {
    const names = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, names, (some, others) => {
        const named = some.map((name) => slaveId(`s${name}`));
        const detour = others.map((name) => slaveId(`x${name}`));
        let ring = ringOf([...detour, ...named.toReversed()], 5);
        for (const slave of detour) ring = leave(ring, slave);
        expect(seatsOf(ring)).to.deep.equal(seatsOf(ringOf(named, 5)));
        expect(slavesOf(ring)).to.deep.equal(named.toSorted());
      }),
    );
  });
});

function withSeats(model: readonly Seat[], slave: SlaveId, tokens: number): readonly Seat[] {
  const drawn = new Set(Array.from({ length: tokens }, (_, counter) => tokenOf(slave, counter)));
  return [...model, ...[...drawn].map((token) => ({ token, slave }))].sort(
    (a, b) => a.token - b.token || (a.slave < b.slave ? -1 : 1),
  );
}
