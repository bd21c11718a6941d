/** Where a client's reads go when copies may answer them: members take turns, and nobody goes back in time. */
import { expect } from 'chai';

import { get, k0, set, viewOf, wanted, World } from '../../support/gateway-world.ts';

const LATCHED = '-TRYAGAIN behind a refusal';

/** s1 owns everything, s2 and s3 hold copies. Client 3 reads partition 0 at s1, client 4 at s2, client 5 at s3. */
function worldOfThree(config: Partial<ConstructorParameters<typeof World>[0]> = {}): World {
  const world = new World({ readFrom: 'any', ...config });
  world.view(viewOf(['s1 s2 s3', 's1 s2 s3', 's1 s2 s3', 's1 s2 s3']));
  world.open('s1', 's2', 's3');
  world.openReads('s1', 's2', 's3');
  return world;
}

describe('reads from any', () => {
  it('go to the members by turns, over clients and over partitions', () => {
    const world = worldOfThree();
    for (const client of [3, 4, 5]) world.commands(client, get(client, 0));
    world.commands(3, get(6, 1), get(7, 2));
    expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get3']);
    expect(world.askedOf('s2')).to.deep.equal(['get4', 'get6']);
    expect(world.askedOf('s3')).to.deep.equal(['get5', 'get7']);
    expect(world.askedOf('s1')).to.deep.equal([]);
    world.readReplies('s2', '+a', '$-1');
    expect([...world.answers]).to.deep.equal([
      [4, '+a'],
      [6, '$-1'],
    ]);
  });

  it('stay with one member', () => {
    const world = worldOfThree();
    for (let request = 10; request < 20; request += 1) world.commands(4, get(request, 0));
    expect(world.askedOf('s2')).to.have.length(10);
  });

  it('are not made of copies unless asked for', () => {
    const world = worldOfThree({ readFrom: 'owner' });
    world.commands(4, get(10, 0));
    expect([world.askedOf('s2'), world.sentTo('s1')]).to.deep.equal([[], ['resume 0', 'get10']]);
  });

  it('skip a copy that cannot be reached', () => {
    const world = worldOfThree();
    world.closeReads('s2');
    for (const client of [3, 4, 5]) world.commands(client, get(client, 0));
    expect([world.askedOf('s2'), world.askedOf('s3')]).to.deep.equal([[], ['get3', 'get5']]);
    expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get4']);
  });

  describe('go to the owner for good', () => {
    it('once the client has written there, what is unanswered before the write', () => {
      const world = worldOfThree();
      world.commands(4, get(10, 0), get(11, 0));
      world.commands(4, set(12, 0), get(13, 0));
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10', 'get11', 'set12', 'get13']);
      world.askedOf('s2');
      world.readReplies('s2', '+old', '+old');
      expect([...world.answers], "the copy's answers come too late").to.deep.equal([]);
      world.replies('s1', '+OK', '+a', '+b', '+OK', '+c');
      expect([...world.answers.values()]).to.deep.equal(['+a', '+b', '+OK', '+c']);
      world.commands(4, get(14, 0), get(15, 3));
      expect(world.sentTo('s1')).to.deep.equal(['get14']);
      expect(world.askedOf('s2'), 'other partitions stay where they are').to.deep.equal(['get15']);
    });

    it('when the copy refuses, with all that was behind the refusal', () => {
      const world = worldOfThree();
      world.commands(4, get(10, 0), get(11, 0));
      world.commands(7, get(12, 0));
      world.readReplies('s2', '-MOVED 1 elsewhere:1', '+b', '+c');
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10', 'get11']);
      expect([...world.answers]).to.deep.equal([[12, '+c']]);
      world.commands(4, get(13, 0));
      expect(world.sentTo('s1')).to.deep.equal(['get13']);
    });

    it('when the link to the copy breaks, without an error', () => {
      const world = worldOfThree();
      world.commands(4, get(10, 0));
      world.closeReads('s2');
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10']);
      world.openReads('s2');
      world.commands(4, get(11, 0));
      expect(world.sentTo('s1')).to.deep.equal(['get11']);
      world.replies('s1', '+OK', '+a', '+b');
      expect([...world.answers.values()]).to.deep.equal(['+a', '+b']);
    });

    it('when the copy is silent for half of the time, and it is hung up on', () => {
      const world = worldOfThree();
      world.commands(4, get(10, 0));
      world.pass(1_499);
      expect(world.hungUp).to.deep.equal([]);
      world.pass(11);
      expect(world.hungUp).to.deep.equal(['s2']);
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10']);
      world.readReplies('s2', '+late');
      world.replies('s1', '+OK', '+a');
      expect([...world.answers]).to.deep.equal([[10, '+a']]);
    });

    it('when a page of the whole ring is asked for', () => {
      const world = worldOfThree();
      world.commands(4, get(10, 0));
      world.commands(4, {
        ...{ kind: 'split', request: 11, write: false },
        form: { kind: 'page', partition: 0, partitions: 4 },
        parts: [{ partition: 0 as never, bytes: Buffer.from('page'), places: [] }],
      });
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10', 'page']);
    });
  });

  it('are told after half of the time that nobody answers, when that is over', () => {
    const world = worldOfThree();
    world.close('s1');
    world.commands(4, get(10, 0));
    world.pass(3_010);
    expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN/);
  });

  it('are answered in time behind younger ones of others, when they come back from a copy', () => {
    const world = worldOfThree();
    world.close('s1');
    world.commands(4, get(10, 0));
    world.pass(1_000);
    world.commands(3, get(11, 0));
    world.pass(100);
    world.readReplies('s2', LATCHED);
    world.pass(1_910);
    expect([...world.answers.keys()]).to.deep.equal([10]);
    world.pass(1_000);
    expect([...world.answers.keys()]).to.deep.equal([10, 11]);
  });

  it('split over members come together again', () => {
    const world = worldOfThree();
    const command = wanted('MGET', k0, 'b', 'c');
    world.commands(4, command);
    const asked = ['s2', 's3'].flatMap((slave) => world.askedOf(slave).map(() => slave));
    const sent = world.sentTo('s1').filter((text) => text.startsWith('MGET'));
    expect(asked.length + sent.length).to.equal(3);
    expect(asked.length).to.be.at.least(1);
    for (const slave of asked) world.readReplies(slave, '*1\r\n$1\r\nx');
    world.replies('s1', ...sent.flatMap(() => ['+OK', '*1\r\n$1\r\nx']));
    expect(world.answers.get(10)).to.equal('["x","x","x"]');
  });

  it('hang up on a copy that says what nobody asked', () => {
    const world = worldOfThree();
    world.readReplies('s2', '+hello');
    expect(world.hungUp).to.deep.equal(['s2']);
  });

  it('of a client that has left are not asked again', () => {
    const world = worldOfThree();
    world.commands(4, get(10, 0));
    world.feed({ kind: 'client-closed', client: 4 });
    world.closeReads('s2');
    expect(world.sentTo('s1')).to.deep.equal([]);
    expect([world.state.live, world.state.readersCount]).to.deep.equal([0, 0]);
  });

  it('of clients for whom there is no room are the owners’', () => {
    const world = worldOfThree({ readersMax: 2 });
    world.commands(4, get(10, 0), get(11, 3), get(12, 1));
    world.commands(5, get(13, 0));
    expect(world.askedOf('s2'), 'asked before there was no room').to.deep.equal(['get10', 'get11']);
    expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10', 'resume 3', 'get11', 'resume 1', 'get12']);
    expect(world.askedOf('s3')).to.deep.equal(['get13']);
    world.commands(4, get(14, 2));
    expect(world.sentTo('s1')).to.deep.equal(['resume 2', 'get14']);
  });
});
