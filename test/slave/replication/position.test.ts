/** Positions: the later epoch wins, however short its log. */
import { expect } from 'chai';

import { epoch } from '../../../src/common/ids.ts';
import {
  comparePositions,
  type Position,
  samePosition,
  START,
} from '../../../src/slave/replication/position.ts';

const at = (number: number, seq: number): Position => ({ epoch: epoch(number), seq });

describe('positions', () => {
  it('are compared by epoch first: one entry of a newer epoch is worth more than a long tail (F4)', () => {
    expect(comparePositions(at(3, 1), at(2, 1_000))).to.be.above(0);
    expect(comparePositions(at(2, 1_000), at(3, 1))).to.be.below(0);
  });

  it('of one epoch are compared by their sequence number', () => {
    expect(comparePositions(at(3, 8), at(3, 7))).to.be.above(0);
    expect(comparePositions(at(3, 8), at(3, 8))).to.equal(0);
  });

  it('begin before every entry', () => {
    expect(comparePositions(START, at(1, 1))).to.be.below(0);
  });

  it('are the same only if both numbers are', () => {
    expect(samePosition(at(3, 8), at(3, 8))).to.equal(true);
    expect(samePosition(at(3, 8), at(2, 8))).to.equal(false);
    expect(samePosition(at(3, 8), at(3, 9))).to.equal(false);
  });
});
