/** Names, numbers and configurations as they travel, corners included, for the laws of the codecs. */
import fc from 'fast-check';

import { epoch, isName, partition, slaveId, SLOTS, storeId } from '../../src/common/ids.ts';
import { stamp } from '../../src/common/time.ts';
import type { Configuration, Member } from '../../src/common/view.ts';
import { U48_MAX } from '../../src/common/wire/fields.ts';

const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));

/** A cluster id or a nonce. */
export const names = fc.string({ unit: printable, minLength: 1, maxLength: 64 });

export const slaves = fc
  .string({ unit: fc.constantFrom('a', 'Z', '0', '9', '.', '_', '-'), minLength: 1, maxLength: 64 })
  .filter(isName)
  .map(slaveId);

export const stores = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => storeId(Buffer.from(bytes).toString('hex')));

export const partitions = fc
  .oneof(fc.nat({ max: SLOTS - 1 }), fc.constantFrom(0, 127, 128, SLOTS - 1))
  .map(partition);

/** Sequence numbers and whatever else has six bytes on the wire. */
export const counts = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: U48_MAX }),
  fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, U48_MAX),
);

export const epochs = counts.map(epoch);

export const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

export const stamps = finite.map(stamp);

export const members: fc.Arbitrary<readonly Member[]> = fc.uniqueArray(
  fc.record({ slave: slaves, store: stores }),
  { maxLength: 4, selector: ({ slave }) => slave },
);

const founded = {
  epoch: epochs.filter((number) => number > 0),
  members,
  ownerNonce: fc.oneof(names, fc.constant('')),
};

export const configurations: fc.Arbitrary<Configuration> = fc.oneof(
  fc.constant({ epoch: epoch(0), members: [], ownerNonce: '' }),
  fc.record(founded),
  // It was forfeited once.
  fc.record({ ...founded, since: founded.epoch }),
);
