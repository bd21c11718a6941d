/**
 * A cluster in a world: the production machines of the coordination server, the gateway and the slaves, with
 * hands made of arithmetic.
 *
 *     coordination ◄── control links, heartbeats ──► slaves ◄── peer links ──► slaves
 *       └ gateway ◄───── clients' connections ─────────┘
 *
 * It knows nothing of clients (`workload.ts` brings them), nor of why anything breaks (`faults.ts`).
 */
import { type Partition, slaveId, type SlaveId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import type { ClusterSettings } from '../../src/common/view.ts';
import { CALM_POLICY, isAwaitedBack, type Policy } from '../../src/coordination/grace.ts';
import { partitionOfKey } from '../../src/slave/store-layout.ts';
import { ControlNetwork } from './control-network.ts';
import { CoordinationProcess, type Happening as ServerHappening } from './coordination.ts';
import { type Coverage, newCoverage } from './coverage.ts';
import type { Directory, StoreNames } from './disk.ts';
import { Losses } from './losses.ts';
import { PeerNetwork } from './peer-network.ts';
import { SlaveProcess } from './slave.ts';
import { Traps } from './traps.ts';
import { Truths } from './truths.ts';
import { COORDINATION, Cuts } from './weather.ts';
import { Witness } from './witness.ts';
import type { World } from './world.ts';

/** How long an operator takes to put a new directory under a slave. */
const OPERATOR_MS = { least: 300, most: 3_000 };

/** What a cluster may have beside its settings. */
export interface Arrangement {
  readonly readFrom: 'owner' | 'any';
  /** Over how many zones its slaves are spread; 0: they have none. */
  readonly zones: number;
  readonly graces: Policy;
}

const USUAL: Arrangement = { readFrom: 'owner', zones: 0, graces: CALM_POLICY };

export class Cluster {
  readonly world: World;
  readonly settings: ClusterSettings;
  readonly arrangement: Arrangement;
  readonly losses: Losses;
  readonly slaves = new Map<SlaveId, SlaveProcess>();
  readonly cuts = new Cuts();
  readonly peers: PeerNetwork;
  readonly control: ControlNetwork;
  readonly coordination: CoordinationProcess;
  readonly coverage: Coverage = newCoverage();
  /** The trouble is over: what it had still in store does not happen. */
  isAtPeace = false;
  readonly truths = new Truths(this.slaves);
  readonly traps = new Traps();
  readonly #witness = new Witness(this.coverage, this.slaves);
  /** Everything that an operator would read, and what was done to the cluster. */
  readonly story: string[] = [];
  readonly #names: StoreNames = { given: 0 };

  constructor(world: World, settings: ClusterSettings, arrangement = USUAL) {
    this.world = world;
    this.arrangement = arrangement;
    this.settings = settings;
    this.losses = new Losses(settings.partitions);
    this.peers = new PeerNetwork(world, this.slaves, this.cuts);
    this.coordination = new CoordinationProcess(world, settings, {
      slaves: this.slaves,
      cuts: this.cuts,
      arrangement,
      around: {
        send: (link, message) => {
          if (message.kind === 'refused' && message.isFinal) this.coverage.strangersTurnedAway += 1;
          this.control.hear(link, message);
          this.traps.coordinationSaid(COORDINATION, message.kind, world.now);
        },
        closeLink: (link) => this.control.closeLink(link),
        registerAfresh: (name) =>
          this.#withSlave(slaveId(name), (slave) => this.control.registerAfresh(slave)),
        probe: (id, nonce) => this.#withSlave(id, (slave) => this.control.probe(slave, nonce)),
        event: (text) => this.say(text),
        orderAnswered: (_, refusal) =>
          this.say(`the order is ${refusal === undefined ? 'taken' : `turned down: ${refusal}`}`),
        hears: (happening) => this.#serverHears(happening),
        announced: (view, unavailable, placement) => {
          this.truths.checkView(view);
          this.losses.announced(view);
          this.truths.checkZones(placement, view);
          this.#witness.announced(view, unavailable);
        },
      },
    });
    this.control = new ControlNetwork(world, this.coordination, this.cuts);
  }

  get health(): string {
    return this.coordination.health;
  }

  say(text: string): void {
    this.story.push(`${this.world.now.toFixed(1).padStart(9)} ${text}`);
  }

  addSlave(name: string): SlaveProcess {
    const id = slaveId(name);
    const slave = new SlaveProcess({ id, zone: this.#zoneOf(this.slaves.size) }, this.world, this.#names, {
      send: (to, message) => this.peers.send(slave, to, message),
      tell: (message) => this.control.tell(slave, message),
      viewChanged: () => this.peers.connect(),
      buried: () => {
        this.coverage.buriedAndHeard += 1;
        slave.sendAway();
        this.control.register(slave);
      },
      refused: (why, isFinal) => this.#onRefused(slave, why, isFinal),
      drained: () => {
        this.coverage.drained += 1;
        this.world.in(0, () => this.crashSlave(slave));
        this.#mendLater(slave);
      },
      answered: (given) => this.truths.checkAnswer(slave, given),
      stepped: (happening, effects) => {
        this.truths.checkSlave(slave);
        this.losses.stepped(slave, this.world.now);
        this.#witness.slaveStepped(slave, happening, effects);
        this.traps.slaveSaid(id, effects, this.world.now);
      },
      failed: (why, isBroken) => {
        if (isBroken) this.truths.contents.checkBroken(slave, why);
        this.control.tell(slave, { kind: 'failed', why });
        if (isBroken) this.coverage.storesFoundBroken += 1;
        else this.coverage.disksFailed += 1;
        this.#onFailed(slave, why);
      },
    });
    this.slaves.set(id, slave);
    this.startSlave(slave);
    return slave;
  }

  #zoneOf(index: number): string | undefined {
    const { zones } = this.arrangement;
    return zones === 0 ? undefined : `zone${index % zones}`;
  }

  #serverHears(happening: ServerHappening | undefined): void {
    this.truths.serverHears(happening);
    if (happening?.kind !== 'message' || happening.message.kind !== 'register') return;
    const { grace, now } = this.coordination.state;
    if (isAwaitedBack(grace, happening.message.slave, now)) this.coverage.cameBackInTime += 1;
  }

  /** An operator gives up what all who could bring it back are down with. */
  forfeit(): void {
    const { state, isUp } = this.coordination;
    if (!isUp || this.isAtPeace) return;
    const isDown = (id: SlaveId): boolean => this.slaves.get(id)?.isUp !== true;
    const partitions = [...state.lost]
      .filter(([partition, slaves]) => {
        const members = state.view.configurations[partition]?.members ?? [];
        return slaves.every(isDown) && members.every(({ slave }) => isDown(slave));
      })
      .map(([partition]) => partition);
    this.#giveUp(partitions);
  }

  /** What began anew on a slave that lost its store before it heard of it: the operator has to say so once more. */
  forfeitAgain(): void {
    const { lost } = this.coordination.state;
    this.#giveUp(this.losses.unserved.filter((partition) => lost.has(partition)));
  }

  #giveUp(partitions: readonly Partition[]): void {
    if (partitions.length === 0) return;
    this.coverage.partitionsForfeited += partitions.length;
    this.losses.ordered(partitions, this.world.now);
    this.coordination.order({ kind: 'forfeit', partitions });
  }

  startSlave(slave: SlaveProcess): void {
    if (slave.isUp) return;
    if (slave.directory.hasFailed) slave.directory = slave.directory.wiped();
    slave.start();
    if (!slave.isUp) return;
    invariant(!believesDamage(slave), () => `${slave.id} believes what was damaged`);
    this.control.connect(slave);
    this.control.beat(slave, this.settings.heartbeatMs);
  }

  /** A power loss: what was not durable is gone. */
  crashSlave(slave: SlaveProcess): void {
    if (!slave.isUp) return;
    this.#witness.crashing(slave);
    slave.crash();
    this.#gone(slave);
  }

  crashCoordination(): void {
    if (!this.coordination.isUp) return;
    if (this.coordination.state.intentions.size > 0) this.coverage.restartsInMidPlan += 1;
    this.coordination.crash();
    this.control.breakAll();
  }

  /** Puts another directory under a slave that is down. */
  exchangeDirectory(slave: SlaveProcess, directory: Directory): void {
    if (!slave.isUp) slave.directory = directory;
  }

  /** Whether everything that this slave's store holds is held, whole and durably, by another that is up. */
  canSpare(slave: SlaveProcess): boolean {
    const { state, isUp } = this.coordination;
    if (!isUp || state.intentions.size > 0 || state.concluding.size > 0) return false;
    return state.view.configurations.every(({ epoch, members }, partition) => {
      // It may be about to be founded on this store.
      if (epoch === 0) return false;
      if (!members.some((member) => member.slave === slave.id)) return true;
      return members.some((member) => {
        const other = this.slaves.get(member.slave);
        if (other === undefined || other === slave || !other.isUp || other.directory.store !== member.store)
          return false;
        const replica = other.state.replicas[partition];
        return replica?.configuration.epoch === epoch && replica.isLevel;
      });
    });
  }

  /** All others that are members of a partition of which this slave is one. */
  partnersOf(slave: SlaveProcess): readonly SlaveProcess[] {
    const names = this.coordination.state.view.configurations
      .map(({ members }) => members.map((member) => member.slave))
      .filter((members) => members.includes(slave.id));
    return [...this.slaves.values()].filter((other) => other !== slave && names.flat().includes(other.id));
  }

  #gone(slave: SlaveProcess): void {
    this.control.break(slave, true);
    this.peers.leave(slave);
    this.world.in(this.world.chance(80) ? this.world.between(1, 20) : this.world.between(100, 2_000), () =>
      this.coordination.gateway.breakLinks(slave),
    );
  }

  #onRefused(slave: SlaveProcess, why: string, isFinal: boolean): void {
    this.say(`${slave.id} is refused: ${why}`);
    if (!isFinal) {
      this.control.break(slave);
      return;
    }
    this.world.in(0, () => {
      this.crashSlave(slave);
      slave.directory.hasFailed = true;
      this.#mendLater(slave);
    });
  }

  #onFailed(slave: SlaveProcess, why: string): void {
    this.say(`${slave.id} stops: ${why}`);
    this.world.in(0, () => this.#gone(slave));
    this.#mendLater(slave);
  }

  /** An operator looks at it, and starts it again with an empty directory. */
  #mendLater(slave: SlaveProcess): void {
    this.world.in(this.world.between(OPERATOR_MS.least, OPERATOR_MS.most), () => this.startSlave(slave));
  }

  #withSlave(id: SlaveId, then: (slave: SlaveProcess) => void): void {
    const slave = this.slaves.get(id);
    if (slave !== undefined) then(slave);
  }
}

/** Whether it was started on a damaged record that it counts among its own: what a wiped table left is read by nobody. */
function believesDamage({ directory, state }: SlaveProcess): boolean {
  const { damaged } = directory;
  // What lay there may be cleared or written over since.
  if (
    damaged === undefined ||
    directory.storeOf(damaged.store).get(damaged.key)?.equals(damaged.value) !== true
  )
    return false;
  if (damaged.store === 'log') return true;
  const table = state.replicas[partitionOfKey(damaged.key)]?.table;
  return table !== undefined && !table.hasLeftovers;
}
