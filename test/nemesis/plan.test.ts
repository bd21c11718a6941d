import { expect } from 'chai';

import { planOf } from './plan.ts';

describe('the plan of a nemesis run', () => {
  it('has defaults, and the seed that it is given', () => {
    expect(planOf([], 42)).to.deep.equal({
      ...{ seconds: 120, seed: 42, slaves: 5, replicas: 2 },
      ...{ faults: [], keep: false },
    });
  });

  it('takes what the command line says', () => {
    const args = ['--seconds', '9', '--seed=3', '--replicas', '3', '--faults', 'kill,pause-long', '--keep'];
    expect(planOf(args, 42)).to.deep.equal({
      ...{ seconds: 9, seed: 3, slaves: 5, replicas: 3 },
      ...{ faults: ['kill', 'pause-long'], keep: true },
    });
  });

  for (const args of [
    ['--seconds', 'long'],
    ['--seconds', '0'],
    ['--replicas', '4'],
    ['--slaves', '2', '--replicas', '3'],
    ['--unknown'],
  ])
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => planOf(args, 1)).to.throw(args[0] === '--slaves' ? '--replicas' : (args[0] ?? ''));
    });
});
