import { expect } from 'chai';

import { progressText } from '../../../src/client/cli/progress.ts';

describe('progress', () => {
  it('shows a bar where the end is known, and a count where it is not', () => {
    expect(progressText('import', { keys: 100, share: 0.5 }, 1_000)).to.equal(
      'import  [###############...............]   50%  100 keys  100/s',
    );
    expect(progressText('export', { keys: 5, share: undefined }, 500)).to.equal('export  5 keys  10/s');
  });
});
