import { expect } from 'chai';
import fc from 'fast-check';

import { partition } from '../../../src/common/ids.ts';
import { Failure } from '../../../src/common/reply.ts';
import { routeScan, type Routed } from '../../../src/coordination/gateway/route.ts';
import { decodeCursor, encodeCursor } from '../../../src/coordination/gateway/scan.ts';
import { calmWorld, settings, viewOf } from '../../support/gateway-world.ts';

const PARTITIONS = settings.partitions;

describe('a walk over the ring (PIAZZA SCAN)', () => {
  const page = (cursor: string): Routed => {
    const found = routeScan(10, [cursor, '5'], PARTITIONS);
    if (found instanceof Failure) throw new Error(found.text);
    return found;
  };
  const items = '*3\r\n$1\r\nk\r\n$1\r\nv\r\n:0';

  it('begins with the first partition, and goes on behind the last key', () => {
    const world = calmWorld();
    world.commands(1, page('0'));
    expect(world.sentTo('s1')).to.deep.equal(['PIAZZA SCANPART 0  5']);
    world.replies('s1', `*2\r\n$4\r\nazA=\r\n${items}`);
    expect(world.answers.get(10)).to.equal(`*2\r\n$6\r\n0:azA=\r\n${items}`);
  });

  it('goes from partition to partition, and ends with 0', () => {
    const world = calmWorld();
    world.commands(1, page('2:azA='));
    expect(world.sentTo('s1')).to.deep.equal(['PIAZZA SCANPART 2 azA= 5']);
    world.replies('s1', '*2\r\n$0\r\n\r\n*0');
    expect(world.answers.get(10)).to.equal('*2\r\n$2\r\n3:\r\n*0');
    world.commands(1, { ...page('3:'), request: 11 });
    world.replies('s2', '*2\r\n$0\r\n\r\n*0');
    expect(world.answers.get(11)).to.equal('*2\r\n$1\r\n0\r\n*0');
  });

  it('minds any lost partition, also one that it has passed', () => {
    const world = calmWorld();
    world.view(viewOf(['s1', 's2', 's1', 's2']), 0);
    world.commands(1, page('2:'));
    expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN .*partition 0 is lost/);
  });

  it('refuses cursors and counts that are none', () => {
    for (const cursor of ['', '1', '-1:', '4:', '0:?', '99999999:', 'x:']) {
      expect(routeScan(1, [cursor, '5'], PARTITIONS), cursor).to.be.instanceOf(Failure);
    }
    for (const count of ['', '0', '-1', 'x', '1.5']) {
      expect(routeScan(1, ['0', count], PARTITIONS), count).to.be.instanceOf(Failure);
    }
  });

  it('reads back every cursor that it wrote', () => {
    fc.assert(
      fc.property(fc.nat(PARTITIONS - 1), fc.uint8Array({ maxLength: 1024 }), (place, after) => {
        const cursor = { partition: partition(place), after: Buffer.from(after).toString('base64') };
        expect(decodeCursor(encodeCursor(cursor, PARTITIONS), PARTITIONS)).to.deep.equal(cursor);
      }),
    );
  });
});
