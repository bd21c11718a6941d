import { expect } from 'chai';
import fc from 'fast-check';

import { Double, Failure, OK, Pairs } from '../../../src/common/reply.ts';
import { quoted, rawReply, replyText } from '../../../src/client/cli/reply-text.ts';
import { splitInline } from '../../../src/common/wire/resp-inline.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

describe('a reply', () => {
  it('is written as redis-cli writes it', () => {
    expect(replyText(undefined)).to.equal('(nil)');
    expect(replyText(7)).to.equal('(integer) 7');
    expect(replyText(OK)).to.equal('OK');
    expect(replyText(new Failure('ERR no'))).to.equal('(error) ERR no');
    expect(replyText(Buffer.from('a"\n\xff', 'latin1'))).to.equal('"a\\"\\n\\xff"');
    expect(replyText([Buffer.from('a'), [], [1, undefined]])).to.equal(
      '1) "a"\n2) (empty array)\n3) 1) (integer) 1\n   2) (nil)',
    );
    expect(replyText(new Pairs([['k', new Double(1.5)]]))).to.equal('1# "k" => (double) 1.5');
  });

  it('is raw for a pipe', () => {
    expect(rawReply([Buffer.from('a'), 7, undefined]).toString()).to.equal('a\n7\n\n');
  });

  it('quotes bytes so that the prompt reads them back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const read = splitInline(Buffer.from(`x ${quoted(value)}`));
        expect(read.kind === 'args' && read.args[1]?.equals(value)).to.equal(true);
      }),
    );
  });
});
