/** The outbox: a turn's worth of words for each peer, in few messages and in order. */
import { expect } from 'chai';

import { epoch, slaveId } from '../../../src/common/ids.ts';
import type { PeerMessage } from '../../../src/slave/peer-message.ts';
import { Outbox } from '../../../src/slave/replication/outbox.ts';
import { entry, put } from '../../support/entries.ts';
import { K1, P } from '../../support/slave-bench.ts';

const [A, B] = ['a', 'b'].map(slaveId) as [ReturnType<typeof slaveId>, ReturnType<typeof slaveId>];
const item = (seq: number, bytes = 0) => ({
  partition: P,
  epoch: epoch(3),
  committed: 0,
  entry: entry(seq, 3, 3, [put(K1, 'x'.repeat(bytes))]),
});
const ack = (seq: number) => ({ partition: P, epoch: epoch(3), seq, echo: 0, isGap: false });

const kindsOf = (outbox: Outbox<unknown>): readonly string[] =>
  outbox
    .takeMessages()
    .flatMap(([to, messages]) =>
      messages.map(
        (message: PeerMessage) =>
          `${to} ${message.kind}${'items' in message ? ` ${message.items.length}` : ''}`,
      ),
    );

describe('an outbox', () => {
  it('makes one message to each peer of the writes of a turn', () => {
    const outbox = new Outbox();
    for (const seq of [1, 2, 3]) outbox.append(A, 7, item(seq));
    outbox.append(B, 7, item(1));
    expect(kindsOf(outbox)).to.deep.equal(['a append 3', 'b append 1']);
  });

  it('keeps the order: what comes behind another kind is another message', () => {
    const outbox = new Outbox();
    outbox.ack(A, ack(1));
    outbox.append(A, 7, item(1));
    outbox.ack(A, ack(2));
    outbox.ack(A, ack(3));
    expect(kindsOf(outbox)).to.deep.equal(['a ack 1', 'a append 1', 'a ack 2']);
  });

  it('lets no message grow without a bound', () => {
    const outbox = new Outbox();
    for (let seq = 1; seq <= 6; seq += 1) outbox.append(A, 7, item(seq, 3 << 20));
    const messages = outbox.takeMessages().flatMap(([, list]) => list);
    expect(messages.length).to.be.above(1);
    expect(
      messages.flatMap((message) =>
        message.kind === 'append' ? message.items.map((one) => one.entry.seq) : [],
      ),
    ).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('never puts answers to different questions together', () => {
    const outbox = new Outbox();
    const position = {
      partition: P,
      epoch: epoch(3),
      round: 1,
      end: { epoch: epoch(3), seq: 0 },
      committed: 0,
    };
    outbox.position(A, 1, position);
    outbox.position(A, 2, position);
    outbox.position(A, 2, position);
    expect(kindsOf(outbox)).to.deep.equal(['a position 1', 'a position 2']);
  });

  it('is empty when it was taken from', () => {
    const outbox = new Outbox();
    outbox.ack(A, ack(1));
    outbox.takeMessages();
    expect(outbox.takeMessages()).to.deep.equal([]);
  });
});
