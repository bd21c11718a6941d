/**
 * The coordination server's metrics: one table, read when somebody collects.
 *
 * What happened is counted from what the machine had done: an order that is sent again, after a
 * reconnection, is counted once. It judges nothing; what a number means stands in its help text.
 */
import { createMetrics } from '../../common/io/metrics.ts';
import type { Epoch, Partition, SlaveId } from '../../common/ids.ts';
import type { SlaveState, Status } from '../../common/message/admin.ts';
import type { ToSlave } from '../../common/message/control.ts';
import type { View } from '../../common/view.ts';
import type { GatewayCounters } from './gateway-server.ts';
import type { LinkCounters } from './slave-links.ts';

/** What has happened since the start. */
export class Happenings {
  deaths = 0;
  fences = 0;
  grows = 0;
  commits = 0;
  heartbeats = 0;
  readonly #dead = new Set<SlaveId>();
  readonly #fenced = new Map<Partition, Epoch>();
  readonly #grown = new Map<Partition, Epoch>();

  /** Who is dead already died before this start. */
  begin(view: View): void {
    this.onView(view);
    this.deaths = 0;
  }

  onSent(message: ToSlave): void {
    if (message.kind === 'fence') {
      for (const partition of message.partitions)
        this.fences += firstTime(this.#fenced, partition, message.epoch);
    }
    if (message.kind === 'grow') this.grows += firstTime(this.#grown, message.partition, message.epoch);
  }

  onView(view: View): void {
    for (const { id, stage } of view.slaves.values()) {
      if (stage !== 'dead') this.#dead.delete(id);
      else if (!this.#dead.has(id)) {
        this.#dead.add(id);
        this.deaths += 1;
      }
    }
  }
}

function firstTime(known: Map<Partition, Epoch>, partition: Partition, epoch: Epoch): 0 | 1 {
  if ((known.get(partition) ?? 0) >= epoch) return 0;
  known.set(partition, epoch);
  return 1;
}

export interface Sources {
  readonly happenings: Happenings;
  readonly status: () => Status;
  readonly links: () => LinkCounters;
  readonly heartbeatsMalformed: () => number;
  readonly gateway: () => GatewayCounters;
}

const STAGES: readonly SlaveState[] = ['joining', 'alive', 'suspect', 'dead', 'draining'];

/** As `serveHttp` wants it. */
export interface ServerMetrics {
  readonly contentType: string;
  text(): Promise<string>;
}

export function serverMetrics(sources: Sources): ServerMetrics {
  const metrics = createMetrics({ ...clusterTable(sources), ...trafficTable(sources) });
  const { slaves, errors_total: errors } = metrics.handles;
  const counted = new Map<string, number>();
  return {
    contentType: metrics.contentType,
    text: () => {
      const found = sources.status().slaves;
      for (const stage of STAGES) slaves.set(found.filter(({ state }) => state === stage).length, { stage });
      for (const [code, count] of sources.gateway().errors) {
        errors.add(count - (counted.get(code) ?? 0), { code });
        counted.set(code, count);
      }
      return metrics.text();
    },
  };
}

const clusterTable = ({ happenings, status }: Sources) =>
  ({
    slaves: { kind: 'gauge', help: 'Slaves in the view, by the stage of their life', labels: ['stage'] },
    partitions: { kind: 'gauge', help: 'Partitions of the cluster', read: () => status().partitions },
    partitions_healing: {
      kind: 'gauge',
      help: 'Partitions that are changing hands, waiting for a copy, or not open yet',
      read: () => status().healing.partitions,
    },
    partitions_lost: {
      kind: 'gauge',
      help: 'Partitions without any live full copy',
      read: () => status().lost?.length ?? 0,
    },
    healthy: {
      kind: 'gauge',
      help: '1 if every partition has all its copies',
      read: () => (status().state === 'healthy' ? 1 : 0),
    },
    epoch: { kind: 'gauge', help: "The view's epoch", read: () => status().epoch },
    deaths_total: { kind: 'counter', help: 'Slaves that were declared dead', read: () => happenings.deaths },
    fences_total: {
      kind: 'counter',
      help: 'Partitions that were fenced, each time',
      read: () => happenings.fences,
    },
    grows_total: { kind: 'counter', help: 'Copies that were ordered', read: () => happenings.grows },
    journal_commits_total: {
      kind: 'counter',
      help: 'Commits of the journal',
      read: () => happenings.commits,
    },
  }) as const;

const trafficTable = ({ happenings, links, heartbeatsMalformed, gateway }: Sources) =>
  ({
    heartbeats_total: { kind: 'counter', help: 'Heartbeats received', read: () => happenings.heartbeats },
    heartbeats_malformed_total: {
      kind: 'counter',
      help: 'Datagrams on the peer port that are no heartbeats',
      read: heartbeatsMalformed,
    },
    control_links: { kind: 'gauge', help: 'Open control links', read: () => links().open },
    control_links_unregistered: {
      kind: 'gauge',
      help: 'Open control links on which nobody has registered',
      read: () => links().unregistered,
    },
    control_links_turned_away_total: {
      kind: 'counter',
      help: 'Control links that were too many, or on which nobody registered in time',
      read: () => links().turnedAway,
    },
    control_frames_malformed_total: {
      kind: 'counter',
      help: 'Control frames that could not be understood; each cost its link',
      read: () => links().malformed,
    },
    clients: { kind: 'gauge', help: 'Clients of the gateway', read: () => gateway().clients },
    commands_total: {
      kind: 'counter',
      help: 'Commands that clients sent to the gateway',
      read: () => gateway().commands,
    },
    commands_waiting: {
      kind: 'gauge',
      help: 'Commands at the gateway that wait for a reason to be sent on',
      read: () => gateway().waiting,
    },
    commands_in_flight: {
      kind: 'gauge',
      help: 'Commands of the gateway that slaves have not answered yet',
      read: () => gateway().inFlight,
    },
    errors_total: { kind: 'counter', help: 'Errors that the gateway answered, by code', labels: ['code'] },
  }) as const;
