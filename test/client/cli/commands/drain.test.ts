import { expect } from 'chai';

import { RefusedError, UnreachableError } from '../../../../src/client/errors.ts';
import type { SlaveStatus, Status } from '../../../../src/common/message/admin.ts';
import { mapCluster, status, stringWorld, told } from '../string-world.ts';

const [s1, s2] = status.slaves;

function slaveAs(state: SlaveStatus['state'], left: number): SlaveStatus {
  if (s2 === undefined) throw new Error('there are two');
  const half = { partitions: left / 2, keys: left * 10 };
  return { ...s2, state, own: half, previous: half };
}

const withS2 = (state: SlaveStatus['state'], left: number): Status => ({
  ...status,
  slaves: [...(s1 === undefined ? [] : [s1]), slaveAs(state, left)],
});

const gone: Status = { ...status, slaves: s1 === undefined ? [] : [s1] };

/** Each look is given the next answer; after the last one it is told to stop. */
function drained(answers: readonly (Status | Error)[], terminal = false, ...options: readonly string[]) {
  const stop = new AbortController();
  const bars: string[] = [];
  let look = 0;
  let ms = 0;
  const cluster = mapCluster({
    status: () => {
      const answer = answers[look];
      look += 1;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? gone);
    },
  });
  const world = stringWorld(cluster, {
    signal: stop.signal,
    terminal: { ...stringWorld(cluster).terminal, err: terminal },
    err: (text) => bars.push(text),
    monotonicMs: () => ms,
    sleep: () => {
      ms += 1_000;
      if (look >= answers.length) stop.abort();
      return Promise.resolve();
    },
  });
  return told(world, 'drain', 's2', ...options).then((end) => ({ ...end, bars }));
}

describe('drain', () => {
  it('returns when the slave is listed no more', async () => {
    const looks = [withS2('alive', 100), withS2('draining', 100), withS2('draining', 40), gone];
    const { status: ended, out, err } = await drained(looks);
    expect([ended, out]).to.deep.equal([0, 'drained\n']);
    expect(err).to.deep.equal(['drain s2: 100 of 100 partitions left, 2000 keys left']);
  });

  it('says every so often how much is left, and how long that may take', async () => {
    const looks = [100, 90, 80, 70, 60, 50, 40].map((left) => withS2('draining', left));
    expect((await drained([...looks, gone])).err).to.deep.equal([
      'drain s2: 100 of 100 partitions left, 2000 keys left',
      'drain s2: 50 of 100 partitions left, 1000 keys left, 10.0/s, about 5 s',
    ]);
  });

  it('draws a bar for a terminal, and wipes it away', async () => {
    const { bars, err } = await drained([withS2('draining', 100), withS2('draining', 25), gone], true);
    expect(bars[1]).to.contain('drain s2  [#######################.......]   75%  25 of 100 partitions left');
    expect(bars.at(-1)).to.equal('\r\x1b[K');
    expect(err).to.deep.equal([]);
  });

  it('ends with the reason when the order is turned down, without waiting', async () => {
    const cluster = mapCluster({
      drain: () => Promise.reject(new RefusedError('ERR', 'it is the last one')),
    });
    expect(await told(stringWorld(cluster), 'drain', 's2')).to.deep.equal({
      ...{ status: 1, out: '', err: ['ERR it is the last one'] },
    });
  });

  it('ends with the reason when the slave dies meanwhile', async () => {
    const { status: ended, out, err } = await drained([withS2('draining', 100), withS2('dead', 40)], false);
    expect([ended, out]).to.deep.equal([1, '']);
    expect(err.at(-1)).to.match(/^s2 died before it was drained, with 40 partitions still on it/);
  });

  it('ends with the reason when the slave drains no more', async () => {
    const {
      status: ended,
      out,
      err,
    } = await drained([withS2('draining', 100), withS2('alive', 100)], false, '--json');
    expect([ended, out]).to.deep.equal([1, '{"slave":"s2","drained":false}\n']);
    expect(err.at(-1)).to.equal('s2 is alive again, and drains no more');
  });

  it('outlives a coordination server that is away, and says so once', async () => {
    const away = new UnreachableError('nobody there');
    const { status: ended, err } = await drained([withS2('draining', 100), away, away, gone]);
    expect(ended).to.equal(0);
    expect(err.slice(1)).to.deep.equal([
      'UNREACHABLE nobody there; the drain of s2 goes on, and is looked for again',
    ]);
  });

  it('leaves the drain going when it is interrupted, and says so', async () => {
    const { status: ended, err } = await drained([withS2('draining', 100), withS2('draining', 90)]);
    expect(ended).to.equal(4);
    expect(err.at(-1)).to.equal('interrupted: the drain of s2 goes on by itself, and status shows it');
  });
});
