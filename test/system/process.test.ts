/** How a program ends: signals, bugs, its own wish, and the death of its parent. */
import { expect } from 'chai';

import { PARENT_FD_VARIABLE } from '../../src/common/io/process.ts';
import { Spawned } from '../support/spawned.ts';

describe('a program', function () {
  this.timeout(20_000);
  const programs: Spawned[] = [];

  afterEach(() => {
    for (const program of programs.splice(0)) program.kill('SIGKILL');
  });

  function run(behaviour: string, env: NodeJS.ProcessEnv = process.env): Spawned {
    const program = new Spawned('./fake-program.ts', [behaviour], env);
    programs.push(program);
    return program;
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops in good order on ${signal}`, async () => {
      const program = run('live');
      await program.line('started');
      program.kill(signal);
      expect(await program.ended).to.deep.equal({ status: 0, signal: undefined });
      expect(program.lines).to.include(`stopped: ${signal}`);
    });
  }

  it('stops at once on a second signal', async () => {
    for (const [signal, status] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      const program = run('slow');
      await program.line('started');
      program.kill(signal);
      await program.line('stopped');
      program.kill(signal);
      expect(await program.ended).to.deep.equal({ status, signal: undefined });
    }
  });

  it('ends with 1 at a bug, and says which', async () => {
    const program = run('bug');
    expect(await program.ended).to.deep.equal({ status: 1, signal: undefined });
    expect(program.errors[0]).to.match(/ error fake stops at once: a bug: two and two are four .*stack=/);
  });

  it('ends with 1 at a rejection that nobody handles', async () => {
    const program = run('rejection');
    expect(await program.ended).to.deep.equal({ status: 1, signal: undefined });
    expect(program.errors[0]).to.match(/an unexpected error: nobody looked/);
  });

  it('ends when it wants to, in good order', async () => {
    const program = run('end');
    expect(await program.ended).to.deep.equal({ status: 0, signal: undefined });
    expect(program.lines).to.deep.equal(['started', 'stopped: it was drained']);
  });

  it('fails with one line that says what to do', async () => {
    const program = run('fail');
    expect(await program.ended).to.deep.equal({ status: 1, signal: undefined });
    expect(program.errors).to.have.lengthOf(1);
    expect(program.errors[0]).to.match(/ error the disk is full: make room$/);
  });

  it('fails with the message of the error with which its start failed', async () => {
    const program = run('no start');
    expect(await program.ended).to.deep.equal({ status: 1, signal: undefined });
    expect(program.errors).to.have.lengthOf(1);
    expect(program.errors[0]).to.match(/ error port 7000 is already in use: choose another$/);
  });

  it('ends when the pipe of its parent closes', async () => {
    const program = run('live', { ...process.env, [PARENT_FD_VARIABLE]: '3' });
    await program.line('started');
    program.process.stdio[3]?.destroy();
    expect(await program.ended).to.deep.equal({ status: 0, signal: undefined });
    expect(program.lines).to.include('stopped: the process that started it is gone');
  });

  it('does not start with a pipe that is none', async () => {
    const program = run('live', { ...process.env, [PARENT_FD_VARIABLE]: '77' });
    expect(await program.ended).to.deep.equal({ status: 1, signal: undefined });
    expect(program.errors[0]).to.match(/PIAZZA_PARENT_FD=77 names no pipe/);
  });
});
