/** Clients' requests: who is answered, when, and with what. */
import { expect } from 'chai';

import { epoch } from '../../src/common/ids.ts';
import { slotOf } from '../../src/common/slot.ts';
import { instant, stamp } from '../../src/common/time.ts';
import { reads } from '../../src/slave/commands/evaluation.ts';
import { readCommitted, refusalOf } from '../../src/slave/requests.ts';
import { effectsOf } from '../../src/slave/replication/entry.ts';
import {
  cluster,
  configuration,
  exchange,
  K1,
  K2,
  K3,
  P,
  SETTINGS,
  SlaveBench,
  textOf,
  WALL_AT_START,
} from '../support/slave-bench.ts';

/** An owner and its copy. */
const pair = (settings = SETTINGS): readonly [SlaveBench, SlaveBench] =>
  cluster(configuration(3, 'ab'), { settings }, 'ab') as [SlaveBench, SlaveBench];

/** An owner with nobody else: what its disk has is history. */
function alone(settings = SETTINGS): SlaveBench {
  const [a] = cluster(configuration(3, 'a'), { settings }, 'a') as [SlaveBench];
  return a;
}

const answersOf = (bench: SlaveBench, tickets: readonly number[]): readonly (string | undefined)[] =>
  tickets.map((ticket) => bench.answers.get(ticket));

const commits = (bench: SlaveBench): number => bench.effects.filter(({ kind }) => kind === 'commit').length;

/** A read beside the machine, as the shell does it. */
function readNow(bench: SlaveBench, name: string): string {
  const read = reads.get('get') ?? ((): undefined => undefined);
  const args = [Buffer.from('GET'), Buffer.from(name)];
  const reply = readCommitted(
    bench.state,
    { partition: P, args, read },
    instant(bench.now),
    stamp(WALL_AT_START + bench.now),
  );
  return reply === 'expired' ? reply : textOf(reply);
}

const refusal = (bench: SlaveBench): string =>
  textOf(refusalOf(bench.state, P, slotOf(K1), instant(bench.now)));

describe('a write', () => {
  it('is seen by reads when it is history, and by writes at once', () => {
    const [a, b] = pair();
    const tickets = a.ask(`SET ${K1} 5`, `INCR ${K1}`);
    expect(readNow(a, K1)).to.equal('(absent)');
    exchange([a, b]);
    expect(answersOf(a, tickets)).to.deep.equal(['OK', '6']);
    expect(readNow(a, K1)).to.equal('6');
  });

  it('that changes nothing is answered with what it was evaluated on, and not before that is history (W1)', () => {
    const [a, b] = pair();
    const tickets = a.ask(`SET ${K1} x`, `SETNX ${K1} y`, `DEL ${K2}`, `INCR ${K1}`);
    a.persist();
    expect(a.answers.size).to.equal(0);
    exchange([a, b]);
    expect(answersOf(a, tickets)).to.deep.equal(['OK', '0', '0', 'ERR']);
  });

  it('that changes nothing waits also for what was prepared in earlier turns (W1)', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x`);
    const [ticket = 0] = a.ask(`SETNX ${K1} y`);
    a.persist();
    expect(a.answers.has(ticket)).to.equal(false);
    exchange([a, b]);
    expect(a.answers.get(ticket)).to.equal('0');
  });

  it('that changes nothing is answered at once where nothing is prepared', () => {
    const [a] = pair();
    const [ticket = 0] = a.ask(`DEL ${K1}`);
    expect(a.answers.get(ticket)).to.equal('0');
    expect(a.pending).to.equal(0);
  });

  it('is refused, definitely, where there are too few copies', () => {
    const a = alone({ ...SETTINGS, minCopies: 2 });
    expect(a.run(`SET ${K1} x`)).to.equal('NOREPLICAS');
    expect(a.run(`GET ${K1}`)).to.equal('(absent)');
  });

  it('that may need room is refused when little is left; one that makes room is not', () => {
    const a = alone();
    a.run(`SET ${K1} x`);
    a.feed({ kind: 'space', isLow: true });
    expect(a.run(`SET ${K2} x`)).to.equal('NOSPACE');
    const request = a.request(`DEL ${K1}`, { grows: false });
    a.feed({ kind: 'requests', requests: [request] });
    a.persist();
    expect(a.answers.get(request.ticket)).to.equal('1');
  });

  it('is given up when its time is over: uncertain, since it was logged (W2)', () => {
    const [a] = pair();
    const [logged = 0, unlogged = 0] = a.ask(`SET ${K1} x`, `SETNX ${K1} y`);
    a.wait(SETTINGS.requestTimeoutMs);
    a.tick();
    expect(answersOf(a, [logged, unlogged])).to.deep.equal(['UNCERTAIN', 'CLUSTERDOWN']);
  });
});

describe('a turn of many writes', () => {
  it('is one commit, and one frame to each peer', () => {
    const [a] = pair();
    a.effects = [];
    a.ask(...Array.from({ length: 500 }, (_, index) => `SET ${K1} ${index}`));
    expect(commits(a)).to.equal(1);
    expect(a.effects.filter(({ kind }) => kind === 'send')).to.have.length(1);
    expect(a.sentOf('append', 'b')).to.have.length(1);
  });

  it('is one entry of a partition', () => {
    const a = alone();
    a.ask(`SET ${K1} x`, `SET ${K2} y`, `DEL ${K1}`);
    expect(a.replica.log.end.seq).to.equal(1);
    a.ask(`SET ${K1} z`);
    expect(a.replica.log.end.seq).to.equal(2);
  });

  it('is several entries when it is large, each linked to the one before, and each command waits for its own', () => {
    const a = alone();
    const large = 'x'.repeat(5 << 20);
    const tickets = a.ask(
      `SET ${K1} ${large}`,
      `SET ${K2} ${large}`,
      `SET ${K3} ${large}`,
      `STRLEN ${K3}`,
      `SETNX ${K3} y`,
    );
    expect(a.replica.log.end.seq).to.equal(2);
    const [first, second] = [1, 2].map((seq) => a.replica.log.entryAt(seq));
    expect([first, second].map((one) => one && effectsOf(one)?.length)).to.deep.equal([2, 1]);
    expect(second?.previousEpoch).to.equal(3);
    a.persist();
    expect(answersOf(a, tickets)).to.deep.equal(['OK', 'OK', 'OK', String(large.length), '0']);
  });

  it('is answered in one effect when all of it is history', () => {
    const a = alone();
    const tickets = a.ask(`SET ${K1} x`, `INCR ${K2}`);
    a.effects = [];
    a.persist();
    expect(a.effects.filter(({ kind }) => kind === 'answer')).to.have.length(1);
    expect(answersOf(a, tickets)).to.deep.equal(['OK', '1']);
  });
});

describe('a read that passes the machine', () => {
  it('sees the writes before it in its turn, and none behind it', () => {
    const [a, b] = pair();
    const tickets = a.ask(`SET ${K1} x`, `GET ${K1}`, `SET ${K1} y`);
    a.persist();
    expect(a.answers.size).to.equal(0);
    exchange([a, b]);
    expect(answersOf(a, tickets)).to.deep.equal(['OK', 'x', 'OK']);
  });

  it('makes the end of a key history when a write has met it: nobody sees again what he was told is gone (W4)', () => {
    const [a] = cluster(configuration(3, 'a'), {}, 'a') as [SlaveBench];
    a.run(`SET ${K1} x PX 100`);
    a.run(`SET ${K2} y PX 100`);
    a.wait(200);
    const { seq } = a.replica.log.end;
    expect(a.run(`DEL ${K1}`)).to.equal('0');
    expect(a.replica.log.end.seq).to.equal(seq + 1);
    expect(a.run(`SET ${K2} z XX`)).to.equal('(absent)');
    expect(a.replica.log.end.seq).to.equal(seq + 2);
    expect(a.run(`DEL ${K1}`)).to.equal('0');
    expect(a.replica.log.end.seq, 'once is enough').to.equal(seq + 2);
  });

  it('of a key whose time is over removes it first: then it can never reappear (W4)', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x PX 100`);
    exchange([a, b]);
    a.wait(100);
    expect(readNow(a, K1)).to.equal('expired');
    const [ticket = 0] = a.ask(`GET ${K1}`);
    expect(a.replica.log.end.seq).to.equal(2);
    a.persist();
    expect(a.answers.has(ticket)).to.equal(false);
    exchange([a, b]);
    expect(a.answers.get(ticket)).to.equal('(absent)');
    expect(readNow(a, K1)).to.equal('(absent)');
  });

  it('of a key that was removed already waits for nothing', () => {
    const a = alone();
    const [ticket = 0] = a.ask(`GET ${K1}`);
    expect(a.answers.get(ticket)).to.equal('(absent)');
    expect(a.pending).to.equal(0);
  });

  it('looks at a whole partition when everything before it is history', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x`);
    const look = a.request(`GET ${K1}`, { run: { kind: 'look', look: () => Buffer.from(readNow(a, K1)) } });
    a.feed({ kind: 'requests', requests: [look] });
    a.persist();
    expect(a.answers.has(look.ticket)).to.equal(false);
    exchange([a, b]);
    expect(a.answers.get(look.ticket)).to.equal('x');
  });
});

describe('a slave that does not answer for a slot', () => {
  it('names the owner', () => {
    const [, b] = pair();
    const reply = refusalOf(b.state, P, slotOf(K1), instant(b.now));
    expect(reply?.text).to.equal(`MOVED ${slotOf(K1)} host:7000`);
  });

  it('says that the partition is down where nobody was named, or no view has come', () => {
    expect(refusal(new SlaveBench('a'))).to.equal('CLUSTERDOWN');
    const bench = new SlaveBench('a');
    bench.register({ epoch: epoch(0), members: [], ownerNonce: '' });
    expect(refusal(bench)).to.equal('CLUSTERDOWN');
  });

  it('says to try again while the partition changes hands: a redirection would lead in a circle (F2)', () => {
    const [a] = pair();
    a.fence(7);
    expect(refusal(a)).to.equal('TRYAGAIN');
    const levelling = new SlaveBench('a');
    levelling.register(configuration(3, 'ab'));
    expect(refusal(levelling)).to.equal('TRYAGAIN');
  });

  it('says that the partition is down when its promises ran out (P6)', () => {
    const [a] = pair();
    a.wait(1_000);
    expect(refusal(a)).to.equal('CLUSTERDOWN');
    expect(a.run(`SET ${K1} x`)).to.equal('CLUSTERDOWN');
  });

  it('answers nothing that was read while it still might, and asked when it may no more (P4)', () => {
    const [a] = pair();
    expect(refusalOf(a.state, P, slotOf(K1), instant(a.now))).to.equal(undefined);
    expect(readNow(a, K1)).to.equal('(absent)');
    a.wait(500);
    expect(refusal(a)).to.equal('CLUSTERDOWN');
  });

  it('refuses each command of a turn by itself', () => {
    const [a] = pair();
    const other = a.request('GET a', { partition: (P + 1) as typeof P, slot: slotOf('a') });
    const own = a.request(`DEL ${K1}`);
    a.feed({ kind: 'requests', requests: [other, own] });
    expect(answersOf(a, [other.ticket, own.ticket])).to.deep.equal(['CLUSTERDOWN', '0']);
  });
});
