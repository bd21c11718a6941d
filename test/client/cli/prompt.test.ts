import { expect } from 'chai';

import { OK } from '../../../src/common/reply.ts';
import { complete } from '../../../src/client/cli/prompt.ts';
import type { Cluster, Terminal } from '../../../src/client/cli/world.ts';
import { RefusedError, UnreachableError } from '../../../src/client/errors.ts';
import { mapCluster, stringWorld, told } from './string-world.ts';

const person: Terminal = {
  out: true,
  err: false,
  color: false,
  newline: true,
  columns: () => 80,
  rows: () => 24,
};
const pipe: Terminal = { ...person, out: false, newline: false };

/** Types the lines; answers with everything that was written, and the prompts that were shown. */
async function typed(cluster: Cluster, lines: readonly string[], terminal = person) {
  const prompts: string[] = [];
  const left = [...lines];
  const world = stringWorld(cluster, {
    terminal,
    converse: () => ({
      next: (prompt) => {
        prompts.push(prompt);
        return Promise.resolve(left.shift());
      },
      onInterrupt: () => () => undefined,
      close: () => Promise.resolve(),
    }),
  });
  const result = await told(world);
  return { ...result, out: result.out.replace(/^piazza-client.*\n/, ''), prompts };
}

describe('the prompt', () => {
  it('runs the commands of the command line', async () => {
    const { out, status, prompts } = await typed(mapCluster(), [
      'put colour "o c"',
      'get colour',
      'get colour --json',
      'quit',
      'get colour',
    ]);
    expect(out).to.equal('inserted\no c\n{"key":"colour","value":"o c","encoding":"utf8"}\n');
    expect(status).to.equal(0);
    expect(prompts[0]).to.equal('127.0.0.1:7000> ');
  });

  it('hands every other word to the cluster, and prints as redis-cli does', async () => {
    const asked: unknown[] = [];
    const cluster = mapCluster({
      command: (words, options) => {
        asked.push([words.map(String), options?.purpose]);
        return Promise.resolve(words[0]?.toString() === 'GET' ? Buffer.from('v') : OK);
      },
    });
    const { out } = await typed(cluster, ["GET 'a b'", 'set k "\\x41"']);
    expect(out).to.equal('"v"\nOK\n');
    expect(asked.slice(1)).to.deep.equal([
      [['GET', 'a b'], 'read'],
      [['set', 'k', 'A'], 'write'],
    ]);
  });

  it('goes on after a refusal, wrong words, and quotes that do not close', async () => {
    const cluster = mapCluster({ command: () => Promise.reject(new RefusedError('ERR', 'no such thing')) });
    const { err, status } = await typed(cluster, ['NIX', '', '   ', 'put k', 'get "k'], pipe);
    expect(err[0]).to.equal('(error) ERR no such thing');
    expect(err.at(-1)).to.equal('unbalanced quotes');
    expect(status).to.equal(2);
  });

  it('leaves with 0 where a person has seen what failed', async () => {
    expect((await typed(mapCluster(), ['get nix', 'quit'])).status).to.equal(0);
    expect((await typed(mapCluster(), ['get nix', 'quit'], pipe)).status).to.equal(1);
  });

  it('says that the cluster is away, shows it, and goes on when it is back', async () => {
    let away = true;
    const cluster = mapCluster({
      get: () =>
        away ? Promise.reject(new UnreachableError('nobody there')) : Promise.resolve(Buffer.from('v')),
      put: () => {
        away = false;
        return Promise.resolve('inserted');
      },
    });
    const { err, prompts, out } = await typed(cluster, ['get k', 'put k v', 'get k']);
    expect(err).to.deep.equal(['UNREACHABLE nobody there']);
    expect(prompts.map((prompt) => prompt.includes('not connected'))).to.deep.equal([
      false,
      true,
      false,
      false,
    ]);
    expect(out).to.equal('inserted\nv\n');
  });

  it('does not take commands that would change the connection', async () => {
    const { err } = await typed(mapCluster(), ['SUBSCRIBE x', 'client reply off'], pipe);
    expect(err).to.have.length(2);
  });

  it('prints raw into a pipe', async () => {
    const cluster = mapCluster({ command: () => Promise.resolve(Buffer.from('v')) });
    expect((await typed(cluster, ['GET k'], pipe)).out).to.equal('v\n');
  });

  it('has help', async () => {
    expect((await typed(mapCluster(), ['help'])).out).to.contain('put KEY VALUE');
  });

  it('completes the first word, in the case in which it was begun', () => {
    expect(complete('stat')).to.deep.equal([['status '], 'stat']);
    expect(complete('keyr')[0]).to.deep.equal(['keyrange ', 'keyrange-read ']);
    expect(complete('SETN')[0]).to.deep.equal(['SETNX ']);
    expect(complete('setn')[0]).to.deep.equal(['setnx ']);
    expect(complete('get k')[0]).to.deep.equal([]);
  });
});
