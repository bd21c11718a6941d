import { expect } from 'chai';

import { painter } from '../../../src/client/cli/paint.ts';
import { ringText } from '../../../src/client/cli/ring-text.ts';
import { widthOf } from '../../../src/client/cli/table.ts';
import { ringPicture } from './string-world.ts';

const plain = painter(false);

describe('the drawing of the ring', () => {
  const drawing = ringText(ringPicture, plain);

  it('fits into 80 columns, with or without colours', () => {
    const widest = Math.max(...ringText(ringPicture, painter(true)).split('\n').map(widthOf));
    expect(widest).to.be.at.most(80);
    expect(ringText(ringPicture, painter(true)).replaceAll(/\x1b\[[0-9;]*m/g, '')).to.equal(drawing);
  });

  it('shows the first half on the right, the second on the left, and what nobody owns', () => {
    const middle = drawing.split('\n')[11] ?? '';
    expect(middle).to.match(/^ +12288 +B+ .* A+ +4096$/);
    expect(drawing.split('\n')[1]).to.contain('.A');
  });

  it('has a legend with shares', () => {
    expect(drawing).to.match(/^A {2}s1 +alive +127\.0\.0\.1:7001 +8 partitions +50\.0% +1 token$/m);
    expect(drawing).to.match(/^\. {2}\(nobody\) +1 partition +6\.3%$/m);
  });

  it('is drawn for an empty cluster too', () => {
    const empty = ringText({ ...ringPicture, slaves: [], tokens: [], owners: [] }, plain);
    expect(empty).to.contain('no slaves');
  });
});
