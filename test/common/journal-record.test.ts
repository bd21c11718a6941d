/** Records of the commit journal: what goes in comes out, and no bytes can fool or stop the reader. */
import { expect } from 'chai';
import fc from 'fast-check';

import { decodeCommits, encodeCommit } from '../../src/common/journal-record.ts';
import type { Change } from '../../src/common/ordered-store.ts';

const GENERATION = Buffer.from('generat1');
const OTHER = Buffer.from('generat0');

const some = fc.uint8Array({ maxLength: 20 }).map((list) => Buffer.from(list));
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key: some, value: some }),
  fc.record({ kind: fc.constant('delete' as const), key: some }),
  fc.record({ kind: fc.constant('delete-range' as const), from: some, to: some }),
);
const batches = fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 5 });

const encodeAll = (lists: readonly (readonly Change[])[], first: number, generation = GENERATION): Buffer[] =>
  lists.map((list, index) => encodeCommit(list, first + index, generation).bytes);

describe('a journal record', () => {
  it('comes back as it was, with its number', () => {
    fc.assert(
      fc.property(batches, fc.nat(), (lists, first) => {
        const read = decodeCommits(Buffer.concat(encodeAll(lists, first)), GENERATION);
        expect(read).to.deep.equal(lists.map((list, index) => ({ sequence: first + index, changes: list })));
      }),
    );
  });

  it('shows the changes as views that do not move with the caller’s buffers', () => {
    const value = Buffer.from('value');
    const { changes } = encodeCommit([{ kind: 'put', key: Buffer.from('key'), value }], 1, GENERATION);
    value.fill(0);
    expect(changes).to.deep.equal([{ kind: 'put', key: Buffer.from('key'), value: Buffer.from('value') }]);
  });

  it('ends the run at a record that is torn or has a flipped bit', () => {
    fc.assert(
      fc.property(batches, fc.nat(), fc.nat(7), (lists, where, bit) => {
        const records = encodeAll(lists, 1);
        const bytes = Buffer.concat(records);
        if (bytes.length === 0) return;
        const at = where % bytes.length;
        let whole = 0;
        for (let end = 0; whole < records.length; whole += 1) {
          end += records[whole]?.length ?? 0;
          if (end > at) break;
        }
        expect(decodeCommits(bytes.subarray(0, at), GENERATION)).to.have.length(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        expect(decodeCommits(bytes, GENERATION)).to.have.length(whole);
      }),
    );
  });

  it('does not take an old record that lies behind the newest for its successor', () => {
    const list: Change[] = [{ kind: 'delete', key: Buffer.from('k') }];
    const newest = encodeAll([list, list], 8);
    const older = encodeAll([list, list], 2);
    const foreign = encodeAll([list], 10, OTHER);
    expect(decodeCommits(Buffer.concat([...newest, ...older]), GENERATION)).to.have.length(2);
    expect(decodeCommits(Buffer.concat([...newest, ...foreign]), GENERATION)).to.have.length(2);
  });

  it('reads any bytes without complaint', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeCommits(Buffer.from(bytes), GENERATION)).to.deep.equal([]);
      }),
    );
  });
});
