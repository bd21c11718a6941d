/**
 * What every ordered store must do, whatever lies beneath it. Each store's own test file runs this suite.
 *
 * The law at the end compares a store with the dumbest twin there is, a sorted array, over random
 * batches whose few keys collide and touch the ends of the order (00, 7f, 80, ff, prefixes of each other).
 */
import { expect } from 'chai';
import fc from 'fast-check';

import {
  KEY_BYTES_MAX,
  type Change,
  type OrderedStore,
  type RangeLimit,
  type StoredRecord,
} from '../../src/common/ordered-store.ts';

export interface StoreUnderTest {
  readonly store: OrderedStore;
  /** Resolves when everything handed in is done. */
  settle(): Promise<void>;
  /** Stops and starts again; everything settled is still there. Left out where nothing survives. */
  restart?(): Promise<void>;
  close(): Promise<void>;
  /** Every commit waits for the disk: the law has fewer runs. */
  readonly isSlow?: boolean;
}

const ALL: RangeLimit = { records: 1_000_000, bytes: 1_000_000_000 };
const LOWEST = Buffer.alloc(0);
const HIGHEST = Buffer.alloc(8, 0xff);

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const put = (key: string, value: string): Change => ({ kind: 'put', key: bytes(key), value: bytes(value) });
const remove = (key: string): Change => ({ kind: 'delete', key: bytes(key) });
const removeRange = (from: string, to: string): Change => ({
  kind: 'delete-range',
  from: bytes(from),
  to: bytes(to),
});
const textOf = ({ key, value }: StoredRecord): string =>
  `${key.toString('latin1')}=${value.toString('latin1')}`;

export function orderedStoreContract(open: () => Promise<StoreUnderTest>): void {
  let subject: StoreUnderTest;
  const write = async (...changes: readonly Change[]): Promise<void> => {
    subject.store.commit(changes, () => undefined);
    await subject.settle();
  };
  const read = (key: string): string | undefined => subject.store.get(bytes(key))?.toString('latin1');
  const readRange = (from: string, to: string, limit: Partial<RangeLimit> = {}): readonly string[] =>
    subject.store.range(bytes(from), bytes(to), { ...ALL, ...limit }).map(textOf);

  beforeEach(async () => {
    subject = await open();
  });

  afterEach(async () => {
    await subject.close();
  });

  it('gives back what was put, and nothing for what was not', async () => {
    await write(put('a', '1'), put('b', '2'));
    expect([read('a'), read('b'), read('c')]).to.deep.equal(['1', '2', undefined]);
  });

  it('lets the last change of a batch win', async () => {
    await write(put('a', '1'), remove('a'), put('a', '2'), put('b', '1'), remove('b'));
    expect([read('a'), read('b')]).to.deep.equal(['2', undefined]);
  });

  it('tells an empty value from none', async () => {
    await write(put('a', ''));
    expect(subject.store.get(bytes('a'))).to.deep.equal(Buffer.alloc(0));
    expect(readRange('a', 'b')).to.deep.equal(['a=']);
  });

  it('walks in the order of bytes, with the lower end in and the upper out', async () => {
    await write(
      put('b', '4'),
      put('\xff', '6'),
      put('a\x00', '2'),
      put('a', '1'),
      put('ab', '3'),
      put('\x80', '5'),
    );
    expect(readRange('a', '\xff')).to.deep.equal(['a=1', 'a\x00=2', 'ab=3', 'b=4', '\x80=5']);
    expect(readRange('', 'a\x00')).to.deep.equal(['a=1']);
    expect(readRange('b', 'b')).to.deep.equal([]);
    expect(readRange('c', 'a')).to.deep.equal([]);
  });

  it('stops a walk at so many records, or after the record that passes so many bytes', async () => {
    await write(put('a', '12345'), put('b', '12345'), put('c', '12345'));
    expect(readRange('a', 'z', { records: 2 })).to.have.length(2);
    expect(readRange('a', 'z', { records: 0 })).to.have.length(0);
    expect(readRange('a', 'z', { bytes: 0 })).to.have.length(1);
    expect(readRange('a', 'z', { bytes: 6 })).to.have.length(2);
    expect(readRange('a', 'z', { bytes: 11 })).to.have.length(2);
    expect(readRange('a', 'z', { bytes: 12 })).to.have.length(3);
  });

  it('deletes a range, and only that, and what comes after it in the batch stays', async () => {
    await write(put('a', '1'), put('b', '2'), put('bb', '3'), put('c', '4'), put('d', '5'));
    await write(removeRange('b', 'd'), put('bz', '6'));
    expect(readRange('', 'z')).to.deep.equal(['a=1', 'bz=6', 'd=5']);
    await write(removeRange('d', 'a'), removeRange('', '\xff\xff'));
    expect(readRange('', 'z')).to.deep.equal([]);
  });

  it('leaves what a reader holds as it was', async () => {
    await write(put('a', '1'), put('b', '2'));
    const held = subject.store.get(bytes('a'));
    const [record] = subject.store.range(bytes('b'), bytes('c'), ALL);
    subject.store.get(bytes('b'));
    await write(put('a', '3'), put('b', '4'));
    read('a');
    expect(held?.toString()).to.equal('1');
    expect(record && textOf(record)).to.equal('b=2');
  });

  it('reports commits in their order, each after it is visible, never inside commit', async () => {
    const seen: { readonly index: number; readonly visible: number }[] = [];
    for (let index = 0; index < 20; index += 1) {
      subject.store.commit([put('a', String(index))], () => seen.push({ index, visible: Number(read('a')) }));
    }
    expect(seen).to.deep.equal([]);
    await subject.settle();
    expect(seen.map(({ index }) => index)).to.deep.equal(Array.from({ length: 20 }, (_, index) => index));
    for (const { index, visible } of seen) expect(visible).to.be.at.least(index);
  });

  it('reports a commit without changes in its turn', async () => {
    const seen: string[] = [];
    subject.store.commit([put('a', '1')], () => seen.push('first'));
    subject.store.commit([], () => seen.push('empty'));
    subject.store.commit([put('a', '2')], () => seen.push('last'));
    await subject.settle();
    expect(seen).to.deep.equal(['first', 'empty', 'last']);
  });

  it('shows nothing that is not done', async () => {
    subject.store.commit([put('a', '1')], () => undefined);
    expect(read('a')).to.equal(undefined);
    expect(readRange('', 'z')).to.deep.equal([]);
    await subject.settle();
    expect(read('a')).to.equal('1');
  });

  it('takes what comes from inside done', async () => {
    subject.store.commit([put('a', '1')], () => {
      subject.store.commit([put('b', '2')], () => undefined);
    });
    await subject.settle();
    await subject.settle();
    expect(readRange('', 'z')).to.deep.equal(['a=1', 'b=2']);
  });

  it('holds keys of the greatest length and refuses longer and empty ones', async () => {
    const long = Buffer.alloc(KEY_BYTES_MAX, 0xfe);
    await write({ kind: 'put', key: long, value: bytes('x') });
    expect(subject.store.get(long)?.toString()).to.equal('x');
    expect(subject.store.range(LOWEST, HIGHEST, ALL)[0]?.key.equals(long)).to.equal(true);
    for (const key of [Buffer.alloc(KEY_BYTES_MAX + 1), LOWEST]) {
      expect(() => {
        subject.store.commit([{ kind: 'delete', key }], () => undefined);
      }).to.throw('a key has 1 to');
    }
  });

  it('holds a value of 16 MiB', async () => {
    const value = Buffer.alloc(16 * 1_048_576, 'a large value ');
    await write({ kind: 'put', key: bytes('large'), value }, put('small', 'x'));
    expect(subject.store.get(bytes('large'))?.equals(value)).to.equal(true);
    expect(read('small')).to.equal('x');
    expect(subject.store.range(bytes('large'), bytes('largf'), ALL)[0]?.value.equals(value)).to.equal(true);
  });

  it('takes thousands of records in one batch', async () => {
    const changes = Array.from({ length: 5_000 }, (_, index) =>
      put(String(index).padStart(5, '0'), String(index)),
    );
    await write(...changes);
    expect(readRange('', '9', { records: 5_000 })).to.have.length(5_000);
    await write(removeRange('00010', '04990'));
    expect(readRange('', '9').map((text) => text.slice(0, 5))).to.include.members(['00009', '04990']);
    expect(readRange('', '9')).to.have.length(20);
  });

  it('agrees with a sorted array over any batches', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const twin = new SortedArray();
        await write({ kind: 'delete-range', from: LOWEST, to: HIGHEST });
        for (const { changes, restart, from, to, limit } of steps) {
          await write(...changes);
          twin.apply(changes);
          if (restart) await subject.restart?.();
          for (const change of changes) {
            if (change.kind !== 'delete-range')
              expect(subject.store.get(change.key)).to.deep.equal(twin.get(change.key));
          }
          expect(subject.store.range(LOWEST, HIGHEST, ALL).map(textOf)).to.deep.equal(
            twin.range(LOWEST, HIGHEST, ALL),
          );
          expect(subject.store.range(from, to, limit).map(textOf)).to.deep.equal(twin.range(from, to, limit));
        }
      }),
      { numRuns: subject.isSlow === true ? 20 : subject.restart === undefined ? 200 : 60 },
    );
  }).timeout(20_000);
}

const keyBytes = fc
  .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff), { minLength: 1, maxLength: 3 })
  .map((list) => Buffer.from(list));
const boundBytes = fc.oneof(keyBytes, fc.constant(LOWEST), fc.constant(HIGHEST));

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      key: keyBytes,
      value: fc.uint8Array({ maxLength: 4 }).map((list) => Buffer.from(list)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: keyBytes }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('delete-range' as const), from: boundBytes, to: boundBytes }),
  },
);

const step = fc.record({
  changes: fc.array(change, { maxLength: 12 }),
  restart: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  from: boundBytes,
  to: boundBytes,
  limit: fc.record({ records: fc.integer({ min: 0, max: 6 }), bytes: fc.integer({ min: 0, max: 12 }) }),
});

/** The twin: correct because it is too simple to be otherwise. */
class SortedArray {
  #records: readonly StoredRecord[] = [];

  get(key: Buffer): Buffer | undefined {
    return this.#records.find((record) => record.key.equals(key))?.value;
  }

  range(from: Buffer, to: Buffer, limit: RangeLimit): readonly string[] {
    const inside = this.#records.filter(({ key }) => key.compare(from) >= 0 && key.compare(to) < 0);
    const sizes = inside.map(({ key, value }) => key.length + value.length);
    const passing = sizes.findIndex(
      (_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size, 0) > limit.bytes,
    );
    const count = Math.min(limit.records, passing === -1 ? inside.length : passing + 1);
    return inside.slice(0, count).map(textOf);
  }

  apply(changes: readonly Change[]): void {
    for (const one of changes) {
      const gone = (key: Buffer): boolean =>
        one.kind === 'delete-range'
          ? key.compare(one.from) >= 0 && key.compare(one.to) < 0
          : key.equals(one.key);
      const left = this.#records.filter(({ key }) => !gone(key));
      const added = one.kind === 'put' ? [{ key: one.key, value: one.value }] : [];
      this.#records = [...left, ...added].sort((a, b) => a.key.compare(b.key));
    }
  }
}
