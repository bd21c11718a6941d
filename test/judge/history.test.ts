/** A history that is written down is the same when it is read, unknown outcomes included. */
import { expect } from 'chai';

import { historyOf, linesOf, type Operation } from './history.ts';

const history: readonly Operation[] = [
  { id: 0, client: 'a', command: ['SET', 'k', '\u00ff'], began: 0.5, ended: 1.5, reply: 'OK' },
  { id: 1, client: 'b', command: ['INCR', 'k'], began: 1, ended: Infinity, reply: undefined },
  { id: 2, client: 'b', command: ['MGET', 'k', 'l'], began: 2, ended: 3, reply: [null, 'v'] },
  { id: 3, client: 'c', command: ['INCR', 'k'], began: 2, ended: 3, reply: { error: 'ERR no' } },
  { id: 4, client: 'c', command: ['GET', 'k'], began: 4, ended: 5, reply: null, copy: 's2' },
];

describe('a history', () => {
  it('comes back from its lines', () => {
    expect(historyOf(linesOf(history))).to.deep.equal(history);
  });

  it('is one operation a line', () => {
    expect(linesOf(history).split('\n')).to.have.length(history.length + 1);
  });

  for (const line of [
    '{',
    '7',
    '{"id":1,"client":"a","command":["GET","k"],"began":3,"ended":2,"reply":null}',
    '{"id":1,"client":"a","command":["GET",7],"began":1,"ended":2,"reply":null}',
    '{"id":1,"client":"a","command":["GET","k"],"began":1,"ended":2}',
  ]) {
    it(`is not read from ${line}`, () => {
      expect(() => historyOf(`${linesOf(history)}${line}\n`)).to.throw('line 6 is no operation');
    });
  }
});
