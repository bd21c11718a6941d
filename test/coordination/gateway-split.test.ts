import { expect } from 'chai';
import fc from 'fast-check';

import { checkCommand } from '../../src/common/command/check.ts';
import { key, partition } from '../../src/common/ids.ts';
import { Failure } from '../../src/common/reply.ts';
import { slotOf } from '../../src/common/slot.ts';
import { encodeCommand } from '../../src/common/wire/resp-writer.ts';
import { bulksOf, countOf, headOf } from '../../src/coordination/gateway/resp-head.ts';
import { route, routeScan, type Routed } from '../../src/coordination/gateway/route.ts';
import { decodeCursor, encodeCursor, rewrapPage } from '../../src/coordination/gateway/scan.ts';
import { calmWorld, get, set, viewOf } from '../support/gateway-world.ts';

const PARTITIONS = 4;

function routed(...words: readonly string[]): Routed | Failure {
  const args = words.map((word) => Buffer.from(word));
  const checked = checkCommand(args);
  if (checked instanceof Failure) return checked;
  return route(10, checked.spec, { args, raw: encodeCommand(args) }, PARTITIONS);
}

/** The same, for commands that are known to be whole. */
function wanted(...words: readonly string[]): Routed {
  const found = routed(...words);
  if (found instanceof Failure) throw new Error(found.text);
  return found;
}

/** Keys of which the n-th lies in partition n. */
const [k0 = '', k1 = '', k2 = '', k3 = ''] = [0, 1, 2, 3].map((place) => {
  for (let tries = 0; ; tries += 1) {
    if (Math.floor((slotOf(`k${tries}`) * PARTITIONS) / 16_384) === place) return `k${tries}`;
  }
});

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
    const found = route(1, checked.spec, { args, raw: encodeCommand(args) }, PARTITIONS);
    expect(found).to.include({ kind: 'split' });
    const parts = found instanceof Failure || found.kind !== 'split' ? [] : found.parts;
    expect(parts[0]?.bytes).to.deep.equal(encodeCommand(['DEL', name]));
    expect(slotOf(key(name))).to.be.a('number');
  });
});

describe('a command in parts', () => {
  it('puts values back in the order of their keys', () => {
    const world = calmWorld();
    world.commands(1, wanted('MGET', k0, k1, k2, k0));
    world.replies('s2', '*1\r\n$-1');
    world.replies('s1', '*2\r\n$1\r\na\r\n$0\r\n', '*1\r\n$2\r\ncc');
    expect(world.answers.get(10)).to.equal('["a","nil","cc",""]');
  });

  it('adds numbers up', () => {
    const world = calmWorld();
    world.commands(1, wanted('DEL', k0, k1, k3));
    world.replies('s1', ':1');
    world.replies('s2', ':0', ':1');
    expect(world.answers.get(10)).to.equal('2');
  });

  it("keeps its place among its own client's commands", () => {
    const world = calmWorld();
    world.commands(1, set(11, 0), wanted('DEL', k0, k1), get(12, 0));
    expect(world.sentTo('s1')).to.deep.equal(['set11', `DEL ${k0}`, 'get12']);
  });

  it('fails with the error of a part if nothing else was done', () => {
    const world = calmWorld();
    world.commands(1, wanted('DEL', k0, k1));
    world.replies('s1', ':0');
    world.replies('s2', '-NOSPACE no room');
    expect(world.answers.get(10)).to.equal('-NOSPACE no room');
  });

  it('is UNCERTAIN if a part failed and another was done', () => {
    const world = calmWorld();
    world.commands(1, wanted('UNLINK', k0, k1));
    world.replies('s1', ':1');
    world.replies('s2', '-NOSPACE no room');
    expect(world.answers.get(10)).to.match(/^-UNCERTAIN/);
  });

  it('is UNCERTAIN if a part may have been done', () => {
    const world = calmWorld();
    world.commands(1, wanted('DEL', k0, k1));
    world.close('s1');
    world.replies('s2', ':0');
    expect(world.answers.get(10)).to.match(/^-UNCERTAIN/);
  });

  it('keeps a definite error for reads', () => {
    const world = calmWorld();
    world.commands(1, wanted('EXISTS', k0, k1));
    world.replies('s1', ':1');
    world.replies('s2', '-NOSPACE why ever');
    expect(world.answers.get(10)).to.equal('-NOSPACE why ever');
  });

  it('takes no part of a write to heart when one of its partitions is lost', () => {
    const world = calmWorld();
    world.view(viewOf(['s1', 's2', 's1', 's2']), 1);
    world.commands(1, wanted('DEL', k0, k1));
    expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN .*partition 1 is lost/);
    expect(world.sentTo('s1')).to.deep.equal([]);
  });

  it('sends a refused part again, and only that', () => {
    const world = calmWorld();
    world.commands(1, wanted('DEL', k0, k1));
    world.replies('s1', ':1');
    world.replies('s2', '-TRYAGAIN moving');
    world.sentTo('s1');
    world.sentTo('s2');
    world.pass(10);
    expect([world.sentTo('s1'), world.sentTo('s2')]).to.deep.equal([[], ['resume 1', `DEL ${k1}`]]);
    world.replies('s2', '+OK', ':1');
    expect(world.answers.get(10)).to.equal('2');
  });

  it('does not trust a reply of another form', () => {
    const world = calmWorld();
    world.commands(1, wanted('MGET', k0, k1), { ...wanted('DEL', k0, k1), request: 11 });
    world.replies('s1', '*2\r\n$1\r\na\r\n$1\r\nb', '+what');
    world.replies('s2', '*1\r\n$1\r\nb', ':0');
    expect(world.answers.get(10)).to.match(/^-ERR a slave answered/);
    expect(world.answers.get(11)).to.match(/^-UNCERTAIN/);
  });
});

describe('the census (DBSIZE)', () => {
  it('asks every owner once and adds up', () => {
    const world = calmWorld();
    world.commands(1, { kind: 'census', request: 10 });
    expect([world.sentTo('s1'), world.sentTo('s2')]).to.deep.equal([['DBSIZE'], ['DBSIZE']]);
    world.replies('s1', ':40');
    world.replies('s2', ':2');
    expect(world.answers.get(10)).to.equal('42');
  });

  it('is an error while a partition is lost', () => {
    const world = calmWorld();
    world.view(viewOf(['s1', 's2', 's1', 's2']), 3);
    world.commands(1, { kind: 'census', request: 10 });
    expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN .*partition 3 is lost/);
  });

  it('waits for an owner that cannot be reached, but not for ever', () => {
    const world = calmWorld();
    world.close('s2');
    world.commands(1, { kind: 'census', request: 10 }, { kind: 'census', request: 11 });
    expect(world.sentTo('s1')).to.deep.equal([]);
    world.open('s2');
    expect(world.sentTo('s2')).to.deep.equal(['DBSIZE', 'DBSIZE']);
    world.pass(3010);
    expect(world.answers.get(11)).to.match(/^-CLUSTERDOWN/);
  });

  it('does not call half a count the whole', () => {
    const world = calmWorld();
    world.commands(1, { kind: 'census', request: 10 });
    world.replies('s1', ':40');
    world.close('s2');
    expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN/);
  });
});

describe('a walk over the ring (PIAZZA SCAN)', () => {
  const page = (cursor: string): Routed => {
    const found = routeScan(10, [cursor, '5'], PARTITIONS);
    if (found instanceof Failure) throw new Error(found.text);
    return found;
  };
  const items = '*3\r\n$1\r\nk\r\n$1\r\nv\r\n:0';

  it('begins with the first partition, and goes on behind the last key', () => {
    const world = calmWorld();
    world.commands(1, page('0'));
    expect(world.sentTo('s1')).to.deep.equal(['PIAZZA SCANPART 0  5']);
    world.replies('s1', `*2\r\n$4\r\nazA=\r\n${items}`);
    expect(world.answers.get(10)).to.equal(`*2\r\n$6\r\n0:azA=\r\n${items}`);
  });

  it('goes from partition to partition, and ends with 0', () => {
    const world = calmWorld();
    world.commands(1, page('2:azA='));
    expect(world.sentTo('s1')).to.deep.equal(['PIAZZA SCANPART 2 azA= 5']);
    world.replies('s1', '*2\r\n$0\r\n\r\n*0');
    expect(world.answers.get(10)).to.equal('*2\r\n$2\r\n3:\r\n*0');
    world.commands(1, { ...page('3:'), request: 11 });
    world.replies('s2', '*2\r\n$0\r\n\r\n*0');
    expect(world.answers.get(11)).to.equal('*2\r\n$1\r\n0\r\n*0');
  });

  it('minds any lost partition, also one that it has passed', () => {
    const world = calmWorld();
    world.view(viewOf(['s1', 's2', 's1', 's2']), 0);
    world.commands(1, page('2:'));
    expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN .*partition 0 is lost/);
  });

  it('refuses cursors and counts that are none', () => {
    for (const cursor of ['', '1', '-1:', '4:', '0:?', '99999999:', 'x:']) {
      expect(routeScan(1, [cursor, '5'], PARTITIONS), cursor).to.be.instanceOf(Failure);
    }
    for (const count of ['', '0', '-1', 'x', '1.5']) {
      expect(routeScan(1, ['0', count], PARTITIONS), count).to.be.instanceOf(Failure);
    }
  });

  it('reads back every cursor that it wrote', () => {
    fc.assert(
      fc.property(fc.nat(PARTITIONS - 1), fc.uint8Array({ maxLength: 1024 }), (place, after) => {
        const cursor = { partition: partition(place), after: Buffer.from(after).toString('base64') };
        expect(decodeCursor(encodeCursor(cursor, PARTITIONS), PARTITIONS)).to.deep.equal(cursor);
      }),
    );
  });
});

describe("readers of slaves' replies", () => {
  it('give undefined for any bytes of another form, and never throw', () => {
    const near = fc.array(fc.constantFrom('*', '$', ':', '-1', '1', '2', '\r\n', 'a', '9999999999'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(near, (words) => {
        const raw = Buffer.from(words.join(''), 'latin1');
        const values = bulksOf(raw, 2);
        if (values !== undefined) expect(values).to.have.length(2);
        headOf(raw, 0, '$');
        countOf(raw);
        rewrapPage(raw, 0, PARTITIONS);
      }),
    );
  });
});
