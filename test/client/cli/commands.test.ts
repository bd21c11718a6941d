import { expect } from 'chai';

import { RefusedError, UnreachableError } from '../../../src/client/errors.ts';
import { mapCluster, status, stringWorld, told } from './string-world.ts';

describe('status --watch', () => {
  /** Looks as often as there are answers, then is told to stop. */
  async function watched(
    answers: readonly (typeof status | Error)[],
    terminal: boolean,
    ...options: readonly string[]
  ) {
    const stop = new AbortController();
    let look = 0;
    const cluster = mapCluster({
      status: () => {
        const answer = answers[look] ?? status;
        look += 1;
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    });
    const world = stringWorld(cluster, {
      signal: stop.signal,
      terminal: {
        out: terminal,
        err: false,
        color: false,
        newline: terminal,
        columns: () => 80,
        rows: () => 4,
      },
      sleep: () => {
        if (look >= answers.length) stop.abort();
        return Promise.resolve();
      },
    });
    return told(world, 'status', '--watch', ...options);
  }

  it('writes a line for each change into a pipe, also while nobody can be reached', async () => {
    const changed = { ...status, epoch: 13 };
    const away = new UnreachableError('nobody there');
    const { out, status: ended } = await watched([status, status, away, away, changed], false);
    expect(out.split('\n').map((line) => line.split(' ').slice(1, 3).join(' '))).to.deep.equal([
      'healthy epoch=12', 'UNREACHABLE nobody', 'healthy epoch=13', '',
    ]); // prettier-ignore
    expect(ended).to.equal(0);
  });

  it('does not take the passing of time for a change', async () => {
    const at = (uptimeMs: number) => ({ ...status, coordination: { pid: 1, uptimeMs } });
    const { out } = await watched([at(1), at(500), at(1_000)], false, '--json');
    expect(out.trim().split('\n')).to.have.length(1);
  });

  it('draws over itself on a terminal, never more lines than it has, and leaves the last page', async () => {
    const { out } = await watched([status, status], true);
    const draws = out.split('\x1b[H').slice(1);
    expect(draws).to.have.length(2);
    for (const draw of draws) expect(draw.split('\n').length).to.be.at.least(4);
    expect(draws[0]?.split('\n')).to.have.length(4);
    expect(out).not.to.contain('\x1b[2J');
    expect(out.split('\x1b[?1049l')[1]).to.match(/^healthy/);
  });
});

describe('import', () => {
  const load = async (content: string, cluster = mapCluster(), ...options: readonly string[]) => {
    const world = stringWorld(cluster);
    world.files.set('f', content);
    return { ...(await told(world, 'import', 'f', ...options)), table: cluster.table };
  };
  const line = (key: string, value: string): string => `${JSON.stringify({ key, value })}\n`;

  it('puts every line, the last one of a key last', async () => {
    const { status: ended, err, table } = await load(line('a', '1') + line('b', '2') + line('a', '3'));
    expect([ended, err]).to.deep.equal([0, ['3 stored']]);
    expect([...table].map(([key, value]) => `${key}=${value.toString()}`)).to.deep.equal(['a=3', 'b=2']);
  });

  it('sends no second write of a key while the first is under way', async () => {
    let open = 0;
    let most = 0;
    const cluster = mapCluster({
      command: async () => {
        open += 1;
        most = Math.max(most, open);
        await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        return undefined;
      },
    });
    await load(line('a', '1').repeat(5), cluster);
    expect(most).to.equal(1);
    await load(Array.from({ length: 300 }, (_, index) => line(`k${index}`, 'v')).join(''), cluster);
    expect(most).to.equal(128);
  });

  it('stops at the first line that cannot be read, and says what was done', async () => {
    const { status: ended, err, table } = await load(`${line('a', '1')}rubbish\n${line('b', '2')}`);
    expect(ended).to.equal(1);
    expect(err).to.deep.equal(['1 stored', 'stopped: line 2 is no JSON; nothing after it was stored']);
    expect([...table.keys()]).to.deep.equal(['a']);
  });

  it('stops at the first write that is not taken', async () => {
    const cluster = mapCluster({
      command: ([, key]) =>
        key?.toString() === 'b'
          ? Promise.reject(new RefusedError('NOSPACE', 'full'))
          : Promise.resolve(undefined),
    });
    const { status: ended, err } = await load(line('a', '1') + line('b', '2'), cluster);
    expect(ended).to.equal(1);
    expect(err).to.deep.equal(['1 stored', 'stopped: line 2 was not taken', 'NOSPACE full']);
  });

  it('leaves out what has expired, and hands on when the rest will', async () => {
    const asked: string[] = [];
    const cluster = mapCluster({
      command: (words) => {
        asked.push(words.join(' '));
        return Promise.resolve(undefined);
      },
    });
    const content =
      '{"key":"a","value":"1","expiresAt":999999}\n{"key":"b","value":"2","expiresAt":1000001}\n';
    const { out } = await load(content, cluster, '--json');
    expect(JSON.parse(out)).to.deep.equal({ stored: 1, expired: 1, failed: 0, lines: 2 });
    expect(asked).to.deep.equal(['SET b 2 PXAT 1000001']);
  });
});

describe('export', () => {
  it('writes what import reads', async () => {
    const cluster = mapCluster();
    await cluster.put('a', 'ochre');
    await cluster.put(Buffer.from([0xff]), Buffer.from([0, 0xfe]));
    const world = stringWorld(cluster);
    expect(await told(world, 'export', 'f')).to.deep.equal({ status: 0, out: '', err: ['2 exported'] });

    const other = mapCluster();
    const there = stringWorld(other);
    there.files.set('f', world.files.get('f') ?? '');
    expect((await told(there, 'import', 'f')).status).to.equal(0);
    expect(other.table).to.deep.equal(cluster.table);
  });

  it('leaves no file behind when the cluster refuses half way', async () => {
    const cluster = mapCluster({
      scan: () => Promise.reject(new RefusedError('CLUSTERDOWN', 'a partition is lost')),
    });
    const world = stringWorld(cluster);
    expect(await told(world, 'export', 'f')).to.include({ status: 1 });
    expect([...world.files.keys()]).to.deep.equal([]);
  });

  it('goes on from cursor to cursor', async () => {
    const asked: string[] = [];
    const page = (key: string, cursor: string) => ({
      cursor,
      records: [{ key: Buffer.from(key), value: Buffer.from('v'), expiresAtMs: 5 }],
    });
    const pages: Record<string, ReturnType<typeof page>> = { '0': page('a', 'x7'), x7: page('b', '0') };
    const cluster = mapCluster({
      scan: (cursor) => {
        asked.push(cursor);
        return Promise.resolve(pages[cursor] ?? page('never', '0'));
      },
    });
    const world = stringWorld(cluster);
    await told(world, 'export', 'f', '--json');
    expect(asked).to.deep.equal(['0', 'x7']);
    expect(world.files.get('f')?.split('\n')[1]).to.equal(
      '{"key":"b","value":"v","encoding":"utf8","expiresAt":5}',
    );
  });
});
