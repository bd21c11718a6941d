import { expect } from 'chai';
import fc from 'fast-check';

import { decodeFromSlave, decodeToSlave, encodeControl } from '../../src/common/message/control-codec.ts';
import { isPlain, pack, unpack } from '../../src/common/wire/plain-msgpack.ts';
import { fromSlaves, toSlaves } from '../support/control-messages.ts';

const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const frames = fc.oneof(fromSlaves, toSlaves).map(encodeControl);
const leads = fc.constantFrom(Buffer.from([32, 1]), Buffer.from([33, 1]));

/** Proper MessagePack of whatever shape, so that the schemas are tried, too. */
const values = fc
  .anything({ withBigInt: false, withMap: false, withSet: false, withNullPrototype: true, maxDepth: 4 })
  .map((value) => {
    try {
      return pack(value);
    } catch {
      return Buffer.alloc(0);
    }
  });

const damage = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });
const damaged = fc.tuple(frames, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([frame, damages]) => {
  const spoiled = Buffer.from(frame);
  for (const { at, byte } of damages) spoiled[at % spoiled.length] = byte;
  return spoiled;
});

const led = fc.tuple(leads, fc.oneof(noise, values)).map((parts) => Buffer.concat(parts));
const anything = fc.oneof(noise, led, damaged, frames);

describe('the decoders of control messages, fed with anything', () => {
  it('give a message or undefined, and a message that they give comes back from the wire', () => {
    fc.assert(
      fc.property(anything, (frame) => {
        const from = decodeFromSlave(frame);
        const to = decodeToSlave(frame);
        expect(from === undefined || to === undefined, 'never both').to.equal(true);
        if (from) expect(decodeFromSlave(encodeControl(from))).to.deep.equal(from);
        if (to) expect(decodeToSlave(encodeControl(to))).to.deep.equal(to);
      }),
    );
  });

  it('refuse every proper beginning of a frame, and whatever follows its end', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (frame, pick) => {
        const shorter = frame.subarray(0, pick % frame.length);
        const longer = Buffer.concat([frame, frame.subarray(0, 1)]);
        for (const wrong of [shorter, longer]) {
          expect(decodeFromSlave(wrong)).to.equal(undefined);
          expect(decodeToSlave(wrong)).to.equal(undefined);
        }
      }),
    );
  });
});

describe('plain MessagePack', () => {
  const refused: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['a list that claims four thousand million values', Buffer.from('ddffffffff00', 'hex')],
    ['a map that claims as many', Buffer.from('dfffffffff00', 'hex')],
    ['a text that claims as many bytes', Buffer.from('dbffffffff00', 'hex')],
    ['a million lists within each other', Buffer.alloc(1_000_000, 0x91)],
    ['a nest that ends properly, nine deep', Buffer.concat([Buffer.alloc(9, 0x91), Buffer.from([0])])],
    [
      'a megabyte of empty lists',
      Buffer.concat([Buffer.from('dd000f4240', 'hex'), Buffer.alloc(1_000_000, 0x90)]),
    ],
    [
      'a megabyte of empty maps',
      Buffer.concat([Buffer.from('dd000f4240', 'hex'), Buffer.alloc(1_000_000, 0x80)]),
    ],
    ['an extension', Buffer.from('d40000', 'hex')],
    ['a date', pack(new Date(0))],
    ['a record of the library', Buffer.from('d47240 91 a161 01'.replaceAll(' ', ''), 'hex')],
    ['binary', pack(Buffer.from('a'))],
    ['an integer of 64 bits', pack(2n ** 60n)],
    ['the type that is never used', Buffer.from([0xc1])],
    ['two values', Buffer.from([1, 2])],
    ['a map with a list for a name', Buffer.from([0x81, 0x91, 1, 2])],
  ];
  for (const [what, bytes] of refused) {
    it(`refuses ${what}`, () => {
      expect(unpack(bytes)).to.equal(undefined);
    });
  }

  it('says no to what does not end, and reads no further', () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        if (!isPlain(bytes)) return;
        for (let length = 0; length < bytes.length; length += 1) {
          expect(isPlain(bytes.subarray(0, length))).to.equal(false);
        }
      }),
    );
  });

  it('gives no value a parent of its own', () => {
    const unpacked = unpack(pack(JSON.parse('{"__proto__":{"kind":"leaving"}}')));
    expect(Object.getPrototypeOf(unpacked?.value)).to.equal(Object.prototype);
  });
});
