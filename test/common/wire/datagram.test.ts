import { expect } from 'chai';
import fc from 'fast-check';

import { epoch, type SlaveId, slaveId, storeId } from '../../../src/common/ids.ts';
import {
  DATAGRAM_BYTES_MAX,
  decodeHeartbeat,
  decodeHeartbeatAnswer,
  encodeHeartbeat,
  encodeHeartbeatAnswer,
  type Heartbeat,
  type HeartbeatAnswer,
} from '../../../src/common/wire/datagram.ts';
import { answers, heartbeats } from '../../support/datagrams.ts';

const beat: Heartbeat = {
  clusterId: 'c1',
  slave: slaveId('s1'),
  store: storeId('000102030405060708090a0b0c0d0e0f'),
  bootNonce: 'n1',
  sequence: 1,
  viewEpoch: epoch(2),
  loopCounter: 3,
  commands: 4,
  lastCommit: 5,
  loopLagMs: 6,
  commitHung: true,
  unheard: [slaveId('s2'), slaveId('s3')],
};
const answer: HeartbeatAnswer = { clusterId: 'c1', epoch: epoch(7), sequence: 8, verdict: 'register-afresh' };

const longNames = (count: number): readonly SlaveId[] =>
  Array.from({ length: count }, (_, index) => slaveId(`${index}`.padStart(64, 'x')));

describe('the heartbeat datagram', () => {
  it('keeps its layout', () => {
    expect(encodeHeartbeat(beat).toString('hex')).to.equal(
      [
        '505a5a41 01 01 01', // magic, version, kind, commit hung
        '02 6331', // cluster
        '02 7331', // slave
        '000102030405060708090a0b0c0d0e0f', // store
        '02 6e31', // boot nonce
        '0000000000000001 0000000000000002 0000000000000003 0000000000000004 0000000000000005',
        '00000006', // loop lag
        '02 02 7332 02 7333', // unheard
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('keeps the layout of its answer', () => {
    expect(encodeHeartbeatAnswer(answer).toString('hex')).to.equal(
      '505a5a41 01 02 01 026331 0000000000000007 0000000000000008'.replaceAll(' ', ''),
    );
  });

  it('comes back as it went', () => {
    fc.assert(
      fc.property(heartbeats, (one) => {
        expect(decodeHeartbeat(encodeHeartbeat(one))).to.deep.equal(one);
      }),
    );
    fc.assert(
      fc.property(answers, (one) => {
        expect(decodeHeartbeatAnswer(encodeHeartbeatAnswer(one))).to.deep.equal(one);
      }),
    );
  });

  it('cuts the unheard peers to what fits, the first ones first', () => {
    const longest = 'y'.repeat(64);
    const crowded = { ...beat, clusterId: longest, bootNonce: longest, unheard: longNames(300) };
    const bytes = encodeHeartbeat(crowded);
    expect(bytes.length).to.be.at.most(DATAGRAM_BYTES_MAX);
    const told = decodeHeartbeat(bytes)?.unheard ?? [];
    expect(told.length).to.be.at.least(14);
    expect(told).to.deep.equal(crowded.unheard.slice(0, told.length));
  });

  it('tells of 255 peers with short names, and of no more', () => {
    const unheard = Array.from({ length: 300 }, (_, index) => slaveId((index + 36).toString(36)));
    expect(decodeHeartbeat(encodeHeartbeat({ ...beat, unheard }))?.unheard).to.deep.equal(
      unheard.slice(0, 255),
    );
  });

  it('rounds a lag to whole milliseconds and bounds it', () => {
    const lag = (loopLagMs: number): number | undefined =>
      decodeHeartbeat(encodeHeartbeat({ ...beat, loopLagMs }))?.loopLagMs;
    expect(lag(1.6)).to.equal(2);
    expect(lag(-3)).to.equal(0);
    expect(lag(1e15)).to.equal(0xffff_ffff);
  });

  it('takes neither kind for the other', () => {
    expect(decodeHeartbeat(encodeHeartbeatAnswer(answer))).to.equal(undefined);
    expect(decodeHeartbeatAnswer(encodeHeartbeat(beat))).to.equal(undefined);
  });

  const spoiled: readonly { readonly what: string; readonly at: number; readonly byte: number }[] = [
    { what: 'another magic', at: 0, byte: 0x51 },
    { what: 'another version', at: 4, byte: 2 },
    { what: 'another kind', at: 5, byte: 3 },
    { what: 'an unknown flag', at: 6, byte: 2 },
    { what: 'an empty name', at: 7, byte: 0 },
    { what: 'a name with a blank', at: 8, byte: 0x20 },
    { what: 'a slave id that is none', at: 11, byte: 0x2e },
    { what: 'a count beyond what is exact', at: 32, byte: 0xff },
    { what: 'more peers than it lists', at: 76, byte: 3 },
    { what: 'fewer peers than it lists', at: 76, byte: 1 },
  ];
  for (const { what, at, byte } of spoiled) {
    it(`is refused with ${what}`, () => {
      const bytes = encodeHeartbeat(beat);
      bytes[at] = byte;
      expect(decodeHeartbeat(bytes)).to.equal(undefined);
    });
  }

  it('refuses to be written with a name that cannot travel', () => {
    expect(() => encodeHeartbeat({ ...beat, clusterId: '' })).to.throw('printable');
    expect(() => encodeHeartbeat({ ...beat, bootNonce: 'ü' })).to.throw('printable');
    expect(() => encodeHeartbeat({ ...beat, commands: -1 })).to.throw('carries counts');
  });
});
