import { expect } from 'chai';
import fc from 'fast-check';

import { prng } from '../../src/common/prng.ts';
import { Failure, OK } from '../../src/common/reply.ts';
import { type Instant, instant } from '../../src/common/time.ts';
import { addressText } from '../../src/client/address.ts';
import type { Purpose } from '../../src/client/retry.ts';
import {
  type Effect,
  HOPS_MAX,
  init,
  type Input,
  type State,
  step,
  wakeAt,
} from '../../src/client/session.ts';

const a = { host: 'a', port: 1 };
const b = { host: 'b', port: 2 };

/** A session that has begun at 0 and ends at 1000, in a few words. */
function begun(purpose: Purpose, contacts = [a]): { state: State; say(input: Input): string } {
  const state = init({ contacts, purpose, deadline: instant(1_000), random: { next: () => 0 } });
  const say = (input: Input): string => step(state, input).map(told).join(', ');
  say({ kind: 'begin', now: instant(0) });
  return { state, say };
}

function told(effect: Effect): string {
  switch (effect.kind) {
    case 'attempt':
      return `try ${addressText(effect.to)}`;
    case 'abandon':
      return effect.suspect ? 'abandon as too slow' : 'abandon';
    case 'settle':
      return effect.outcome.kind;
  }
}

const sent = (attempt: number, ms = 0): Input => ({ kind: 'sent', attempt, now: instant(ms) });
const broken = (attempt: number, ms = 0): Input => ({
  kind: 'broken',
  attempt,
  why: 'gone',
  now: instant(ms),
});
const tick = (ms: number): Input => ({ kind: 'tick', now: instant(ms) });
const says = (attempt: number, text: string, ms = 0): Input => ({
  kind: 'answered',
  attempt,
  reply: new Failure(text),
  now: instant(ms),
});

describe('a session', () => {
  it('begins at its first contact point and ends with the answer', () => {
    const { state, say } = begun('write');
    expect(state.attempt).to.equal(1);
    say(sent(1));
    expect(say({ kind: 'answered', attempt: 1, reply: OK, now: instant(1) })).to.equal('answer');
    expect(wakeAt(state)).to.equal(undefined);
  });

  it('turns to the next contact point at once when one cannot be reached, and waits after a whole round', () => {
    const { state, say } = begun('write', [a, b]);
    expect(say(broken(1))).to.equal('try b:2');
    expect(say(broken(2))).to.equal('');
    expect(wakeAt(state)).to.equal(20);
    expect(say(tick(20))).to.equal('try a:1');
    expect(say(broken(3, 20))).to.equal('try b:2');
    expect(say(broken(4, 20))).to.equal('');
    expect(wakeAt(state)).to.equal(60);
  });

  it('calls a write uncertain when its link breaks after it was sent', () => {
    const { say } = begun('write', [a, b]);
    say(sent(1));
    expect(say(broken(1))).to.equal('uncertain');
  });

  it('asks a read again elsewhere when its link breaks', () => {
    const { say } = begun('read', [a, b]);
    say(sent(1));
    expect(say(broken(1))).to.equal('try b:2');
  });

  it('repeats a write after a definite refusal, with a back-off', () => {
    const { say } = begun('write');
    say(sent(1));
    expect(say(says(1, 'CLUSTERDOWN not now'))).to.equal('');
    expect(say(tick(19))).to.equal('');
    expect(say(tick(20))).to.equal('try a:1');
  });

  it('gives up at once on NOSPACE', () => {
    const { say } = begun('write');
    say(sent(1));
    expect(say(says(1, 'NOSPACE full'))).to.equal('refused');
  });

  it('follows MOVED at once, and the next with a pause once two servers send it to each other', () => {
    const { state, say } = begun('write');
    say(sent(1));
    expect(say(says(1, 'MOVED 7 b:2'))).to.equal('try b:2');
    say(sent(2));
    expect(say(says(2, 'MOVED 7 a:1'))).to.equal('try a:1');
    say(sent(3));
    expect(say(says(3, 'MOVED 7 b:2'))).to.equal('');
    expect(wakeAt(state)).to.equal(20);
    expect(say(tick(20))).to.equal('try b:2');
  });

  it('follows MOVED without a host to the host that said it', () => {
    const { say } = begun('write');
    say(sent(1));
    expect(say(says(1, 'MOVED 7 :9'))).to.equal('try a:9');
  });

  it('is not sent round for ever', () => {
    const state = init({ contacts: [a], purpose: 'read', deadline: instant(1e9), random: { next: () => 0 } });
    let effects = step(state, { kind: 'begin', now: instant(0) });
    for (let hop = 1; hop <= HOPS_MAX + 1; hop += 1) {
      step(state, sent(state.attempt, hop * 1_000));
      effects = step(state, says(state.attempt, 'MOVED 7 b:2', hop * 1_000));
      if (effects.length === 0) effects = step(state, tick(hop * 1_000 + 999));
    }
    expect(effects.map(told)).to.deep.equal(['refused']);
  });

  it('goes back to its contact point when the place it was sent to cannot be reached', () => {
    const { say } = begun('write');
    say(sent(1));
    expect(say(says(1, 'MOVED 7 b:2'))).to.equal('try b:2');
    expect(say(broken(2))).to.equal('');
    expect(say(tick(20))).to.equal('try a:1');
  });

  const deadlines = [
    { name: 'unreachable when nobody could be connected to', before: [], ends: 'unreachable' },
    { name: 'uncertain for a write that was sent', before: [sent(1)], ends: 'uncertain' },
  ];
  for (const { name, before, ends } of deadlines) {
    it(`ends at its deadline as ${name}`, () => {
      const { say } = begun('write');
      for (const input of before) say(input);
      expect(say(tick(1_000))).to.equal(`abandon as too slow, ${ends}`);
    });
  }

  it('ends at its deadline as timed out for a read that was sent', () => {
    const { say } = begun('read');
    say(sent(1));
    expect(say(tick(1_000))).to.equal('abandon as too slow, timed-out');
  });

  it('ends as refused when the last word was a refusal and no time is left for another', () => {
    const { say } = begun('write');
    say(sent(1));
    expect(say(says(1, 'TRYAGAIN moving', 990))).to.equal('refused');
  });

  it('does not spend all its time on a contact point that swallows packets', () => {
    const { state, say } = begun('write', [a, b]);
    expect(wakeAt(state)).to.equal(500);
    expect(say(tick(500))).to.equal('abandon as too slow, try b:2');
  });

  it('asks a read elsewhere after half the time, but lets a write wait', () => {
    const read = begun('read', [a, b]);
    read.say(sent(1));
    expect(read.say(tick(500))).to.equal('abandon as too slow, try b:2');
    const write = begun('write', [a, b]);
    write.say(sent(1));
    expect(write.say(tick(999))).to.equal('');
  });

  it('does not hear what an abandoned attempt still says', () => {
    const { say } = begun('read', [a, b]);
    say(sent(1));
    say(tick(500));
    expect(say({ kind: 'answered', attempt: 1, reply: OK, now: instant(501) })).to.equal('');
  });

  it('says when it is aborted whether something may have happened', () => {
    const early = begun('write').state;
    expect(step(early, { kind: 'aborted' }).at(-1)).to.deep.equal({
      kind: 'settle',
      outcome: { kind: 'aborted', definite: true },
    });
    const late = begun('write');
    late.say(sent(1));
    expect(step(late.state, { kind: 'aborted' }).at(-1)).to.deep.equal({
      kind: 'settle',
      outcome: { kind: 'aborted', definite: false },
    });
    expect(late.say({ kind: 'aborted' })).to.equal('');
  });
});

type Happening =
  'sent' | 'broken' | 'wake' | 'pause' | 'TRYAGAIN x' | 'UNCERTAIN x' | 'MOVED 1 b:2' | 'ERR x';

/** Plays chance against a session; answers with what reached the other side, and how it ended. */
function play(purpose: Purpose, seed: number, happenings: readonly Happening[]): readonly string[] {
  const state = init({ contacts: [a, b], purpose, deadline: instant(5_000), random: prng(seed) });
  const diary: string[] = [];
  let now: Instant = instant(0);
  const feed = (input: Input): void => {
    for (const effect of step(state, input)) diary.push(told(effect));
  };
  feed({ kind: 'begin', now });
  for (const happening of happenings) {
    const { attempt, stage } = state;
    if (happening === 'pause') now = instant(now + 7);
    else if (happening === 'wake') {
      now = wakeAt(state) ?? now;
      feed({ kind: 'tick', now });
    } else if (happening === 'broken') feed({ kind: 'broken', attempt, why: 'gone', now });
    else if (happening === 'sent') {
      if (stage.kind === 'trying' && !stage.sent) diary.push('sent');
      feed({ kind: 'sent', attempt, now });
    } else if (stage.kind === 'trying' && stage.sent) {
      diary.push(happening);
      feed({ kind: 'answered', attempt, reply: new Failure(happening), now });
    }
  }
  feed({ kind: 'tick', now: instant(5_000) });
  return diary;
}

const anything = fc.array(
  fc.constantFrom<Happening>(
    'sent',
    'broken',
    'wake',
    'pause',
    'TRYAGAIN x',
    'UNCERTAIN x',
    'MOVED 1 b:2',
    'ERR x',
  ),
  { maxLength: 60 },
);

describe('a session, whatever happens', () => {
  const ends = ['refused', 'uncertain', 'unreachable', 'timed-out'];

  it('ends exactly once, with its last word', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Purpose>('read', 'write'),
        fc.nat(),
        anything,
        (purpose, seed, happenings) => {
          const diary = play(purpose, seed, happenings);
          expect(diary.filter((line) => ends.includes(line))).to.have.length(1);
          expect(ends).to.include(diary.at(-1));
        },
      ),
    );
  });

  it('sends a write twice only with a refusal in between that says that nothing was done', () => {
    fc.assert(
      fc.property(fc.nat(), anything, (seed, happenings) => {
        const diary = play('write', seed, happenings);
        let open = false;
        for (const line of diary) {
          if (line === 'sent') {
            expect(open, diary.join('; ')).to.equal(false);
            open = true;
          }
          if (line === 'TRYAGAIN x' || line === 'MOVED 1 b:2') open = false;
        }
      }),
    );
  });

  it('calls a write anything but uncertain only if what was sent was refused', () => {
    fc.assert(
      fc.property(fc.nat(), anything, (seed, happenings) => {
        const diary = play('write', seed, happenings);
        const words = diary
          .filter((line) => line === 'sent' || / /.test(line))
          .filter((line) => !/^(try|abandon)/.test(line));
        const open = words.at(-1) === 'sent' || words.at(-1) === 'UNCERTAIN x';
        expect(diary.at(-1) === 'uncertain', diary.join('; ')).to.equal(open);
      }),
    );
  });
});
