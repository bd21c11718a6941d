/** Control messages of every kind, both ways, for the laws of their codec. */
import fc from 'fast-check';

import type { FromSlave, ToSlave } from '../../src/common/message/control.ts';
import { configurations, epochs, counts, members, names, partitions, slaves, stores } from './wire-values.ts';

const safe = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER),
);
const ms = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.nat());
const ports = fc.constantFrom(0, 1, 65_535);
const phrases = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }).filter((text) => text.length <= 1_024),
  fc.constantFrom('', 'ü'.repeat(1_024), '__proto__'),
);
const kind = <Kind extends string>(word: Kind): { readonly kind: fc.Arbitrary<Kind> } => ({
  kind: fc.constant(word),
});
const lists = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> => fc.array(item, { maxLength: 4 });
const zones = fc.option(slaves, { nil: undefined });

const boots = fc.record({ count: safe, nonce: names });
const adopted = { partition: partitions, configuration: configurations };
const records = fc.record({
  id: slaves,
  store: stores,
  boot: boots,
  host: phrases,
  port: ports,
  peerPort: ports,
  pid: safe,
  zone: zones,
  stage: fc.constantFrom('joining', 'alive', 'suspect', 'dead', 'draining'),
});
const settings = fc.record({
  partitions: fc.constantFrom(1, 256, 16_384),
  replicas: fc.constantFrom(0, 2, 1_000),
  minCopies: fc.constantFrom(0, 1, 16),
  tokens: fc.nat({ max: 1_024 }),
  replication: fc.constant('successor' as const),
  heartbeatMs: ms,
  windowMs: ms,
  promiseMs: ms,
  requestTimeoutMs: ms,
});
const answers = fc.record({
  partition: partitions,
  end: fc.record({ epoch: epochs, seq: counts }),
  adopted: configurations,
  promised: lists(fc.record({ slave: slaves, ms })),
  promisedAllMs: ms,
});

const registrations: fc.Arbitrary<FromSlave> = fc.record({
  ...kind('register'),
  clusterId: fc.option(names, { nil: undefined }),
  slave: slaves,
  store: stores,
  boot: boots,
  kernelBoot: phrases,
  isSameKernelBoot: fc.boolean(),
  durability: fc.constantFrom('fsync', 'os', 'memory'),
  host: phrases,
  port: ports,
  peerPort: ports,
  pid: safe,
  isLeaving: fc.boolean(),
  zone: zones,
  epoch: epochs,
  adopted: lists(fc.record(adopted)),
});

export const fromSlaves: fc.Arbitrary<FromSlave> = fc.oneof(
  registrations,
  fc.record({ ...kind('fenced'), epoch: epochs, answers: lists(answers) }),
  fc.record({ ...kind('outdated'), partition: partitions, epoch: epochs }),
  fc.record({ ...kind('serving'), items: lists(fc.record({ partition: partitions, epoch: epochs })) }),
  fc.record({ ...kind('grown'), ...adopted }),
  fc.record({ ...kind('grow-dropped'), partition: partitions, epoch: epochs, why: phrases }),
  fc.record({ ...kind('unfit'), partition: partitions, epoch: epochs, slave: slaves }),
  fc.record({
    ...kind('report'),
    ownKeys: safe,
    previousKeys: safe,
    ownPartitions: safe,
    previousPartitions: safe,
    isLowOnSpace: fc.boolean(),
    commands: safe,
    copiedBytes: safe,
  }),
  fc.record(kind('hand-over')),
  fc.record(kind('leaving')),
  fc.record({ ...kind('failed'), why: phrases }),
);

export const toSlaves: fc.Arbitrary<ToSlave> = fc.oneof(
  fc.record({
    ...kind('registered'),
    clusterId: names,
    view: fc.record({
      epoch: epochs,
      settings,
      slaves: lists(records),
      configurations: lists(configurations),
    }),
  }),
  fc.record({ ...kind('refused'), why: phrases, isFinal: fc.boolean() }),
  fc.record({ ...kind('calm'), epoch: epochs, partitions: lists(partitions) }),
  fc.record(kind('drain')),
  fc.record({ ...kind('drain-refused'), why: phrases }),
  fc.record(kind('drained')),
  fc.record({
    ...kind('view'),
    epoch: epochs,
    slaves: lists(records),
    gone: lists(slaves),
    configurations: lists(fc.record(adopted)),
  }),
  fc.record({ ...kind('fence'), epoch: epochs, partitions: lists(partitions) }),
  fc.record({
    ...kind('grow'),
    epoch: epochs,
    partition: partitions,
    base: epochs,
    members,
    ownerNonce: names,
  }),
  fc.record({ ...kind('drop-grow'), partition: partitions, epoch: epochs }),
  fc.record(kind('buried')),
);
