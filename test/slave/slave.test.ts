/** The trunk of the slave: one commit a step, in order, and nothing said before it is durable. */
import { expect } from 'chai';

import { Bug } from '../../src/common/invariant.ts';
import { checkInvariants, wakeAt } from '../../src/slave/slave.ts';
import { IDLE_TICK_MS, TICK_MS } from '../../src/slave/state.ts';
import { cluster, configuration, K1, K2, SlaveBench } from '../support/slave-bench.ts';

const alone = (): SlaveBench => {
  const [a] = cluster(configuration(3, 'a'), {}, 'a') as [SlaveBench];
  return a;
};

describe('a slave', () => {
  it('wants to be woken seldom while nothing happens, and soon when something has', () => {
    const a = alone();
    a.tick();
    expect(wakeAt(a.state)).to.be.closeTo(a.now + Math.min(IDLE_TICK_MS, 500 / 3), 1);
    a.ask(`SET ${K1} x`);
    expect(wakeAt(a.state)).to.equal(a.now + TICK_MS);
    a.wait(TICK_MS);
    a.tick();
    expect(wakeAt(a.state), 'the disk is at it').to.equal(a.now + TICK_MS);
  });

  it('does not want to be woken without pause before it knows of any cluster', () => {
    const lone = new SlaveBench('a');
    lone.wait(60_000);
    lone.tick();
    expect(wakeAt(lone.state)).to.be.at.least(lone.now + TICK_MS);
  });

  it('wants to be woken when promises are to be renewed', () => {
    const [a] = cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench];
    a.tick();
    a.wait(120);
    a.tick();
    expect(wakeAt(a.state)).to.be.closeTo(a.now - 120 + 500 / 3, 1);
  });

  it('takes what is durable in the order in which it was handed to the disk', () => {
    const a = alone();
    const [first = 0] = a.ask(`SET ${K1} x`);
    const [second = 0] = a.ask(`SET ${K2} y`);
    a.disk.completeNext();
    expect([first, second].map((ticket) => a.answers.get(ticket))).to.deep.equal(['OK', undefined]);
    a.disk.completeNext();
    expect(a.answers.get(second)).to.equal('OK');
  });

  it('hands over nothing where nothing is to be written', () => {
    const a = alone();
    a.effects = [];
    a.ask(`GET ${K1}`);
    a.feed({ kind: 'space', isLow: false });
    expect(a.effects.map(({ kind }) => kind)).to.deep.equal(['answer']);
  });

  it('notices when its state does not hold together', () => {
    const a = alone();
    a.replica.committed = 9;
    expect(() => {
      checkInvariants(a.state);
    }).to.throw(Bug, 'nothing is committed beyond the log');
  });
});
