import { expect } from 'chai';
import fc from 'fast-check';

import { checksum } from '../../src/common/checksum.ts';
import { decodePeer } from '../../src/slave/peer-codec.ts';
import { comparable, frameOf, peerMessages } from '../support/peer-messages.ts';

const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const frames = peerMessages.map(frameOf);

/** With the right checksum for its head, so that what lies behind the checksum is tried, too. */
function resealed(frame: Buffer): Buffer {
  if (frame.length < 9) return frame;
  const sealed = Buffer.from(frame);
  const headEnd = Math.min(9 + sealed.readUInt32BE(5), sealed.length);
  sealed.writeUInt32BE(checksum(sealed.subarray(5, headEnd), sealed[0]), 1);
  return sealed;
}

/** A head of so many bytes of noise. */
const sealedNoise = fc.tuple(fc.integer({ min: 0, max: 16 }), noise, noise).map(([type, head, tail]) => {
  const lead = Buffer.alloc(9);
  lead[0] = type;
  lead.writeUInt32BE(head.length, 5);
  return resealed(Buffer.concat([lead, head, tail]));
});

const damage = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });
const damaged = fc
  .tuple(frames, fc.array(damage, { minLength: 1, maxLength: 3 }), fc.nat({ max: 40 }))
  .map(([frame, damages, cut]) => {
    const spoiled = Buffer.from(frame);
    for (const { at, byte } of damages) spoiled[at % spoiled.length] = byte;
    return spoiled.subarray(0, spoiled.length - (cut < 20 ? 0 : cut % spoiled.length));
  });

const anything = fc.oneof(noise, sealedNoise, damaged, damaged.map(resealed), frames);

describe('the decoder of peer frames, fed with anything', () => {
  it('gives a message or undefined, and a message that it gives comes back from the wire', () => {
    fc.assert(
      fc.property(anything, (frame) => {
        const message = decodePeer(frame);
        if (message) expect(comparable(decodePeer(frameOf(message)))).to.deep.equal(comparable(message));
      }),
    );
  });

  it('refuses every frame in which one bit is another', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (frame, pick) => {
        const bit = pick % (8 * frame.length);
        frame.writeUInt8(frame.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(decodePeer(frame)).to.equal(undefined);
      }),
    );
  });

  it('refuses a head that ends too early, or goes on too long', () => {
    fc.assert(
      fc.property(frames, noise, (frame, more) => {
        const headEnd = 9 + frame.readUInt32BE(5);
        const longer = Buffer.concat([frame.subarray(0, headEnd), Buffer.from([0]), frame.subarray(headEnd)]);
        longer.writeUInt32BE(headEnd - 9 + 1, 5);
        expect(decodePeer(resealed(longer))).to.equal(undefined);
        expect(decodePeer(Buffer.concat([frame, more, Buffer.from([1])]))).to.equal(undefined);
        if (headEnd === 9) return;
        const shorter = Buffer.concat([frame.subarray(0, headEnd - 1), frame.subarray(headEnd)]);
        shorter.writeUInt32BE(headEnd - 9 - 1, 5);
        expect(decodePeer(resealed(shorter))).to.equal(undefined);
      }),
    );
  });
});
