/** Growing, between owner and coordination server: an order is carried out, taken back, or overtaken by a fence. */
import { expect } from 'chai';

import { START } from '../../src/slave/replication/position.ts';
import { epoch } from '../../src/common/ids.ts';
import type { FromSlave } from '../../src/common/message/control.ts';
import type { PeerMessage } from '../../src/slave/peer-message.ts';
import { cluster, configuration, exchange, K1, K2, P, type SlaveBench } from '../support/slave-bench.ts';

function grow(owner: SlaveBench, { number = 4, base = 3, names = 'ac' } = {}): void {
  const { members } = configuration(number, names);
  owner.control({
    kind: 'grow',
    epoch: epoch(number),
    partition: P,
    base: epoch(base),
    members,
    ownerNonce: 'a.1',
  });
}

/** An owner alone, and a slave that is to learn from it. */
function pair(): readonly [SlaveBench, SlaveBench] {
  const [a, c] = cluster(configuration(3, 'a'), {}, 'ac') as [SlaveBench, SlaveBench];
  a.run(`SET ${K1} one`);
  return [a, c];
}

const grown = (bench: SlaveBench): readonly FromSlave[] => bench.toldOf('grown');

const isProbe = (_from: string, { message }: { readonly message: PeerMessage }): boolean =>
  message.kind === 'probe';

/** The learner has everything; the larger list is on its way to the owner's disk. */
function adopting(): SlaveBench {
  const [a, c] = pair();
  grow(a);
  exchange(
    [a, c],
    (from, { message }) => from === 'c' && message.kind === 'copy-state' && message.next === 1,
  );
  a.from('c', {
    kind: 'copy-state',
    isOnward: false,
    base: START,
    partition: P,
    epoch: epoch(3),
    grow: epoch(4),
    next: 1,
  });
  expect(a.replica.grow?.stage).to.equal('adopting');
  return a;
}

describe('an order to grow', () => {
  it('is refused under another configuration than it was planned on', () => {
    const [a] = pair();
    grow(a, { base: 2 });
    expect(a.toldOf('grow-dropped')).to.have.length(1);
    expect(a.replica.grow).to.equal(undefined);
  });

  it('is refused by who does not serve the partition, or is fenced', () => {
    const [a, c] = pair();
    grow(c);
    a.fence(9);
    grow(a, { number: 10 });
    expect([a, c].map((bench) => bench.toldOf('grow-dropped').length)).to.deep.equal([1, 1]);
  });

  it('is refused when nobody in it is new', () => {
    const [a] = pair();
    grow(a, { names: 'a' });
    expect(a.toldOf('grow-dropped')).to.have.length(1);
  });

  it('that comes twice begins once', () => {
    const [a] = pair();
    grow(a);
    grow(a);
    expect(a.sentOf('copy-begin')).to.have.length(1);
  });

  it('that comes when it was carried out is answered with what is', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c]);
    grow(a);
    expect(grown(a)).to.have.length(2);
  });
});

describe('a grow that is taken back', () => {
  const drop = (bench: SlaveBench, number = 4): void => {
    bench.control({ kind: 'drop-grow', partition: P, epoch: epoch(number) });
  };

  it('before it was adopted is dropped for good', () => {
    const [a, c] = pair();
    grow(a);
    drop(a);
    expect(a.toldOf('grow-dropped')[0]).to.include({ epoch: 4 });
    exchange([a, c]);
    expect(a.replica.configuration.epoch).to.equal(3);
    expect(a.run(`SET ${K2} two`)).to.equal('OK');
  });

  it('after it was adopted is answered with what is', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c]);
    drop(a);
    expect(a.toldOf('grow-dropped')).to.deep.equal([]);
    expect(grown(a)).to.have.length(2);
  });

  it('while the oath is on its way to the disk is not dropped: the answer will be that it has grown', () => {
    const a = adopting();
    drop(a);
    expect(a.toldOf('grow-dropped')).to.deep.equal([]);
    a.persist();
    expect(grown(a)).to.have.length(1);
  });

  it('of which the owner never heard is dropped for good', () => {
    const [a] = pair();
    drop(a, 77);
    expect(a.toldOf('grow-dropped')[0]).to.include({ epoch: 77 });
  });

  it('lets those go who waited for it', () => {
    const [a] = pair();
    grow(a);
    if (a.replica.grow !== undefined) a.replica.grow.heldBackUntil = a.state.host.now;
    const [ticket = 0] = a.ask(`SET ${K2} two`);
    drop(a);
    a.persist();
    expect(a.answers.get(ticket)).to.equal('OK');
  });
});

describe('a fence during the adoption', () => {
  it('wins: the larger list is never in force, and the answer tells the smaller', () => {
    const a = adopting();
    a.fence(9);
    a.persist();
    expect(a.toldOf('fenced')[0]?.answers[0]?.adopted.epoch).to.equal(3);
    expect(grown(a)).to.deep.equal([]);
    const again = a.restart();
    expect(again.replica).to.deep.include({ fence: 9, configuration: configuration(3, 'a') });
  });

  it('after it was adopted tells the larger list (F1)', () => {
    const [a, c] = pair();
    grow(a);
    exchange([a, c], isProbe);
    a.fence(9);
    a.persist();
    expect(a.toldOf('fenced')[0]?.answers[0]?.adopted.epoch).to.equal(4);
  });
});
