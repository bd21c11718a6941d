/**
 * The truths, each held against a cluster that was tampered with: a truth that nothing can break says nothing.
 */
import { expect } from 'chai';

import { slaveId } from '../../src/common/ids.ts';
import { Failure, type Reply } from '../../src/common/reply.ts';
import { instant } from '../../src/common/time.ts';
import type { Replica } from '../../src/slave/replication/replica.ts';
import { Cluster } from './cluster.ts';
import type { SlaveProcess } from './slave.ts';
import { World } from './world.ts';

const SETTINGS = {
  ...{ minCopies: 1, tokens: 8, replication: 'successor' as const, replicas: 2, partitions: 1 },
  ...{ heartbeatMs: 200, windowMs: 600, promiseMs: 500, requestTimeoutMs: 3_000 },
};

const FOUNDED_MS = 3_000;

interface Place {
  readonly slave: SlaveProcess;
  readonly replica: Replica;
}

interface Founded {
  readonly cluster: Cluster;
  readonly owner: Place;
  readonly copy: Place;
  /** Sends a command to a slave; what it answers is in the list some milliseconds later. */
  ask(slave: SlaveProcess, command: string, readOnly?: boolean): Reply[];
  run(ms: number): void;
}

function founded(): Founded {
  const world = new World(1);
  const cluster = new Cluster(world, SETTINGS);
  cluster.addSlave('s1');
  cluster.addSlave('s2');
  world.runUntil(FOUNDED_MS);
  const placeOf = (role: Replica['role']): Place => {
    for (const slave of cluster.slaves.values()) {
      const [replica] = slave.state.replicas;
      if (replica?.role === role) return { slave, replica };
    }
    throw new Error(`there is no ${role}`);
  };
  return {
    ...{ cluster, owner: placeOf('owner'), copy: placeOf('copy') },
    run: (ms) => world.runUntil(world.now + ms),
    ask: (slave, command, readOnly = false) => {
      const heard: Reply[] = [];
      const connection = slave.accept((reply) => void heard.push(reply));
      connection.readOnly = readOnly;
      slave.take(
        connection,
        command.split(' ').map((word) => Buffer.from(word)),
      );
      return heard;
    },
  };
}

describe('the truths of the simulated world', () => {
  it('hold in a cluster that is left in peace', () => {
    const { owner, copy, ask, run } = founded();
    const written = ask(owner.slave, 'SET k v');
    run(100);
    const read = [...ask(owner.slave, 'GET k'), ...ask(copy.slave, 'GET k', true)];
    run(1_500);
    expect(written).to.have.length(1);
    expect(read.some((reply) => reply instanceof Failure)).to.equal(false);
  });

  it('notice an owner that counts on more than it was promised', () => {
    const { owner, copy, run } = founded();
    const { replica } = owner;
    const until = instant(replica.authorityUntil + 2_000);
    for (const progress of replica.peers.values()) progress.heldUntil = until;
    replica.authorityUntil = until;
    expect(() => run(300)).to.throw(`${owner.slave.id} counts on ${copy.slave.id}`);
  });

  it('notice a copy that answers without a promise of its owner', () => {
    const { owner, copy, ask } = founded();
    owner.replica.given.clear();
    expect(() => ask(copy.slave, 'GET k', true)).to.throw('promise was over');
  });

  it('notice a learner that answers', () => {
    const { cluster, copy } = founded();
    copy.slave.state.replicas[0] = { ...copy.replica, role: 'learner' };
    const given = { args: ['GET', 'k'].map((word) => Buffer.from(word)), reply: undefined, readOnly: true };
    expect(() => cluster.truths.checkAnswer(copy.slave, given)).to.throw('as learner');
  });

  it('notice tables that are not alike', () => {
    const { owner, copy, ask, run } = founded();
    ask(owner.slave, 'SET k v');
    run(1_200);
    copy.replica.table.digest += 1;
    ask(owner.slave, 'SET k w');
    expect(() => run(1_500)).to.throw('partition 0 up to entry');
  });

  it('notice the dead that are alive again without having registered', () => {
    const { cluster, owner } = founded();
    const { view } = cluster.coordination.state;
    const record = view.slaves.get(owner.slave.id);
    if (record === undefined) throw new Error('it is in the view');
    const withStage = (stage: 'dead' | 'alive') => ({
      ...view,
      slaves: new Map([[record.id, { ...record, stage }]]),
    });
    cluster.truths.checkView(withStage('dead'));
    expect(() => cluster.truths.checkView(withStage('alive'))).to.throw('has not registered since');
  });

  it('notice copies that share a zone while another has none of them', () => {
    const { cluster, owner, copy } = founded();
    const { view } = cluster.coordination.state;
    const placement = [[owner.slave.id, copy.slave.id], [copy.slave.id]];
    const inZones = (names: readonly (string | undefined)[]) => ({
      ...view,
      slaves: new Map([...view.slaves].map(([id, record], index) => [id, { ...record, zone: names[index] }])),
    });
    const check = (...names: readonly (string | undefined)[]) => {
      cluster.truths.checkZones(placement, inZones(names));
    };
    expect(() => check('east', 'west')).to.not.throw();
    expect(() => check('east', 'east')).to.not.throw();
    const three = slaveId('s3');
    expect(() => {
      cluster.truths.checkZones([...placement, [three]], inZones(['east', 'east']));
    }).to.throw('share zones');
  });

  it('let a stalled slave answer late, and not as the authority that it was', () => {
    const { owner, ask, run } = founded();
    owner.slave.stall = { within: 'command', ms: 1_000 };
    const heard = ask(owner.slave, 'GET k');
    run(900);
    expect(heard).to.deep.equal([]);
    run(200);
    expect(heard[0]).to.be.instanceOf(Failure);
  });
});
