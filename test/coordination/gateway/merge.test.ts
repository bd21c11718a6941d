import { expect } from 'chai';

import { calmWorld, get, k0, k1, k2, k3, set, viewOf, wanted } from '../../support/gateway-world.ts';

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
