/** How often a child is started again. */
import { expect } from 'chai';

import { afterDeath, type Death, newborn, type Verdict } from '../../src/coordination/restart-policy.ts';

/** The verdicts on a series of deaths, each after the one before. */
function verdicts(deaths: readonly Death[]): readonly Verdict[] {
  let history = newborn;
  return deaths.map((death) => {
    const verdict = afterDeath(history, death);
    if (verdict.kind === 'restart') history = verdict.history;
    return verdict;
  });
}

const delays = (deaths: readonly Death[]): readonly (number | undefined)[] =>
  verdicts(deaths).map((verdict) => (verdict.kind === 'restart' ? verdict.afterMs : undefined));

const young = (status?: number): Death => ({ livedMs: 50, status });
const old: Death = { livedMs: 10_000, status: undefined };

describe('restart policy', () => {
  it('waits twice as long after each young death, up to five seconds', () => {
    const deaths = Array.from({ length: 8 }, () => young());
    expect(delays(deaths)).to.deep.equal([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('forgets young deaths once a child has lived a while', () => {
    expect(delays([young(), young(), old, young()])).to.deep.equal([100, 200, 100, 200]);
  });

  it('gives up what says five times in a row that it was started wrongly', () => {
    const five = verdicts([young(2), young(2), young(3), young(2), young(2)]);
    expect(five.map(({ kind }) => kind)).to.deep.equal([
      'restart',
      'restart',
      'restart',
      'restart',
      'give up',
    ]);
  });

  it('does not give up what was killed or failed otherwise in between', () => {
    const deaths = [young(2), young(2), young(2), young(2), young(1), young(2), young(2), young(2), young(2)];
    expect(delays(deaths)).not.to.include(undefined);
    expect(delays(Array.from({ length: 20 }, () => young(1)))).not.to.include(undefined);
  });
});
