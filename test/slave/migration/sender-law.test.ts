/** The law of copying many partitions out: a few parts at a time, no more bytes than allowed, and all in the end. */
import { expect } from 'chai';

import { epoch, partition } from '../../../src/common/ids.ts';
import { partitionOf, slotOf } from '../../../src/common/slot.ts';
import type { PeerMessage } from '../../../src/slave/peer-message.ts';
import { cluster, configuration, exchange, SETTINGS, type SlaveBench } from '../../support/slave-bench.ts';

const PARTITIONS = 8;
const PARTS_OUT_MAX = 4;
const VALUE = 'v'.repeat(200);

const ALL = Array.from({ length: PARTITIONS }, (_, index) => partition(index));

/** A key of this partition. */
function keyIn(index: number): string {
  for (let count = 0; ; count += 1)
    if (partitionOf(slotOf(`k${count}`), PARTITIONS) === index) return `k${count}`;
}

/** An owner of eight partitions with a key in each, which is told to grow them all, and the slave that is to learn them. */
function growing(copyRate = 0): readonly [SlaveBench, SlaveBench] {
  const settings = { ...SETTINGS, partitions: PARTITIONS };
  const [a, c] = cluster(configuration(3, 'a'), { settings, copyRate }, 'ac') as [SlaveBench, SlaveBench];
  const configurations = ALL.map((index) => ({ partition: index, configuration: configuration(3, 'a') }));
  a.control({ kind: 'view', epoch: epoch(100), slaves: [], gone: [], configurations });
  exchange([a, c]);
  const requests = ALL.map((index) => ({ ...a.request(`SET ${keyIn(index)} ${VALUE}`), partition: index }));
  a.feed({ kind: 'requests', requests });
  a.persist();
  const { members } = configuration(4, 'ac');
  for (const index of ALL)
    a.control({
      kind: 'grow',
      epoch: epoch(4),
      partition: index,
      base: epoch(3),
      members,
      ownerNonce: 'a.1',
    });
  return [a, c];
}

type Part = PeerMessage & { readonly kind: 'copy-part' };

/** Delivers everything but what this hears and takes away; answers with the parts that were sent. */
function partsOf(benches: readonly SlaveBench[], ...lost: readonly PeerMessage['kind'][]): readonly Part[] {
  const parts: Part[] = [];
  exchange(benches, (_from, { message }) => {
    if (message.kind === 'copy-part') parts.push(message);
    return lost.includes(message.kind);
  });
  return parts;
}

const bytesOf = (parts: readonly Part[]): number =>
  parts
    .flatMap(({ part }) => part.records)
    .reduce((sum, record) => sum + record.key.length + (record.kind === 'put' ? record.value.length : 0), 0);

const grown = (bench: SlaveBench): number => bench.toldOf('grown').length;

describe('an owner that copies many partitions out', () => {
  it('has four parts on their way at a time, also when it reminds a silent learner', () => {
    const benches = growing();
    const [a] = benches;
    const first = partsOf(benches, 'copy-part');
    expect(first).to.have.length(PARTS_OUT_MAX);
    a.wait(SETTINGS.promiseMs + 100);
    a.tick();
    const partitions = (parts: readonly Part[]): readonly number[] => parts.map(({ part }) => part.partition);
    expect(partitions(partsOf(benches, 'copy-part'))).to.deep.equal(partitions(first));
  });

  it('sends another as one is answered, until all are copied', () => {
    const benches = growing();
    const parts = partsOf(benches);
    expect(parts.map(({ part }) => Number(part.partition))).to.have.members(ALL.map(Number));
    expect(grown(benches[0])).to.equal(PARTITIONS);
  });

  it('does not take those that wait for their turn for slow', () => {
    const [a, c] = growing();
    partsOf([a, c], 'copy-part');
    for (let time = 0; time < 21; time += 1) {
      a.wait(490);
      a.tick();
    }
    expect(a.toldOf('grow-dropped')).to.have.length(PARTS_OUT_MAX);
    partsOf([a, c]);
    expect(grown(a), 'and then it was their turn').to.equal(PARTITIONS - PARTS_OUT_MAX);
  });

  it('sends no more bytes than it may, and sends them all in the end', () => {
    const rate = 1_000;
    const benches = growing(rate);
    const [a] = benches;
    const begun = a.now;
    let bytes = 0;
    let most = 0;
    for (let time = 0; grown(a) < PARTITIONS && time < 500; time += 1) {
      const parts = partsOf(benches);
      bytes += bytesOf(parts);
      most = Math.max(most, ...parts.map((part) => bytesOf([part])));
      expect(bytes, `after ${a.now - begun} ms`).to.be.at.most(((a.now - begun) * rate) / 1_000 + most);
      for (const bench of benches) {
        bench.wait(20);
        bench.tick();
      }
    }
    expect(grown(a)).to.equal(PARTITIONS);
    expect(bytes).to.be.above(PARTITIONS * VALUE.length);
    expect(a.now - begun, 'and wastes no time').to.be.below((bytes / rate) * 1_000 + 500);
  });
});
