/** Shrinking: what is left still fails, and nothing of it can be left out. */
import { expect } from 'chai';

import { planOf, type Plan } from './plan.ts';
import { shrunk, TRIES_MAX } from './shrink.ts';

const PLAN: Plan = {
  ...planOf(3, { troubledMs: 60_000 }),
  clients: ['gateway', 'direct-ahead', 'copy', 'direct'],
};

const has = ({ faults }: Plan, ...places: readonly number[]): boolean =>
  places.every((place) => faults.some(({ at }) => at === PLAN.faults[place]?.at));

describe('a plan that fails', () => {
  it('is shrunk to the faults that it takes', () => {
    const left = shrunk(PLAN, (plan) => has(plan, 2, 7));
    expect(left.faults).to.deep.equal([PLAN.faults[2], PLAN.faults[7]]);
    expect(left.clients).to.deep.equal([]);
    expect(left.troubledMs).to.equal((PLAN.faults[7]?.at ?? 0) + 5_000);
  });

  it('keeps what it needs of clients and of time', () => {
    const needs = (plan: Plan): boolean => plan.clients.includes('copy') && plan.troubledMs === 60_000;
    const left = shrunk(PLAN, needs);
    expect(left).to.deep.include({ clients: ['copy'], troubledMs: 60_000, faults: [] });
  });

  it('is given back as it was when it fails only whole', () => {
    expect(shrunk(PLAN, (plan) => plan === PLAN)).to.equal(PLAN);
  });

  it('is not tried for ever', () => {
    let tries = 0;
    shrunk({ ...PLAN, faults: Array.from({ length: 1_000 }, () => PLAN.faults[0] as never) }, (plan) => {
      tries += 1;
      return plan.faults.length > 900;
    });
    expect(tries).to.be.at.most(TRIES_MAX);
  });
});
