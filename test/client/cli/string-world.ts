/** A world made of strings, for commands: what they write is kept, what they ask for is handed in. */
import type { KeyRange, RingPicture, Status, Where } from '../../../src/common/message/admin.ts';
import type { Reply } from '../../../src/common/reply.ts';
import type { ScanPage } from '../../../src/client/scan-page.ts';
import { UsageError } from '../../../src/client/errors.ts';
import { run } from '../../../src/client/cli/run.ts';
import type { Cluster, ExitStatus, World } from '../../../src/client/cli/world.ts';

export const status: Status = {
  epoch: 12,
  replication: 'successor',
  replicas: 2,
  partitions: 256,
  state: 'healthy',
  slaves: [
    {
      id: 's1',
      pid: 4242,
      address: '127.0.0.1:7001',
      peerAddress: '127.0.0.1:17001',
      state: 'alive',
      own: { partitions: 128, keys: 1234 },
      previous: { partitions: 128, keys: 1199 },
    },
    {
      id: 's2',
      pid: 4243,
      address: '127.0.0.1:7002',
      peerAddress: '127.0.0.1:17002',
      state: 'suspect',
      own: { partitions: 128, keys: 1199 },
      previous: { partitions: 128, keys: 1234 },
    },
  ],
  healing: { partitions: 0 },
};

export const ringPicture: RingPicture = {
  epoch: 12,
  partitions: 16,
  replicas: 2,
  slaves: [
    { id: 's1', address: '127.0.0.1:7001', state: 'alive' },
    { id: 's2', address: '127.0.0.1:7002', state: 'alive' },
  ],
  tokens: [
    { token: 5, slave: 's1' },
    { token: 9, slave: 's2' },
  ],
  owners: [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, -1],
};

const ranges: readonly KeyRange[] = [
  {
    firstSlot: 0,
    lastSlot: 8191,
    partitions: 128,
    owner: 's1',
    address: '127.0.0.1:7001',
    copies: [{ id: 's2', address: '127.0.0.1:7002' }],
  },
  { firstSlot: 8192, lastSlot: 16383, partitions: 128, copies: [] },
];

const place: Where = { key: 'k', slot: 7, partition: 0, epoch: 3, owner: 's1', copies: ['s2'] };

/** A cluster that keeps what it is told in a Map; each part can be replaced. */
export function mapCluster(parts: Partial<Cluster> = {}): Cluster & { readonly table: Map<string, Buffer> } {
  const table = new Map<string, Buffer>();
  const bytes = (value: string | Buffer): Buffer => Buffer.from(value);
  return {
    table,
    put: (key, value) => {
      const before = table.has(bytes(key).toString('latin1'));
      table.set(bytes(key).toString('latin1'), bytes(value));
      return Promise.resolve(before ? 'updated' : 'inserted');
    },
    get: (key) => Promise.resolve(table.get(bytes(key).toString('latin1'))),
    delete: (key) => Promise.resolve(table.delete(bytes(key).toString('latin1'))),
    status: () => Promise.resolve(status),
    where: (key) => Promise.resolve({ ...place, key: String(key) }),
    keyRanges: (options) =>
      Promise.resolve(options?.copies === true ? ranges : ranges.map((range) => ({ ...range, copies: [] }))),
    ring: () => Promise.resolve(ringPicture),
    events: () => Promise.resolve([]),
    drain: () => Promise.resolve(),
    forget: () => Promise.resolve(),
    forfeit: () => Promise.resolve(),
    scan: (): Promise<ScanPage> =>
      Promise.resolve({
        cursor: '0',
        records: [...table].map(([key, value]) => ({
          key: Buffer.from(key, 'latin1'),
          value,
          expiresAtMs: undefined,
        })),
      }),
    command: ([name, key, value]): Promise<Reply> => {
      if (name === 'SET') table.set(bytes(key ?? '').toString('latin1'), bytes(value ?? ''));
      return Promise.resolve(undefined);
    },
    close: () => Promise.resolve(),
    ...parts,
  };
}

export interface StringWorld extends World {
  readonly printed: string;
  readonly complaints: readonly string[];
  readonly files: Map<string, string>;
}

export function stringWorld(cluster: Cluster, parts: Partial<World> = {}): StringWorld {
  const printed: string[] = [];
  const complaints: string[] = [];
  const files = new Map<string, string>();
  const contentOf = (path: string): Promise<string> => {
    const content = files.get(path);
    return content === undefined
      ? Promise.reject(new UsageError(`${path}: no such file`))
      : Promise.resolve(content);
  };
  const world: World = {
    version: '1.2.3',
    env: {},
    terminal: { out: false, err: false, color: false, newline: false, columns: () => 80, rows: () => 24 },
    signal: new AbortController().signal,
    out: (text) => {
      printed.push(text.toString());
      return Promise.resolve();
    },
    complain: (line) => complaints.push(line),
    err: () => undefined,
    monotonicMs: () => 0,
    wallMs: () => 1_000_000,
    sleep: () => Promise.resolve(),
    connect: () => Promise.resolve(cluster),
    readText: contentOf,
    openSource: async (path) => {
      const content = Buffer.from(await contentOf(path));
      return { chunks: inPieces(content), bytes: content.length };
    },
    openSink: (path) => {
      let written = '';
      return Promise.resolve({
        write: (bytes: Buffer) => {
          written += bytes.toString();
          return Promise.resolve();
        },
        finish: () => {
          files.set(path, written);
          return Promise.resolve();
        },
        abandon: () => Promise.resolve(),
      });
    },
    converse: () => {
      throw new UsageError('nobody is at the prompt');
    },
    ...parts,
  };
  return Object.defineProperties(world, {
    printed: { get: () => printed.join('') },
    complaints: { get: () => complaints },
    files: { get: () => files },
  }) as StringWorld; // The three that were just defined.
}

/** In pieces of seven bytes, so that lines and letters are cut anywhere. */
async function* inPieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += 7) yield content.subarray(at, at + 7);
}

export interface Told {
  readonly status: ExitStatus;
  readonly out: string;
  readonly err: readonly string[];
}

/** Runs one command line in a world of strings. */
export async function told(world: StringWorld, ...argv: readonly string[]): Promise<Told> {
  const status = await run(argv, world);
  return { status, out: world.printed, err: world.complaints };
}
