import { expect } from 'chai';
import fc from 'fast-check';

import { type SlaveId, slaveId, storeId } from '../../src/common/ids.ts';
import { instant } from '../../src/common/time.ts';
import {
  checkInvariants,
  complaints,
  type Effect,
  init,
  type Input,
  type State,
  step,
  tallied,
  wakeAt,
} from '../../src/coordination/heartbeat-tally.ts';

const s1 = slaveId('s1');
const s2 = slaveId('s2');
const s3 = slaveId('s3');
const store = storeId('0'.repeat(32));
const otherStore = storeId('f'.repeat(32));
const CONFIG = { heartbeatMs: 200, windowMs: 600 };

/** A tally, the story it has told, and the numbers that a healthy slave would send next. */
class Scene {
  readonly state: State = init(CONFIG, instant(0));
  #beats = 0;

  feed(input: Input): readonly Effect[] {
    const effects = step(this.state, input);
    checkInvariants(this.state);
    return effects;
  }

  enrol(slave: SlaveId, at: number, bootNonce = 'boot'): readonly Effect[] {
    return this.feed({ kind: 'enrolled', slave, store, bootNonce, now: instant(at) });
  }

  beat(
    slave: SlaveId,
    at: number,
    change: Partial<Extract<Input, { kind: 'beat' }>> = {},
  ): readonly Effect[] {
    this.#beats += 1;
    const numbers = { sequence: this.#beats, loopCounter: this.#beats, commitHung: false, unheard: [] };
    return this.feed({
      kind: 'beat',
      slave,
      store,
      bootNonce: 'boot',
      ...numbers,
      now: instant(at),
      ...change,
    });
  }

  tick(at: number): readonly Effect[] {
    return this.feed({ kind: 'tick', now: instant(at) });
  }

  socketRead(at: number): readonly Effect[] {
    return this.feed({ kind: 'socket-read', now: instant(at) });
  }

  /** A tick in time, with nothing waiting in the socket. */
  look(at: number): readonly Effect[] {
    const asked = this.tick(at);
    return asked.length === 0 ? [] : this.socketRead(at);
  }
}

/** These slaves have been heard in the first window; now it is 600, and the second one begins. */
function settled(...slaves: readonly SlaveId[]): Scene {
  const scene = new Scene();
  for (const slave of slaves) scene.enrol(slave, 0);
  for (const slave of slaves) scene.beat(slave, 590);
  scene.look(600);
  return scene;
}

const dead = (slave: SlaveId): Effect => ({ kind: 'dead', slave, why: 'window' });
const suspect = (slave: SlaveId): Effect => ({ kind: 'suspect', slave });
const back = (slave: SlaveId): Effect => ({ kind: 'back', slave });
const READ: readonly Effect[] = [{ kind: 'read-socket-first' }];

describe('the heartbeat tally', () => {
  describe('of a silent slave', () => {
    it('suspects it after half a window and buries it after one, once', () => {
      const scene = settled(s1);
      expect(scene.look(890)).to.deep.equal([suspect(s1)]);
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
      expect(scene.look(1_800)).to.deep.equal([]);
      expect(tallied(scene.state)).to.deep.equal([]);
    });

    it('takes the suspicion back at the first beat', () => {
      const scene = settled(s1);
      scene.look(890);
      expect(scene.beat(s1, 900)).to.deep.equal([back(s1)]);
      expect(scene.look(1_200)).to.deep.equal([suspect(s1)]);
    });

    it('buries only the silent one', () => {
      const scene = settled(s1, s2);
      scene.beat(s2, 1_150);
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
      expect(tallied(scene.state)).to.deep.equal([s2]);
    });

    it('is asked for a tick when the first suspicion or the end of the window is due', () => {
      const scene = settled(s1);
      expect(wakeAt(scene.state)).to.equal(890);
      scene.look(890);
      expect(wakeAt(scene.state)).to.equal(1_200);
    });
  });

  describe('before a verdict', () => {
    it('lets the socket be read, and hears what waited there', () => {
      const scene = settled(s1);
      expect(scene.tick(1_200)).to.deep.equal(READ);
      scene.beat(s1, 1_200);
      expect(scene.socketRead(1_200)).to.deep.equal([]);
      expect(tallied(scene.state)).to.deep.equal([s1]);
    });

    it('asks once, however many ticks come while the socket is read', () => {
      const scene = settled(s1);
      scene.tick(1_200);
      expect(scene.tick(1_250)).to.deep.equal([]);
      expect(scene.socketRead(1_260)).to.deep.equal([dead(s1)]);
    });

    it('begins anew when the reading was lost', () => {
      const scene = settled(s1);
      scene.tick(1_200);
      expect(wakeAt(scene.state)).to.equal(1_800);
      expect(scene.tick(1_800)).to.deep.equal([]);
      expect(scene.socketRead(1_810), 'the lost reading, late').to.deep.equal([]);
      scene.look(2_100);
      expect(scene.look(2_400)).to.deep.equal([dead(s1)]);
    });

    it('says nothing to a reading that nobody asked for', () => {
      expect(settled(s1).socketRead(1_200)).to.deep.equal([]);
    });
  });

  describe('that has slept', () => {
    it('judges nobody by a tick more than one heartbeat late, and opens a new window', () => {
      const scene = settled(s1);
      scene.look(890);
      expect(scene.tick(1_401)).to.deep.equal([]);
      expect(wakeAt(scene.state)).to.equal(2_001);
      expect(scene.look(2_001)).to.deep.equal([dead(s1)]);
    });

    it('judges by a tick that is late by one heartbeat and no more', () => {
      const scene = settled(s1);
      scene.look(890);
      expect(scene.look(1_400)).to.deep.equal([dead(s1)]);
    });

    it('judges nobody either when it fell asleep while the socket was read', () => {
      const scene = settled(s1);
      scene.tick(1_200);
      expect(scene.socketRead(60_000)).to.deep.equal([]);
      expect(tallied(scene.state)).to.deep.equal([s1]);
      expect(wakeAt(scene.state), 'the silence is counted from now').to.equal(60_300);
    });

    it('buries nobody who beats, however often it sleeps', () => {
      const scene = settled(s1, s2);
      for (let at = 2_000; at < 100_000; at += 7_000) {
        expect(scene.tick(at)).to.deep.equal([]);
        scene.beat(s1, at);
        scene.beat(s2, at);
      }
    });
  });

  describe('that has just begun', () => {
    it('listens for a full window before it judges or suspects anybody', () => {
      const scene = new Scene();
      scene.enrol(s1, 0);
      expect(wakeAt(scene.state)).to.equal(600);
      expect(scene.look(599)).to.deep.equal([]);
      expect(scene.look(600)).to.deep.equal([suspect(s1)]);
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
    });

    it('counts enrolment as a beat, so that who joins late in a window is not silent in it', () => {
      const scene = settled(s1);
      scene.enrol(s2, 1_199);
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
      expect(tallied(scene.state)).to.deep.equal([s2]);
    });
  });

  describe('of beats that do not count', () => {
    it('buries a slave whose main loop has not turned since the window before', () => {
      const scene = settled(s1);
      const stuck = { loopCounter: 1 };
      scene.beat(s1, 700, stuck);
      scene.beat(s1, 850, stuck);
      scene.look(890);
      scene.beat(s1, 1_100, stuck);
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
    });

    it('forgives a loop that stood still for a while and turned within the window', () => {
      const scene = settled(s1);
      scene.beat(s1, 700, { loopCounter: 1 });
      scene.beat(s1, 1_100);
      expect(scene.look(1_200)).to.deep.equal([]);
    });

    it('buries a slave whose commit hangs', () => {
      const scene = settled(s1);
      scene.beat(s1, 1_100, { commitHung: true });
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
    });

    it('is not deceived by a datagram that arrives twice', () => {
      const scene = settled(s1);
      scene.beat(s1, 610, { sequence: 70 });
      scene.beat(s1, 1_190);
      scene.look(1_200);
      scene.beat(s1, 1_790, { sequence: 70 });
      expect(scene.look(1_800)).to.deep.equal([dead(s1)]);
    });
  });

  describe('of strangers', () => {
    const stranger = (slave: SlaveId, change: object = {}): Effect => ({
      kind: 'stranger',
      slave,
      store,
      bootNonce: 'boot',
      ...change,
    });

    it('reports a beat from a slave that it buried, and does not revive it', () => {
      const scene = settled(s1);
      scene.look(1_200);
      expect(scene.beat(s1, 1_300)).to.deep.equal([stranger(s1)]);
      expect(tallied(scene.state)).to.deep.equal([]);
    });

    it('reports a beat from another start or another store, and does not count it', () => {
      const scene = settled(s1);
      expect(scene.beat(s1, 1_100, { bootNonce: 'reboot' })).to.deep.equal([
        stranger(s1, { bootNonce: 'reboot' }),
      ]);
      expect(scene.beat(s1, 1_100, { store: otherStore })).to.deep.equal([
        stranger(s1, { store: otherStore }),
      ]);
      expect(scene.look(1_200)).to.deep.equal([dead(s1)]);
    });

    it('knows it again when it has enrolled afresh', () => {
      const scene = settled(s1);
      scene.look(1_200);
      scene.enrol(s1, 1_300, 'reboot');
      expect(scene.beat(s1, 1_310, { bootNonce: 'reboot', sequence: 1, loopCounter: 1 })).to.deep.equal([]);
      expect(scene.beat(s1, 1_320)).to.deep.equal([stranger(s1)]);
    });

    it('reports a slave that was withdrawn', () => {
      const scene = settled(s1);
      scene.feed({ kind: 'withdrawn', slave: s1 });
      expect(scene.beat(s1, 700)).to.deep.equal([stranger(s1)]);
      expect(scene.look(1_200)).to.deep.equal([]);
    });
  });

  describe('of control links', () => {
    it('suspects a slave whose link has closed until it opens again', () => {
      const scene = settled(s1);
      expect(scene.feed({ kind: 'link-closed', slave: s1 })).to.deep.equal([suspect(s1)]);
      expect(scene.beat(s1, 700), 'beats alone do not clear it').to.deep.equal([]);
      expect(scene.feed({ kind: 'link-opened', slave: s1 })).to.deep.equal([back(s1)]);
    });

    it('takes two reasons for one suspicion', () => {
      const scene = settled(s1);
      scene.feed({ kind: 'link-closed', slave: s1 });
      expect(scene.look(890)).to.deep.equal([]);
      expect(scene.feed({ kind: 'link-opened', slave: s1 })).to.deep.equal([]);
      expect(scene.beat(s1, 900)).to.deep.equal([back(s1)]);
    });

    it('ends the suspicion of who enrols afresh', () => {
      const scene = settled(s1);
      scene.feed({ kind: 'link-closed', slave: s1 });
      expect(scene.enrol(s1, 700)).to.deep.equal([back(s1)]);
    });

    it('buries at once whose link has closed and whose peer port refuses', () => {
      const scene = settled(s1);
      scene.feed({ kind: 'link-closed', slave: s1 });
      expect(scene.feed({ kind: 'refused', slave: s1 })).to.deep.equal([
        { kind: 'dead', slave: s1, why: 'refused' },
      ]);
      expect(scene.feed({ kind: 'refused', slave: s1 })).to.deep.equal([]);
    });

    it('does not bury by a refusal who has enrolled again meanwhile', () => {
      const scene = settled(s1);
      scene.feed({ kind: 'link-closed', slave: s1 });
      scene.enrol(s1, 700, 'reboot');
      expect(scene.feed({ kind: 'refused', slave: s1 })).to.deep.equal([]);
    });

    it('says nothing of the links of those it does not know', () => {
      const scene = settled();
      expect(scene.feed({ kind: 'link-closed', slave: s1 })).to.deep.equal([]);
      expect(scene.feed({ kind: 'link-opened', slave: s1 })).to.deep.equal([]);
    });
  });

  describe('of complaints', () => {
    const complaintsOf = ({ state }: Scene): Readonly<Record<string, readonly string[]>> =>
      Object.fromEntries([...complaints(state)].map(([slave, peers]) => [slave, [...peers]]));

    it("keeps the newest list of each slave's unheard peers", () => {
      const scene = settled(s1, s2, s3);
      scene.beat(s1, 700, { unheard: [s2, s3] });
      scene.beat(s2, 700, { unheard: [s1] });
      expect(complaintsOf(scene)).to.deep.equal({ s1: ['s2', 's3'], s2: ['s1'] });
      scene.beat(s1, 900, { unheard: [s3] });
      scene.beat(s2, 900);
      expect(complaintsOf(scene)).to.deep.equal({ s1: ['s3'] });
    });

    it('leaves out the dead, the unknown, and the slave itself', () => {
      const scene = settled(s1, s2);
      scene.beat(s1, 1_100, { unheard: [s1, s2, s3] });
      expect(complaintsOf(scene)).to.deep.equal({ s1: ['s2'] });
      scene.look(1_200);
      expect(complaintsOf(scene)).to.deep.equal({});
    });

    it('does not believe a loop that stands still, nor an overtaken datagram', () => {
      const scene = settled(s1, s2);
      scene.beat(s1, 700, { unheard: [s2], loopCounter: 1 });
      scene.beat(s1, 700, { unheard: [s2], sequence: 1 });
      expect(complaintsOf(scene)).to.deep.equal({});
    });
  });

  it('refuses a window into which no two heartbeats fit', () => {
    expect(() => init({ heartbeatMs: 200, windowMs: 399 }, instant(0))).to.throw('two heartbeats');
  });

  it('agrees with a count of the beats in each window, over random beats and punctual ticks', () => {
    const window = fc.record({ s1: fc.integer({ min: 0, max: 3 }), s2: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(window, { maxLength: 12 }), (windows) => {
        const scene = settled(s1, s2);
        const living = new Set([s1, s2]);
        windows.forEach((beats, index) => {
          const start = 600 * (index + 1);
          for (const slave of [s1, s2]) {
            for (let beat = 0; beat < beats[slave as 's1' | 's2']; beat += 1)
              scene.beat(slave, start + 1 + beat);
          }
          scene.look(start + 290);
          scene.look(start + 310);
          const buried = scene.look(start + 600).filter(({ kind }) => kind === 'dead');
          const expected = [...living].filter((slave) => beats[slave as 's1' | 's2'] === 0);
          expect(buried).to.have.deep.members(expected.map(dead));
          for (const slave of expected) living.delete(slave);
        });
        expect(tallied(scene.state)).to.deep.equal([...living]);
      }),
    );
  });

  it('never breaks its truths, and never calls back whom it did not suspect, whatever comes', () => {
    const slave = fc.constantFrom(s1, s2);
    const passed = fc.constantFrom(0, 1, 100, 200, 201, 300, 600, 5_000);
    const input = fc.oneof(
      fc.record({
        kind: fc.constant('enrolled' as const),
        slave,
        bootNonce: fc.constantFrom('boot', 'reboot'),
      }),
      fc.record({
        kind: fc.constant('beat' as const),
        slave,
        bootNonce: fc.constantFrom('boot', 'reboot'),
        sequence: fc.integer({ min: 0, max: 20 }),
        loopCounter: fc.integer({ min: 0, max: 20 }),
        commitHung: fc.boolean(),
        unheard: fc.subarray([s1, s2, s3]),
      }),
      fc.record({
        kind: fc.constantFrom('withdrawn' as const, 'link-closed' as const, 'link-opened' as const),
        slave,
      }),
      fc.record({ kind: fc.constant('refused' as const), slave }),
      fc.record({ kind: fc.constantFrom('tick' as const, 'socket-read' as const) }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(passed, input), { maxLength: 60 }), (story) => {
        const scene = new Scene();
        const suspects = new Set<SlaveId>();
        let now = 0;
        for (const [ms, next] of story) {
          now += ms;
          const effects = scene.feed({ store, ...next, now: instant(now) } as Input); // Fields that a kind lacks do no harm.
          for (const effect of effects) {
            if (effect.kind === 'back')
              expect(suspects.delete(effect.slave), `${effect.slave} is back`).to.equal(true);
            if (effect.kind === 'suspect') expect(suspects.has(effect.slave)).to.equal(false);
            if (effect.kind === 'suspect') suspects.add(effect.slave);
            if (effect.kind === 'dead') suspects.delete(effect.slave);
          }
          if (next.kind === 'withdrawn') suspects.delete(next.slave);
          expect(wakeAt(scene.state)).to.be.at.least(now - 100_000);
        }
      }),
    );
  });
});
