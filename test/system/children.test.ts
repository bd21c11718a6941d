/** The slaves of --with-slaves: started, restarted, stopped, and gone with their parent. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { createLog } from '../../src/common/io/log.ts';
import { type Slaves, superviseSlaves } from '../../src/coordination/io/children.ts';
import { lives, Spawned } from '../support/spawned.ts';

interface Start {
  readonly id: string;
  readonly pid: number;
  readonly port: number;
}

describe('supervised slaves', function () {
  this.timeout(30_000);
  let dirParent = '';
  let starts: Start[] = [];
  let lines: string[] = [];
  let logged: string[] = [];
  let wake: () => void = () => undefined;
  const families: Slaves[] = [];

  beforeEach(async () => {
    dirParent = await mkdtemp(join(tmpdir(), 'piazza-children-'));
    [starts, lines, logged] = [[], [], []];
  });

  afterEach(async () => {
    await Promise.all(families.splice(0).map((family) => family.stop()));
    await rm(dirParent, { recursive: true, force: true });
  });

  function supervise(count: number, extraArgs: readonly string[] = [], isWanted = true): Slaves {
    const family = superviseSlaves({
      count,
      firstPort: 7001,
      coordination: '127.0.0.1:17000',
      dirParent,
      extraArgs,
      log: createLog({
        format: 'text',
        level: 'info',
        write: (line) => {
          logged.push(line);
          wake();
        },
      }),
      onStarted: (id, pid, port) => {
        starts.push({ id, pid, port });
        wake();
      },
      isWanted: () => isWanted,
      writeLine: (line) => lines.push(line),
      slaveMain: fileURLToPath(new URL('../support/fake-slave.ts', import.meta.url)),
      stopPatienceMs: 500,
    });
    families.push(family);
    return family;
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  it('start with ids and ports in a row, and stop together', async () => {
    const family = supervise(2);
    await until(() => starts.length === 2);
    const sorted = starts.map(({ id, port }) => `${id} ${port}`).sort();
    expect(sorted).to.deep.equal(['s1 7001', 's2 7002']);
    expect(starts.every(({ pid }) => lives(pid))).to.equal(true);
    expect(family.running()).to.deep.equal(['s1', 's2']);

    await family.stop();
    expect(starts.some(({ pid }) => lives(pid))).to.equal(false);
    expect(family.running()).to.deep.equal([]);
  });

  it('come back when they die, as often as they do', async () => {
    supervise(1);
    await until(() => starts.length === 1);
    process.kill(starts[0]?.pid ?? 0, 'SIGKILL');
    await until(() => starts.length === 2);
    expect(logged.join('')).to.match(/s1 ended \(SIGKILL\) and is started again in 100 ms/);
    process.kill(starts[1]?.pid ?? 0, 'SIGTERM');
    await until(() => starts.length === 3);
    expect(logged.join('')).to.match(/s1 ended \(exit status 0\) and is started again in 200 ms/);
  });

  it('do not come back once they have left', async () => {
    const family = supervise(1, [], false);
    await until(() => starts.length === 1);
    process.kill(starts[0]?.pid ?? 0, 'SIGTERM');
    await until(() => logged.some((line) => line.includes('has left and is not started again')));
    expect(family.running()).to.deep.equal([]);
  });

  it('are given up when they end five times with wrong usage', async () => {
    supervise(1, ['--ends', '2']);
    await until(() => logged.some((line) => line.includes('is given up')));
    expect(logged.filter((line) => line.includes('is started again'))).to.have.lengthOf(4);
  });

  it('are killed when they do not stop', async () => {
    const family = supervise(1, ['--deaf']);
    await until(() => starts.length === 1);
    await family.stop();
    expect(lives(starts[0]?.pid ?? 0)).to.equal(false);
    expect(logged.join('')).to.match(/s1 did not end within 500 ms and is killed/);
  });

  it('get their options, and not the variables that are meant for the coordination server', async () => {
    process.env['PIAZZA_PORT'] = '9';
    process.env['PIAZZA_DURABILITY'] = 'os';
    try {
      const family = supervise(1, ['--grumbles']);
      await until(() => starts.length === 1);
      await family.stop();
    } finally {
      delete process.env['PIAZZA_PORT'];
      delete process.env['PIAZZA_DURABILITY'];
    }
    expect(lines).to.include(`s1 | dir=${join(dirParent, 's1')} coordination=127.0.0.1:17000`);
    expect(lines).to.include('s1 | port=undefined durability=os');
  });

  it('end with their parent, also when it is killed', async () => {
    const parent = new Spawned('./fake-family.ts', [dirParent]);
    const pids = await Promise.all(
      ['s1', 's2'].map(async (id) => Number(/pid=(\d+)/.exec(await parent.line(`started ${id}`))?.[1])),
    );
    expect(pids.every(lives)).to.equal(true);
    parent.kill('SIGKILL');
    await parent.ended;
    while (pids.some(lives)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});
