import { expect } from 'chai';

import { epoch, type Partition } from '../../src/common/ids.ts';
import type { Operation } from '../judge/history.ts';
import { judge } from '../judge/linearizability.ts';
import { Losses } from './losses.ts';
import type { SlaveProcess } from './slave.ts';

const P = 0 as Partition; // The only one.

/** A cluster of one partition that began anew with this epoch, as announced, and as its owner serves it. */
const announced = (since: number) => ({ configurations: [{ since: epoch(since) }] }) as never;
const serving = (since: number) =>
  ({
    state: { replicas: [{ phase: 'open', configuration: { since: epoch(since) } }] },
  }) as unknown as SlaveProcess;

const named = ({ operations }: { operations: readonly Operation[] }, name: string): Operation | undefined =>
  operations.find(({ command }) => command[1] === name);

describe('data that is given up', () => {
  it('is gone from the order to when it is served anew, once for each key', () => {
    const losses = new Losses(1);
    losses.ordered([P], 100);
    losses.announced(announced(7));
    losses.announced(announced(7));
    losses.stepped(serving(3), 120);
    losses.stepped(serving(7), 150);
    losses.stepped(serving(7), 180);
    const operations = losses.operations();
    expect(named({ operations }, 'k0')).to.deep.include({ began: 100, ended: 150, reply: 'OK' });
    expect(operations.filter(({ command }) => command[1] === 'k0')).to.have.length(1);
    expect(new Set(operations.map(({ id }) => id)).size).to.equal(operations.length);
  });

  it('may be there as long as nobody serves it anew, and was not touched by an order that nothing came of', () => {
    const losses = new Losses(1);
    losses.ordered([P], 100);
    expect(losses.operations()).to.deep.equal([]);
    losses.announced(announced(7));
    expect(named({ operations: losses.operations() }, 'k0')).to.deep.include({
      ended: Infinity,
      reply: undefined,
    });
    expect(losses.unserved).to.deep.equal([P]);
    losses.announced(announced(9));
    losses.stepped(serving(9), 200);
    expect(losses.unserved, 'it was given up once more, and is served').to.deep.equal([]);
  });

  it('must not reappear', () => {
    const operation = (
      id: number,
      began: number,
      command: readonly string[],
      reply: string | null,
    ): Operation => ({
      ...{ id, client: `c${id}`, command, began, ended: began + 1, reply },
    });
    const before = operation(1, 0, ['SET', 'k', 'v'], 'OK');
    const lost = operation(2, 10, ['FORFEIT', 'k'], 'OK');
    const verdictOf = (seen: string | null) =>
      judge([before, lost, operation(3, 20, ['GET', 'k'], seen)]).verdict;
    expect(verdictOf(null)).to.equal('possible');
    expect(verdictOf('v')).to.equal('impossible');
  });
});
