import { expect } from 'chai';

import { RefusedError, UnreachableError } from '../../../../src/client/errors.ts';
import type { Status } from '../../../../src/common/message/admin.ts';
import { mapCluster, status, stringWorld, told } from '../string-world.ts';

const lost: Status = { ...status, state: 'unavailable', lost: [{ partition: 17, slaves: ['s2', 's4'] }] };

describe('forfeit', () => {
  it('does nothing without the flag, and says what would be lost and what to type', async () => {
    const cluster = mapCluster({
      status: () => Promise.resolve(lost),
      forfeit: () => Promise.reject(new Error('it was given up')),
    });
    const { status: ended, err } = await told(stringWorld(cluster), 'forfeit', '17', '18', '900');
    expect(ended).to.equal(2);
    expect(err).to.deep.equal([
      'piazza-client: nothing was done: forfeit gives up for good whatever these partitions hold',
      '  partition 17: every key in slots 1088 to 1151; s2, s4 could bring it back',
      '  partition 18: it is not lost, and cannot be given up',
      '  partition 900: there is none, the last one is 255',
      'to do it, type: piazza-client forfeit 17 18 900 --yes-lose-data',
    ]);
  });

  it('says what to type also when nobody can be asked', async () => {
    const cluster = mapCluster({ status: () => Promise.reject(new UnreachableError('nobody there')) });
    const { status: ended, err } = await told(stringWorld(cluster), 'forfeit', '17');
    expect(ended).to.equal(2);
    expect(err[1]).to.equal('  what they are cannot be said now: UNREACHABLE nobody there');
  });

  it('gives each partition up once, with the flag', async () => {
    const asked: (readonly number[])[] = [];
    const cluster = mapCluster({
      forfeit: (partitions) => {
        asked.push(partitions);
        return Promise.resolve();
      },
    });
    const world = stringWorld(cluster);
    expect(await told(world, 'forfeit', '17', '18', '17', '--yes-lose-data')).to.include({ status: 0 });
    expect(asked).to.deep.equal([[17, 18]]);
  });

  for (const word of ['x', '-1', '1.5', '16384', '', '1e2']) {
    it(`takes ${JSON.stringify(word)} for no partition`, async () => {
      const { status: ended, err } = await told(
        stringWorld(mapCluster()),
        ...['forfeit', '1', word, '--yes-lose-data'],
      );
      expect(ended).to.equal(2);
      expect(err[0]).to.contain('a partition is a number from 0 to 16383');
    });
  }
});

describe('forget', () => {
  it('says that it is done, or why not', async () => {
    expect(await told(stringWorld(mapCluster()), 'forget', 's2')).to.include({
      status: 0,
      out: 'forgotten\n',
    });
    const cluster = mapCluster({ forget: () => Promise.reject(new RefusedError('ERR', 's2 is alive')) });
    expect(await told(stringWorld(cluster), 'forget', 's2')).to.deep.equal({
      ...{ status: 1, out: '', err: ['ERR s2 is alive'] },
    });
  });
});
