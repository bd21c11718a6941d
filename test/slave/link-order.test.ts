import { expect } from 'chai';
import fc from 'fast-check';

import { partition } from '../../src/common/ids.ts';
import { Failure, OK, type Reply } from '../../src/common/reply.ts';
import { isRefusal, Lane, LinkOrder, type Ordered } from '../../src/slave/link-order.ts';
import { CLUSTERDOWN, TRYAGAIN, UNCERTAIN } from '../../src/slave/replication/history.ts';

const VALUE = Buffer.from('value');

const command = (number: number, isWrite: boolean): Ordered => ({
  number,
  isWrite,
  isKnown: false,
  reply: undefined,
});

/** A lane with these commands handed: `w` a write, `r` a read. */
function laneOf(kinds: string): { readonly lane: Lane<Ordered>; readonly commands: readonly Ordered[] } {
  const lane = new Lane();
  const commands = Array.from(kinds, (kind, index) => command(index + 1, kind === 'w'));
  for (const one of commands) lane.hand(one);
  return { lane, commands };
}

/** The machine answers some of them in one step: by place. */
function answer(
  lane: Lane<Ordered>,
  commands: readonly Ordered[],
  replies: Readonly<Record<number, Reply>>,
): readonly Reply[] {
  for (const [place, reply] of Object.entries(replies)) {
    const one = commands[Number(place)];
    if (one === undefined) continue;
    one.isKnown = true;
    one.reply = reply;
  }
  return lane.settle().map(({ reply }) => reply);
}

describe('isRefusal', () => {
  it('knows the four words after which a gateway sends again, and no other', () => {
    for (const word of ['MOVED', 'TRYAGAIN', 'CLUSTERDOWN', 'NOREPLICAS'])
      expect(isRefusal(new Failure(`${word} x`))).to.equal(true);
    for (const word of ['UNCERTAIN', 'NOSPACE', 'ERR', 'LIMIT', 'MOVEDX'])
      expect(isRefusal(new Failure(`${word} x`))).to.equal(false);
    expect(isRefusal(Buffer.from('MOVED 1 x'))).to.equal(false);
  });
});

describe('a lane of a gateway’s link', () => {
  it('passes on what succeeds', () => {
    const { lane, commands } = laneOf('wrw');
    expect(answer(lane, commands, { 0: OK, 1: VALUE })).to.deep.equal([OK, VALUE]);
    expect(answer(lane, commands, { 2: OK })).to.deep.equal([OK]);
    expect(lane.isRefused).to.equal(false);
  });

  it('leaves writes that are refused together as they are', () => {
    const { lane, commands } = laneOf('www');
    expect(answer(lane, commands, { 0: CLUSTERDOWN, 1: TRYAGAIN, 2: TRYAGAIN })).to.deep.equal([
      CLUSTERDOWN,
      TRYAGAIN,
      TRYAGAIN,
    ]);
    expect(lane.isRefused).to.equal(true);
  });

  it('turns away a read behind a refusal, in the same step or a later one', () => {
    const { lane, commands } = laneOf('wrr');
    expect(answer(lane, commands, { 0: CLUSTERDOWN, 1: VALUE })).to.deep.equal([CLUSTERDOWN, TRYAGAIN]);
    expect(answer(lane, commands, { 2: VALUE })).to.deep.equal([TRYAGAIN]);
  });

  it('lets a read stand that came before the refusal', () => {
    const { lane, commands } = laneOf('rw');
    expect(answer(lane, commands, { 1: TRYAGAIN })).to.deep.equal([TRYAGAIN]);
    expect(answer(lane, commands, { 0: VALUE })).to.deep.equal([VALUE]);
  });

  it('does not let a command be repeated behind a write that may have happened', () => {
    const { lane, commands } = laneOf('rw');
    expect(answer(lane, commands, { 0: TRYAGAIN })).to.deep.equal([UNCERTAIN]);
    expect(lane.isRefused).to.equal(false);
    expect(answer(lane, commands, { 1: OK })).to.deep.equal([OK]);
  });

  it('is open again after RESUME, for that partition only', () => {
    const order = new LinkOrder();
    order.lane(partition(1)).refuse(1);
    order.lane(partition(2)).refuse(2);
    order.lane(partition(1)).resume();
    expect([1, 2, 3].map((index) => order.isRefused(partition(index)))).to.deep.equal([false, true, false]);
  });

  it('says no success behind a refusal, and takes back no write that happened', () => {
    const reply = fc.constantFrom<Reply>(OK, VALUE, TRYAGAIN, CLUSTERDOWN, UNCERTAIN);
    const step = fc.record({
      hands: fc.array(fc.boolean(), { maxLength: 4 }),
      replies: fc.array(reply, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        const lane = new Lane();
        const open: Ordered[] = [];
        const said: { readonly command: Ordered; readonly meant: Reply }[] = [];
        let number = 0;
        for (const { hands, replies } of steps) {
          for (const isWrite of hands) {
            number += 1;
            // What a link does before the machine is asked.
            if (lane.isRefused) continue;
            const one = command(number, isWrite);
            lane.hand(one);
            open.push(one);
          }
          // The machine answers in the order in which it was asked.
          const meant = new Map<Ordered, Reply>();
          for (const one of open.splice(0, replies.length)) {
            one.isKnown = true;
            one.reply = replies[meant.size];
            meant.set(one, one.reply);
          }
          for (const one of lane.settle()) said.push({ command: one, meant: meant.get(one) });
        }
        let isRefused = false;
        for (const { command: one, meant } of said) {
          if (isRefused) expect(isRefusal(one.reply), 'nothing succeeds behind a refusal').to.equal(true);
          if (one.isWrite && !isRefusal(meant))
            expect(one.reply, 'a write is told as it went').to.equal(meant);
          isRefused ||= isRefusal(one.reply);
        }
      }),
    );
  });
});
