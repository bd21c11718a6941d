/** Promises: who may rely on whom, and until when. */
import { expect } from 'chai';

import { epoch, slaveId } from '../../../src/common/ids.ts';
import { instant, type Stamp, stamp } from '../../../src/common/time.ts';
import type { PeerMessage, PingItem } from '../../../src/slave/peer-message.ts';
import { mayReadHere } from '../../../src/slave/requests.ts';
import { promisedNow } from '../../../src/slave/replication/promises.ts';
import { clockOf, isAuthority } from '../../../src/slave/replication/replica.ts';
import {
  cluster,
  configuration,
  exchange,
  K1,
  P,
  SETTINGS,
  type SlaveBench,
  storeOf,
  WALL_AT_START,
} from '../../support/slave-bench.ts';

/** An owner and its copy, level, and no promise younger than this moment. */
function pair(): readonly [SlaveBench, SlaveBench] {
  const benches = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];
  for (const bench of benches) bench.wait(10_000);
  return benches;
}

const ping = (sentAt: number, number = 3, at: Stamp = stamp(0)): PeerMessage & { kind: 'ping' } => {
  const item: PingItem = { partition: P, epoch: epoch(number), stamp: at };
  return { kind: 'ping', sentAt, items: [item] };
};

const pong = (echo: number, number = 3): PeerMessage => ({
  kind: 'pong',
  echo,
  items: [{ partition: P, epoch: epoch(number) }],
});

const given = (bench: SlaveBench): readonly unknown[] => promisedNow(bench.replica, instant(bench.now));

const mayServe = (bench: SlaveBench, now = bench.now): boolean => isAuthority(bench.replica, instant(now));

describe('a promise', () => {
  it('is on record for its whole time before anybody hears of it', () => {
    const [, b] = pair();
    b.from('a', ping(77));
    expect(given(b)).to.deep.equal([{ slave: 'a', ms: SETTINGS.promiseMs }]);
    expect(b.lastSent('pong', 'a')).to.deep.equal(pong(77));
  });

  it('counts from when it was asked for, with the drift and the shortest sleep that shows counted off', () => {
    const [a] = pair();
    const askedAt = a.now - 100;
    a.from('b', pong(askedAt));
    expect(mayServe(a, askedAt + 469)).to.equal(true);
    expect(mayServe(a, askedAt + 470)).to.equal(false);
  });

  it('that comes late shortens none that came before', () => {
    const [a] = pair();
    a.from('b', pong(a.now));
    a.from('b', pong(a.now - 300));
    expect(mayServe(a, a.now + 400)).to.equal(true);
  });

  it('is kept by its giver for longer than its holder counts on it', () => {
    const [a, b] = pair();
    a.tick();
    const asked = a.now;
    b.wait(40);
    b.from('a', a.lastSent('ping'));
    a.from('b', b.lastSent('pong'));
    const [{ ms } = { ms: 0 }] = promisedNow(b.replica, instant(b.now));
    expect(a.replica.authorityUntil - asked).to.be.below(b.now + ms - asked);
  });

  it('of every other member is needed, not of most (P4)', () => {
    const [a] = cluster(configuration(3, 'abc')) as [SlaveBench];
    a.wait(10_000);
    a.from('b', pong(a.now));
    expect(mayServe(a)).to.equal(false);
    a.from('c', pong(a.now));
    expect(mayServe(a)).to.equal(true);
  });

  it('is needed of nobody where there is nobody else', () => {
    const [a] = cluster(configuration(3, 'a'), {}, 'a') as [SlaveBench];
    a.wait(1_000_000);
    expect(mayServe(a)).to.equal(true);
  });

  it('given under another epoch counts for nothing (P2)', () => {
    const [a] = pair();
    a.from('b', pong(a.now, 2));
    a.from('b', pong(a.now, 4));
    expect(mayServe(a)).to.equal(false);
  });

  it('dies with the configuration under which it was given (P2)', () => {
    const [a] = pair();
    a.from('b', pong(a.now));
    a.announce(configuration(5, 'ab'));
    a.persist();
    expect(a.replica.authorityUntil).to.equal(-1);
  });

  it('of a stranger counts for nothing, nor of a member with another store (N3)', () => {
    const [a] = pair();
    a.from('c', pong(a.now));
    a.feed({ kind: 'peer-opened', slave: slaveId('b'), store: storeOf('z') });
    a.from('b', pong(a.now));
    expect(mayServe(a)).to.equal(false);
  });
});

describe('a slave that is asked for a promise', () => {
  it('gives none under another epoch than its own, and says so by leaving it out', () => {
    const [, b] = pair();
    for (const number of [2, 4]) b.from('a', ping(77, number));
    expect(given(b)).to.deep.equal([]);
    expect(b.lastSent('pong')).to.deep.equal({ kind: 'pong', echo: 77, items: [] });
  });

  it('gives none once it is fenced, and none of those it holds counts (F2)', () => {
    const [a, b] = pair();
    a.from('b', pong(a.now));
    a.fence(7);
    a.from('b', ping(77), pong(a.now));
    expect(a.lastSent('pong').items).to.deep.equal([]);
    expect(given(a)).to.deep.equal([]);
    expect(a.replica.authorityUntil).to.equal(-1);
    expect(b.replica.role).to.equal('copy');
  });

  it('gives none under an oath that is not durable yet', () => {
    const [, b] = pair();
    b.announce(configuration(5, 'ab'));
    b.from('a', ping(77, 5));
    expect(b.lastSent('pong').items).to.deep.equal([]);
    b.persist();
    b.from('a', ping(78, 5));
    expect(b.lastSent('pong').items).to.have.length(1);
  });

  it('gives none to who is no member', () => {
    const [, b] = pair();
    b.open('c');
    b.from('c', ping(77));
    expect(given(b)).to.deep.equal([]);
  });
});

describe('a slave that slept', () => {
  it('relies on nothing that it was promised before (P5)', () => {
    const [a] = pair();
    a.from('b', pong(a.now));
    expect(mayServe(a)).to.equal(true);
    a.feed({ kind: 'slept' });
    expect(mayServe(a)).to.equal(false);
  });

  it('relies on no answer to what it asked before: its own clock stood still meanwhile (P5)', () => {
    const [a] = pair();
    const askedAt = a.now;
    a.wait(1);
    a.feed({ kind: 'slept' });
    a.from('b', pong(askedAt));
    expect(mayServe(a)).to.equal(false);
    a.wait(1);
    a.from('b', pong(a.now));
    expect(mayServe(a)).to.equal(true);
  });
});

describe('pings', () => {
  it('ask every peer once for all that is shared, each third of a promise (P1)', () => {
    const [a] = pair();
    a.tick();
    a.wait(160);
    a.tick();
    expect(a.sentOf('ping', 'b')).to.have.length(1);
    a.wait(10);
    a.tick();
    expect(a.sentOf('ping', 'b')).to.have.length(2);
  });

  it('ask nothing for what is fenced', () => {
    const [a] = pair();
    a.fence(7);
    a.tick();
    expect(a.sentOf('ping')).to.deep.equal([]);
  });

  it('carry the clock of the authority, and only of it (W4)', () => {
    const [a, b] = pair();
    a.tick();
    b.tick();
    expect(a.lastSent('ping').items[0]?.stamp).to.be.at.least(WALL_AT_START);
    expect(b.lastSent('ping').items[0]?.stamp).to.equal(0);
  });
});

describe("a partition's clock", () => {
  const clock = ({ replica, now }: SlaveBench): number =>
    clockOf(replica, instant(now)) - WALL_AT_START - now;

  it('goes on by monotonic time between stamps, and never goes back (W4)', () => {
    const [, b] = pair();
    b.from('a', ping(1, 3, stamp(WALL_AT_START + b.now + 5_000)));
    expect(clock(b)).to.equal(5_000);
    b.from('a', ping(2, 3, stamp(WALL_AT_START)));
    b.wait(100);
    expect(clock(b)).to.equal(5_000);
  });

  it('does not follow a wall clock that is set back', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x`);
    exchange([a, b]);
    const before = a.replica.clock.stamp;
    a.wallAheadMs = -60_000;
    a.ask(`SET ${K1} y`);
    expect(a.replica.clock.stamp).to.be.at.least(before);
  });

  it('starts, under a new authority, past whatever the last one may have told', () => {
    const [a, b] = pair();
    b.from('a', ping(1, 3, stamp(WALL_AT_START + b.now + 5_000)));
    for (const bench of [a, b]) bench.announce(configuration(5, 'ba'));
    exchange([a, b]);
    expect(b.replica.phase).to.equal('open');
    expect(clock(b)).to.equal(5_000 + SETTINGS.promiseMs);
  });
});

describe('a copy that is asked by a READONLY client', () => {
  const reads = (bench: SlaveBench): boolean => mayReadHere(bench.state, P, instant(bench.now));

  it('answers while the promise of the owner holds (W5)', () => {
    const [, b] = pair();
    expect(reads(b)).to.equal(false);
    b.from('a', pong(b.now));
    expect(reads(b)).to.equal(true);
    b.wait(495);
    expect(reads(b)).to.equal(false);
  });

  it('answers only while it is level, and not when it is fenced', () => {
    const [a, b] = pair();
    b.from('a', pong(b.now));
    const { configuration: own } = a.replica;
    b.from('a', { kind: 'probe', sentAt: 1, items: [{ partition: P, configuration: own, stamp: stamp(0) }] });
    expect(reads(b)).to.equal(false);
    const [, other] = pair();
    other.from('a', pong(other.now));
    other.fence(7);
    expect(reads(other)).to.equal(false);
  });
});
