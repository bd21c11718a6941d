/** KEYRANGE and KEYRANGE_READ, over a view of four partitions. */
import { expect } from 'chai';

import { type ClusterFacts, viewCommand } from '../../../src/common/command/cluster-commands.ts';
import { keyRangesOf } from '../../../src/common/command/key-ranges.ts';
import { commandOf } from '../../../src/common/command/registry.ts';
import { epoch, slaveId, storeId } from '../../../src/common/ids.ts';
import type { Configuration, SlaveRecord, View } from '../../../src/common/view.ts';
import { encodeReply } from '../../../src/common/wire/resp-writer.ts';
import { settings } from '../../support/gateway-world.ts';

const store = storeId('0'.repeat(32));

const slave = (number: number): SlaveRecord => ({
  ...{ id: slaveId(`s${number}`), store, boot: { count: 1, nonce: 'x' }, stage: 'alive' },
  ...{ host: '10.0.0.1', port: 7000 + number, peerPort: 17000 + number, pid: number },
});

const heldBy = (...members: readonly number[]): Configuration => ({
  epoch: epoch(members.length === 0 ? 0 : 1),
  members: members.map((member) => ({ slave: slaveId(`s${member}`), store })),
  ownerNonce: 'x',
});

const viewOf = (...configurations: readonly Configuration[]): View => ({
  ...{ clusterId: 'c', epoch: epoch(1), settings, configurations },
  slaves: new Map([1, 2, 3].map((number) => [slaveId(`s${number}`), slave(number)])),
});

const usual = viewOf(heldBy(1, 2), heldBy(1, 3), heldBy(2, 3, 1), heldBy(2, 3, 1));

function ask(name: string, view: View, protocol: 2 | 3 = 2): string {
  const spec = commandOf(Buffer.from(name));
  if (spec === undefined) throw new Error(`there is no ${name}`);
  const answerer: ClusterFacts['answerer'] = { kind: 'slave', id: slaveId('s1') };
  const reply = viewCommand(spec, [Buffer.from(name)], { view, answerer, countKeysInSlot: () => 0 });
  return encodeReply(reply, protocol).toString().replaceAll('\r\n', ' ').trim();
}

describe('KEYRANGE', () => {
  it('tells who owns which part, neighbours of one owner as one', () => {
    expect(ask('KEYRANGE', usual)).to.equal(
      '*2 *3 :0 :8191 $16 10.0.0.1:7001 s1 *3 :8192 :16383 $16 10.0.0.1:7002 s2',
    );
  });

  it('lists what nobody was given with nobody, in either dialect', () => {
    const view = viewOf(heldBy(), heldBy(), heldBy(1), heldBy());
    expect(ask('keyrange', view)).to.equal(
      '*3 *3 :0 :8191 $-1 *3 :8192 :12287 $16 10.0.0.1:7001 s1 *3 :12288 :16383 $-1',
    );
    expect(ask('keyrange', view, 3)).to.equal(
      '*3 *3 :0 :8191 _ *3 :8192 :12287 $16 10.0.0.1:7001 s1 *3 :12288 :16383 _',
    );
  });

  it('names an owner of which the address is not known by its id', () => {
    const view = { ...viewOf(heldBy(1), heldBy(1), heldBy(1), heldBy(1)), slaves: new Map() };
    expect(ask('KEYRANGE', view)).to.equal('*1 *3 :0 :16383 $2 s1');
  });
});

describe('KEYRANGE_READ', () => {
  it('tells the owner and the copies, merging only where all members are the same', () => {
    const [one, two, three] = [1, 2, 3].map((number) => `$16 10.0.0.1:700${number} s${number}`);
    expect(ask('KEYRANGE_READ', usual)).to.equal(
      `*3 *4 :0 :4095 ${one} ${two} *4 :4096 :8191 ${one} ${three} *5 :8192 :16383 ${two} ${three} ${one}`,
    );
  });

  it('counts the partitions of each range, and covers all slots', () => {
    for (const withCopies of [false, true]) {
      const ranges = keyRangesOf(usual, withCopies);
      expect(ranges.reduce((sum, { partitions }) => sum + partitions, 0)).to.equal(4);
      expect([ranges[0]?.firstSlot, ranges.at(-1)?.lastSlot]).to.deep.equal([0, 16_383]);
    }
  });
});
