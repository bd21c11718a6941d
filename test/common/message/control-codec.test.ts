import { expect } from 'chai';
import fc from 'fast-check';

import { epoch, partition, slaveId, storeId } from '../../../src/common/ids.ts';
import {
  CONTROL_TEXT_MAX,
  decodeFromSlave,
  decodeToSlave,
  encodeControl,
} from '../../../src/common/message/control-codec.ts';
import type { ToSlave } from '../../../src/common/message/control.ts';
import { U48_MAX } from '../../../src/common/wire/fields.ts';
import { pack } from '../../../src/common/wire/plain-msgpack.ts';
import { fromSlaves, toSlaves } from '../../support/control-messages.ts';

const frameOf = (type: number, body: unknown): Buffer => Buffer.concat([Buffer.from([type, 1]), pack(body)]);
const fromSlave = (body: unknown): unknown => decodeFromSlave(frameOf(32, body));
const toSlave = (body: unknown): unknown => decodeToSlave(frameOf(33, body));

const store = storeId('ab'.repeat(16));
const unfit = { kind: 'unfit', partition: 3, epoch: 4, slave: 's1' };
const grow = {
  kind: 'grow',
  epoch: 4,
  partition: 3,
  base: 2,
  members: [{ slave: 's1', store }],
  ownerNonce: 'n',
};

describe('the control codec', () => {
  it('brings every message of a slave back as it went', () => {
    fc.assert(
      fc.property(fromSlaves, (message) => {
        expect(decodeFromSlave(encodeControl(message))).to.deep.equal(message);
      }),
    );
  });

  it('brings every message to a slave back as it went', () => {
    fc.assert(
      fc.property(toSlaves, (message) => {
        expect(decodeToSlave(encodeControl(message))).to.deep.equal(message);
      }),
    );
  });

  it('keeps its layout', () => {
    const body = '82 a46b696e64 a56f74686572'.replaceAll(' ', '');
    expect(encodeControl({ kind: 'leaving' }).toString('hex')).to.equal(
      '2001 81a46b696e64 a76c656176696e67'.replaceAll(' ', ''),
    );
    expect(encodeControl({ kind: 'buried' }).subarray(0, 2).toString('hex')).to.equal('2101');
    expect(decodeFromSlave(Buffer.from(`2001${body}`, 'hex'))).to.equal(undefined);
  });

  it('takes a view of the largest cluster that the numbers allow', () => {
    const members = Array.from({ length: 3 }, (_, index) => ({ slave: slaveId(`slave-${index}`), store }));
    const message: ToSlave = {
      kind: 'view',
      epoch: epoch(U48_MAX),
      slaves: [],
      gone: Array.from({ length: 1_000 }, (_, index) => slaveId(`s${index}`)),
      configurations: Array.from({ length: 16_384 }, (_, index) => ({
        partition: partition(index),
        configuration: { epoch: epoch(U48_MAX - index), members, ownerNonce: 'n'.repeat(32) },
      })),
    };
    expect(decodeToSlave(encodeControl(message))).to.deep.equal(message);
  });

  it('takes neither direction for the other', () => {
    expect(decodeToSlave(encodeControl({ kind: 'leaving' }))).to.equal(undefined);
    expect(decodeFromSlave(encodeControl({ kind: 'buried' }))).to.equal(undefined);
    expect(toSlave({ kind: 'leaving' })).to.equal(undefined);
  });

  it('refuses another version', () => {
    const frame = encodeControl({ kind: 'leaving' });
    frame[1] = 2;
    expect(decodeFromSlave(frame)).to.equal(undefined);
  });

  it('leaves fields behind that it does not know', () => {
    expect(fromSlave({ ...unfit, more: 1 })).to.deep.equal(unfit);
  });

  it('cuts a reason that is too long, and only on sending', () => {
    const why = 'x'.repeat(CONTROL_TEXT_MAX + 1);
    const sent = decodeToSlave(encodeControl({ kind: 'refused', why, isFinal: true }));
    expect(sent).to.deep.equal({ kind: 'refused', why: why.slice(1), isFinal: true });
    expect(toSlave({ kind: 'refused', why, isFinal: true })).to.equal(undefined);
  });

  const offences: readonly (readonly [string, Record<string, unknown>])[] = [
    ['a partition beyond the slots', { partition: 16_384 }],
    ['a partition between two', { partition: 0.5 }],
    ['a negative partition', { partition: -1 }],
    ['a partition in words', { partition: '3' }],
    ['no partition', { partition: undefined }],
    ['an epoch that no frame can carry', { epoch: U48_MAX + 1 }],
    ['an epoch that is no number', { epoch: NaN }],
    ['a slave id that is none', { slave: '.s1' }],
    ['an empty slave id', { slave: '' }],
    ['a kind that there is not', { kind: 'unfitting' }],
    ['a kind that every object has', { kind: 'constructor' }],
  ];
  for (const [what, change] of offences) {
    it(`refuses ${what}`, () => {
      expect(fromSlave(unfit)).to.deep.equal(unfit);
      expect(fromSlave({ ...unfit, ...change })).to.equal(undefined);
    });
  }

  it('refuses a list that is too long, or none', () => {
    const fence = (partitions: unknown): unknown => toSlave({ kind: 'fence', epoch: 1, partitions });
    expect(fence(Array.from({ length: 16_384 }, () => 1))).not.to.equal(undefined);
    expect(fence(Array.from({ length: 16_385 }, () => 1))).to.equal(undefined);
    expect(fence({ length: 1 })).to.equal(undefined);
  });

  it('refuses a store id that is none', () => {
    expect(toSlave(grow)).to.deep.equal(grow);
    for (const wrong of ['', 'AB'.repeat(16), `${store}\n`, 7]) {
      expect(toSlave({ ...grow, members: [{ slave: 's1', store: wrong }] })).to.equal(undefined);
    }
  });

  it('refuses a configuration that names a slave twice, or has members without an epoch', () => {
    const grown = (number: number, members: readonly unknown[]): unknown =>
      fromSlave({ kind: 'grown', partition: 0, configuration: { epoch: number, members, ownerNonce: '' } });
    const member = { slave: 's1', store };
    expect(grown(1, [member])).not.to.equal(undefined);
    expect(grown(1, [member, { ...member, store: storeId('cd'.repeat(16)) }])).to.equal(undefined);
    expect(grown(0, [member])).to.equal(undefined);
  });
});
