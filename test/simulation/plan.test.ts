/** Plans: a seed means one, and what they ask of a cluster is what its settings allow. */
import { expect } from 'chai';

import { coordinationFindings } from '../../src/common/config/relations.ts';
import type { CoordinationConfig } from '../../src/common/config/schema.ts';
import { ALL_FAULTS, type Plan, planOf, QUIET_MS, USUAL_PACE } from './plan.ts';

const PLANS: readonly Plan[] = Array.from({ length: 200 }, (_, seed) => planOf(seed));

const SETTINGS = { minCopies: 1, replicas: 2, withSlaves: 0, port: 1, peerPort: 2, httpPort: 3 };

describe('plans', () => {
  it('are told by their seed alone', () => {
    expect(planOf(7)).to.deep.equal(planOf(7));
    expect(planOf(7)).to.not.deep.equal(planOf(8));
  });

  it('have paces that a coordination server would start with', () => {
    for (const { pace } of PLANS)
      expect(coordinationFindings({ ...SETTINGS, ...pace } as CoordinationConfig).complaints).to.deep.equal(
        [],
      );
  });

  it('now and then have promises that outlast a window, and mostly the usual ones', () => {
    expect(PLANS.some(({ pace }) => pace.promiseMs > pace.windowMs)).to.equal(true);
    expect(PLANS.some(({ pace }) => pace === USUAL_PACE)).to.equal(true);
  });

  it('meet every kind of fault, in time order, and sometimes before the cluster is founded', () => {
    const kinds = new Set(PLANS.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect([...kinds].sort()).to.deep.equal([...ALL_FAULTS].sort());
    for (const { faults } of PLANS)
      expect(faults.map(({ at }) => at)).to.deep.equal(faults.map(({ at }) => at).sort((a, b) => a - b));
    expect(PLANS.some(({ faults }) => (faults[0]?.at ?? QUIET_MS) < 1_000)).to.equal(true);
  });
});
