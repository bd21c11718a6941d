/**
 * Every setting of the programs, once: its default, its unit, its bounds, and why it is what it is.
 *
 * `--help` and docs/config.md are printed from these tables; nothing else repeats a default. What settings
 * must hold together stands in `relations.ts`; where values come from, in `resolve.ts`.
 */
import type { ConfigOf, Settings } from './setting.ts';

const PORT_MAX = 65_535;

const hostSetting = {
  kind: 'text',
  form: 'host',
  option: 'host',
  group: 'Network',
  preset: '127.0.0.1',
  what: 'address to bind',
  why: 'Only this machine: there is no password yet, so opening it to a network is a decision of its own.',
} as const;

const logSettings = {
  logFormat: {
    kind: 'choice',
    option: 'log-format',
    group: 'Logs',
    choices: ['text', 'json'],
    preset: 'text',
    what: 'how the log lines on standard error look',
    why: 'Text for people; JSON, an object a line, for collectors.',
  },
  logLevel: {
    kind: 'choice',
    option: 'log-level',
    group: 'Logs',
    choices: ['debug', 'info', 'warn', 'error'],
    preset: 'info',
    what: 'the least grave log lines that are written',
    why: 'Info tells of every change in the cluster and of no single command.',
  },
} as const;

export const coordinationSettings = {
  host: hostSetting,
  port: {
    kind: 'integer',
    option: 'port',
    group: 'Network',
    preset: 7000,
    min: 0,
    max: PORT_MAX,
    what: 'TCP port of the gateway, for any Redis client; 0: the system picks',
    why: 'Where Redis Cluster tutorials begin to count.',
  },
  peerPort: {
    kind: 'integer',
    option: 'peer-port',
    group: 'Network',
    preset: { derive: 'sum', of: 'port', plus: 10_000 },
    min: 0,
    max: PORT_MAX,
    what: 'TCP port for slaves, and UDP port of the same number for heartbeats',
    why: 'The distance of the cluster bus in Redis, so that firewalls that know the one know the other.',
  },
  httpPort: {
    kind: 'integer',
    option: 'http-port',
    group: 'Network',
    preset: { derive: 'sum', of: 'port', plus: 80 },
    min: 0,
    max: PORT_MAX,
    what: 'TCP port of the status page, /status, /metrics, /healthz and /readyz',
    why: 'Beyond the ports of the slaves that --with-slaves may start.',
  },
  replication: {
    kind: 'choice',
    option: 'replication',
    group: 'Copies',
    choices: ['successor', 'chain', 'two-phase', 'raft'],
    notBuilt: ['chain', 'two-phase', 'raft'],
    preset: 'successor',
    what: 'how writes reach the copies (fixed when the cluster is first created)',
    why: 'successor: the owner sends to all copies at once and answers when all hold the write. The others are not built yet and are refused.',
  },
  replicas: {
    kind: 'integer-or-all',
    option: 'replicas',
    group: 'Copies',
    preset: 2,
    min: 1,
    max: 16,
    what: 'how many slaves hold each key, its owner counted; or all',
    why: 'Two survive any one death. A write waits for the slowest of its copies, so more cost time; beyond 16 the owner would mostly send.',
  },
  minCopies: {
    kind: 'integer',
    option: 'min-copies',
    group: 'Copies',
    preset: 1,
    min: 1,
    max: 16,
    what: 'with fewer live members than this, a partition takes no writes (NOREPLICAS)',
    why: 'One: a lone survivor goes on serving while its copies are made anew. Set it to 2 to refuse writes that would be held once only.',
  },
  readFrom: {
    kind: 'choice',
    option: 'read-from',
    group: 'Copies',
    choices: ['owner', 'any'],
    preset: 'owner',
    what: 'who answers reads that come to the gateway: the owner, or any slave that holds the key',
    why: 'owner: every read is up to date. any: more slaves share the reads, which may then be older than the last write of somebody else; a connection reads its own writes and never goes back.',
  },
  partitions: {
    kind: 'integer',
    option: 'partitions',
    group: 'Copies',
    preset: 256,
    min: 1,
    max: 16_384,
    powerOfTwo: true,
    what: 'into how many runs the slots are cut, a power of two (fixed when the cluster is first created)',
    why: 'Sixteen or more for each slave keep the shares even; each costs a little memory and a little talk. There are 16384 slots, so there cannot be more.',
  },
  tokens: {
    kind: 'integer',
    option: 'tokens',
    group: 'Copies',
    preset: 32,
    min: 1,
    max: 1024,
    what: 'points that each slave holds on the ring',
    why: "More points, evener shares, and more survivors share a dead slave's work. One gives the textbook ring.",
  },
  heartbeatMs: {
    kind: 'integer',
    option: 'heartbeat',
    group: 'Liveness',
    preset: 200,
    min: 10,
    max: 60_000,
    unit: 'ms',
    what: "ms between a slave's heartbeats",
    why: 'Small enough to notice a death while a client still waits, large enough not to matter to the network.',
  },
  windowMs: {
    kind: 'integer',
    option: 'window',
    group: 'Liveness',
    preset: 600,
    min: 30,
    max: 600_000,
    unit: 'ms',
    what: 'ms of one tally window; a slave without a heartbeat in a whole window has missed it',
    why: 'Three heartbeats, so that two datagrams may be lost without harm.',
  },
  promiseMs: {
    kind: 'integer',
    option: 'promise',
    group: 'Liveness',
    preset: 500,
    min: 30,
    max: 60_000,
    unit: 'ms',
    what: "ms that one slave's promise to another lasts (the lease)",
    why: 'A failover may have to wait this long for a slave that it cannot reach; a slave that pauses longer than this is doubted. It is renewed each third of it.',
  },
  rejoinGraceMs: {
    kind: 'integer',
    option: 'rejoin-grace',
    group: 'Copies',
    preset: 0,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    what: 'ms for which the place of a dead slave is kept for it before its copies are made elsewhere',
    why: 'None: redundancy returns at once. Where slaves restart often and hold much, their restart time saves copying everything twice, at the price of that time with a copy less.',
  },
  handBackGraceMs: {
    kind: 'integer',
    option: 'hand-back-grace',
    group: 'Copies',
    preset: 10_000,
    min: 0,
    max: 3_600_000,
    unit: 'ms',
    what: 'ms that a slave must be back before it owns again what it owned',
    why: 'Its copies are made at once. Owners move when it has shown that it stays; one that comes and goes waits twice as long each time.',
  },
  requestTimeoutMs: {
    kind: 'integer',
    option: 'request-timeout',
    group: 'Liveness',
    preset: 3000,
    min: 1,
    max: 600_000,
    unit: 'ms',
    what: 'ms that the gateway, or a slave, waits for a failover before it answers with an error',
    why: 'Longer than a failover takes (a window and a promise), shorter than the patience of most clients. Slaves learn it when they register.',
  },
  dir: {
    kind: 'text',
    form: 'path',
    option: 'dir',
    group: 'Storage',
    preset: './piazza-data/coordination',
    what: 'where the cluster view is kept durably',
    why: 'Below where the program was started. A cluster that loses it must be rebuilt by hand.',
  },
  withSlaves: {
    kind: 'integer',
    option: 'with-slaves',
    group: 'Slaves',
    preset: 0,
    min: 0,
    max: 64,
    what: 'also start so many slaves on this machine, ids s1 and on, ports port + 1 and on; they end with this program',
    why: 'For a laptop or a test. Start slaves yourself where they must outlive the coordination server.',
  },
  ...logSettings,
} as const satisfies Settings;

export const slaveSettings = {
  id: {
    kind: 'text',
    form: 'name',
    option: 'id',
    group: 'Network',
    what: 'the name of this slave, unique in its cluster',
    why: 'A slave that comes back under its name, with its directory, takes its place again.',
  },
  zone: {
    kind: 'text',
    form: 'name',
    isOptional: true,
    option: 'zone',
    group: 'Network',
    what: 'what this slave may lose together with others: a rack, a room, a data centre',
    why: 'The copies of a key go to different zones as far as there are any. Without a name a slave is a zone of its own, so nothing changes until slaves share one.',
  },
  coordination: {
    kind: 'addresses',
    option: 'coordination',
    group: 'Network',
    preset: ['127.0.0.1:17000'],
    max: 16,
    what: 'HOST:PEER_PORT of the coordination server; repeat it for each one there is',
    why: 'Tried in turn, for ever: a slave that cannot reach one says so once and waits.',
  },
  host: hostSetting,
  advertise: {
    kind: 'text',
    form: 'host',
    option: 'advertise',
    group: 'Network',
    preset: { derive: 'same', of: 'host' },
    what: 'the host that clients and other slaves are told to dial',
    why: 'For containers and address translation, where the address that is bound is not the one to dial.',
  },
  port: {
    kind: 'integer',
    option: 'port',
    group: 'Network',
    preset: 0,
    min: 0,
    max: PORT_MAX,
    what: 'TCP port for clients; 0: the system picks',
    why: 'Clients learn it from the cluster, so it need not be known beforehand.',
  },
  peerPort: {
    kind: 'integer',
    option: 'peer-port',
    group: 'Network',
    preset: { derive: 'sum', of: 'port', plus: 10_000 },
    min: 0,
    max: PORT_MAX,
    what: 'TCP port for other slaves',
    why: 'The distance of the cluster bus in Redis.',
  },
  dir: {
    kind: 'text',
    form: 'path',
    option: 'dir',
    group: 'Storage',
    preset: { derive: 'below', of: 'id', folder: './piazza-data' },
    what: 'where this slave keeps its data',
    why: 'Never put an old copy of it back: the cluster takes it for what it held when it was last seen.',
  },
  copyRate: {
    kind: 'integer',
    option: 'copy-rate',
    group: 'Copies',
    preset: 0,
    min: 0,
    max: 1_000_000_000_000,
    what: 'bytes per second that this slave copies to slaves that join or return, at most; 0: no limit',
    why: 'Copying gives way to clients by itself. A limit spares a network that others need as well; redundancy then takes longer to return.',
  },
  drainTimeoutMs: {
    kind: 'integer',
    option: 'drain-timeout',
    group: 'Liveness',
    preset: 5_000,
    min: 0,
    max: 86_400_000,
    unit: 'ms',
    what: 'ms in which a slave that is stopped hands over what it holds; 0: it just ends, and the ring heals as after a death',
    why: 'With the rest of a stop it fits into the 10 s after which containers are killed. Give it longer where a slave holds more than some hundred megabytes.',
  },
  durability: {
    kind: 'choice',
    option: 'durability',
    group: 'Storage',
    choices: ['fsync', 'os'],
    preset: 'fsync',
    what: 'what an acknowledged write has reached at every copy, the disk or the operating system',
    why: 'fsync outlives the loss of power everywhere at once; os is faster and outlives only the process.',
  },
  storage: {
    kind: 'choice',
    option: 'storage',
    group: 'Storage',
    choices: ['lmdb', 'memory'],
    preset: 'lmdb',
    what: 'where the data lives; memory forgets everything when the process ends',
    why: 'memory is for tests and caches: a slave that restarts with it is a stranger without data.',
  },
  logKeepBytes: {
    kind: 'integer',
    option: 'log-keep',
    group: 'Advanced',
    preset: 67_108_864,
    min: 65_536,
    max: 1_099_511_627_776,
    unit: 'bytes',
    what: 'bytes of replication log kept for slaves that were away',
    why: 'A slave that missed no more than this gets the difference when it returns, not everything again. It costs as much disk.',
  },
  ...logSettings,
} as const satisfies Settings;

export type CoordinationConfig = ConfigOf<typeof coordinationSettings>;
export type SlaveConfig = ConfigOf<typeof slaveSettings>;

export interface Configs {
  readonly 'coordination-server': CoordinationConfig;
  readonly 'slave-server': SlaveConfig;
}

export type ProgramName = keyof Configs;

export interface Program {
  readonly name: ProgramName;
  readonly summary: string;
  readonly settings: Settings;
  /** Command line, and what it does. */
  readonly examples: readonly (readonly [string, string])[];
}

export const programs: { readonly [Name in ProgramName]: Program & { readonly name: Name } } = {
  'coordination-server': {
    name: 'coordination-server',
    summary: 'Keeps the ring of slaves, heals it, and lets any Redis client in.',
    settings: coordinationSettings,
    examples: [
      ['coordination-server --with-slaves 3', 'a whole cluster on this machine'],
      ['coordination-server --port 7000 --replicas 3', 'three slaves hold each key'],
      ['coordination-server --config piazza.json', 'settings from a file'],
    ],
  },
  'slave-server': {
    name: 'slave-server',
    summary: 'Holds keys: its own, and copies of those of its predecessors on the ring.',
    settings: slaveSettings,
    examples: [
      ['slave-server --id s1', 'joins the cluster on this machine'],
      ['slave-server --id s2 --coordination db1:17000', 'joins a cluster elsewhere'],
    ],
  },
};

/** The file of settings is an option too, but no setting: it cannot name itself. */
export const CONFIG_OPTION = 'config';

/** Variables that mean something to another program of this house, or between its processes: no typing errors. */
export const otherVariables: readonly string[] = [
  'PIAZZA_PARENT_FD',
  'PIAZZA_CONNECT',
  'PIAZZA_TIMEOUT',
  'PIAZZA_JSON',
];
