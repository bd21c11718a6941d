/** Registration: who may be a slave of this cluster, and as whom. */
import { expect } from 'chai';

import { epoch } from '../../src/common/ids.ts';
import type { ToSlave } from '../../src/common/message/control.ts';
import { statusOf } from '../../src/coordination/status.ts';
import { CLUSTER_ID, CoordinatorBench, founded } from '../support/coordinator-bench.ts';
import { configuration, P, SETTINGS, storeOf } from '../support/slave-bench.ts';

const refused = (bench: CoordinatorBench, name: string): (ToSlave & { kind: 'refused' }) | undefined =>
  bench.sent(name, 'refused').at(-1);

/** One slave, registered with its third start. */
function known(): CoordinatorBench {
  const bench = new CoordinatorBench();
  bench.reboot('a');
  bench.reboot('a');
  bench.register('a');
  bench.persist();
  return bench;
}

const STRANGER = { store: storeOf('z'), clusterId: undefined, boot: { count: 1, nonce: 'z.1' } };

describe('a slave that registers', () => {
  it('is welcome when its record is journaled, and not before', () => {
    const bench = new CoordinatorBench();
    bench.register('a');
    expect(bench.sent('a', 'registered')).to.deep.equal([]);
    bench.persist();
    expect(bench.lastSent('a', 'registered')).to.include({ clusterId: CLUSTER_ID });
    expect(bench.journal.slaves.map(({ id, store, boot }) => ({ id, store, boot }))).to.deep.equal([
      { id: 'a', store: storeOf('a'), boot: { count: 1, nonce: 'a.1' } },
    ]);
  });

  it('is announced to the others', () => {
    const bench = known();
    bench.register('b');
    expect(bench.lastSent('a', 'view').slaves.map(({ id }) => id)).to.deep.equal(['b']);
  });

  it('tells its zone, which is journaled, announced, shown and kept in mind', () => {
    const bench = known();
    bench.register('b', { zone: 'rack-1' });
    expect(bench.lastSent('a', 'view').slaves.map(({ zone }) => zone)).to.deep.equal(['rack-1']);
    bench.persist();
    const zonesIn = (of: CoordinatorBench): readonly unknown[] =>
      statusOf(of.restart().state).slaves.map(({ id, zone }) => [id, zone]);
    expect(zonesIn(bench)).to.deep.equal([
      ['a', undefined],
      ['b', 'rack-1'],
    ]);
  });

  it('brings the settings of the cluster home', () => {
    const bench = known();
    expect(bench.lastSent('a', 'registered').view.settings).to.deep.equal(bench.settings);
  });

  it('that has replaced its link is welcomed for the registration over the new one', () => {
    const bench = new CoordinatorBench();
    const first = bench.register('a');
    bench.register('a');
    expect(bench.of('close-link').map(({ link }) => link)).to.deep.equal([first]);
    bench.disk.completeNext();
    expect(bench.of('send')).to.deep.equal([]);
    bench.persist();
    expect(bench.sent('a', 'registered')).to.have.length(1);
  });
});

describe('a store', () => {
  it('of another cluster is turned away for good', () => {
    const bench = new CoordinatorBench();
    bench.register('a', { clusterId: 'd'.repeat(32) });
    expect(refused(bench, 'a')).to.deep.include({ isFinal: true });
    expect(bench.state.view.slaves.size).to.equal(0);
  });

  it('that was just made has no cluster yet, and is welcome (I1)', () => {
    const bench = new CoordinatorBench();
    bench.register('a', { clusterId: undefined });
    bench.persist();
    expect(bench.sent('a', 'registered')).to.have.length(1);
  });

  it('whose disk failed is turned away for good, also after a restart of the coordination server (I3)', () => {
    const bench = known();
    bench.says('a', { kind: 'failed', why: 'EIO' });
    bench.persist();
    expect(bench.stageOf('a')).to.equal('dead');
    const again = bench.restart();
    again.reboot('a');
    again.register('a');
    expect(refused(again, 'a')).to.include({ isFinal: true });
    again.wait(2 * SETTINGS.windowMs);
    again.register('a', STRANGER);
    again.persist();
    expect(refused(again, 'a'), 'with an empty directory it is welcome').to.equal(undefined);
  });
});

describe('a start of a slave (I2)', () => {
  it('that registers again is a reconnection', () => {
    const bench = known();
    bench.register('a');
    bench.persist();
    expect(bench.sent('a', 'registered')).to.have.length(1);
  });

  it('that is later is a restart', () => {
    const bench = known();
    bench.reboot('a');
    bench.register('a');
    bench.persist();
    expect(bench.journal.slaves[0]?.boot).to.deep.equal({ count: 4, nonce: 'a.4' });
  });

  it('that the journal has passed is an old copy that was put back', () => {
    const bench = known();
    bench.register('a', { boot: { count: 2, nonce: 'a.2' } });
    expect(refused(bench, 'a')).to.include({ isFinal: true });
  });

  it('with the same count and another nonce is an old copy that was put back', () => {
    const bench = known();
    bench.register('a', { boot: { count: 3, nonce: 'other' } });
    expect(refused(bench, 'a')).to.include({ isFinal: true });
  });

  it('is remembered by the journal', () => {
    const again = known().restart();
    again.register('a', { boot: { count: 2, nonce: 'a.2' } });
    expect(refused(again, 'a')).to.include({ isFinal: true });
  });
});

describe('a slave under the name of another', () => {
  it('is turned away for good while that one is connected', () => {
    const bench = known();
    bench.register('a', STRANGER);
    expect(refused(bench, 'a')?.isFinal).to.equal(true);
    expect(refused(bench, 'a')?.why).to.include('in use');
  });

  it('is told to ask again while that one is being waited for', () => {
    const bench = known();
    bench.feed({ kind: 'link-closed', link: bench.links.get('a') ?? 0 });
    bench.register('a', STRANGER);
    expect(refused(bench, 'a')?.isFinal).to.equal(false);
  });

  it('is a stranger without data when that one is dead', () => {
    const { bench, roles } = founded('ab');
    const [, copy = ''] = roles;
    bench.kill(copy);
    bench.register(copy, STRANGER);
    bench.persist();
    expect(bench.stageOf(copy)).to.equal('joining');
    bench.answers(roles[0] ?? '');
    bench.persist();
    expect(bench.members).to.equal(roles[0]);
  });
});

describe('a slave that has sworn to more than the journal knows (N4)', () => {
  const stops = (bench: CoordinatorBench): number => bench.of('stop').length;

  it('stops the coordination server: its journal is an old one', () => {
    const bench = new CoordinatorBench();
    bench.register('a', { epoch: epoch(1) });
    expect(stops(bench)).to.equal(1);
    expect(bench.state.view.slaves.size).to.equal(0);
  });

  it('does not if it belongs to another cluster', () => {
    const bench = new CoordinatorBench();
    bench.register('a', { epoch: epoch(1), clusterId: 'd'.repeat(32) });
    expect(stops(bench)).to.equal(0);
  });

  it('stops it also when it says so later', () => {
    const bench = known();
    bench.says('a', { kind: 'outdated', partition: P, epoch: epoch(0) });
    expect(stops(bench)).to.equal(0);
    bench.says('a', { kind: 'outdated', partition: P, epoch: epoch(7) });
    expect(stops(bench)).to.equal(1);
  });
});

describe('a slave that comes back under another kernel, and had only the page cache (I4)', () => {
  const LOST = { durability: 'os', isSameKernelBoot: false } as const;

  /** The copy came back like this, and the partition was fenced without it. */
  function healed(): { readonly bench: CoordinatorBench; readonly owner: string; readonly copy: string } {
    const { bench, roles } = founded('ab');
    const [owner = '', copy = ''] = roles;
    bench.reboot(copy);
    bench.register(copy, LOST);
    bench.persist();
    for (const name of roles) bench.answers(name);
    bench.persist();
    return { bench, owner, copy };
  }

  it('is no member any more, and learns anew', () => {
    const { bench, owner, copy } = healed();
    expect(bench.members).to.equal(owner);
    bench.serves(owner);
    bench.persist();
    expect(bench.lastSent(owner, 'grow').members.at(-1)?.slave).to.equal(copy);
  });

  it('is not doubted again when it only reconnects', () => {
    const { bench, owner, copy } = healed();
    bench.serves(owner);
    bench.persist();
    const { epoch: number, members, ownerNonce } = bench.lastSent(owner, 'grow');
    bench.says(owner, { kind: 'grown', partition: P, configuration: { epoch: number, members, ownerNonce } });
    bench.persist();
    bench.serves(owner);
    bench.effects = [];
    bench.register(copy, LOST);
    bench.wait(SETTINGS.windowMs);
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
    expect(bench.members).to.include(copy);
  });

  it('remains a member where nobody else has anything', () => {
    const { bench, roles } = founded('a');
    const [owner = ''] = roles;
    bench.reboot(owner);
    bench.register(owner, LOST);
    bench.persist();
    bench.answers(owner);
    bench.persist();
    expect(bench.configuration).to.deep.equal({ ...configuration(2, owner), ownerNonce: `${owner}.2` });
  });

  it('loses nothing with every other durability', () => {
    const { bench, roles } = founded('ab');
    const [owner = '', copy = ''] = roles;
    bench.reboot(copy);
    bench.register(copy, { isSameKernelBoot: false });
    bench.persist();
    expect(bench.sent(owner, 'fence')).to.deep.equal([]);
  });
});
