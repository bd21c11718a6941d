import { expect } from 'chai';

import { instant } from '../../src/common/time.ts';
import {
  type Beat,
  counts,
  type Heard,
  hasSlept,
  suspicionAt,
} from '../../src/coordination/failure-detector.ts';

const patience = { heartbeatMs: 200, windowMs: 600 };
const heard: Heard = { sequence: 5, loopCounterBefore: 50 };
const beat: Beat = { sequence: 6, loopCounter: 51, commitHung: false };

describe('the failure detector', () => {
  const beats = [
    { beat, counted: true, why: 'it is new and the loop has moved' },
    {
      beat: { ...beat, loopCounter: 50 },
      counted: false,
      why: 'the loop stands where it stood before the window',
    },
    { beat: { ...beat, loopCounter: 49 }, counted: false, why: 'it was sent before the window' },
    { beat: { ...beat, sequence: 5 }, counted: false, why: 'it is a repeat' },
    { beat: { ...beat, sequence: 4 }, counted: false, why: 'it was overtaken' },
    { beat: { ...beat, commitHung: true }, counted: false, why: 'the disk hangs' },
  ];
  for (const { beat: one, counted, why } of beats) {
    it(`${counted ? 'counts' : 'does not count'} a beat when ${why}`, () => {
      expect(counts(one, heard)).to.equal(counted);
    });
  }

  it('counts a first beat whatever its numbers', () => {
    const nothing: Heard = { sequence: undefined, loopCounterBefore: undefined };
    expect(counts({ sequence: 0, loopCounter: 0, commitHung: false }, nothing)).to.equal(true);
  });

  it('suspects after half a window', () => {
    expect(suspicionAt(instant(1_000), patience)).to.equal(1_300);
  });

  it('calls it sleep when a look comes more than one heartbeat late', () => {
    expect(hasSlept(instant(1_000), instant(1_200), patience)).to.equal(false);
    expect(hasSlept(instant(1_000), instant(1_200.1), patience)).to.equal(true);
  });
});
