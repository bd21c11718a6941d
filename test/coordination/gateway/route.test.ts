import { expect } from 'chai';

import { checkCommand } from '../../../src/common/command/check.ts';
import { Failure } from '../../../src/common/reply.ts';
import { encodeCommand } from '../../../src/common/wire/resp-writer.ts';
import { route } from '../../../src/coordination/gateway/route.ts';
import { k0, k1, routed, settings, wanted } from '../../support/gateway-world.ts';

describe('routing of a command', () => {
  it('sends a command of one key as the client wrote it', () => {
    const found = wanted('SET', k1, 'v');
    expect(found).to.deep.include({ kind: 'single', write: true, partition: 1 });
    expect(found.kind === 'single' && found.bytes.toString()).to.equal(
      `*3\r\n$3\r\nSET\r\n$2\r\n${k1}\r\n$1\r\nv\r\n`,
    );
  });

  it('does not split keys that lie in one slot', () => {
    expect(wanted('MGET', '{t}a', '{t}b').kind).to.equal('single');
    expect(wanted('MSET', '{t}a', '1', '{t}b', '2')).to.include({ kind: 'single', write: true });
  });

  it('splits by slot, and remembers which key was where', () => {
    const found = wanted('MGET', k0, k1, k0, 'nowhere-near');
    if (found.kind !== 'split') throw new Error(found.kind);
    expect(found.parts.map(({ places }) => places)).to.deep.include.members([[0, 2], [1]]);
    expect(found.parts[0]?.bytes.toString()).to.equal(`*3\r\n$4\r\nMGET\r\n$2\r\n${k0}\r\n$2\r\n${k0}\r\n`);
  });

  it('refuses to split what must happen as a whole', () => {
    expect(routed('MSET', k0, '1', k1, '2')).to.deep.equal(
      new Failure("CROSSSLOT Keys in request don't hash to the same slot"),
    );
  });

  it('keeps keys of any bytes whole', () => {
    const name = Buffer.from([0, 255, 13, 10]);
    const args = [Buffer.from('DEL'), name, Buffer.from(k0)];
    const checked = checkCommand(args);
    if (checked instanceof Failure) throw new Error(checked.text);
    const found = route(1, checked.spec, { args, raw: encodeCommand(args) }, settings.partitions);
    expect(found).to.include({ kind: 'split' });
    const parts = found instanceof Failure || found.kind !== 'split' ? [] : found.parts;
    expect(parts[0]?.bytes).to.deep.equal(encodeCommand(['DEL', name]));
  });
});
