/**
 * A slave's process in a world: the production machine, the production order of clients' commands, and
 * hands made of arithmetic. Its shell is the runner's twin: one step at a time, clocks compared before each.
 */
import { checkCommand } from '../../src/common/command/check.ts';
import type { SlaveId } from '../../src/common/ids.ts';
import { SleepDetector } from '../../src/common/io/clock.ts';
import type { FromSlave, Registration } from '../../src/common/message/control.ts';
import { Failure, OK, type Reply } from '../../src/common/reply.ts';
import { BrokenStore } from '../../src/common/sealed.ts';
import { instant, type Instant, type Stamp, stamp } from '../../src/common/time.ts';
import type { View } from '../../src/common/view.ts';
import type { Heartbeat } from '../../src/common/wire/datagram.ts';
import { DataCommands, type DataHost } from '../../src/slave/data-commands.ts';
import { unheardPeers } from '../../src/slave/housekeeping.ts';
import { LinkOrder } from '../../src/slave/link-order.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import { recover } from '../../src/slave/recovery.ts';
import { checkInvariants, step, wakeAt } from '../../src/slave/slave.ts';
import { registrationOf } from '../../src/slave/standing.ts';
import { type Effect, init, type Input, type State } from '../../src/slave/state.ts';
import { MachineClock } from './clock.ts';
import { Connection } from './connection.ts';
import { Directory, type StoreNames } from './disk.ts';
import { timed, type Untimed } from './happening.ts';
import { Process } from './process.ts';
import type { Given } from './promise-truths.ts';
import type { World } from './world.ts';

export type Happening = Untimed<Input>;

/** What a slave's shell does with what the machine wants. */
export interface Surroundings {
  send(to: SlaveId, message: PeerMessage): void;
  tell(message: FromSlave): void;
  viewChanged(view: View): void;
  buried(): void;
  refused(why: string, isFinal: boolean): void;
  /** It has handed everything over, and its process ends. */
  drained(): void;
  /** A client is given an answer. */
  answered(given: Given): void;
  /** One step of its machine is over. */
  stepped(happening: Happening, effects: readonly Effect[]): void;
  /** Its disk failed, or what lies there is broken: the process has ended. */
  failed(why: string, isBroken: boolean): void;
}

/** Of its log a slave keeps a minute, or less than what its tables lack: then only what is filled may go. */
const LOG_KEEP_BYTES = [1 << 9, 1 << 11, 1 << 13];

/** Bytes a second; 0: as fast as it goes. A partition has some hundred bytes, or a thousand. */
const COPY_RATES = [0, 0, 0, 1 << 12];

/** A process is taken off its processor for so long, once: in the middle of a command, or before an answer leaves. */
interface Stall {
  readonly within: 'command' | 'answer';
  readonly ms: number;
}

interface Name {
  readonly id: SlaveId;
  readonly zone: string | undefined;
}

export class SlaveProcess implements DataHost {
  readonly process: Process;
  readonly id: SlaveId;
  directory: Directory;
  nonce = '';
  beats = 0;
  /** While its main loop hangs, the thread that beats goes on. */
  hangsUntil = 0;
  /** What will happen to it as soon as there is an occasion. */
  stall: Stall | undefined;
  readonly connections = new Set<Connection>();
  readonly #world: World;
  readonly #around: Surroundings;
  readonly #queue: Happening[] = [];
  readonly #logKeepBytes: number;
  readonly #copyRate: number;
  readonly #zone: string | undefined;
  #state: State;
  #data: DataCommands;
  #sleep: SleepDetector;
  #isStepping = false;
  #starts = 0;
  #tickAt = Infinity;
  /** Looks at the clock since it began with a client's command; undefined: it has none in hand. */
  #looks: number | undefined;
  /** It stands still until then, in the middle of an event: its own clock is there already. */
  #aheadUntil = 0;

  constructor({ id, zone }: Name, world: World, names: StoreNames, around: Surroundings) {
    this.#world = world;
    this.process = new Process(world, new MachineClock(world));
    this.id = id;
    this.#zone = zone;
    this.#around = around;
    this.directory = new Directory(names);
    this.#logKeepBytes = world.pick(LOG_KEEP_BYTES);
    this.#copyRate = world.pick(COPY_RATES);
    this.#sleep = new SleepDetector(this.process.clock);
    this.#state = this.#fresh();
    this.#data = new DataCommands(this);
  }

  get isUp(): boolean {
    return this.process.isUp;
  }

  get state(): State {
    return this.#state;
  }

  /** Ahead of the world's by so much, until this event is over. */
  get aheadMs(): number {
    return Math.max(0, this.#aheadUntil - this.#world.now);
  }

  /** A second look may come much later than the first: whatever is done behind it comes as much later, too. */
  now(): Instant {
    const { clock } = this.process;
    if (this.#looks !== undefined && (this.#looks += 1) === 2 && this.stall?.within === 'command') {
      const { ms } = this.stall;
      this.stall = undefined;
      this.#aheadUntil = this.#world.now + ms;
      this.process.pause(ms);
    }
    const { aheadMs } = this;
    return aheadMs === 0 ? clock.monotonic() : instant(clock.monotonic() + aheadMs / clock.inWorld(1));
  }

  wall(): Stamp {
    return stamp(this.process.clock.wall() + this.aheadMs);
  }

  atTurnEnd(then: () => void): void {
    this.process.in(0, then);
  }

  /** Starts on what lies in its directory. */
  start(): void {
    if (this.isUp) return;
    const { directory } = this;
    directory.boots += 1;
    // Of this start and no other, whatever directory it finds.
    this.#starts += 1;
    this.nonce = `${this.id}.${this.#starts}`;
    this.beats = 0;
    this.stall = undefined;
    this.#looks = undefined;
    this.#aheadUntil = 0;
    this.#isStepping = false;
    this.process.begin();
    this.#sleep = new SleepDetector(this.process.clock);
    this.#state = this.#fresh();
    this.#data = new DataCommands(this);
    try {
      recover(this.#state, directory.log);
    } catch (error) {
      if (!(error instanceof BrokenStore)) throw error;
      this.fail(error.message, true);
      return;
    }
    this.#tickAt = Infinity;
    this.#arm();
  }

  /** The process and its machine are gone; what was not durable may be too. */
  crash(): void {
    if (!this.isUp) return;
    this.process.end();
    this.#queue.length = 0;
    this.directory.crash(this.#world);
    for (const connection of this.connections) connection.isOpen = false;
    this.connections.clear();
  }

  /** Its disk, or what lies on it, is not to be trusted any more (I3). */
  fail(why: string, isBroken = false): void {
    this.directory.hasFailed = true;
    this.#around.failed(why, isBroken);
    this.crash();
  }

  registration(): Registration {
    const { clusterId, boots } = this.directory;
    return registrationOf(this.#state, {
      clusterId,
      boot: { count: boots, nonce: this.nonce },
      ...{ kernelBoot: 'k', isSameKernelBoot: true, durability: 'fsync' },
      ...{ host: this.id, port: 1, peerPort: 2, pid: 3, zone: this.#zone },
    });
  }

  heartbeat({ clusterId, epoch }: View): Heartbeat {
    this.beats += 1;
    const hangs = this.hangsUntil > this.#world.now;
    return {
      clusterId,
      slave: this.id,
      store: this.directory.store,
      bootNonce: this.nonce,
      sequence: this.beats,
      viewEpoch: epoch,
      loopCounter: hangs ? 0 : this.beats,
      commands: 0,
      lastCommit: 0,
      loopLagMs: 0,
      commitHung: false,
      unheard: hangs ? [] : unheardPeers(this.#state),
    };
  }

  feed(happening: Happening): void {
    if (!this.isUp) return;
    this.#wake();
    this.#queue.push(happening);
    this.#run();
  }

  /** Compares the clocks before anything else, as the runner does. */
  #wake(): void {
    this.process.isDrowsy = false;
    if (this.#isStepping || !this.#sleep.slept()) return;
    this.#queue.push({ kind: 'slept' });
    this.#run();
  }

  #run(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    this.#goOn();
  }

  #goOn(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
      if (!this.#step(next)) return;
    this.#isStepping = false;
    if (this.isUp) this.#arm();
  }

  /** A client connects; `heard` hears its answers. */
  accept(heard: (reply: Reply) => void): Connection {
    const connection = new Connection(this.#world, heard);
    this.connections.add(connection);
    connection.leavesAt = () => this.#aheadUntil;
    connection.answered = (args, reply) =>
      this.#around.answered({ args, reply, readOnly: connection.readOnly });
    return connection;
  }

  hangUp(connection: Connection): void {
    connection.isOpen = false;
    this.connections.delete(connection);
  }

  /** A command comes in on one of its connections. */
  take(connection: Connection, args: readonly Buffer[]): void {
    this.#wake();
    connection.inHand = args;
    const checked = checkCommand(args);
    if (checked instanceof Failure) return this.#piazza(connection, args, checked);
    const { spec } = checked;
    if (spec.kind === 'read' || spec.kind === 'write') {
      this.#looks = 0;
      this.#data.take(connection.client, spec, args);
      this.#looks = undefined;
      return;
    }
    connection.readOnly = spec.name === 'readonly';
    connection.reply(OK);
  }

  /** The two words of a gateway's link. */
  #piazza({ client }: Connection, [, word, index]: readonly Buffer[], failure: Failure): void {
    const said = word?.toString();
    if (said === 'GATEWAY') client.order = new LinkOrder();
    else if (said === 'RESUME') client.order?.lane(Number(index?.toString()) as never).resume();
    client.connection.reply(said === 'GATEWAY' || said === 'RESUME' ? OK : failure);
  }

  /** Everybody is sent away: their open commands are answered as what they are. */
  sendAway(): void {
    this.#data.giveUp();
    for (const connection of this.connections) this.#world.in(5, () => this.hangUp(connection));
  }

  #fresh(): State {
    const { store } = this.directory;
    const config = {
      self: { slave: this.id, store },
      nonce: this.nonce,
      logKeepBytes: this.#logKeepBytes,
      copyRate: this.#copyRate,
    };
    return init(config, this.directory.tables, { now: this.now(), wall: this.wall() });
  }

  /** A tick is brought forward when the machine wants one sooner, and never put off. */
  #arm(): void {
    const due = wakeAt(this.#state);
    if (this.#tickAt <= due) return;
    this.#tickAt = due;
    this.process.in(Math.max(1, due - this.now()), () => {
      if (this.#tickAt !== due) return;
      this.#tickAt = Infinity;
      this.feed({ kind: 'tick' });
    });
  }

  /** Whether it is over: a stall in the middle of it puts the rest off. */
  #step(happening: Happening): boolean {
    const effects = step(this.#state, timed<Input>(happening, this.now(), this.wall()));
    checkInvariants(this.#state);
    return this.#performAll(happening, effects, 0);
  }

  #performAll(happening: Happening, effects: readonly Effect[], from: number): boolean {
    for (let index = from; index < effects.length; index += 1) {
      const effect = effects[index];
      if (effect === undefined || !this.isUp) continue;
      if (effect.kind === 'answer' && this.stall?.within === 'answer') {
        this.process.pause(this.stall.ms);
        this.stall = undefined;
        this.process.to(() => {
          if (this.#performAll(happening, effects, index)) this.#goOn();
        });
        return false;
      }
      this.#perform(effect);
    }
    this.#around.stepped(happening, effects);
    return true;
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'commit':
        return this.#commit(effect);
      case 'send':
        for (const message of effect.messages) this.#around.send(effect.to, message);
        return;
      case 'answer':
        return this.#data.answer(effect.answers);
      case 'tell':
        return this.#around.tell(effect.message);
      case 'view-changed':
        return this.#around.viewChanged(effect.view);
      case 'buried':
        return this.#around.buried();
      case 'refused':
        return this.#around.refused(effect.why, effect.isFinal);
      case 'stays':
        return;
      case 'drained':
        this.#around.drained();
    }
  }

  #commit({ store, changes }: Effect & { kind: 'commit' }): void {
    const { directory } = this;
    const disk = directory.storeOf(store);
    disk.commit(changes, () => {
      this.feed({ kind: 'durable', store });
    });
    this.process.in(directory.commitMs(store, this.#world), () => {
      if (disk.pending > 0 && !directory.isHeld) disk.completeNext();
    });
  }
}
