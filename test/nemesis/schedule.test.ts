import { expect } from 'chai';
import fc from 'fast-check';

import { CALM_AFTER_MS, CALM_BEFORE_MS, OVERLAP_MAX, scheduleOf, type Plan, type Shape } from './schedule.ts';

const shape = (name: string, weight: Shape['weight'], more: Partial<Shape> = {}): Shape => ({
  name,
  weight,
  victims: weight === 'all' ? 0 : 1,
  lastsMs: [500, 4_000],
  ...more,
});

const SHAPES = [
  shape('pause', 'light'),
  shape('cut', 'light', { victims: 2 }),
  shape('kill', 'down'),
  shape('power', 'down', { among: ['s1', 's2'] }),
  shape('everything', 'all'),
  shape('disk', 'store'),
];

const plans: fc.Arbitrary<Plan> = fc
  .record({
    seed: fc.nat(),
    lengthMs: fc.integer({ min: 0, max: 120_000 }),
    count: fc.integer({ min: 3, max: 6 }),
    replicas: fc.constantFrom(2, 3),
    shapes: fc.subarray(SHAPES),
  })
  .map(({ count, shapes, replicas, ...rest }) => {
    const two = shape('kill-two', 'down', { victims: 2 });
    return {
      ...rest,
      replicas,
      shapes: replicas > 2 ? [...shapes, two] : shapes,
      slaves: Array.from({ length: count }, (_, at) => `s${at + 1}`),
    };
  });

/** What is under way at the beginning of each strike, that one included: there are never more in between. */
const moments = (plan: Plan): ReturnType<typeof scheduleOf>[] => {
  const strikes = scheduleOf(plan);
  return strikes.map(({ atMs }) =>
    strikes.filter((other) => other.atMs <= atMs && other.atMs + other.lastsMs > atMs),
  );
};

describe('the schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = { seed: 7, lengthMs: 60_000, slaves: ['s1', 's2', 's3'], replicas: 2, shapes: SHAPES };
    expect(scheduleOf(plan)).to.deep.equal(scheduleOf(plan));
    expect(scheduleOf({ ...plan, seed: 8 })).not.to.deep.equal(scheduleOf(plan));
  });

  it('lets every fault come before one comes again', () => {
    const slaves = ['s1', 's2', 's3', 's4'];
    const names = scheduleOf({ seed: 3, lengthMs: 120_000, slaves, replicas: 2, shapes: SHAPES }).map(
      ({ name }) => name,
    );
    expect(names.length).to.be.above(SHAPES.length);
    expect(new Set(names.slice(0, SHAPES.length)).size).to.equal(SHAPES.length);
  });

  it('has no fault where there is none to choose from', () => {
    expect(scheduleOf({ seed: 1, lengthMs: 60_000, slaves: ['s1'], replicas: 2, shapes: [] })).to.deep.equal(
      [],
    );
  });

  it('says so when a fault wants more slaves than there are', () => {
    const shapes = [shape('kill-two', 'down', { victims: 2 })];
    expect(() => scheduleOf({ seed: 1, lengthMs: 60_000, slaves: ['s1'], replicas: 3, shapes })).to.throw(
      'kill-two strikes 2 slaves, and there are only 1',
    );
  });

  it('has times that ascend, end in time, and stay within each bound', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        let last = CALM_BEFORE_MS;
        for (const { atMs, lastsMs, name, victims } of scheduleOf(plan)) {
          const its = plan.shapes.find((one) => one.name === name);
          expect(atMs).to.be.at.least(last);
          expect(atMs + lastsMs).to.be.at.most(plan.lengthMs - CALM_AFTER_MS);
          expect(lastsMs).to.be.within(its?.lastsMs[0] ?? NaN, its?.lastsMs[1] ?? NaN);
          expect(new Set(victims).size).to.equal(its?.victims);
          expect(its?.among ?? plan.slaves).to.include.members([...victims]);
          last = atMs;
        }
      }),
    );
  });

  it('strikes a slave with one fault at a time, and few of them at once', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const underWay of moments(plan)) {
          expect(underWay.length).to.be.at.most(OVERLAP_MAX);
          const struck = underWay.flatMap(({ victims }) => victims);
          expect(new Set(struck).size).to.equal(struck.length);
        }
      }),
    );
  });

  it('never takes down as many slaves as there are copies', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const underWay of moments(plan)) {
          const down = underWay.filter(({ weight }) => weight === 'down' || weight === 'store');
          expect(down.flatMap(({ victims }) => victims).length).to.be.below(plan.replicas);
        }
      }),
    );
  });

  it('gives the time to itself to what strikes all, and to what costs a store', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        for (const underWay of moments(plan))
          if (underWay.some(({ weight }) => weight === 'all' || weight === 'store'))
            expect(underWay).to.have.length(1);
      }),
    );
  });
});
