/**
 * A slave's process: its store, its machine and its hands, put together; how it starts and how it ends.
 *
 *     directory ─► identity ─► recover ─► ports ─► control link ─► registered ─► "ready …"
 *                                                      │ stop: answer what is open, leave, close the store
 *                                                      └ the disk fails: say so, answer "uncertain", exit 1 at once
 *
 * What each part does stands in its own file; here is only who hears of what.
 */
import { randomBytes } from 'node:crypto';

import type { Address } from '../../common/config/address.ts';
import type { SlaveConfig } from '../../common/config/schema.ts';
import { now, wallNow } from '../../common/io/clock.ts';
import type { Log } from '../../common/io/log.ts';
import { bindPort } from '../../common/io/ports.ts';
import { type Ending, type Running, say } from '../../common/io/process.ts';
import type { FromSlave, Registration, ToSlave } from '../../common/message/control.ts';
import { BrokenStore } from '../../common/sealed.ts';
import type { Instant } from '../../common/time.ts';
import { unheardPeers } from '../housekeeping.ts';
import { recover } from '../recovery.ts';
import { holdsAnyPromise, registrationOf } from '../standing.ts';
import { init, type State } from '../state.ts';
import { ClientServer } from './client-server.ts';
import { ControlLink } from './control-link.ts';
import { HandOver } from './hand-over.ts';
import { type DiskSpaceWatch, watchDiskSpace } from './disk-space.ts';
import { type Hands, MachineRunner } from './machine-runner.ts';
import { PeerLinks } from './peer-links.ts';
import { Pulse } from './pulse.ts';
import {
  markFailed,
  openStore,
  type SlaveStore,
  type Taken,
  takeIdentity,
  writeIdentity,
} from './store-identity.ts';

export interface SlaveOptions {
  readonly config: SlaveConfig;
  /** Piazza's own. */
  readonly version: string;
  readonly log: Log;
  readonly ending: Ending;
}

const NONCE_BYTES = 12;

/** What is committed and not in the tables' store yet may take this much memory. */
const HELD_BYTES_MAX = 128 << 20;

/** How long a stopping slave waits for what clients have asked before. */
const STOPPING_MS = 1_000;
const STOPPING_LOOK_MS = 5;

/** Before the cluster has told its window. */
const REVIEW_MS = 300;

/** Resolves when it listens and has begun to look for a coordination server; rejects with a line for a person. */
export async function startSlave(options: SlaveOptions): Promise<Running> {
  const { config, ending } = options;
  const started: { slave?: SlaveProcess } = {};
  const store = openStore(config, {
    onFailure: (error) => {
      if (started.slave === undefined) ending.fail(failureLine(config, error.message));
      else started.slave.fail(error);
    },
    isBehind: () => started.slave?.isBehind === true,
  });
  const nonce = randomBytes(NONCE_BYTES).toString('hex');
  const { taken, state } = await readStore(store, config, nonce);
  const slave = new SlaveProcess(options, { store, taken, state });
  started.slave = slave;
  await slave.start();
  return slave;
}

/** What a start finds in its store. */
interface Found {
  readonly store: SlaveStore;
  readonly taken: Taken;
  readonly state: State;
}

async function readStore(
  store: SlaveStore,
  config: SlaveConfig,
  nonce: string,
): Promise<Omit<Found, 'store'>> {
  try {
    const taken = await takeIdentity(store, config);
    const self = { slave: taken.identity.slave, store: taken.identity.store };
    const state = init(
      { self, nonce, logKeepBytes: config.logKeepBytes, copyRate: config.copyRate },
      store.tables,
      {
        now: now(),
        wall: wallNow(),
      },
    );
    recover(state, store);
    return { taken, state };
  } catch (error) {
    if (!(error instanceof BrokenStore)) throw error;
    markFailed(config.dir, error.message);
    throw new Error(failureLine(config, error.message), { cause: error });
  }
}

const failureLine = ({ dir }: SlaveConfig, why: string): string =>
  `the data under ${dir} cannot be trusted any more: ${why}. ` +
  'Look after the disk, then start with an empty directory: the cluster copies the data anew';

class SlaveProcess implements Running {
  readonly #config: SlaveConfig;
  readonly #log: Log;
  readonly #ending: Ending;
  readonly #store: SlaveStore;
  readonly #state: State;
  readonly #runner: MachineRunner;
  readonly #clients: ClientServer;
  readonly #peers: PeerLinks;
  readonly #control: ControlLink;
  readonly #handOver: HandOver;
  readonly #pulse: Pulse;
  #taken: Taken;
  #peerPort = 0;
  #space: DiskSpaceWatch | undefined;
  #review: NodeJS.Timeout | undefined;
  #isReady = false;
  #hasFailed = false;
  /** Since when no other slave's promise and no coordination server is there. */
  #aloneSince: Instant | undefined;
  #isSentAway = false;

  constructor({ config, version, log, ending }: SlaveOptions, { store, taken, state }: Found) {
    this.#config = config;
    this.#log = log;
    this.#ending = ending;
    this.#store = store;
    this.#taken = taken;
    this.#state = state;
    const { self, nonce } = state.config;
    this.#runner = new MachineRunner(state, store, this.#hands());
    this.#clients = new ClientServer({
      host: config.host,
      runner: this.#runner,
      version,
      configuration: configurationOf(config),
    });
    this.#peers = new PeerLinks({ self, nonce, events: this.#peerEvents(), log: log.child('peers') });
    this.#control = new ControlLink(config.coordination, this.#controlEvents(), log);
    this.#handOver = new HandOver({
      boundMs: config.drainTimeoutMs,
      ask: () => this.#runner.feed({ kind: 'leave' }),
      mayAsk: () => this.#control.isRegistered && !this.#hasFailed,
      log,
    });
    this.#pulse = new Pulse({
      self,
      nonce,
      onUnknown: () => this.#control.registerAfresh(),
      onFailure: (error) =>
        ending.fail(`the heartbeats have ended: ${error.message}. Start this slave again`),
    });
  }

  async start(): Promise<void> {
    const { host, port, peerPort, storage, dir, coordination } = this.#config;
    await bindPort({ host, port, option: '--port' }, (wished) => this.#clients.listen(wished));
    const listener = await bindPort({ host, port: peerPort, option: '--peer-port' }, (wished) =>
      this.#peers.listen(host, wished),
    );
    this.#peerPort = listener.port;
    if (storage === 'lmdb') {
      this.#space = watchDiskSpace({
        dir,
        onChange: ({ isLow }) => this.#onSpace(isLow),
        onError: (error) =>
          this.#log.warn(`cannot tell how much room is left under ${dir}: ${error.message}`),
      });
    }
    this.#runner.start();
    this.#review = setInterval(() => this.#lookAround(), REVIEW_MS);
    this.#log.info(`looks for a coordination server (${coordination.length} known)`);
    this.#control.start();
  }

  /** Whether more is held in memory than the tables' store keeps up with: then commits wait. */
  get isBehind(): boolean {
    return this.#state.host.heldBytes > HELD_BYTES_MAX;
  }

  /** The disk, or what lies on it: nothing is written any more, and the process ends (protocol I3). */
  fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#runner.stop();
    if (this.#config.storage === 'lmdb') markFailed(this.#config.dir, error.message);
    this.#control.tell({ kind: 'failed', why: error.message });
    void this.#clients.close();
    this.#control.close();
    const line = failureLine(this.#config, error.message);
    // The last words above are with the system when this turn ends.
    setImmediate(() => this.#ending.fail(line));
  }

  async stop(): Promise<void> {
    const isDrained = await this.#handOver.finish();
    this.#clients.stopTaking();
    const end = now() + STOPPING_MS;
    while (this.#clients.pending > 0 && now() < end) await pause(STOPPING_LOOK_MS);
    if (!isDrained) this.#control.tell({ kind: 'leaving' });
    clearInterval(this.#review);
    this.#space?.stop();
    this.#runner.stop();
    this.#control.close();
    await Promise.all([this.#clients.close(), this.#peers.close(), this.#pulse.stop(), this.#store.close()]);
  }

  #hands(): Hands {
    return {
      send: (to, messages) => this.#peers.send(to, messages),
      answer: (answers) => this.#clients.answer(answers),
      tell: (message) => this.#tell(message),
      viewChanged: (view) => {
        this.#peers.follow(view);
        this.#pulse.setViewEpoch(view.epoch);
      },
      buried: () => this.#onBuried(),
      refused: (why, isFinal) => this.#onRefused(why, isFinal),
      stays: (why) => this.#handOver.stays(why),
      drained: () => this.#onDrained(),
      slept: () => {
        this.#log.warn('this machine slept, or its clock was set: no promise counts any more');
      },
      failed: (error) => this.fail(error),
    };
  }

  #peerEvents(): ConstructorParameters<typeof PeerLinks>[0]['events'] {
    const runner = this.#runner;
    return {
      woken: () => runner.wake(),
      opened: (slave, store) => runner.feed({ kind: 'peer-opened', slave, store }),
      closed: (slave) => runner.feed({ kind: 'peer-closed', slave }),
      messages: (from, messages) => runner.feed({ kind: 'peer', from, messages }),
    };
  }

  #controlEvents(): ConstructorParameters<typeof ControlLink>[1] {
    return {
      registration: () => this.#registration(),
      message: (message, server) => this.#onControl(message, server),
      closed: () => {
        this.#handOver.alone();
        this.#runner.feed({ kind: 'control-closed' });
      },
    };
  }

  #registration(): Registration {
    const { identity, isSameKernelBoot } = this.#taken;
    const { advertise, storage, durability, zone } = this.#config;
    return registrationOf(this.#state, {
      clusterId: identity.clusterId,
      boot: { count: identity.boots, nonce: this.#state.config.nonce },
      kernelBoot: identity.kernelBoot,
      isSameKernelBoot,
      durability: storage === 'memory' ? 'memory' : durability,
      host: advertise,
      port: this.#clients.port,
      peerPort: this.#peerPort,
      pid: process.pid,
      zone,
    });
  }

  #onControl(message: ToSlave, server: Address): void {
    if (message.kind !== 'registered') return this.#runner.feed({ kind: 'control', message });
    this.#belongTo(message.clusterId);
    this.#runner.feed({ kind: 'control', message });
    const { settings } = message.view;
    this.#pulse.follow(server, message.clusterId, settings);
    this.#pulse.setViewEpoch(message.view.epoch);
    clearInterval(this.#review);
    this.#review = setInterval(() => this.#lookAround(), settings.windowMs / 2);
    if (this.#isReady || this.#hasFailed) return;
    this.#isReady = true;
    say(`ready id=${this.#config.id} port=${this.#clients.port} peer-port=${this.#peerPort}`);
  }

  /** A store that belonged to no cluster belongs to this one, durably, before it holds anything of it. */
  #belongTo(clusterId: string): void {
    const { identity } = this.#taken;
    if (identity.clusterId === clusterId) return;
    if (identity.clusterId !== undefined) {
      this.#ending.fail(
        `${this.#config.dir} holds data of another cluster (${identity.clusterId}): give --dir a directory of its own`,
      );
    }
    this.#taken = { ...this.#taken, identity: { ...identity, clusterId } };
    writeIdentity(this.#store, this.#taken.identity);
  }

  #tell(message: FromSlave): void {
    // The machine counts what goes through it; most reads do not.
    this.#control.tell(
      message.kind === 'report' ? { ...message, commands: this.#clients.commands } : message,
    );
  }

  #onBuried(): void {
    this.#log.warn(
      'the coordination server had declared this slave dead: clients are sent away, and it registers afresh',
    );
    this.#clients.sendAway();
    this.#control.register();
  }

  #onDrained(): void {
    this.#handOver.drained();
    this.#ending.end('everything that it held is handed over');
  }

  #onRefused(why: string, isFinal: boolean): void {
    if (isFinal) this.#ending.fail(`the coordination server refuses this slave: ${why}`);
    this.#control.retry(`it refuses this slave for now: ${why}`);
  }

  #onSpace(isLow: boolean): void {
    const { dir } = this.#config;
    if (isLow)
      this.#log.warn(`little room is left under ${dir}: writes that need more are refused (NOSPACE)`);
    else if (this.#state.isLowOnSpace) this.#log.info(`there is room again under ${dir}`);
    this.#runner.feed({ kind: 'space', isLow });
  }

  /** Each half window: what heartbeats tell, and who has fallen silent. */
  #lookAround(): void {
    const settings = this.#state.view?.settings;
    if (settings === undefined) return;
    this.#runner.wake();
    this.#pulse.tell({
      commands: this.#clients.commands,
      commitsDone: this.#runner.commitsDone,
      isCommitHung: this.#runner.commitWaitMs > settings.windowMs,
      unheard: unheardPeers(this.#state),
    });
    this.#peers.cutSilent(settings.promiseMs);
    this.#lookForCompany(settings.windowMs);
  }

  /** Cut off from everybody for a window, a slave sends its clients to look elsewhere (protocol P6). */
  #lookForCompany(windowMs: number): void {
    const isAlone = !this.#control.isRegistered && !holdsAnyPromise(this.#state, now());
    if (!isAlone) {
      this.#aloneSince = undefined;
      this.#isSentAway = false;
      return;
    }
    this.#aloneSince ??= now();
    if (this.#isSentAway || now() - this.#aloneSince < windowMs) return;
    this.#isSentAway = true;
    this.#log.warn('no other slave and no coordination server answers: clients are sent away');
    this.#clients.sendAway();
  }
}

/** What CONFIG GET tells, in Redis' names where it has one. */
const configurationOf = ({ dir, storage, durability }: SlaveConfig): ReadonlyMap<string, string> =>
  new Map([
    ['save', ''],
    ['appendonly', storage === 'memory' ? 'no' : 'yes'],
    ['appendfsync', durability === 'fsync' ? 'always' : 'everysec'],
    ['maxmemory', '0'],
    ['databases', '1'],
    ['dir', dir],
  ]);

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
