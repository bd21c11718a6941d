/** The pace of copying: who may send a part now, and whose turn it is next. */
import { expect } from 'chai';

import { epoch, partition } from '../../../src/common/ids.ts';
import { instant } from '../../../src/common/time.ts';
import {
  hasRoom,
  newPace,
  nextInTurn,
  noteAnswered,
  noteSent,
  wait,
} from '../../../src/slave/migration/pace.ts';
import {
  type CopyPace,
  emptyReplica,
  type Grow,
  progressOf,
  type Replica,
} from '../../../src/slave/replication/replica.ts';
import { START } from '../../../src/slave/replication/position.ts';
import { configuration, member } from '../../support/slave-bench.ts';

const PARTS_OUT_MAX = 4;
const NOW = instant(1_000);

interface Copying {
  readonly replica: Replica;
  readonly grow: Grow;
}

function newGrow(): Grow {
  return {
    ...{ epoch: epoch(4), base: epoch(3), configuration: configuration(4, 'ac') },
    ...{
      learner: progressOf(member('c'), NOW),
      mode: 'ask',
      begin: START,
      sent: 0,
      stage: 'copying',
      part: 0,
    },
    ...{ from: undefined, next: undefined, isLastPart: false, isWaiting: false, askedAt: NOW },
    ...{ progressAt: NOW, heldBackUntil: undefined, restUntil: NOW },
  };
}

/** So many partitions that are being copied. */
const copying = (count: number): readonly Copying[] =>
  Array.from({ length: count }, (_, index) => {
    const grow = newGrow();
    return { replica: Object.assign(emptyReplica(partition(index)), { grow }), grow };
  });

function send(pace: CopyPace, { replica }: Copying, bytes = 100, at = NOW): void {
  noteSent(pace, replica, bytes, at);
}

const turns = (pace: CopyPace, at = NOW): readonly number[] => {
  const found: number[] = [];
  for (let next = nextInTurn(pace, at); next; next = nextInTurn(pace, at)) found.push(next.partition);
  return found;
};

/** A pace with as many parts on their way as there may be, and those that wait behind them. */
function crowded(count: number): { readonly pace: CopyPace; readonly all: readonly Copying[] } {
  const pace = newPace(0, NOW);
  const all = copying(count);
  for (const one of all.slice(0, PARTS_OUT_MAX)) send(pace, one);
  for (const { replica, grow } of all.slice(PARTS_OUT_MAX)) wait(pace, replica, grow);
  return { pace, all };
}

describe('the pace of copying', () => {
  it('lets four parts out at a time, and one more when one is answered', () => {
    const pace = newPace(0, NOW);
    const all = copying(6);
    const isLet = all.map((one) => {
      const isFree = hasRoom(pace, one.grow, NOW);
      if (isFree) send(pace, one);
      return isFree;
    });
    expect(isLet).to.deep.equal([true, true, true, true, false, false]);
    const [first, , , , fifth] = all;
    if (first !== undefined) noteAnswered(pace, first.grow);
    expect(fifth !== undefined && hasRoom(pace, fifth.grow, NOW)).to.equal(true);
  });

  it('has room for a part that is sent again: it has its own already', () => {
    const { pace, all } = crowded(PARTS_OUT_MAX);
    expect(all.map(({ grow }) => hasRoom(pace, grow, NOW))).to.deep.equal([true, true, true, true]);
  });

  it('does not count parts of grows that were given up: nobody answers them', () => {
    const { pace, all } = crowded(PARTS_OUT_MAX + 1);
    expect(turns(pace)).to.deep.equal([]);
    const [first] = all;
    if (first !== undefined) first.replica.grow = newGrow();
    expect(turns(pace)).to.deep.equal([PARTS_OUT_MAX]);
  });

  it('lets those who wait go first come, first served, each once, as far as there is room', () => {
    const { pace, all } = crowded(PARTS_OUT_MAX + 3);
    expect(turns(pace), 'there is none').to.deep.equal([]);
    pace.out.clear();
    expect(turns(pace)).to.deep.equal([4, 5, 6]);
    expect(all.some(({ grow }) => grow.isWaiting)).to.equal(false);
  });

  it('keeps one place for who waits, however often it asks for one', () => {
    const pace = newPace(0, NOW);
    const [first, second] = copying(2);
    if (first === undefined || second === undefined) return;
    for (const { replica, grow } of [first, first, second]) wait(pace, replica, grow);
    expect(nextInTurn(pace, NOW)).to.equal(first.replica);
    wait(pace, first.replica, first.grow);
    expect(turns(pace)).to.deep.equal([1, 0]);
  });

  it('passes over those whose grow was given up while they waited', () => {
    const { pace, all } = crowded(PARTS_OUT_MAX + 2);
    const dropped = all[PARTS_OUT_MAX];
    if (dropped !== undefined) dropped.replica.grow = undefined;
    pace.out.clear();
    expect(turns(pace)).to.deep.equal([5]);
  });

  it('lets nobody send before what was sent is paid for', () => {
    const pace = newPace(1_000, NOW);
    const [first, second] = copying(2);
    if (first === undefined || second === undefined) return;
    send(pace, first, 500);
    wait(pace, second.replica, second.grow);
    expect(hasRoom(pace, first.grow, instant(1_499)), 'nor the same again').to.equal(false);
    expect(turns(pace, instant(1_499))).to.deep.equal([]);
    expect(turns(pace, instant(1_500))).to.deep.equal([1]);
  });

  it('saves nothing up while nothing is sent', () => {
    const pace = newPace(1_000, NOW);
    const [first] = copying(1);
    if (first === undefined) return;
    send(pace, first, 100, instant(60_000));
    expect(hasRoom(pace, first.grow, instant(60_099))).to.equal(false);
    expect(hasRoom(pace, first.grow, instant(60_100))).to.equal(true);
  });

  it('has no price where no rate is set', () => {
    const pace = newPace(0, NOW);
    const [first] = copying(1);
    if (first === undefined) return;
    send(pace, first, 1 << 30);
    expect(hasRoom(pace, first.grow, NOW)).to.equal(true);
  });
});
