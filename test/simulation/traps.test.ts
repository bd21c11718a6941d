/** Traps: each springs once, behind its own word, and not when its time is over. */
import { expect } from 'chai';

import { slaveId } from '../../src/common/ids.ts';
import type { Effect } from '../../src/slave/state.ts';
import { Traps, type Word } from './traps.ts';

const PONG: Effect = { kind: 'send', to: slaveId('b'), messages: [{ kind: 'pong', echo: 1, items: [] }] };
const ANSWER: Effect = { kind: 'answer', answers: [] };

function armed(word: Word): { traps: Traps; sprung: number[] } {
  const traps = new Traps();
  const sprung: number[] = [];
  traps.arm('a', { word, until: 100, spring: () => sprung.push(1) });
  return { traps, sprung };
}

describe('a trap', () => {
  it('springs once, behind its word', () => {
    const { traps, sprung } = armed('pong');
    traps.slaveSaid('a', [ANSWER], 1);
    traps.slaveSaid('b', [PONG], 2);
    expect(sprung).to.deep.equal([]);
    traps.slaveSaid('a', [ANSWER, PONG], 3);
    traps.slaveSaid('a', [PONG], 4);
    expect(sprung).to.deep.equal([1]);
  });

  it('waits for words of the coordination server too', () => {
    const { traps, sprung } = armed('fence');
    traps.coordinationSaid('a', 'grow', 1);
    traps.coordinationSaid('a', 'fence', 2);
    expect(sprung).to.deep.equal([1]);
  });

  it('is harmless when its time is over, or peace was made', () => {
    const late = armed('answer');
    late.traps.slaveSaid('a', [ANSWER], 101);
    const peaceful = armed('answer');
    peaceful.traps.disarm();
    peaceful.traps.slaveSaid('a', [ANSWER], 1);
    expect([...late.sprung, ...peaceful.sprung]).to.deep.equal([]);
  });
});
