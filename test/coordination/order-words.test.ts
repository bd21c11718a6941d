import { expect } from 'chai';

import { Failure } from '../../src/common/reply.ts';
import { orderOf } from '../../src/coordination/order-words.ts';

const orderIn = (text: string) =>
  orderOf(
    text.split(' ').map((word) => Buffer.from(word)),
    256,
  );

describe("an operator's words", () => {
  it('are an order, in capitals or not', () => {
    expect(orderIn('DRAIN s1')).to.deep.equal({ kind: 'drain', slave: 's1' });
    expect(orderIn('forget s1')).to.deep.equal({ kind: 'forget', slave: 's1' });
    expect(orderIn('forfeit 3 0 3 yes-lose-data')).to.deep.equal({ kind: 'forfeit', partitions: [3, 0] });
  });

  it('are none where they are no order', () => {
    expect(orderIn('STATUS')).to.equal(undefined);
    expect(orderOf([], 256)).to.equal(undefined);
  });

  for (const text of [
    'DRAIN',
    'DRAIN a b',
    'DRAIN ../etc',
    'FORGET',
    'FORFEIT',
    'FORFEIT 3',
    'FORFEIT YES-LOSE-DATA',
    'FORFEIT 256 YES-LOSE-DATA',
    'FORFEIT -1 YES-LOSE-DATA',
    'FORFEIT 3 x YES-LOSE-DATA',
    'FORFEIT YES-LOSE-DATA 3',
  ]) {
    it(`are turned down: ${text}`, () => {
      const found = orderIn(text);
      expect(found).to.be.instanceOf(Failure);
      expect(found instanceof Failure ? found.text : '').to.match(/^ERR [^\r\n]+$/);
    });
  }
});
