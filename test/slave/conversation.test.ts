/** Peers' frames: a message counts only from the member that it claims to be of. */
import { expect } from 'chai';

import { START } from '../../src/slave/replication/position.ts';
import { epoch, partition, slaveId } from '../../src/common/ids.ts';
import { stamp } from '../../src/common/time.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import { entry } from '../support/entries.ts';
import { cluster, configuration, P, SlaveBench, storeOf } from '../support/slave-bench.ts';

const E3 = { partition: P, epoch: epoch(3) };

/** One message of every kind that would move something, were it believed. */
const MESSAGES: readonly PeerMessage[] = [
  { kind: 'append', sentAt: 1, items: [{ ...E3, committed: 0, entry: entry(1, 3, 0) }] },
  { kind: 'ack', items: [{ ...E3, seq: 0, echo: 10_000, isGap: false }] },
  { kind: 'ping', sentAt: 1, items: [{ ...E3, stamp: stamp(0) }] },
  { kind: 'pong', echo: 10_000, items: [E3] },
  { kind: 'commit', items: [{ ...E3, committed: 1 }] },
  {
    kind: 'probe',
    sentAt: 1,
    items: [{ partition: P, configuration: configuration(5, 'ab'), stamp: stamp(0) }],
  },
  {
    kind: 'position',
    echo: 10_000,
    items: [{ ...E3, round: 9, end: { epoch: epoch(3), seq: 0 }, committed: 0 }],
  },
  { kind: 'level', item: { ...E3, round: 1, sentAt: 1, entries: [], end: { epoch: epoch(0), seq: 0 } } },
  { kind: 'fetch', ...E3, after: 0 },
  { kind: 'fetched', item: { ...E3, after: 0, entries: [], isTooOld: false } },
  { kind: 'copy-state', isOnward: false, base: START, ...E3, grow: epoch(4), next: 0 },
  { kind: 'copy-part', part: { ...E3, grow: epoch(4), number: 0, committed: 0, records: [], isLast: true } },
];

/** All that a message could move, as text. */
function stateOf({ replica, disk }: SlaveBench): string {
  const { fence, configuration: own, role, phase, isLevel, committed, given, peers, rounds } = replica;
  return JSON.stringify([
    fence,
    own,
    role,
    phase,
    isLevel,
    committed,
    [...given],
    [...peers],
    rounds,
    replica.log.end.seq,
    disk.pending,
  ]);
}

/** An owner and its copy, with nothing left to send. */
function quiet(): readonly [SlaveBench, SlaveBench] {
  const [a, b] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
  for (const bench of [a, b]) bench.replica.given.clear();
  return [a, b];
}

describe("a peer's message", () => {
  for (const message of MESSAGES) {
    it(`of kind ${message.kind} moves nothing when it comes from a slave with another store (N3)`, () => {
      for (const bench of quiet()) {
        const other = bench.name === 'a' ? 'b' : 'a';
        bench.feed({ kind: 'peer-opened', slave: slaveId(other), store: storeOf('z') });
        const before = stateOf(bench);
        bench.from(other, message);
        expect(stateOf(bench)).to.equal(before);
      }
    });

    it(`of kind ${message.kind} moves nothing when it comes from a slave that is no member`, () => {
      for (const bench of quiet()) {
        bench.open('d');
        const before = stateOf(bench);
        bench.from('d', message);
        expect(stateOf(bench)).to.equal(before);
      }
    });

    it(`of kind ${message.kind} moves nothing without a link, and is not answered (W3)`, () => {
      for (const bench of quiet()) {
        const other = bench.name === 'a' ? 'b' : 'a';
        bench.feed({ kind: 'peer-closed', slave: slaveId(other) });
        const before = stateOf(bench);
        bench.effects = [];
        bench.from(other, message);
        expect(stateOf(bench)).to.equal(before);
        expect(bench.effects).to.deep.equal([]);
      }
    });
  }

  it('about a partition that there is not makes nothing', () => {
    const [, b] = quiet();
    const beyond = partition(7);
    b.from('a', {
      kind: 'copy-begin',
      mode: 'ask' as const,
      partition: beyond,
      epoch: epoch(3),
      grow: epoch(4),
      base: { epoch: epoch(3), seq: 0 },
    });
    b.from('a', {
      kind: 'probe',
      sentAt: 1,
      items: [{ partition: beyond, configuration: configuration(5, 'ab'), stamp: stamp(0) }],
    });
    expect(b.state.replicas[beyond]).to.equal(undefined);
  });

  it('is sent to nobody whose link is closed', () => {
    const [a] = quiet();
    a.wait(200);
    a.tick();
    expect(a.sent.splice(0)).to.not.deep.equal([]);
    a.feed({ kind: 'peer-closed', slave: slaveId('b') });
    a.wait(200);
    a.tick();
    expect(a.sent).to.deep.equal([]);
  });

  it('that is to begin a copy needs a link too (W3)', () => {
    const bench = new SlaveBench('c');
    bench.register(configuration(3, 'a'));
    bench.from('a', {
      kind: 'copy-begin',
      mode: 'ask' as const,
      ...E3,
      grow: epoch(4),
      base: { epoch: epoch(3), seq: 0 },
    });
    expect(bench.state.replicas[P]).to.equal(undefined);
  });
});

describe('a link that opens', () => {
  it('makes an owner ask the member at its other end where it stands', () => {
    const [a] = quiet();
    a.open('b');
    expect(a.sentOf('probe', 'b')).to.have.length(1);
  });

  it('to a stranger asks nothing', () => {
    const [a] = quiet();
    a.feed({ kind: 'peer-opened', slave: slaveId('b'), store: storeOf('z') });
    expect(a.sentOf('probe')).to.deep.equal([]);
  });
});
