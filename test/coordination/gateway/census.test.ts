import { expect } from 'chai';

import { calmWorld, viewOf } from '../../support/gateway-world.ts';

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
