/**
 * Settings that make sense one by one can make nonsense together.
 *
 * What cannot work is a complaint, and the program does not start; what works, but hardly as it was meant,
 * is a warning. Each says which options to change. Everything that is wrong is said at once.
 */
import type { CoordinationConfig, SlaveConfig } from './schema.ts';

interface Relation<Config> {
  readonly kind: 'complaint' | 'warning';
  readonly holds: (config: Config) => boolean;
  readonly otherwise: (config: Config) => string;
}

export interface Findings {
  readonly complaints: readonly string[];
  readonly warnings: readonly string[];
}

/** Datagrams get lost: with fewer heartbeats to a window, a lost one or two would look like a death. */
const HEARTBEATS_PER_WINDOW_MIN = 3;

/** A promise is asked for anew each third of it; who had none for a whole window counts as cut off. */
const PROMISE_RENEWALS = 3;

const PARTITIONS_PER_SLAVE = 16;

const PEER_DISTANCE = 10_000;

const coordinationRelations: readonly Relation<CoordinationConfig>[] = [
  {
    kind: 'complaint',
    holds: ({ windowMs, heartbeatMs }) => windowMs >= HEARTBEATS_PER_WINDOW_MIN * heartbeatMs,
    otherwise: ({ windowMs, heartbeatMs }) =>
      `--window ${windowMs} must hold three heartbeats, or lost datagrams look like deaths: ` +
      `with --heartbeat ${heartbeatMs} choose ${HEARTBEATS_PER_WINDOW_MIN * heartbeatMs} or more`,
  },
  {
    kind: 'complaint',
    holds: ({ windowMs, promiseMs }) => promiseMs < PROMISE_RENEWALS * windowMs,
    otherwise: ({ windowMs, promiseMs }) =>
      `--promise ${promiseMs} is renewed only each third of it, and who had none for a window counts as cut off: ` +
      `with --window ${windowMs} choose less than ${PROMISE_RENEWALS * windowMs}`,
  },
  {
    kind: 'complaint',
    holds: ({ minCopies, replicas }) => replicas === 'all' || minCopies <= replicas,
    otherwise: ({ minCopies, replicas }) =>
      `--min-copies ${minCopies} can never be had with --replicas ${replicas}: no write would be taken`,
  },
  {
    kind: 'complaint',
    holds: (config) => sharedPort(config) === undefined,
    otherwise: (config) => sharedPort(config) ?? '',
  },
  {
    kind: 'warning',
    holds: ({ requestTimeoutMs, windowMs, promiseMs }) => requestTimeoutMs > windowMs + promiseMs,
    otherwise: ({ requestTimeoutMs, windowMs, promiseMs }) =>
      `--request-timeout ${requestTimeoutMs} ends before a failover may (--window ${windowMs} and --promise ${promiseMs}): ` +
      'requests that meet one get errors',
  },
  {
    kind: 'warning',
    holds: ({ partitions, withSlaves }) => withSlaves < 2 || partitions >= PARTITIONS_PER_SLAVE * withSlaves,
    otherwise: ({ partitions, withSlaves }) =>
      `--partitions ${partitions} are few for --with-slaves ${withSlaves}: their shares will be uneven`,
  },
];

const slaveRelations: readonly Relation<SlaveConfig>[] = [
  {
    kind: 'complaint',
    holds: ({ port, peerPort }) => port === 0 || port !== peerPort,
    otherwise: ({ port }) => `--port and --peer-port must differ: both are ${port}`,
  },
  {
    kind: 'complaint',
    holds: ({ advertise }) => advertise !== '0.0.0.0' && advertise !== '::',
    otherwise: ({ advertise }) =>
      `${advertise} means every address of this machine, and nobody elsewhere can dial that: ` +
      'say with --advertise which one the others should use',
  },
];

export const coordinationFindings = (config: CoordinationConfig): Findings =>
  findings(coordinationRelations, config);

export const slaveFindings = (config: SlaveConfig): Findings => findings(slaveRelations, config);

function findings<Config>(relations: readonly Relation<Config>[], config: Config): Findings {
  const broken = relations.filter(({ holds }) => !holds(config));
  const ofKind = (wanted: Relation<Config>['kind']): readonly string[] =>
    broken.filter(({ kind }) => kind === wanted).map(({ otherwise }) => otherwise(config));
  return { complaints: ofKind('complaint'), warnings: ofKind('warning') };
}

/** A port that two listeners of this machine would both want: ours, and those of the slaves that we start. */
function sharedPort(config: CoordinationConfig): string | undefined {
  const { port, peerPort, httpPort, withSlaves } = config;
  const wishes: (readonly [string, number])[] = [
    ['--port', port],
    ['--peer-port', peerPort],
    ['--http-port', httpPort],
  ];
  for (let child = 1; child <= withSlaves && port > 0; child += 1) {
    wishes.push([`the port of slave s${child}`, port + child]);
    wishes.push([`the peer port of slave s${child}`, port + child + PEER_DISTANCE]);
  }
  const holders = new Map<number, string>();
  for (const [name, number] of wishes) {
    const holder = number === 0 ? undefined : holders.get(number);
    if (holder !== undefined) return `${holder} and ${name} must differ: both are ${number}`;
    holders.set(number, name);
  }
  return undefined;
}
