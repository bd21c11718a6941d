import { expect } from 'chai';

import { lawSettings } from './law-settings.ts';

describe('law settings', () => {
  it('are a hundred runs of one seed, so that a run of the tests never fails by chance', () => {
    expect(lawSettings({})).to.deep.equal({ numRuns: 100, seed: 20_260_101 });
  });

  it('come from the environment', () => {
    expect(lawSettings({ FC_RUNS: '5', FC_SEED: '-7' })).to.deep.equal({ numRuns: 5, seed: -7 });
  });

  it('leave the seed to chance when asked', () => {
    expect(lawSettings({ FC_SEED: 'random' })).to.deep.equal({ numRuns: 100 });
  });

  for (const text of ['many', '0', '1e9', '10000001']) {
    it(`refuse ${text} runs`, () => {
      expect(() => lawSettings({ FC_RUNS: text })).to.throw('FC_RUNS');
    });
  }
});
