import { expect } from 'chai';

import { UnreachableError } from '../../../../src/client/errors.ts';
import { localTime } from '../../../../src/client/cli/event-text.ts';
import type { ClusterEvent } from '../../../../src/common/message/admin.ts';
import { mapCluster, stringWorld, told } from '../string-world.ts';

const event = (number: number, more: Partial<ClusterEvent> = {}): ClusterEvent => ({
  ...{ number, at: 1_000 + number, level: 'info', kind: 'heard', text: `event ${number}` },
  ...more,
});

/** A log that is another one at each look; then it is told to stop. */
function followed(logs: readonly (readonly ClusterEvent[] | Error)[], ...options: readonly string[]) {
  const stop = new AbortController();
  const asked: (number | undefined)[] = [];
  let look = 0;
  const cluster = mapCluster({
    events: (options) => {
      const since = options?.since ?? 0;
      asked.push(since);
      const log = logs[look] ?? [];
      look += 1;
      if (log instanceof Error) return Promise.reject(log);
      return Promise.resolve(log.filter(({ number }) => number > since));
    },
  });
  const world = stringWorld(cluster, {
    signal: stop.signal,
    sleep: () => {
      if (look >= logs.length) stop.abort();
      return Promise.resolve();
    },
  });
  return told(world, 'events', '--follow', ...options).then((end) => ({
    ...end,
    asked,
    numbers: end.out.split('\n').flatMap((line) => (line === '' ? [] : [Number(line.trim().split(' ')[0])])),
  }));
}

describe('events', () => {
  it('are a line each, in local time', async () => {
    const dead = event(12, { level: 'warn', text: 's2 declared dead: its window was missed', slave: 's2' });
    const cluster = mapCluster({ events: () => Promise.resolve([event(11), dead]) });
    const { status, out } = await told(stringWorld(cluster), 'events');
    expect(status).to.equal(0);
    expect(out).to.equal(
      `    11  ${localTime(1_011)}  info  event 11\n` +
        `    12  ${localTime(1_012)}  warn  s2 declared dead: its window was missed\n`,
    );
    expect(localTime(1_012)).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.012$/);
  });

  it('are a JSON object each for machines', async () => {
    const cluster = mapCluster({ events: () => Promise.resolve([event(11), event(12)]) });
    const { out } = await told(stringWorld(cluster), 'events', '--json');
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).to.deep.equal([event(11), event(12)]);
  });

  it('bring nothing to a terminal that is no text', async () => {
    const cluster = mapCluster({ events: () => Promise.resolve([event(1, { text: 'a\x1b[2Jb\nc' })]) });
    expect((await told(stringWorld(cluster), 'events')).out).to.match(/a \[2Jb c\n$/);
  });

  it('begin behind a number', async () => {
    const asked: unknown[] = [];
    const cluster = mapCluster({
      events: (options) => {
        asked.push(options?.since);
        return Promise.resolve([]);
      },
    });
    expect(await told(stringWorld(cluster), 'events', '--since', '7')).to.include({ status: 0, out: '' });
    expect(asked).to.deep.equal([7]);
    expect(await told(stringWorld(cluster), 'events', '--since', 'x')).to.include({ status: 2 });
  });

  it('are followed without telling one twice, or leaving one out', async () => {
    const log = [1, 2, 3, 4].map((number) => event(number));
    const { numbers, asked, status } = await followed([log.slice(0, 2), log.slice(0, 2), log, log]);
    expect(numbers).to.deep.equal([1, 2, 3, 4]);
    expect(asked).to.deep.equal([0, 1, 1, 3]);
    expect(status).to.equal(0);
  });

  it('are followed through the absence of the coordination server, which is said once', async () => {
    const away = new UnreachableError('nobody there');
    const { numbers, err } = await followed([[event(1)], away, away, [event(1), event(2)]]);
    expect(numbers).to.deep.equal([1, 2]);
    expect(err).to.deep.equal(['UNREACHABLE nobody there; it is asked again until it answers']);
  });

  it('are followed when more has happened than is kept', async () => {
    const { numbers } = await followed([[event(1)], [event(900), event(901)]]);
    expect(numbers).to.deep.equal([1, 900, 901]);
  });

  it('are told from the beginning when the log is another one', async () => {
    const anew = [event(1, { at: 9 }), event(2, { at: 10 })];
    const { numbers, err } = await followed([[event(1), event(2)], anew, anew]);
    expect(numbers).to.deep.equal([1, 2, 1, 2]);
    expect(err).to.have.length(1);
  });
});
