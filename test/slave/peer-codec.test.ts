import { expect } from 'chai';
import fc from 'fast-check';

import { epoch, key, partition, slaveId, storeId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import { stamp } from '../../src/common/time.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import { decodePeer, encodePeer } from '../../src/slave/peer-codec.ts';
import { encodeDrafts, encodeMark, type Entry } from '../../src/slave/replication/entry.ts';
import { appends, comparable, frameOf, peerMessages } from '../support/peer-messages.ts';

const P = partition(258);
const E = epoch(3);
const effects = [{ kind: 'put' as const, key: key(Buffer.from('k')), value: Buffer.from('v'), expiresAt: 0 }];
const draft = { partition: P, epoch: E, seq: 9, previousEpoch: E, stamp: stamp(7), effects };
const together = encodeDrafts([draft, { ...draft, seq: 10 }]);

function entryAt(entries: readonly Entry[], index: number): Entry {
  const entry = entries[index];
  invariant(entry, 'every draft becomes an entry');
  return entry;
}

const first = entryAt(together, 0);
const second = entryAt(together, 1);

const hex = (...fields: readonly string[]): string => fields.join('').replaceAll(' ', '');

/** Without its checksum, which only says that the rest is whole. */
const layoutOf = (message: PeerMessage): string => {
  const frame = frameOf(message).toString('hex');
  return frame.slice(0, 2) + frame.slice(10);
};

/** The bytes of a frame lie in the midst of a chunk, as a socket brings them. */
const inChunk = (frame: Buffer): Buffer => {
  const chunk = Buffer.alloc(65_536, 0xee);
  frame.copy(chunk, 1_000);
  return chunk.subarray(1_000, 1_000 + frame.length);
};

describe('the peer codec', () => {
  it('brings every message back as it went', () => {
    fc.assert(
      fc.property(peerMessages, (message) => {
        expect(comparable(decodePeer(inChunk(frameOf(message))))).to.deep.equal(comparable(message));
      }),
    );
  });

  it('keeps the layout of an ack', () => {
    const items = [{ partition: P, epoch: E, seq: 2 ** 32 + 1, echo: 1, isGap: true }];
    expect(layoutOf({ kind: 'ack', items })).to.equal(
      hex('03', '00000017', '0102', '000000000003', '000100000001', '3ff0000000000000', '01'),
    );
  });

  it('keeps the layout of a ping and a pong', () => {
    expect(
      layoutOf({ kind: 'ping', sentAt: 1, items: [{ partition: P, epoch: E, stamp: stamp(2) }] }),
    ).to.equal(hex('04', '00000018', '3ff0000000000000', '0102', '000000000003', '4000000000000000'));
    expect(layoutOf({ kind: 'pong', echo: 1, items: [{ partition: P, epoch: E }] })).to.equal(
      hex('05', '00000010', '3ff0000000000000', '0102', '000000000003'),
    );
  });

  it('keeps the layout of a commit', () => {
    expect(layoutOf({ kind: 'commit', items: [{ partition: P, epoch: E, committed: 4 }] })).to.equal(
      hex('06', '0000000e', '0102', '000000000003', '000000000004'),
    );
  });

  it('keeps the layout of a probe', () => {
    const members = [{ slave: slaveId('s1'), store: storeId('ab'.repeat(16)) }];
    const configuration = { epoch: E, members, ownerNonce: 'n' };
    const message = {
      kind: 'probe' as const,
      sentAt: 1,
      items: [{ partition: P, configuration, stamp: stamp(2) }],
    };
    expect(layoutOf(message)).to.equal(
      hex(
        ...['07', '00000035', '3ff0000000000000'],
        ...[
          '0102',
          '4000000000000000',
          '000000000003',
          '000000000000',
          '01 6e',
          '0001',
          '02 7331',
          'ab'.repeat(16),
        ],
      ),
    );
  });

  it('keeps the layout of an append: places, then the entries as the log has them', () => {
    const item = { partition: P, epoch: E, committed: 8, entry: first };
    const bytes = first.buffer.subarray(first.offset, first.offset + first.length).toString('hex');
    expect(layoutOf({ kind: 'append', sentAt: 1, items: [item] })).to.equal(
      hex('02', '00000014', '3ff0000000000000', '000000000003', '000000000008', bytes),
    );
  });

  describe('and entries', () => {
    const item = { partition: P, epoch: E, committed: 8 };
    const message = {
      kind: 'append' as const,
      sentAt: 1,
      items: [
        { ...item, entry: first },
        { ...item, entry: second },
      ],
    };

    it('sends entries that lie side by side as one slice of their own buffer', () => {
      const [, ...parts] = encodePeer(message);
      expect(parts).to.have.length(1);
      expect(parts[0]?.buffer).to.equal(first.buffer.buffer);
      expect(parts[0]?.length).to.equal(first.length + second.length);
    });

    it('copies the entries of a frame together, once, and keeps no chunk alive', () => {
      const decoded = decodePeer(inChunk(frameOf(message)));
      const entries = decoded?.kind === 'append' ? decoded.items.map(({ entry }) => entry) : [];
      expect(entries).to.have.length(2);
      expect(entries[0]?.buffer).to.equal(entries[1]?.buffer);
      expect(entries[0]?.buffer.buffer.byteLength).to.equal(first.length + second.length);
    });

    it('copies nothing where the frame has its memory for itself', () => {
      const large = {
        ...draft,
        effects: effects.map((effect) => ({ ...effect, value: Buffer.alloc(5_000) })),
      };
      const entries = encodeDrafts([large]);
      const frame = frameOf({ ...message, items: [{ ...item, entry: entryAt(entries, 0) }] });
      const alone = Buffer.alloc(frame.length);
      frame.copy(alone);
      const decoded = decodePeer(alone);
      expect(decoded?.kind === 'append' && decoded.items[0]?.entry.buffer.buffer).to.equal(alone.buffer);
    });

    it('refuses to send an entry under the name of another partition', () => {
      const wrong = { ...item, partition: partition(1), entry: first };
      expect(() => encodePeer({ ...message, items: [wrong] })).to.throw('partition of its entry');
    });

    it('refuses entries of another partition in a level', () => {
      const level = {
        partition: partition(1),
        epoch: E,
        round: 1,
        sentAt: 2,
        entries: [first],
        end: undefined,
      };
      expect(decodePeer(frameOf({ kind: 'level', item: level }))).to.equal(undefined);
    });

    it('refuses marks of a log, which are for the disk only', () => {
      const mark = encodeMark('cut', draft);
      const level = { partition: P, epoch: E, round: 1, sentAt: 2, entries: [], end: undefined };
      const frame = frameOf({ kind: 'level', item: level });
      expect(decodePeer(frame)?.kind).to.equal('level');
      expect(decodePeer(Buffer.concat([frame, mark]))).to.equal(undefined);
    });

    it('refuses more entries, or fewer, than the append has places for', () => {
      const frame = frameOf({ ...message, items: message.items.slice(0, 1) });
      const entry = frame.subarray(frame.length - first.length);
      expect(decodePeer(Buffer.concat([frame, entry]))).to.equal(undefined);
      expect(decodePeer(frame.subarray(0, frame.length - first.length))).to.equal(undefined);
    });
  });

  it('refuses an append in which any one bit is another', () => {
    fc.assert(
      fc.property(appends, fc.nat(), (message, pick) => {
        const frame = frameOf(message);
        const bit = pick % (8 * frame.length);
        frame.writeUInt8(frame.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(decodePeer(frame)).to.equal(undefined);
      }),
    );
  });

  for (const value of [NaN, Infinity, -Infinity]) {
    it(`refuses ${value} where an instant or a stamp is to be`, () => {
      for (const message of [
        { kind: 'pong', echo: value, items: [] },
        {
          kind: 'ping',
          sentAt: 0,
          items: [{ partition: P, epoch: E, stamp: value as ReturnType<typeof stamp> }],
        },
        { kind: 'ack', items: [{ partition: P, epoch: E, seq: 1, echo: value, isGap: false }] },
      ] as const satisfies readonly PeerMessage[]) {
        expect(decodePeer(frameOf(message))).to.equal(undefined);
      }
    });
  }

  it('refuses a partition beyond the slots', () => {
    const commit = (index: number): PeerMessage => ({
      kind: 'commit',
      // The brand would not take it; a stranger's frame does.
      items: [{ partition: index as typeof P, epoch: E, committed: 4 }],
    });
    expect(decodePeer(frameOf(commit(16_383)))?.kind).to.equal('commit');
    expect(decodePeer(frameOf(commit(16_384)))).to.equal(undefined);
  });

  it('refuses a configuration that names a slave twice', () => {
    const member = { slave: slaveId('s1'), store: storeId('ab'.repeat(16)) };
    const configuration = {
      epoch: E,
      members: [member, { ...member, store: storeId('cd'.repeat(16)) }],
      ownerNonce: '',
    };
    const items = [{ partition: P, configuration, stamp: stamp(0) }];
    expect(decodePeer(frameOf({ kind: 'probe', sentAt: 1, items }))).to.equal(undefined);
  });
});
