/** The view: as it travels, and as it changes. */
import { expect } from 'chai';

import { epoch, partition, slaveId } from '../../src/common/ids.ts';
import { changeView, hasMember, ownerOf, viewOf, wireOf } from '../../src/common/view.ts';
import { configuration, member, P, storeOf, wireView } from '../support/slave-bench.ts';

const CLUSTER = 'c'.repeat(32);
const view = viewOf(CLUSTER, wireView(configuration(3, 'ab')));

describe('a view', () => {
  it('is the same after it has travelled', () => {
    expect(viewOf(CLUSTER, wireOf(view))).to.deep.equal(view);
  });

  it('names the owner of a partition, and nobody for one that was never founded', () => {
    expect(ownerOf(view, P)).to.deep.equal(member('a'));
    expect(ownerOf(view, partition(1))).to.equal(undefined);
  });

  it('takes in what changed and leaves the old one as it was', () => {
    const later = changeView(view, {
      epoch: epoch(101),
      slaves: [],
      gone: [slaveId('d')],
      configurations: [{ partition: P, configuration: configuration(4, 'ba') }],
    });
    expect(later.epoch).to.equal(101);
    expect(ownerOf(later, P)?.slave).to.equal('b');
    expect([...later.slaves.keys()]).to.deep.equal(['a', 'b', 'c']);
    expect(ownerOf(view, P)?.slave).to.equal('a');
    expect(view.slaves.has(slaveId('d'))).to.equal(true);
  });

  it('does not take a slave with another store for a member (N3)', () => {
    const { members } = configuration(3, 'ab');
    const stranger = { slave: slaveId('a'), store: storeOf('z') };
    expect(hasMember({ epoch: epoch(3), members, ownerNonce: '' }, member('a'))).to.equal(true);
    expect(hasMember({ epoch: epoch(3), members, ownerNonce: '' }, stranger)).to.equal(false);
  });
});
