import { expect } from 'chai';
import fc from 'fast-check';

import {
  DATAGRAM_BYTES_MAX,
  decodeHeartbeat,
  decodeHeartbeatAnswer,
  encodeHeartbeat,
  encodeHeartbeatAnswer,
} from '../../src/common/wire/datagram.ts';
import { answers, heartbeats } from '../support/datagrams.ts';

/** Any bytes; and, because those hardly ever pass the magic, good datagrams that were cut, spoiled or lengthened. */
const whole = fc.oneof(heartbeats.map(encodeHeartbeat), answers.map(encodeHeartbeatAnswer));
const noise = fc.uint8Array({ maxLength: 1_400 }).map((bytes) => Buffer.from(bytes));
const damage = fc.record({ at: fc.nat({ max: DATAGRAM_BYTES_MAX }), byte: fc.nat({ max: 255 }) });
const damaged = fc
  .tuple(whole, fc.array(damage, { maxLength: 4 }), fc.nat({ max: 300 }), fc.boolean())
  .map(([bytes, damages, length, isLonger]) => {
    const spoiled = Buffer.from(bytes);
    for (const { at, byte } of damages) spoiled[at % spoiled.length] = byte;
    return isLonger
      ? Buffer.concat([spoiled, Buffer.alloc(length)])
      : spoiled.subarray(0, spoiled.length - length);
  });
const datagrams = fc.oneof(noise, damaged, whole);

describe('the datagram decoders, fed with anything', () => {
  it('give a value or undefined, and what they accept they write again to the bit', () => {
    fc.assert(
      fc.property(datagrams, (bytes) => {
        const heartbeat = decodeHeartbeat(bytes);
        const answer = decodeHeartbeatAnswer(bytes);
        expect(heartbeat === undefined || answer === undefined, 'never both').to.equal(true);
        if (heartbeat) expect(encodeHeartbeat(heartbeat).equals(bytes)).to.equal(true);
        if (answer) expect(encodeHeartbeatAnswer(answer).equals(bytes)).to.equal(true);
      }),
    );
  });

  it('refuse every proper beginning of a datagram, and everything that follows its end', () => {
    fc.assert(
      fc.property(whole, fc.nat(), (bytes, pick) => {
        const length = pick % bytes.length;
        for (const wrong of [
          bytes.subarray(0, length),
          Buffer.concat([bytes, bytes.subarray(0, length + 1)]),
        ]) {
          expect(decodeHeartbeat(wrong)).to.equal(undefined);
          expect(decodeHeartbeatAnswer(wrong)).to.equal(undefined);
        }
      }),
    );
  });
});
