import { expect } from 'chai';
import fc from 'fast-check';

import {
  decodeEvents,
  decodeKeyRanges,
  decodeRing,
  decodeStatus,
  decodeWhere,
} from '../../../src/common/message/admin.ts';
import { ringPicture, status } from '../../client/cli/string-world.ts';

describe("a cluster's answer about itself", () => {
  it('is read back as it was written, with fields that nobody here knows', () => {
    const newer = { ...status, weather: 'fine' };
    expect(decodeStatus(JSON.stringify(newer))).to.deep.equal(newer);
    expect(decodeRing(JSON.stringify(ringPicture))).to.deep.equal(ringPicture);
    const place = { key: 'k', slot: 1, partition: 0, epoch: 1, copies: [] };
    expect(decodeWhere(JSON.stringify(place))).to.deep.equal(place);
    expect(decodeKeyRanges('[{"firstSlot":0,"lastSlot":1,"partitions":1,"copies":[]}]')).to.have.length(1);
  });

  it('is nothing where a field is missing or of another kind', () => {
    expect(decodeStatus(JSON.stringify({ ...status, slaves: [{ id: 's1' }] }))).to.equal(undefined);
    expect(decodeStatus(JSON.stringify({ ...status, state: 'fine' }))).to.equal(undefined);
    expect(decodeKeyRanges('{}')).to.equal(undefined);
    const healing = { partitions: 3, copiedBytes: 'many' };
    expect(decodeStatus(JSON.stringify({ ...status, healing }))).to.equal(undefined);
    const event = { number: 1, at: 2, level: 'info', kind: 'of the future', text: 'x' };
    expect(decodeEvents(JSON.stringify([event]))).to.deep.equal([event]);
    for (const wrong of [{ number: '1' }, { level: 'loud' }, { text: undefined }, { slave: 7 }])
      expect(decodeEvents(JSON.stringify([{ ...event, ...wrong }]))).to.equal(undefined);
  });

  it('is nothing, and never an error, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const decode of [decodeStatus, decodeWhere, decodeKeyRanges, decodeRing, decodeEvents]) {
          const answer = decode(text);
          expect(answer === undefined || Array.isArray(answer)).to.equal(true);
        }
      }),
    );
  });
});
