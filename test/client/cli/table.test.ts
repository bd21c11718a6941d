import { expect } from 'chai';

import { painter } from '../../../src/client/cli/paint.ts';
import { columns } from '../../../src/client/cli/table.ts';

describe('columns', () => {
  it('are as wide as their widest cell, colours not counted', () => {
    expect(
      columns([
        ['a', 'b'],
        [painter(true)('aaa', 'red'), 'b'],
      ]),
    ).to.equal('a    b\n\x1b[31maaa\x1b[0m  b\n');
  });
});
