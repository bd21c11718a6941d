/**
 * An owner is paused past its promises, the cluster goes on without it, and it wakes: it answers no read and takes
 * no write from before, neither what lay in its sockets meanwhile nor what comes right after.
 */
import { expect } from 'chai';
import { Redis } from 'ioredis';

import { ClusterProcesses, HOST } from '../support/cluster-processes.ts';
import { pause, until } from '../support/program.ts';

/** How long it is asked, again and again, after it woke. */
const WATCH_MS = 2_000;

/** An answer, or the error in its place. */
const outcomeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(String, (error: unknown) => (error instanceof Error ? error.message : String(error)));

describe('an owner that slept', function () {
  this.timeout(90_000);
  let cluster: ClusterProcesses | undefined;
  const clients: Redis[] = [];

  const connect = (port: number): Redis => {
    const client = new Redis({
      host: HOST,
      port,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await cluster?.end();
  });

  it('never tells an old value and takes no write from before', async () => {
    cluster = await ClusterProcesses.start({ slaves: 3 });
    const gateway = connect(cluster.ports.port);
    await gateway.set('{k}colour', 'old');
    const { owner } = await cluster.where('{k}colour');
    const direct = connect(owner.port);
    expect(await direct.get('{k}colour')).to.equal('old');

    cluster.pause(owner.id);
    const asked = [outcomeOf(direct.get('{k}colour')), outcomeOf(direct.set('{k}late', 'taken'))];
    await until('written elsewhere', async () => (await gateway.set('{k}colour', 'new')) === 'OK');
    expect((await cluster.where('{k}colour')).owner.id).not.to.equal(owner.id);
    asked.push(outcomeOf(direct.get('{k}colour')));

    cluster.resume(owner.id);
    const answers = await Promise.all(asked);
    const later: string[] = [];
    for (const end = performance.now() + WATCH_MS; performance.now() < end; await pause(1)) {
      const client = direct.status === 'ready' ? direct : connect(owner.port);
      later.push(await outcomeOf(client.get('{k}colour')));
    }
    expect(answers, cluster.story).not.to.include('old').and.not.to.include('OK');
    expect(later, cluster.story).not.to.include('old');
    expect(await gateway.get('{k}late')).to.equal(null);
    expect(await gateway.get('{k}colour')).to.equal('new');
    await cluster.reach('healthy, with the sleeper', ({ state, slaves }) => {
      return state === 'healthy' && slaves.filter((slave) => slave.state === 'alive').length === 3;
    });
    expect(await gateway.get('{k}colour')).to.equal('new');
  });
});
