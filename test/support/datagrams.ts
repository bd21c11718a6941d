/** Heartbeats and answers of every shape that fits into a datagram, for the laws of the codec. */
import fc from 'fast-check';

import { epoch, isName, slaveId, storeId } from '../../src/common/ids.ts';
import type { Heartbeat, HeartbeatAnswer } from '../../src/common/wire/datagram.ts';

const printable = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const text = fc.string({ unit: printable, minLength: 1, maxLength: 64 });
const slave = fc
  .string({ unit: fc.constantFrom('a', 'Z', '0', '9', '.', '_', '-'), minLength: 1, maxLength: 64 })
  .filter(isName)
  .map(slaveId);
const count = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER));

export const heartbeats: fc.Arbitrary<Heartbeat> = fc.record({
  clusterId: text,
  slave,
  store: fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((bytes) => storeId(Buffer.from(bytes).toString('hex'))),
  bootNonce: text,
  sequence: count,
  viewEpoch: count.map(epoch),
  loopCounter: count,
  commands: count,
  lastCommit: count,
  loopLagMs: fc.integer({ min: 0, max: 0xffff_ffff }),
  commitHung: fc.boolean(),
  // As many of the longest names as always fit.
  unheard: fc.array(slave, { maxLength: 14 }),
});

export const answers: fc.Arbitrary<HeartbeatAnswer> = fc.record({
  clusterId: text,
  epoch: count.map(epoch),
  sequence: count,
  verdict: fc.constantFrom('heard' as const, 'register-afresh' as const),
});
