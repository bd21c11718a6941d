/**
 * replicate(), carried out on a model: stores that hold everything, or not.
 *
 * The model knows nothing of logs and promises. A store is full, or stale; a write makes everybody
 * stale who is no member of what is in force; a fence hears some of those who live; a grow may be
 * adopted without the coordination server hearing of it, which may forget what it was doing.
 */
import { expect } from 'chai';
import fc from 'fast-check';

import { epoch, type Epoch, type SlaveId, slaveId, storeId } from '../../src/common/ids.ts';
import { invariant } from '../../src/common/invariant.ts';
import {
  type Configuration,
  hasMember,
  type Member,
  sameMember,
  type SlaveRecord,
} from '../../src/common/view.ts';
import {
  chooseMembers,
  type Intention,
  replicate,
  type Situation,
  type Step,
} from '../../src/coordination/replicate.ts';
import { P, SETTINGS } from '../support/slave-bench.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
/** More rounds than any sequence of these lengths needs once it is calm. */
const CALM_ROUNDS = 40;

interface Store {
  readonly member: Member;
  isFull: boolean;
  adopted: Configuration | undefined;
}

interface Slave {
  readonly id: SlaveId;
  store: Store;
  boot: number;
  isAlive: boolean;
}

type Chance = (percent: number) => boolean;

class Model {
  readonly slaves: Slave[] = [];
  configuration: Configuration = { epoch: epoch(0), members: [], ownerNonce: '' };
  readonly #replicas: number;
  readonly #chance: Chance;
  #intention: Intention | undefined;
  #isUnderWay = false;
  #stores = 0;
  #number = 0;

  constructor(replicas: number, chance: Chance) {
    this.#replicas = replicas;
    this.#chance = chance;
  }

  join(): void {
    const name = NAMES[this.slaves.length];
    if (name === undefined) return;
    const id = slaveId(name);
    this.slaves.push({ id, store: this.#newStore(id), boot: 1, isAlive: true });
  }

  #newStore(slave: SlaveId): Store {
    this.#stores += 1;
    return {
      member: { slave, store: storeId(this.#stores.toString(16).padStart(32, '0')) },
      isFull: false,
      adopted: undefined,
    };
  }

  die(slave: Slave): void {
    slave.isAlive = false;
  }

  comeBack(slave: Slave): void {
    if (!slave.isAlive) slave.boot += 1;
    slave.isAlive = true;
  }

  /** Its directory is emptied, unless nobody else in force has everything. */
  empty(slave: Slave): void {
    if (
      slave.isAlive ||
      !this.#inForce.members.some(
        (member) => member.slave !== slave.id && this.#fullStore(member) !== undefined,
      )
    )
      return;
    slave.store = this.#newStore(slave.id);
  }

  /** What the data knows to be the newest configuration, whether the journal has heard of it or not. */
  get #inForce(): Configuration {
    let newest = this.configuration;
    for (const { store } of this.slaves)
      if (store.adopted !== undefined && store.adopted.epoch > newest.epoch) newest = store.adopted;
    return newest;
  }

  #slaveOf(member: Member): Slave | undefined {
    return this.slaves.find(({ store }) => sameMember(store.member, member));
  }

  #fullStore(member: Member): Store | undefined {
    const store = this.#slaveOf(member)?.store;
    return store?.isFull === true ? store : undefined;
  }

  /** A write is acknowledged where all members live; everybody else is behind from then on. */
  write(): void {
    const inForce = this.#inForce;
    if (inForce.members.length === 0 || !inForce.members.every((member) => this.#slaveOf(member)?.isAlive))
      return;
    for (const { store } of this.slaves) if (!hasMember(inForce, store.member)) store.isFull = false;
  }

  get target(): readonly SlaveId[] {
    const alive = this.slaves.filter(({ isAlive }) => isAlive).map(({ id }) => id);
    // Rotates with the number of slaves, so that a join moves the owner too.
    const from = alive.length === 0 ? 0 : this.slaves.length % alive.length;
    return [...alive.slice(from), ...alive.slice(0, from)].slice(0, this.#replicas);
  }

  steps(): readonly Step[] {
    const record = ({ id, store, boot }: Slave): SlaveRecord => ({
      ...{
        id,
        store: store.member.store,
        boot: { count: boot, nonce: `${id}.${boot}` },
        host: '',
        port: 0,
        peerPort: 0,
        pid: 0,
        stage: 'alive',
      },
    });
    const here = new Set([P]);
    const situation: Situation = {
      view: {
        clusterId: '',
        epoch: epoch(this.#number),
        settings: SETTINGS,
        slaves: new Map(this.slaves.map((slave) => [slave.id, record(slave)])),
        configurations: [this.configuration],
      },
      ...{
        alive: new Set(this.slaves.filter(({ isAlive }) => isAlive).map(({ id }) => id)),
        target: [this.target],
      },
      ...{
        intentions: new Map(this.#intention === undefined ? [] : [[P, this.#intention]]),
        underWay: this.#isUnderWay ? here : new Set(),
      },
      ...{ cut: new Map(), unfit: new Map(), resting: new Set(), full: new Set(), serving: here },
    };
    return replicate(situation);
  }

  /** Takes the next step, as far as it comes. */
  plan(isCalm: boolean): void {
    const [step] = this.steps();
    if (step?.kind === 'found') return this.#conclude(step.members, this.#next());
    if (step?.kind === 'drop-grow') return this.#drop(step.epoch);
    if (step?.kind === 'fence' || step?.kind === 'grow') this.#begin(step);
    if (isCalm || this.#chance(60)) this.#carryOut(isCalm);
  }

  #begin(step: Step & { kind: 'fence' | 'grow' }): void {
    const number = this.#next();
    this.#isUnderWay = true;
    if (step.kind === 'fence') this.#intention = { ...step, epoch: number };
    else this.#intention = { ...step, epoch: number, learnerNonce: this.#nonceOf(step.learner) };
  }

  #nonceOf(member: Member): string {
    return `${member.slave}.${this.#slaveOf(member)?.boot ?? 0}`;
  }

  /** The coordination server forgets everything but its journal. */
  forget(): void {
    this.#isUnderWay = false;
  }

  #next(): Epoch {
    this.#number += 1;
    return epoch(this.#number);
  }

  #carryOut(isCalm: boolean): void {
    if (this.#intention === undefined || !this.#isUnderWay) return;
    if (this.#intention.kind === 'fence') this.#fence(this.#intention, isCalm);
    else this.#grow(this.#intention, isCalm);
  }

  #fence({ ask, want, without, epoch: number }: Intention & { kind: 'fence' }, isCalm: boolean): void {
    const answered = ask.filter(
      (member) => this.#slaveOf(member)?.isAlive === true && (isCalm || this.#chance(80)),
    );
    let effective = this.configuration;
    for (const member of answered) {
      const adopted = this.#slaveOf(member)?.store.adopted;
      if (adopted !== undefined && adopted.epoch > effective.epoch) effective = adopted;
    }
    const full = effective.members.filter((member) => answered.some((one) => sameMember(one, member)));
    if (full.length === 0) this.#isUnderWay = false;
    else this.#conclude(chooseMembers(full, { want, without }), number);
  }

  #grow({ members, learner, epoch: number }: Intention & { kind: 'grow' }, isCalm: boolean): void {
    const owner = members[0] && this.#slaveOf(members[0]);
    const newcomer = this.#slaveOf(learner);
    if (owner?.isAlive !== true || `${owner.id}.${owner.boot}` !== this.configuration.ownerNonce) return;
    if (owner.store.adopted?.epoch !== number) {
      if (newcomer?.isAlive !== true) return;
      newcomer.store.isFull = true;
      owner.store.adopted = { epoch: number, members, ownerNonce: this.configuration.ownerNonce };
    }
    // Word of it may be lost; it is told again.
    if (isCalm || this.#chance(60)) this.#conclude(members, number);
  }

  /** The owner says whether it has adopted it. */
  #drop(number: Epoch): void {
    const owner = this.configuration.members[0] && this.#slaveOf(this.configuration.members[0]);
    if (owner?.isAlive !== true || this.#intention?.kind !== 'grow') return;
    if (owner.store.adopted?.epoch === number) return this.#conclude(this.#intention.members, number);
    this.#intention = undefined;
    this.#isUnderWay = false;
  }

  #conclude(members: readonly Member[], number: Epoch): void {
    const isFirst = this.configuration.epoch === 0;
    for (const member of members) {
      const slave = this.#slaveOf(member);
      if (isFirst && slave !== undefined) slave.store.isFull = true;
      invariant(
        slave?.store.isFull === true,
        `${member.slave} is made a member and does not hold everything`,
      );
    }
    const owner = members[0] && this.#slaveOf(members[0]);
    this.configuration = {
      epoch: number,
      members,
      ownerNonce: owner === undefined ? '' : `${owner.id}.${owner.boot}`,
    };
    this.#intention = undefined;
    this.#isUnderWay = false;
    for (const { store, isAlive } of this.slaves) {
      if (hasMember(this.configuration, store.member)) store.adopted = this.configuration;
      else if (isAlive) Object.assign(store, { isFull: false, adopted: undefined });
    }
  }
}

type Move =
  | { readonly kind: 'join' | 'write' | 'plan' | 'forget' }
  | { readonly kind: 'die' | 'comeBack' | 'empty'; readonly slave: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(...(['plan', 'plan', 'plan', 'write', 'forget', 'join'] as const))
      .map((kind) => ({ kind })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('die' as const, 'die' as const, 'comeBack' as const, 'empty' as const),
      slave: fc.nat(4),
    }),
  },
);

function take(model: Model, one: Move): void {
  if (!('slave' in one)) return one.kind === 'plan' ? model.plan(false) : model[one.kind]();
  const slave = model.slaves[one.slave % model.slaves.length];
  if (slave !== undefined) model[one.kind](slave);
}

describe('replicate(), carried out', () => {
  it('comes to rest with what should be, makes nobody a member who lacks anything, and loses nothing that lives', () => {
    const chances = fc.infiniteStream(fc.nat(99));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.array(move, { maxLength: 60 }),
        chances,
        (replicas, moves, stream) => {
          const model = new Model(replicas, (percent) => (stream.next().value ?? 0) < percent);
          for (let count = 0; count < 3; count += 1) model.join();
          for (const one of moves) take(model, one);
          for (const slave of model.slaves) model.comeBack(slave);
          for (let round = 0; round < CALM_ROUNDS; round += 1) model.plan(true);
          expect(model.steps()).to.deep.equal([]);
          const { members } = model.configuration;
          expect(members[0]?.slave).to.equal(model.target[0]);
          expect(members.map(({ slave }) => slave)).to.have.members([...model.target]);
        },
      ),
    );
  });
});
