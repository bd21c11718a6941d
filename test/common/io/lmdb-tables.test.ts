/** The store of the tables: what goes into one transaction, and what must be on disk before it. The rest is the stores' contract. */
import { expect } from 'chai';

import type { LmdbTree } from '../../../src/common/io/lmdb-environment.ts';
import { LmdbTables } from '../../../src/common/io/lmdb-tables.ts';
import type { Change } from '../../../src/common/ordered-store.ts';

const put = (name: string): Change => ({ kind: 'put', key: Buffer.from(name), value: Buffer.from('value') });

/** A tree that notes what is asked of it; its keys are `a` to `c` until they are removed. */
class Desk {
  readonly did: string[] = [];
  readonly keys = new Set(['a', 'b', 'c']);
  hasFailed = false;
  readonly tables = new LmdbTables(this.#tree(), {
    reading: (read) => read(),
    failed: (error) => {
      this.hasFailed = true;
      this.did.push(`failed: ${String(error)}`);
    },
    hasFailed: () => this.hasFailed,
    logOnDisk: () => {
      this.did.push('the log is on disk');
      return Promise.resolve();
    },
    settled: () => undefined,
  });

  #tree(): LmdbTree {
    const tree = {
      write: (puts: (tree: unknown) => void) => {
        this.did.push('transaction');
        puts(tree);
        return Promise.resolve(true);
      },
      put: (key: Buffer) => this.did.push(`put ${key.toString()}`),
      remove: (key: Buffer) => {
        this.keys.delete(key.toString());
        this.did.push(`remove ${key.toString()}`);
      },
      keys: () => [...this.keys].map((name) => Buffer.from(name)),
    };
    return tree as unknown as LmdbTree; // What the store uses of it.
  }

  commit(...changes: readonly Change[]): Promise<void> {
    return new Promise((resolve) => {
      this.tables.commit(changes, () => {
        this.did.push('done');
        resolve();
      });
    });
  }
}

describe('the store of the tables', () => {
  it('writes what a turn hands in with one transaction, when the log is on disk', async () => {
    const desk = new Desk();
    await Promise.all([desk.commit(put('x')), desk.commit(put('y'))]);
    expect(desk.did).to.deep.equal(['the log is on disk', 'transaction', 'put x', 'put y', 'done', 'done']);
  });

  it('takes out a range in steps, with nobody else in the same transaction', async () => {
    const desk = new Desk();
    const range: Change = { kind: 'delete-range', from: Buffer.from('a'), to: Buffer.from('z') };
    await Promise.all([desk.commit(put('x')), desk.commit(range, put('b')), desk.commit(put('y'))]);
    expect(desk.did.filter((line) => line !== 'the log is on disk')).to.deep.equal([
      ...['transaction', 'put x', 'done'],
      ...['transaction', 'remove a', 'remove b', 'remove c', 'transaction', 'put b', 'done'],
      ...['transaction', 'put y', 'done'],
    ]);
  });

  it('writes nothing any more once the store has failed', async () => {
    const desk = new Desk();
    desk.hasFailed = true;
    desk.tables.commit([put('x')], () => desk.did.push('done'));
    await new Promise(setImmediate);
    expect(desk.did).to.deep.equal([]);
  });
});
