/** The journal: what was written is read, and what is not what was written stops whoever reads it. */
import { expect } from 'chai';

import { epoch, partition, slaveId, storeId } from '../../src/common/ids.ts';
import { createMemoryStore } from '../../src/common/memory-store.ts';
import type { Change } from '../../src/common/ordered-store.ts';
import { BrokenStore } from '../../src/common/sealed.ts';
import type { SlaveRecord } from '../../src/common/view.ts';
import {
  headChange,
  type Journal,
  newJournal,
  partitionChange,
  readJournal,
  slaveChange,
} from '../../src/coordination/journal.ts';
import type { Intention } from '../../src/coordination/replicate.ts';
import { CLUSTER_ID } from '../support/coordinator-bench.ts';
import { configuration, member, SETTINGS, storeOf } from '../support/slave-bench.ts';

const SETTING = { ...SETTINGS, partitions: 512 };

const SLAVE: SlaveRecord = {
  ...{ id: slaveId('a'), store: storeOf('a'), boot: { count: 7, nonce: 'n' } },
  ...{ host: 'host', port: 1, peerPort: 2, pid: 3, stage: 'alive' },
};

const INTENTION: Intention = {
  kind: 'fence',
  epoch: epoch(9),
  ask: [member('a')],
  want: [slaveId('a')],
  without: [],
};

function read(...changes: readonly Change[]): Journal | undefined {
  const store = createMemoryStore();
  store.commit(changes, () => undefined);
  store.completeNext();
  return readJournal(store);
}

describe('a journal', () => {
  it('that was never written is none', () => {
    expect(readJournal(createMemoryStore())).to.equal(undefined);
  });

  it('of a new cluster is read as it was thought of', () => {
    const journal = newJournal(CLUSTER_ID, SETTING);
    expect(read(headChange(journal))).to.deep.equal(journal);
  });

  it('gives back slaves, configurations and intentions, each partition its own', () => {
    const journal = newJournal(CLUSTER_ID, SETTING);
    const head = { ...journal, lastNumber: epoch(9), failedStores: [storeId('f'.repeat(32))] };
    const found = read(
      headChange(head),
      slaveChange(SLAVE),
      partitionChange(partition(255), { configuration: configuration(3, 'ab') }),
      partitionChange(partition(256), { configuration: configuration(4, 'ba'), intention: INTENTION }),
    );
    expect(found).to.deep.include({ lastNumber: 9, failedStores: head.failedStores, slaves: [SLAVE] });
    expect(found?.configurations.slice(254, 258)).to.deep.equal([
      journal.configurations[0],
      configuration(3, 'ab'),
      configuration(4, 'ba'),
      journal.configurations[0],
    ]);
    expect(found?.intentions).to.deep.equal([[256, INTENTION]]);
  });

  it('gives back the zones of slaves, and has none for those of before there were any', () => {
    const zoned = { ...SLAVE, id: slaveId('b'), zone: 'rack-1' };
    const journal = newJournal(CLUSTER_ID, SETTING);
    expect(read(headChange(journal), slaveChange(SLAVE), slaveChange(zoned))?.slaves).to.deep.equal([
      SLAVE,
      zoned,
    ]);
  });

  it('forgets an intention with the result', () => {
    const found = read(
      headChange(newJournal(CLUSTER_ID, SETTING)),
      partitionChange(partition(0), { configuration: configuration(3, 'ab'), intention: INTENTION }),
      partitionChange(partition(0), { configuration: configuration(9, 'a') }),
    );
    expect(found?.intentions).to.deep.equal([]);
  });

  it('is broken when any of its records is (I5)', () => {
    const whole = [
      headChange(newJournal(CLUSTER_ID, SETTING)),
      slaveChange(SLAVE),
      partitionChange(partition(0), { configuration: configuration(3, 'ab') }),
    ];
    whole.forEach((_, index) => {
      const damaged = whole.map((change, place) =>
        place === index && change.kind === 'put' ? { ...change, value: Buffer.from('nonsense') } : change,
      );
      expect(() => read(...damaged)).to.throw(BrokenStore);
    });
  });
});
