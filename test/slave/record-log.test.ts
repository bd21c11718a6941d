/** The log on disk: one record a turn, let go of from the front when it is not needed any more. */
import { expect } from 'chai';

import type { Change } from '../../src/common/ordered-store.ts';
import {
  addRecord,
  emptyRecordLog,
  noteRecord,
  type RecordLog,
  trimRecords,
} from '../../src/slave/record-log.ts';
import { encodeMark, entryBytes } from '../../src/slave/replication/entry.ts';
import { indexOfLog, logKey } from '../../src/slave/store-layout.ts';
import { entry } from '../support/entries.ts';
import { P } from '../support/slave-bench.ts';
import { epoch } from '../../src/common/ids.ts';

const itemOf = (seq: number): Buffer => entryBytes(entry(seq, 2, 2));
const RECORD_BYTES = itemOf(1).length;

/** Four turns with an entry each, 1 to 4. */
function sample(): RecordLog {
  const log = emptyRecordLog();
  for (const seq of [1, 2, 3, 4]) addRecord(log, [itemOf(seq)], []);
  return log;
}

const filledTo =
  (end: number) =>
  (_partition: number, seq: number): boolean =>
    seq <= end;

const spanOf = (changes: readonly Change[]): readonly number[] =>
  changes.flatMap((change) =>
    change.kind === 'delete-range' ? [indexOfLog(change.from), indexOfLog(change.to)] : [],
  );

describe('the log on disk', () => {
  it('has one record for all that a turn logged, and none for a turn that logged nothing', () => {
    const log = emptyRecordLog();
    const changes: Change[] = [];
    addRecord(log, [itemOf(1), itemOf(2)], changes);
    addRecord(log, [], changes);
    expect(changes).to.deep.equal([
      { kind: 'put', key: logKey(1), value: Buffer.concat([itemOf(1), itemOf(2)]) },
    ]);
    expect(log).to.include({ nextIndex: 2, bytes: 2 * RECORD_BYTES });
  });

  it('goes on behind the records that were read back', () => {
    const log = emptyRecordLog();
    noteRecord(log, 41, itemOf(1));
    const changes: Change[] = [];
    addRecord(log, [itemOf(2)], changes);
    expect(changes.map((change) => change.kind === 'put' && indexOfLog(change.key))).to.deep.equal([42]);
  });

  it('lets go of the oldest until what is to be kept is left, and says what is gone', () => {
    const log = sample();
    const changes: Change[] = [];
    const gone = trimRecords(log, 2 * RECORD_BYTES, filledTo(9), changes);
    expect(gone).to.deep.equal([1, 2].map((seq) => ({ partition: P, seq })));
    expect(spanOf(changes)).to.deep.equal([1, 3]);
    expect(log.bytes).to.equal(2 * RECORD_BYTES);
  });

  it('keeps everything from the first entry on that is not in its table', () => {
    const log = sample();
    const changes: Change[] = [];
    expect(trimRecords(log, 0, filledTo(2), changes)).to.have.length(2);
    expect(spanOf(changes)).to.deep.equal([1, 3]);
    expect(trimRecords(log, 0, filledTo(2), [])).to.deep.equal([]);
  });

  it('changes nothing on the disk when there is nothing to let go of', () => {
    const changes: Change[] = [];
    trimRecords(sample(), 4 * RECORD_BYTES, filledTo(9), changes);
    trimRecords(emptyRecordLog(), 0, filledTo(9), changes);
    expect(changes).to.deep.equal([]);
  });

  it('lets go of all, up to the record that comes next', () => {
    const log = sample();
    const changes: Change[] = [];
    trimRecords(log, 0, filledTo(9), changes);
    expect(spanOf(changes)).to.deep.equal([1, 5]);
    expect(log.bytes).to.equal(0);
  });

  it('lets marks go with the records that they are in', () => {
    const log = emptyRecordLog();
    addRecord(log, [encodeMark('cut', { partition: P, epoch: epoch(2), seq: 1 })], []);
    expect(trimRecords(log, 0, filledTo(0), [])).to.deep.equal([]);
    expect(log.records.length).to.equal(0);
  });
});
