/** The cutter is total, and blind to how its bytes were cut. */
import { expect } from 'chai';
import fc from 'fast-check';

import { FRAME_MAX, FrameCutter, frameHeader, gathered } from '../../../src/common/io/link-frames.ts';

const onTheWire = (frames: readonly Buffer[]): Buffer =>
  Buffer.concat(frames.flatMap((frame) => [frameHeader(frame.length), frame]));

/** Cuts at the given places, taken modulo the length; repeated places give empty chunks, which sockets never bring but nobody should fear. */
function chunksOf(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

/** Some frames are longer than most chunks, some are a type byte alone. */
const frame = fc
  .oneof(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.uint8Array({ minLength: 1, maxLength: 300 }))
  .map((bytes) => Buffer.from(bytes));

describe('frame cutter', () => {
  it('gives back the frames that were sent, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat()), (frames, places) => {
        const cutter = new FrameCutter();
        const cuts = chunksOf(onTheWire(frames), places).map((chunk) => cutter.push(chunk));
        expect(cuts.flatMap((cut) => cut.frames)).to.deep.equal(frames);
        expect(cuts.every((cut) => cut.offence === undefined)).to.equal(true);
      }),
    );
  });

  it('gives each frame as soon as its last byte is there', () => {
    const cutter = new FrameCutter();
    const bytes = onTheWire([Buffer.from('abc')]);
    expect(cutter.push(bytes.subarray(0, 6)).frames).to.deep.equal([]);
    expect(cutter.push(bytes.subarray(6)).frames).to.deep.equal([Buffer.from('abc')]);
  });

  it('does not copy a frame that lies in one chunk', () => {
    const chunk = onTheWire([Buffer.from('abc')]);
    const [first] = new FrameCutter().push(chunk).frames;
    expect(first?.buffer).to.equal(chunk.buffer);
  });

  it('takes any bytes, and after an offence nothing more', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), (chunks) => {
        const cutter = new FrameCutter();
        let offended = false;
        for (const chunk of chunks) {
          const cut = cutter.push(Buffer.from(chunk));
          if (offended) expect(cut.frames).to.deep.equal([]);
          if (offended) expect(cut.offence).to.be.a('string');
          offended = cut.offence !== undefined;
        }
      }),
    );
  });

  it('refuses a frame without a type, but keeps those before it', () => {
    const cut = new FrameCutter().push(Buffer.concat([onTheWire([Buffer.from('a')]), Buffer.alloc(4)]));
    expect(cut.frames).to.deep.equal([Buffer.from('a')]);
    expect(cut.offence).to.equal('a frame without a type');
  });

  it('refuses a frame over the limit by its header alone, and takes one at the limit', () => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(FRAME_MAX + 1);
    expect(new FrameCutter().push(header).offence).to.include(`${FRAME_MAX + 1} bytes`);
    expect(new FrameCutter().push(frameHeader(FRAME_MAX)).offence).to.equal(undefined);
  });
});

describe('gathered parts', () => {
  it('are the same bytes in the same order, the large ones not copied', () => {
    const part = fc
      .oneof(fc.nat({ max: 10 }), fc.integer({ min: 4090, max: 4100 }))
      .map((length) => Buffer.alloc(length, length));
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const pieces = gathered(parts);
        expect(Buffer.concat(pieces).equals(Buffer.concat(parts))).to.equal(true);
        for (const large of parts.filter(({ length }) => length >= 4096)) expect(pieces).to.include(large);
        expect(pieces.length).to.be.at.most(2 * parts.filter(({ length }) => length >= 4096).length + 1);
      }),
    );
  });
});
