/** One partition's log in memory: linked entry by entry, cut at the end, let go of at the front. */
import { expect } from 'chai';

import { Bug } from '../../../src/common/invariant.ts';
import { epoch } from '../../../src/common/ids.ts';
import { PartitionLog } from '../../../src/slave/replication/log.ts';
import { START } from '../../../src/slave/replication/position.ts';
import { entries, entry } from '../../support/entries.ts';

/** Entries 1 to 3 of epoch 2, then 4 and 5 of epoch 4. */
function sample(): PartitionLog {
  const log = new PartitionLog();
  for (const one of entries('2 2 2 4 4')) log.append(one);
  return log;
}

describe("a partition's log", () => {
  it('ends where its last entry does, and at its base while it is empty', () => {
    expect(new PartitionLog().end).to.deep.equal(START);
    expect(sample().end).to.include({ epoch: 4, seq: 5 });
  });

  it('knows the epoch of each entry and of its base, and of nothing else', () => {
    const log = sample();
    expect([0, 1, 3, 4, 5, 6].map((seq) => log.epochAt(seq))).to.deep.equal([0, 2, 2, 4, 4, undefined]);
    log.dropUpTo(3);
    expect([2, 3, 4].map((seq) => log.epochAt(seq))).to.deep.equal([undefined, 2, 4]);
  });

  it('takes only an entry that continues it', () => {
    const log = sample();
    expect(log.isNext(entry(6, 4, 4))).to.equal(true);
    expect(log.isNext(entry(6, 9, 4)), 'a newer epoch may begin').to.equal(true);
    expect(log.isNext(entry(7, 4, 4)), 'a gap').to.equal(false);
    expect(log.isNext(entry(5, 4, 4)), 'it is there already').to.equal(false);
    expect(log.isNext(entry(6, 4, 3)), 'another predecessor').to.equal(false);
    expect(log.isNext(entry(6, 3, 4)), 'epochs never go down').to.equal(false);
    expect(() => {
      log.append(entry(7, 4, 4));
    }).to.throw(Bug);
  });

  it('has a position only if the epoch at that place is the same', () => {
    const log = sample();
    expect(log.has({ epoch: epoch(2), seq: 3 })).to.equal(true);
    expect(log.has({ epoch: epoch(4), seq: 3 })).to.equal(false);
    expect(log.has({ epoch: epoch(4), seq: 6 })).to.equal(false);
  });

  it('forgets what comes behind a cut, and never what is only in the table', () => {
    const log = sample();
    log.dropUpTo(2);
    log.cutAfter(3);
    expect(log.end).to.include({ epoch: 2, seq: 3 });
    expect(() => {
      log.cutAfter(1);
    }).to.throw(Bug);
  });

  it('is not changed by a cut behind its end', () => {
    const log = sample();
    log.cutAfter(9);
    expect(log.end.seq).to.equal(5);
  });

  it('keeps its end when all of its front is let go', () => {
    const log = sample();
    log.dropUpTo(5);
    expect(log.base).to.deep.equal({ epoch: 4, seq: 5 });
    expect(log.end).to.include({ epoch: 4, seq: 5 });
    log.append(entry(6, 4, 4));
    expect(log.end.seq).to.equal(6);
  });

  it('gives what lies behind a place, up to so many bytes, and at least one entry', () => {
    const log = sample();
    const { length } = entry(1, 2, 0);
    expect(log.after(0, Infinity).map(({ seq }) => seq)).to.deep.equal([1, 2, 3, 4, 5]);
    expect(log.after(1, 2 * length).map(({ seq }) => seq)).to.deep.equal([2, 3]);
    expect(log.after(1, 1).map(({ seq }) => seq)).to.deep.equal([2]);
    expect(log.after(5, 1)).to.deep.equal([]);
  });

  it('cannot give what it has let go of', () => {
    const log = sample();
    log.dropUpTo(2);
    expect(() => log.after(1, Infinity)).to.throw(Bug);
  });

  it('begins anew where it is told to', () => {
    const log = sample();
    log.reset({ epoch: epoch(7), seq: 40 });
    expect(log.end).to.deep.equal({ epoch: 7, seq: 40 });
    log.append(entry(41, 8, 7));
    expect(log.epochAt(41)).to.equal(8);
  });
});
