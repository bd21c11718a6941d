/** The first minutes with Piazza, as the README tells them: one command, a kill, a look, a stop, and all is still there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { decodeStatus, type Status } from '../../src/common/message/admin.ts';
import { freePort, Program, programFile, until } from '../support/program.ts';
import { lives } from '../support/spawned.ts';
import { hasTool, runTool, toolOutput } from '../support/tools.ts';

const SLAVES = 3;

describe('one command', function () {
  this.timeout(120_000);
  let dir: string;
  const programs: Program[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'piazza-new-user-'));
  });

  afterEach(async () => {
    // The slaves end with it.
    await Promise.all(programs.splice(0).map((program) => program.kill()));
    rmSync(dir, { recursive: true, force: true });
  });

  interface Family {
    readonly program: Program;
    readonly port: string;
    status(): Promise<Status>;
    healthy(): Promise<void>;
  }

  async function start(...where: readonly string[]): Promise<Family> {
    const program = new Program('coordination-server', [
      ...['--with-slaves', `${SLAVES}`, '--dir', join(dir, 'coordination')],
      ...where,
    ]);
    programs.push(program);
    const [, port = ''] = /^ready port=(\d+) /.exec(await program.line('ready ')) ?? [];
    const status = async (): Promise<Status> => {
      const { out, err } = await client(port, 'status', '--json');
      const found = decodeStatus(out);
      if (found === undefined) throw new Error(`this is no status: ${out}${err}`);
      return found;
    };
    const healthy = (): Promise<void> =>
      until(
        'healthy',
        async () => {
          const { state, slaves } = await status();
          return state === 'healthy' && slaves.filter((slave) => slave.state === 'alive').length === SLAVES;
        },
        { now: () => program.tail },
      );
    return { program, port, status, healthy };
  }

  const client = (port: string, ...args: readonly string[]) =>
    runTool(process.execPath, [programFile('piazza-client'), '--connect', `127.0.0.1:${port}`, ...args]);

  async function set(port: string): Promise<void> {
    if (hasTool('redis-cli')) {
      expect(await toolOutput('redis-cli', ['-p', port, 'set', 'hello', 'world'])).to.equal('OK\n');
    } else {
      expect((await client(port, 'put', 'hello', 'world')).status).to.equal(0);
    }
  }

  async function expectWorld(port: string): Promise<void> {
    expect((await client(port, 'get', 'hello')).out).to.equal('world');
    if (hasTool('redis-cli'))
      expect(await toolOutput('redis-cli', ['-p', port, 'get', 'hello'])).to.equal('world\n');
  }

  it('starts a cluster that heals itself and keeps what it was given', async () => {
    const first = await start('--port', `${await freePort()}`);
    await first.healthy();
    await set(first.port);

    const [victim] = (await first.status()).slaves;
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await until('noticed', async () =>
      (await first.status()).slaves.some(
        ({ id, pid, state }) => id === victim?.id && (state !== 'alive' || pid !== victim.pid),
      ),
    );
    await expectWorld(first.port);
    await first.healthy();
    expect((await first.status()).slaves.find(({ id }) => id === victim?.id)?.pid).not.to.equal(victim?.pid);
    await expectWorld(first.port);

    const children = (await first.status()).slaves.map(({ pid }) => pid);
    first.program.signal('SIGINT');
    expect(await first.program.ended, first.program.tail).to.deep.equal({ status: 0, signal: undefined });
    expect(children.filter(lives)).to.deep.equal([]);

    const second = await start('--port', first.port);
    await second.healthy();
    await expectWorld(second.port);
  });

  it('leaves no slave behind when it is killed', async () => {
    const { program, healthy, status } = await start('--port', '0');
    await healthy();
    const children = (await status()).slaves.map(({ pid }) => pid);
    expect(children.filter(lives)).to.have.length(SLAVES);
    await program.kill();
    await until('gone', () => children.filter(lives).length === 0, { withinMs: 10_000 });
  });
});
