import { expect } from 'chai';

import { bytesText, healingText } from '../../../src/client/cli/healing-text.ts';
import { Pace } from '../../../src/client/cli/pace.ts';
import type { Status } from '../../../src/common/message/admin.ts';
import { status } from './string-world.ts';

const healing = (partitions: number, more = {}): Status => ({
  ...status,
  state: 'healing',
  healing: { partitions, ...more },
});

describe('how far the healing is', () => {
  it('is nothing while nothing heals, or nothing was given out', () => {
    expect(healingText(status)).to.equal(undefined);
    expect(healingText({ ...healing(256), state: 'unavailable' })).to.equal(undefined);
  });

  it('is a bar with what is settled, copied, and how fast', () => {
    expect(healingText(healing(64, { copiedBytes: 13 << 20, bytesPerSecond: 4_300_000 }))).to.equal(
      '[#######################.......]   75%  192 of 256 partitions settled  13.0 MiB copied  4.1 MiB/s',
    );
  });

  it('says how long it may take to whoever keeps looking', () => {
    const pace = new Pace();
    pace.add(0, 128);
    pace.add(2_000, 64);
    expect(healingText(healing(64), pace)).to.match(/192 of 256 partitions settled {2}about 2 s$/);
  });

  it('tells bytes in the unit that fits', () => {
    const amounts = [0, 1_023, 1_024, 1_536, 5 * 1_024 ** 3, 2 ** 60].map(bytesText);
    expect(amounts).to.deep.equal(['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '5.0 GiB', '1048576.0 TiB']);
  });
});
