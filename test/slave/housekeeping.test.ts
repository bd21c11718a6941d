/** What a slave looks after when nobody asks: all of it bounded, none of it needed for safety. */
import { expect } from 'chai';

import { epoch } from '../../src/common/ids.ts';
import type { Change } from '../../src/common/ordered-store.ts';
import { unheardPeers } from '../../src/slave/housekeeping.ts';
import {
  cluster,
  configuration,
  exchange,
  FILL_MS,
  K1,
  K2,
  P,
  SETTINGS,
  type SlaveBench,
} from '../support/slave-bench.ts';

function alone(logKeepBytes = 0): SlaveBench {
  const [a] = cluster(configuration(3, 'a'), { logKeepBytes }, 'a') as [SlaveBench];
  return a;
}

const pair = (): readonly [SlaveBench, SlaveBench] =>
  cluster(configuration(3, 'ab'), {}, 'ab') as [SlaveBench, SlaveBench];

function later(bench: SlaveBench, ms: number): void {
  bench.wait(ms);
  bench.tick();
  bench.persist();
}

/** Long enough for a fill; then promises are given anew, and there is another tick. */
function pass(benches: readonly SlaveBench[]): void {
  for (const bench of benches) later(bench, FILL_MS);
  exchange(benches);
  for (const bench of benches) later(bench, 100);
  exchange(benches);
}

const committed = (bench: SlaveBench): readonly Change[] =>
  bench.effects.flatMap((effect) => (effect.kind === 'commit' ? effect.changes : []));

describe('filling tables', () => {
  it('waits, so that a later write of a key replaces an earlier one first', () => {
    const a = alone();
    a.run(`SET ${K1} x`);
    later(a, FILL_MS);
    a.run(`SET ${K1} y`);
    later(a, 0);
    expect(a.replica.table.filled.seq).to.equal(1);
    later(a, FILL_MS);
    expect(a.replica.table.filled.seq).to.equal(2);
    expect(a.replica.table.overlay.size).to.equal(0);
  });

  it('does not wait when much lies in memory', () => {
    const a = alone();
    later(a, FILL_MS);
    a.ask(`SET ${K1} ${'x'.repeat(9 << 20)}`, `SET ${K2} ${'x'.repeat(9 << 20)}`);
    a.persist();
    later(a, 0);
    expect(a.replica.table.overlay.size).to.equal(0);
  });

  it('does not let one table grow so full that filling it would hold up the loop', () => {
    const a = alone();
    a.run(`SET ${K1} x`);
    later(a, 20);
    for (let count = 0; count < 1_024; count += 1) a.run(`SET {${K1}}${count} x`);
    later(a, 100);
    expect(a.replica.table.overlay.size).to.equal(0);
  });

  it('does not begin a second fill while one is under way', () => {
    const a = alone();
    a.run(`SET ${K1} x`);
    a.wait(FILL_MS);
    a.tick();
    a.ask(`SET ${K2} y`);
    a.wait(FILL_MS);
    a.tick();
    a.persist();
    later(a, FILL_MS);
    expect(a.replica.table.filled.seq).to.equal(2);
  });
});

describe('the log that is kept', () => {
  it('is dropped, in memory and on the disk, as soon as the table has it and more is kept than is wanted', () => {
    const a = alone();
    a.run(`SET ${K1} x`);
    later(a, FILL_MS);
    later(a, FILL_MS);
    expect(a.replica.log.base.seq).to.equal(1);
    expect(committed(a).some(({ kind }) => kind === 'delete-range')).to.equal(true);
    expect(a.restart().replica.log.end.seq).to.equal(1);
  });

  it('is kept for those who return', () => {
    const a = alone(1 << 20);
    a.run(`SET ${K1} x`);
    later(a, FILL_MS);
    later(a, FILL_MS);
    expect(a.replica.log.base.seq).to.equal(0);
  });

  it('is kept for a learner from where it began', () => {
    const a = alone();
    a.control({
      kind: 'grow',
      epoch: epoch(4),
      partition: P,
      base: epoch(3),
      members: configuration(4, 'ac').members,
      ownerNonce: 'a.1',
    });
    a.run(`SET ${K1} x`);
    later(a, FILL_MS);
    later(a, FILL_MS);
    expect(a.replica.log.base.seq).to.equal(0);
    a.control({ kind: 'drop-grow', partition: P, epoch: epoch(4) });
    a.run(`SET ${K1} y`);
    later(a, FILL_MS);
    later(a, FILL_MS);
    expect(a.replica.log.base.seq).to.equal(2);
  });
});

describe('the search for expired keys', () => {
  it('removes what is over, through the log like any write', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x PX 300`);
    exchange([a, b]);
    for (let time = 0; time < 3; time += 1) pass([a, b]);
    expect(b.replica.table.applied.seq).to.equal(2);
    expect([a, b].map(({ replica }) => replica.table.count)).to.deep.equal([0, 0]);
  });

  it('is the business of the authority alone', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x PX 300`);
    exchange([a, b]);
    for (const bench of [a, b]) later(bench, FILL_MS);
    a.wait(1_000);
    a.tick();
    expect(a.replica.log.end.seq, 'its promises ran out').to.equal(1);
  });
});

describe('what the coordination server is shown', () => {
  it('counts keys and partitions, not more often than twice a second', () => {
    const [a, b] = pair();
    a.ask(`SET ${K1} x`, `SET ${K2} y`);
    exchange([a, b]);
    a.tick();
    exchange([a, b]);
    for (const bench of [a, b]) {
      bench.told = [];
      later(bench, 500);
      later(bench, 20);
    }
    expect(a.toldOf('report')).to.deep.equal([
      {
        kind: 'report',
        ownPartitions: 1,
        ownKeys: 2,
        previousPartitions: 0,
        previousKeys: 0,
        isLowOnSpace: false,
        commands: 2,
        copiedBytes: 0,
      },
    ]);
    expect(b.toldOf('report')[0]).to.include({ ownKeys: 0, previousPartitions: 1, previousKeys: 2 });
  });

  it('is told to nobody while it is not registered', () => {
    const a = alone();
    a.feed({ kind: 'control-closed' });
    later(a, 1_000);
    expect(a.toldOf('report')).to.deep.equal([]);
  });
});

describe('a peer that is not heard', () => {
  it('is named after a window without a promise, and no more when one comes', () => {
    const [a] = pair();
    a.wait(SETTINGS.windowMs);
    a.tick();
    expect(unheardPeers(a.state)).to.deep.equal([]);
    a.wait(1);
    a.tick();
    expect(unheardPeers(a.state)).to.deep.equal(['b']);
    a.from('b', { kind: 'pong', echo: a.now, items: [{ partition: P, epoch: epoch(3) }] });
    expect(unheardPeers(a.state)).to.deep.equal([]);
  });

  it('is not named for a partition that is fenced: nothing is asked there (F2)', () => {
    const [a] = pair();
    a.fence(7);
    a.persist();
    a.wait(10 * SETTINGS.windowMs);
    a.tick();
    expect(unheardPeers(a.state)).to.deep.equal([]);
  });
});
