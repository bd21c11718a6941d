/** The memory store: the contract of all stores, and what only the simulator asks of it. */
import { expect } from 'chai';
import fc from 'fast-check';

import { createMemoryStore, type MemoryStore } from '../../src/common/memory-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';
import { orderedStoreContract } from '../contract/ordered-store.ts';

const put = (key: string, value: string): Change => ({
  kind: 'put',
  key: Buffer.from(key),
  value: Buffer.from(value),
});
const valueOf = (store: MemoryStore, key: string): string | undefined =>
  store.get(Buffer.from(key))?.toString();
const completeAll = (store: MemoryStore): void => {
  while (store.pending > 0) store.completeNext();
};

describe('a memory store', () => {
  orderedStoreContract(() => {
    const store = createMemoryStore();
    return Promise.resolve({
      store,
      settle: () => {
        completeAll(store);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  });

  it('completes one commit at a time, when it is told to', () => {
    const store = createMemoryStore();
    const done: string[] = [];
    store.commit([put('a', '1')], () => done.push('first'));
    store.commit([put('a', '2')], () => done.push('second'));
    store.completeNext();
    expect([done, store.pending, valueOf(store, 'a')]).to.deep.equal([['first'], 1, '1']);
  });

  it('keeps, through a crash, a prefix of the commits that has all that were done', () => {
    fc.assert(
      fc.property(fc.nat(8), fc.nat(8), fc.nat(8), (done, unsaid, lost) => {
        const store = createMemoryStore();
        const acknowledged: number[] = [];
        for (let index = 0; index < done + unsaid + lost; index += 1) {
          store.commit([put('count', String(index)), put(`k${index}`, '')], () => acknowledged.push(index));
        }
        for (let index = 0; index < done; index += 1) store.completeNext();
        const left = store.crash(unsaid);
        expect(acknowledged).to.have.length(done);
        expect(left.size).to.equal(done + unsaid === 0 ? 0 : done + unsaid + 1);
        expect(valueOf(left, 'count')).to.equal(done + unsaid === 0 ? undefined : String(done + unsaid - 1));
        expect(left.pending).to.equal(0);
      }),
    );
  });

  it('is not used again after its crash', () => {
    const store = createMemoryStore();
    store.crash();
    expect(() => store.get(Buffer.from('a'))).to.throw('not used again');
    expect(() => {
      store.commit([], () => undefined);
    }).to.throw('not used again');
  });

  it('does not complete what was not handed in', () => {
    expect(() => {
      createMemoryStore().completeNext();
    }).to.throw('was handed in');
  });
});
