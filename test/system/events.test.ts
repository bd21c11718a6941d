/** What an operator sees and orders, at real processes: events through a kill and a restart, and orders at the door. */
import { expect } from 'chai';
import { Redis } from 'ioredis';

import { PiazzaClient } from '../../src/client/client.ts';
import type { ClusterEvent } from '../../src/common/message/admin.ts';
import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { Program, until } from '../support/program.ts';

describe('a cluster of three slaves, and its operator', function () {
  this.timeout(120_000);
  let cluster: ClusterProcesses;
  let client: PiazzaClient;
  const address = (): string => `${HOST}:${cluster.ports.port}`;

  before(async () => {
    cluster = await ClusterProcesses.start({ slaves: 3, coordination: ['--partitions', '32'] });
    client = await PiazzaClient.connect({ addresses: [address()] });
  });

  after(async () => {
    await client.close();
    await cluster.end();
  });

  /** The events, once one of them is of this kind, and behind that number. */
  async function eventsWith(kind: string, behind = 0): Promise<readonly ClusterEvent[]> {
    let found: readonly ClusterEvent[] = [];
    await until(`told: ${kind}`, async () => {
      found = await client.events();
      return found.some((event) => event.kind === kind && event.number > behind);
    });
    return found;
  }

  async function said(...argv: readonly string[]) {
    const program = new Program('piazza-client', ['--connect', address(), ...argv]);
    const { status } = await program.ended;
    return { status, out: program.lines, err: program.errors };
  }

  it('tells what happened, through a kill, a return, and a restart of the coordination server', async () => {
    await cluster.kill('s2');
    await eventsWith('promoted');
    await cluster.startAll();
    const before = await eventsWith('returned');
    const kinds = before.map(({ kind }) => kind);
    expect(kinds.slice(0, 1)).to.deep.equal(['started']);
    expect(kinds).to.include.members(['founded', 'registered', 'healthy', 'fenced', 'promoted']);
    expect(before.find(({ kind }) => kind === 'declared-dead')).to.include({ slave: 's2', level: 'warn' });
    expect(kinds.filter((kind) => kind === 'fenced').length, 'events of fences').to.be.below(8);

    await cluster.killCoordination();
    await cluster.startAll();
    const last = before.at(-1)?.number ?? 0;
    const again = await eventsWith('started', last);
    expect(again.slice(0, before.length)).to.deep.equal(before);
    expect(again.map(({ number }) => number)).to.deep.equal(again.map((_, index) => index + 1));

    const { status, out } = await said('events', '--since', `${last}`, '--json');
    expect(status).to.equal(0);
    expect(JSON.parse(out[0] ?? '')).to.include({ number: last + 1 });
  });

  it('turns down an order that cannot be carried out, with the reason', async () => {
    const drained = await said('drain', 'nobody');
    expect(drained).to.include({ status: 1 });
    expect(drained.err.join()).to.match(/^ERR \S/);
    expect(await said('forget', 'nobody')).to.include({ status: 1 });
    const unsure = await said('forfeit', '3');
    expect(unsure.status).to.equal(2);
    expect(unsure.err.at(-1)).to.equal('to do it, type: piazza-client forfeit 3 --yes-lose-data');
    await eventsWith('refused');
  });

  it('says at a slave where to ask', async () => {
    const slave = new Redis({ host: HOST, port: cluster.seat('s1').port });
    const gateway = new Redis({ host: HOST, port: cluster.ports.port });
    const errorOf = (asked: Promise<unknown>): Promise<string> => asked.then(String, String);
    try {
      expect(await errorOf(slave.call('PIAZZA', 'DRAIN', 's1'))).to.contain('ask the gateway');
      expect(await errorOf(gateway.call('PIAZZA', 'FORFEIT', '3'))).to.contain('YES-LOSE-DATA');
      expect(await errorOf(gateway.call('PIAZZA', 'EVENTS', 'x'))).to.contain('ERR');
    } finally {
      slave.disconnect();
      gateway.disconnect();
    }
  });
});
