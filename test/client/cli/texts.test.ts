import { expect } from 'chai';
import fc from 'fast-check';

import { Double, Failure, OK, Pairs } from '../../../src/common/reply.ts';
import { linesOf } from '../../../src/client/cli/lines.ts';
import { painter } from '../../../src/client/cli/paint.ts';
import { progressText } from '../../../src/client/cli/progress.ts';
import { parseRecord, recordText } from '../../../src/client/cli/record.ts';
import { quoted, rawReply, replyText } from '../../../src/client/cli/reply-text.ts';
import { ringText } from '../../../src/client/cli/ring-text.ts';
import { plainWord, shielded } from '../../../src/client/cli/shield.ts';
import { durationText, statusLine, statusText } from '../../../src/client/cli/status-text.ts';
import { columns, widthOf } from '../../../src/client/cli/table.ts';
import { splitInline } from '../../../src/common/wire/resp-inline.ts';
import { ringPicture, status } from './string-world.ts';

const plain = painter(false);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

describe('a shielded word', () => {
  const word = fc.oneof(
    fc.constantFrom('-', '--', '-x', '--json', '\0', '\0-', '', '-5', '-.5', 'put'),
    fc.string(),
  );

  it('comes out as it went in', () => {
    fc.assert(
      fc.property(fc.array(word), fc.array(word), (before, behind) => {
        const typed = before.filter((one) => one !== '--');
        const out = shielded([...typed, '--', ...behind]).map(plainWord);
        expect(out).to.deep.equal([...typed, ...behind]);
      }),
    );
  });
});

describe('a record', () => {
  it('gives back every key, value and expiry, to the bit', () => {
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.option(fc.integer({ min: 1 }), { nil: undefined }),
        (key, value, expiresAtMs) => {
          const record = { key, value, expiresAtMs };
          expect(parseRecord(recordText(record))).to.deep.equal({ kind: 'record', record });
        },
      ),
    );
  });

  it('is readable where its bytes are text', () => {
    const record = { key: Buffer.from('ß'), value: Buffer.from('ochre'), expiresAtMs: undefined };
    expect(recordText(record)).to.equal('{"key":"ß","value":"ochre","encoding":"utf8"}');
  });

  const bad = [
    '', '[]', 'null', '{', '{"key":"k"}', '{"value":"v"}', '{"key":1,"value":"v"}',
    '{"key":"k","value":"v","encoding":"latin1"}', '{"key":"k","value":"%%","encoding":"base64"}',
    '{"key":"k","value":"v","expiresAt":"soon"}', '{"key":"k","value":"v","expiresAt":-1}',
  ]; // prettier-ignore
  for (const line of bad) {
    it(`is not made of ${line || 'nothing'}`, () => {
      expect(parseRecord(line).kind).to.equal('complaint');
    });
  }
});

describe('lines', () => {
  it('are the same however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z]{0,5}$/)),
        fc.integer({ min: 1, max: 9 }),
        async (lines, size) => {
          const all = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const chunks = (async function* () {
            for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
          })();
          const seen: string[] = [];
          for await (const line of linesOf(chunks)) seen.push(line.toString());
          expect(seen).to.deep.equal(lines);
        },
      ),
    );
  });
});

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

describe('the status page', () => {
  it('begins with the state and what it means', () => {
    expect(statusText(status, plain).split('\n')[0]).to.equal(
      'healthy  every key has all the copies it should',
    );
    const lost = [{ partition: 17, slaves: ['s2', 's4'] }];
    const page = statusText({ ...status, state: 'unavailable', lost }, plain);
    expect(page)
      .to.match(/^unavailable {2}1 partition has no live full copy/)
      .and.contain('partition 17, held by s2, s4');
    expect(statusText({ ...status, state: 'healing', healing: { partitions: 3 } }, plain)).to.contain(
      '3 partitions',
    );
    expect(statusText({ ...status, state: 'degraded' }, plain)).to.contain('start another slave');
  });

  it('has a line for each slave', () => {
    expect(statusText(status, plain)).to.match(
      /^s1 +alive +127\.0\.0\.1:7001 +4242 +128 \(50\.0%\) +1234 +128 +1199$/m,
    );
  });

  it('says the same with colours as without', () => {
    const coloured = statusText(status, painter(true));
    expect(coloured).to.contain('\x1b[');
    expect(coloured.replaceAll(/\x1b\[[0-9;]*m/g, '')).to.equal(statusText(status, plain));
  });

  it('has a short form that changes when a slave does', () => {
    expect(statusLine(status)).to.equal(
      'healthy epoch=12 healing=0 s1=alive:128/1234+128/1199 s2=suspect:128/1199+128/1234',
    );
  });

  it('tells durations in two units', () => {
    expect([5_000, 65_000, 7_260_000].map(durationText)).to.deep.equal(['5 s', '1 min 5 s', '2 h 1 min']);
  });
});

describe('the drawing of the ring', () => {
  const drawing = ringText(ringPicture, plain);

  it('fits into 80 columns, with or without colours', () => {
    const widest = Math.max(...ringText(ringPicture, painter(true)).split('\n').map(widthOf));
    expect(widest).to.be.at.most(80);
    expect(ringText(ringPicture, painter(true)).replaceAll(/\x1b\[[0-9;]*m/g, '')).to.equal(drawing);
  });

  it('shows the first half on the right, the second on the left, and what nobody owns', () => {
    const middle = drawing.split('\n')[11] ?? '';
    expect(middle).to.match(/^ +12288 +B+ .* A+ +4096$/);
    expect(drawing.split('\n')[1]).to.contain('.A');
  });

  it('has a legend with shares', () => {
    expect(drawing).to.match(/^A {2}s1 +alive +127\.0\.0\.1:7001 +8 partitions +50\.0% +1 token$/m);
    expect(drawing).to.match(/^\. {2}\(nobody\) +1 partition +6\.3%$/m);
  });

  it('is drawn for an empty cluster too', () => {
    const empty = ringText({ ...ringPicture, slaves: [], tokens: [], owners: [] }, plain);
    expect(empty).to.contain('no slaves');
  });
});

describe('columns', () => {
  it('are as wide as their widest cell, colours not counted', () => {
    expect(
      columns([
        ['a', 'b'],
        [painter(true)('aaa', 'red'), 'b'],
      ]),
    ).to.equal('a    b\n\x1b[31maaa\x1b[0m  b\n');
  });
});

describe('progress', () => {
  it('shows a bar where the end is known, and a count where it is not', () => {
    expect(progressText('import', { keys: 100, share: 0.5 }, 1_000)).to.equal(
      'import  [###############...............]   50%  100 keys  100/s',
    );
    expect(progressText('export', { keys: 5, share: undefined }, 500)).to.equal('export  5 keys  10/s');
  });
});
