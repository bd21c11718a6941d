/**
 * Heartbeats over real UDP on loopback: a sender with its worker thread, and a listener. What they decide
 * nothing about is tested without sockets; here it is only that the hands do what they are told.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

import { expect } from 'chai';

import type { Address } from '../../src/common/config/address.ts';
import { epoch, slaveId, storeId } from '../../src/common/ids.ts';
import { encodeHeartbeat, type Heartbeat, type HeartbeatAnswer } from '../../src/common/wire/datagram.ts';
import { type HeartbeatListener, listenForHeartbeats } from '../../src/coordination/io/heartbeat-listener.ts';
import type * as senders from '../../src/slave/io/heartbeat-sender.ts';

// As it is built: the sender starts a worker thread, and those read no TypeScript.
const { startHeartbeats } = (await import(
  new URL('../../dist/slave/io/heartbeat-sender.js', import.meta.url).href
)) as typeof senders; // Built from there.

const HEARTBEAT_MS = 20;

/** Far beyond what anything here takes; a test that needs it has failed. */
const PATIENCE_MS = 5_000;

const identity = {
  clusterId: 'c1',
  slave: slaveId('s1'),
  store: storeId('ab'.repeat(16)),
  bootNonce: 'n1',
};

interface Heard {
  readonly heartbeat: Heartbeat;
  readonly from: Address;
}

describe('heartbeats over UDP', () => {
  const heard: Heard[] = [];
  const answers: HeartbeatAnswer[] = [];
  const failures: Error[] = [];
  let listener: HeartbeatListener;
  let sender: senders.HeartbeatSender | undefined;

  const fail = (error: Error): void => {
    failures.push(error);
  };
  const listen = (host: string): Promise<HeartbeatListener> =>
    listenForHeartbeats({
      host,
      port: 0,
      onHeartbeat: (heartbeat, from) => heard.push({ heartbeat, from }),
      onFailure: fail,
    });
  const start = (): senders.HeartbeatSender => {
    sender = startHeartbeats({
      heartbeatMs: HEARTBEAT_MS,
      onAnswer: (answer) => answers.push(answer),
      onFailure: fail,
    });
    return sender;
  };
  const startTowards = (host: string): senders.HeartbeatSender => {
    const started = start();
    started.identify(identity);
    started.retarget({ host, port: listener.port });
    return started;
  };

  beforeEach(async () => {
    heard.length = 0;
    answers.length = 0;
    failures.length = 0;
    listener = await listen('127.0.0.1');
  });

  afterEach(async () => {
    await sender?.stop();
    sender = undefined;
    await listener.close();
    expect(failures).to.deep.equal([]);
  });

  it('arrive with rising numbers, from a loop that turns by itself', async () => {
    startTowards('127.0.0.1');
    await until(() => heard.length >= 5);
    const beats = heard.map(({ heartbeat }) => heartbeat);
    expect(beats[0]).to.include({ ...identity, sequence: 1, commitHung: false });
    expect(beats.map(({ sequence }) => sequence)).to.deep.equal(beats.map((_, index) => index + 1));
    expect(beats.at(-1)?.loopCounter).to.be.above(beats[0]?.loopCounter ?? Infinity);
  });

  it('carry the counters and the unheard peers that they were given last', async () => {
    const { counters, setUnheard } = startTowards('127.0.0.1');
    counters.addCommands(40);
    counters.addCommands(2);
    counters.setLastCommit(17);
    counters.setCommitHung(true);
    counters.setViewEpoch(9);
    setUnheard([slaveId('s2')]);
    await until(() => heard.some(({ heartbeat }) => heartbeat.unheard.length > 0));
    const last = heard.at(-1)?.heartbeat;
    expect(last).to.deep.include({
      commands: 42,
      lastCommit: 17,
      commitHung: true,
      viewEpoch: 9,
      unheard: ['s2'],
    });
  });

  it('go on while the main loop is busy, with its counter standing still', async () => {
    startTowards('127.0.0.1');
    await until(() => heard.length >= 2);
    const before = heard.length;
    const end = performance.now() + 15 * HEARTBEAT_MS;
    while (performance.now() < end); // Busy: neither timers nor sockets get a turn.
    await until(() => heard.length >= before + 5);
    const counters = heard.slice(before, before + 5).map(({ heartbeat }) => heartbeat.loopCounter);
    expect(new Set(counters.slice(1)).size, 'sent while the loop was stuck').to.equal(1);
  });

  it('are not sent before it is known by whom and to whom', async () => {
    const started = start();
    started.retarget({ host: '127.0.0.1', port: listener.port });
    await pause(5 * HEARTBEAT_MS);
    expect(heard).to.deep.equal([]);
    started.identify(identity);
    await until(() => heard.length > 0);
  });

  it('follow to another coordination server', async () => {
    const started = startTowards('127.0.0.1');
    await until(() => heard.length > 0);
    await listener.close();
    heard.length = 0;
    listener = await listen('127.0.0.1');
    started.retarget({ host: 'localhost', port: listener.port });
    await until(() => heard.length > 0);
  });

  it('are answered, and the sender hears its own cluster only', async () => {
    startTowards('127.0.0.1');
    await until(() => heard.length > 0);
    const { heartbeat, from } = heard[0] as Heard;
    const answer = { epoch: epoch(3), sequence: heartbeat.sequence, verdict: 'register-afresh' } as const;
    listener.answer(from, { ...answer, clusterId: 'another' });
    listener.answer(from, { ...answer, clusterId: 'c1', sequence: 1_000_000 });
    listener.answer(from, { ...answer, clusterId: 'c1' });
    await until(() => answers.length > 0);
    expect(answers).to.deep.equal([{ ...answer, clusterId: 'c1' }]);
  });

  it('end with their sender', async () => {
    const started = startTowards('127.0.0.1');
    await until(() => heard.length > 0);
    await started.stop();
    await pause(2 * HEARTBEAT_MS);
    const count = heard.length;
    await pause(5 * HEARTBEAT_MS);
    expect(heard).to.have.length(count);
  });

  it('may come from nobody we understand: those are counted and not handed on', async () => {
    await sendAll([Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(2_000)], listener.port);
    await until(() => listener.malformed() === 3);
    expect(heard).to.deep.equal([]);
  });

  it('that wait in the socket are all handed on before a reading ends', async () => {
    const beat = {
      ...identity,
      viewEpoch: epoch(0),
      loopCounter: 1,
      commands: 0,
      lastCommit: 0,
      loopLagMs: 0,
    };
    // More than Node reads in one turn, fewer than the smallest usual buffer holds.
    const beats = Array.from({ length: 100 }, (_, index) =>
      encodeHeartbeat({ ...beat, sequence: index + 1, commitHung: false, unheard: [] }),
    );
    const before = new Promise<number>((resolve) => {
      void sendAll(beats, listener.port, () => {
        const end = performance.now() + 20;
        while (performance.now() < end); // The kernel has delivered; nobody has read.
        listener.readOnce(() => {
          resolve(heard.length);
        });
      });
    });
    expect(await before).to.equal(100);
  });

  it('cannot be listened for on a port that is taken', async () => {
    const wish = { host: '127.0.0.1', port: listener.port, onHeartbeat: () => undefined, onFailure: fail };
    const error: unknown = await listenForHeartbeats(wish).catch((refusal: unknown) => refusal);
    expect(error).to.have.property('code', 'EADDRINUSE');
  });

  it('are heard no more once the listener is closed, which may be done twice', async () => {
    await listener.close();
    await listener.close();
    listener.answer(
      { host: '127.0.0.1', port: 9 },
      { clusterId: 'c1', epoch: epoch(1), sequence: 1, verdict: 'heard' },
    );
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error('waited in vain');
    await pause(5);
  }
}

/** Sends them from one socket; `sent` runs in the very turn in which the last one has left. */
async function sendAll(
  datagrams: readonly Buffer[],
  port: number,
  sent: () => void = () => undefined,
): Promise<void> {
  const socket = createSocket('udp4');
  let left = datagrams.length;
  for (const datagram of datagrams) {
    socket.send(datagram, port, '127.0.0.1', () => {
      left -= 1;
      if (left > 0) return;
      sent();
      socket.close();
    });
  }
  await once(socket, 'close');
}
