/** The target: another one when others sit on the ring, or one of them elsewhere; otherwise the same. */
import { expect } from 'chai';

import { placementOf } from '../../src/coordination/placement.ts';
import { ringOf } from '../../src/coordination/ring.ts';
import { slaveId } from '../../src/common/ids.ts';
import { zoneNames } from '../../src/coordination/zoned-copies.ts';
import { CoordinatorBench } from '../support/coordinator-bench.ts';
import { SETTINGS } from '../support/slave-bench.ts';

const settings = { ...SETTINGS, partitions: 64 };

function registered(names: string): CoordinatorBench {
  const bench = new CoordinatorBench({ settings });
  for (const name of names) bench.register(name);
  bench.persist();
  return bench;
}

const idsOf = (names: string): ReturnType<typeof slaveId>[] => names.split('').map(slaveId);

describe('the target', () => {
  it('is the placement of those who are alive, through joins, deaths and returns', () => {
    const bench = registered('abcd');
    expect(bench.state.target).to.deep.equal(placementOf(ringOf(idsOf('abcd'), settings.tokens), settings));
    bench.kill('b');
    expect(bench.state.target).to.deep.equal(placementOf(ringOf(idsOf('acd'), settings.tokens), settings));
    bench.register('b');
    bench.register('e');
    expect(bench.state.target).to.deep.equal(placementOf(ringOf(idsOf('abcde'), settings.tokens), settings));
  });

  it('is not made anew when somebody is only suspected', () => {
    const bench = registered('abc');
    const { target } = bench.state;
    bench.feed({ kind: 'link-closed', link: bench.links.get('b') ?? 0 });
    expect(bench.state.target).to.equal(target);
  });

  it('is made anew when a slave comes back in another zone', () => {
    const bench = registered('abcd');
    for (const name of 'abcd') {
      bench.reboot(name);
      bench.register(name, { zone: name < 'c' ? 'east' : 'west' });
    }
    const { target, view } = bench.state;
    const zones = zoneNames(view.slaves.values());
    expect(zones.size).to.equal(4);
    expect(target).to.deep.equal(placementOf(ringOf(idsOf('abcd'), settings.tokens), settings, zones));
  });
});
