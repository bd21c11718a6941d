/**
 * The coordination server: its ports, its journal and its children, tied to the coordinator.
 *
 *     slaves ──TCP──► SlaveLinks ────────┐                ┌─► journal (LMDB)
 *     slaves ──UDP──► heartbeat listener ┼─► coordinator ─┼─► SlaveLinks, listener, probes
 *                                        │   (runner)     └─► gateway: the newest view
 *     clients ─────► gateway ── PIAZZA … ┼─► observer
 *     collectors ──► HTTP ───────────────┘
 *
 * It starts in an order in which nobody is answered before there is something to answer with: the
 * journal, the ports, the children; and when these have dialled, or had time to, the coordinator
 * begins to listen. It decides nothing.
 */
import { dirname, resolve } from 'node:path';

import { coordinationSettings, type CoordinationConfig } from '../../common/config/schema.ts';
import { addressText, listenLinks, probePort } from '../../common/io/link.ts';
import type { LmdbStore } from '../../common/io/lmdb-store.ts';
import type { Log } from '../../common/io/log.ts';
import { bindPair, bindPort, type Bound } from '../../common/io/ports.ts';
import { type Ending, type Running, say } from '../../common/io/process.ts';
import type { View } from '../../common/view.ts';
import type { Journal } from '../journal.ts';
import { childArguments, dialHost } from './child-arguments.ts';
import { type Slaves, superviseSlaves } from './children.ts';
import { CoordinatorRunner, type Hands } from './coordinator-runner.ts';
import { type Gateway, serveGateway } from './gateway-server.ts';
import { type HeartbeatListener, listenForHeartbeats } from './heartbeat-listener.ts';
import { serveHttp } from './http-server.ts';
import { openJournal } from './journal-store.ts';
import { Observer } from './observer.ts';
import { Happenings, serverMetrics } from './server-metrics.ts';
import { SlaveLinks } from './slave-links.ts';
import { packageVersion } from '../../common/io/version.ts';

/** A process that is gone refuses at once; whoever says nothing for so long is judged by its window. */
const PROBE_MS = 200;

/** Children that need longer to start join like anybody else. */
const CHILDREN_MS_MAX = 5_000;
const LOOK_MS = 20;

export interface ServerOptions {
  readonly log: Log;
  readonly ending: Ending;
}

/** Rejects with a line for a person if it cannot have its journal or its ports. */
export async function startCoordinationServer(
  config: CoordinationConfig,
  options: ServerOptions,
): Promise<Running> {
  const { log, ending } = options;
  const { store, journal, isNew } = await openJournal({
    config,
    warn: (text) => log.warn(text),
    onFailure: (line) => ending.fail(line),
  });
  log.info(
    `${isNew ? 'a new cluster' : 'the cluster'} ${journal.clusterId}, journal in ${resolve(config.dir)}`,
  );
  const server = new Server(config, options, store);
  await server.listen(journal);
  return server;
}

/** What else is measured. */
interface Beside {
  readonly gateway: Gateway;
  readonly listener: HeartbeatListener;
}

class Server implements Running {
  readonly #config: CoordinationConfig;
  readonly #log: Log;
  readonly #ending: Ending;
  readonly #store: LmdbStore;
  readonly #links: SlaveLinks;
  readonly #happenings = new Happenings();
  #runner: CoordinatorRunner | undefined;
  #gateway: Gateway | undefined;
  #bound: readonly Bound[] = [];
  #isStopping = false;
  #children: Slaves | undefined;
  #listed: ReadonlySet<string> = new Set<string>();
  readonly #left = new Set<string>();

  constructor(config: CoordinationConfig, { log, ending }: ServerOptions, store: LmdbStore) {
    this.#config = config;
    this.#log = log;
    this.#ending = ending;
    this.#store = store;
    this.#links = new SlaveLinks(
      {
        message: (link, message) => this.#runner?.feed({ kind: 'message', link, message }),
        closed: (link) => this.#runner?.feed({ kind: 'link-closed', link }),
      },
      log,
    );
  }

  async listen(journal: Journal): Promise<void> {
    const pair = await this.#bindPeerPort();
    const runner = new CoordinatorRunner(journal, this.#hands(pair.udp), this.#config);
    this.#happenings.begin(runner.state.view);
    this.#runner = runner;
    const observer = new Observer(runner);
    const gateway = await this.#bindGateway(runner, observer, pair.udp.port);
    const http = await this.#bindHttp(observer, { gateway, listener: pair.udp });
    this.#bound = [http, pair.tcp, pair.udp];
    observer.begin();
    say(`ready port=${gateway.port} peer-port=${pair.udp.port} http-port=${http.port}`);
    this.#startChildren(gateway.port, pair.udp.port);
    this.#beginWhenDialled(runner, this.#config.withSlaves);
  }

  async stop(): Promise<void> {
    // What is journaled is how the cluster is found again: that the children leave now is no change of it.
    this.#isStopping = true;
    this.#runner?.freeze();
    // While the slaves still live, they answer what clients have asked.
    await this.#gateway?.close();
    await this.#children?.stop();
    await Promise.all(this.#bound.map((bound) => bound.close()));
    await this.#store.close();
  }

  #bindPeerPort() {
    const { host, peerPort } = this.#config;
    return bindPair({
      host,
      port: peerPort,
      option: '--peer-port',
      tcp: (port) =>
        listenLinks({
          host,
          port,
          accepted: (link) => this.#links.accept(link),
          trouble: (why) => this.#log.warn(`peer port: ${why}`),
        }),
      udp: (port) =>
        listenForHeartbeats({
          host,
          port,
          onHeartbeat: (heartbeat, { host: address, port: from }) => {
            this.#happenings.heartbeats += 1;
            this.#runner?.feed({ kind: 'heartbeat', heartbeat, from: { address, port: from } });
          },
          onFailure: ({ message }) =>
            this.#ending.fail(`the port of the heartbeats broke (${message}): start again`),
        }),
    });
  }

  /**
   * The first window judges everybody whom the journal knows, and it is shorter than the start of a
   * process: children would be declared dead before they can speak, or join one by one a cluster
   * that the first of them has to itself. So it begins when as many links are open as there are children.
   */
  #beginWhenDialled(runner: CoordinatorRunner, children: number, waitedMs = 0): void {
    if (this.#isStopping) return;
    if (this.#links.counters.open >= children || waitedMs >= CHILDREN_MS_MAX) {
      runner.begin();
      this.#links.begin();
      return;
    }
    setTimeout(() => this.#beginWhenDialled(runner, children, waitedMs + LOOK_MS), LOOK_MS);
  }

  #hands(listener: HeartbeatListener): Hands {
    const happenings = this.#happenings;
    return {
      commit: (changes, done) => {
        happenings.commits += 1;
        this.#store.commit(changes, done);
      },
      send: (link, message) => {
        happenings.onSent(message);
        this.#links.send(link, message);
      },
      closeLink: (link) => this.#links.close(link),
      answerHeartbeat: ({ address, port }, answer) => listener.answer({ host: address, port }, answer),
      readHeartbeats: (done) => listener.readOnce(done),
      probe: ({ host, peerPort }, refused) => {
        void probePort(host, peerPort, PROBE_MS).then((found) => {
          if (found === 'refused') refused();
        });
      },
      viewChanged: (view, unavailable) => {
        happenings.onView(view);
        this.#noteLeft(view);
        this.#gateway?.updateView(view, unavailable);
      },
      event: (text, level) => this.#log[level](text),
      stop: (why) => this.#ending.fail(why),
    };
  }

  async #bindGateway(runner: CoordinatorRunner, observer: Observer, peerPort: number): Promise<Gateway> {
    const { host, port, readFrom } = this.#config;
    const log = this.#log.child('gateway');
    const { settings } = runner.state.view;
    const bind = (at: number): Promise<Gateway> =>
      serveGateway({
        host,
        port: at,
        peerPort,
        settings,
        readFrom,
        version: packageVersion(),
        configuration: configurationOf(this.#config),
        callbacks: {
          admin: (args) => observer.admin(args),
          info: () => observer.info(),
          // Nobody has a newer view than we have.
          refresh: () => undefined,
          linkChanged: (slave, isOpen, why) =>
            log.debug(isOpen ? `connected to ${slave}` : `no longer connected to ${slave}: ${why}`),
        },
      });
    const gateway = await bindPort({ host, port, option: '--port' }, bind);
    gateway.updateView(runner.state.view, new Set(runner.state.lost.keys()));
    this.#gateway = gateway;
    return gateway;
  }

  #bindHttp(observer: Observer, { gateway, listener }: Beside): Promise<Bound> {
    const { host, httpPort } = this.#config;
    const metrics = serverMetrics({
      happenings: this.#happenings,
      status: () => observer.status(),
      links: () => this.#links.counters,
      heartbeatsMalformed: () => listener.malformed(),
      gateway: () => gateway.counters,
    });
    return bindPort({ host, port: httpPort, option: '--http-port' }, (port) =>
      serveHttp({
        host,
        port,
        status: () => observer.status(),
        text: () => observer.page(),
        ready: () => observer.notReady(),
        metrics,
      }),
    );
  }

  /** Slaves that were listed and are not any more: a child that was drained is not started again. */
  #noteLeft({ slaves }: View): void {
    const listed = new Set<string>(slaves.keys());
    for (const id of this.#listed) if (!listed.has(id)) this.#left.add(id);
    for (const id of listed) this.#left.delete(id);
    this.#listed = listed;
  }

  #startChildren(port: number, peerPort: number): void {
    const { withSlaves: count, dir } = this.#config;
    if (count === 0) return;
    this.#children = superviseSlaves({
      count,
      // Where the system picked our port, it picks the slaves' too.
      firstPort: this.#config.port === 0 ? 0 : port + 1,
      coordination: addressText(dialHost(this.#config.host), peerPort),
      dirParent: dirname(resolve(dir)),
      extraArgs: childArguments(this.#config),
      log: this.#log,
      isWanted: (id) => !this.#left.has(id),
      onStarted: (id, pid, at) => say(`started ${id} pid=${pid} port=${at}`),
    });
  }
}

/** For CONFIG GET: each option as it is in force. */
const configurationOf = (config: CoordinationConfig): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(coordinationSettings).map(([name, { option }]) => [
      option,
      String(config[name as keyof CoordinationConfig]), // A config has the names of its settings.
    ]),
  );
