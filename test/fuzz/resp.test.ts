import { expect } from 'chai';
import fc from 'fast-check';

import { Double, Failure, Pairs, type Reply, Simple } from '../../src/common/reply.ts';
import { decodeReply, ReplyScanner } from '../../src/common/wire/resp-reply.ts';
import { type RequestLimits, RequestParser } from '../../src/common/wire/resp-request.ts';
import { encodeCommand, encodeReply } from '../../src/common/wire/resp-writer.ts';
import { bytes, heardFrom, pieces, scannedFrom } from '../support/resp-bytes.ts';

/** So small that a stream of a few hundred bytes meets each of them. */
const tight: RequestLimits = { argumentBytesMax: 12, argumentsMax: 3, commandBytesMax: 50 };

const buffers = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const commands = fc.array(buffers, { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

/** Pieces of requests and of answers, right and wrong: noise alone would hardly ever pass the first byte. */
const fragments = fc.oneof(
  { weight: 4, arbitrary: commands.map((args) => encodeCommand(args)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('GET a\r\n', 'SET "a b" \'c\'\n', '\r\n', '"\r\n', '\0\n').map(bytes),
  },
  { weight: 2, arbitrary: fc.constantFrom('*', '$', '-', '1', '0', '\r', '\n', '\r\n', ' ', '"').map(bytes) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('*0\r\n', '*-1\r\n', '*2\r\n', '$1\r\n', '$-1\r\n', '$30\r\n').map(bytes),
  },
  { weight: 1, arbitrary: buffers },
);
const requests = fc.array(fragments, { maxLength: 12 }).map((parts) => Buffer.concat(parts));

const lines = fc.string({ maxLength: 12 }).filter((text) => !/[\r\n]/.test(text));

/** Everything that a `Reply` can say, up to three deep. */
const replies: fc.Arbitrary<Reply> = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.maxSafeInteger(),
    buffers,
    fc.constant(undefined),
    lines.map((text) => new Simple(text)),
    lines.map((text) => new Failure(text)),
    fc.double().map((value) => new Double(value)),
    fc
      .array(fc.tuple(fc.string({ maxLength: 5 }), tie('reply')), { maxLength: 3 })
      .map((entries) => new Pairs(entries)),
    fc.array(tie('reply'), { maxLength: 3 }),
  ),
})).reply;

const answerFragments = fc.oneof(
  { weight: 4, arbitrary: replies.map((reply) => encodeReply(reply, 3)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('|1\r\n+a\r\n', '|0\r\n', '~1\r\n', '>1\r\n', '%1\r\n', '*2\r\n').map(bytes),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('#t\r\n', '(12\r\n', '=5\r\ntxt:a\r\n', '!3\r\nERR\r\n', '$-1\r\n').map(bytes),
  },
  { weight: 1, arbitrary: fc.constantFrom('*', '$', ':', '\r', '\n', '\r\n', '-1', '9').map(bytes) },
  { weight: 1, arbitrary: buffers },
);
const answers = fc.array(answerFragments, { maxLength: 10 }).map((parts) => Buffer.concat(parts));

describe('the request parser, fed with anything', () => {
  for (const limits of [undefined, tight]) {
    it(`hears the same however it is cut${limits ? ', within tight limits' : ''}`, () => {
      fc.assert(
        fc.property(requests, cuts, (stream, lengths) => {
          const whole = heardFrom([stream], limits);
          expect(heardFrom(pieces(stream, lengths), limits)).to.deep.equal(whole);
          expect(whole.length, 'no more commands than lines').to.be.at.most(stream.length);
        }),
      );
    });
  }

  it('hears every command that was encoded, and its raw form to the bit', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 8 }), cuts, (sent, lengths) => {
        const stream = Buffer.concat(sent.map((args) => encodeCommand(args)));
        const parser = new RequestParser();
        const heard: (readonly Buffer[])[] = [];
        const raws: Buffer[] = [];
        for (const chunk of pieces(stream, lengths)) {
          parser.push(chunk);
          for (let next = parser.next(); next !== undefined; next = parser.next()) {
            if (next.kind !== 'request') return expect.fail(next.why);
            heard.push(next.request.args);
            raws.push(next.request.raw);
          }
        }
        expect(heard).to.deep.equal(sent);
        expect(Buffer.concat(raws).equals(stream)).to.equal(true);
      }),
    );
  });
});

describe('the reply scanner, fed with anything', () => {
  it('hears the same however it is cut', () => {
    fc.assert(
      fc.property(answers, cuts, (stream, lengths) => {
        expect(scannedFrom(pieces(stream, lengths))).to.deep.equal(scannedFrom([stream]));
      }),
    );
  });

  it('yields nothing that the decoder cannot read', () => {
    fc.assert(
      fc.property(answers, (stream) => {
        const scanner = new ReplyScanner();
        scanner.push(stream);
        for (let next = scanner.next(); next?.kind === 'reply'; next = scanner.next()) {
          const reply = decodeReply(next.raw);
          expect(reply instanceof Failure ? reply.text : '').not.to.match(/^MALFORMED/);
        }
      }),
    );
  });
});

describe('the reply decoder', () => {
  it('reads what was written, whatever it says', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        expect(decodeReply(encodeReply(reply, 3))).to.deep.equal(reply);
      }),
    );
  });

  it('gives a value for any bytes', () => {
    fc.assert(
      fc.property(answers, (stream) => {
        decodeReply(stream);
      }),
    );
  });

  it('reads in RESP2 what another writer of RESP2 would write', () => {
    fc.assert(
      fc.property(replies, (reply) => {
        const wire = encodeReply(reply, 2);
        expect(encodeReply(decodeReply(wire), 2).equals(wire)).to.equal(true);
      }),
    );
  });
});
