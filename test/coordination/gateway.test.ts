import { expect } from 'chai';

import { DEADLINE_GRAIN_MS } from '../../src/coordination/gateway.ts';
import { calmWorld, get, set, viewOf, World } from '../support/gateway-world.ts';

const LATCHED = '-TRYAGAIN behind a refusal';

describe('gateway', () => {
  it('forwards to the owner and hands the reply on as it came', () => {
    const world = calmWorld();
    world.commands(7, set(10, 0), get(11, 1), get(12, 0));
    expect(world.sentTo('s1')).to.deep.equal(['set10', 'get12']);
    expect(world.sentTo('s2')).to.deep.equal(['get11']);
    world.replies('s1', '+OK', '$-1');
    world.replies('s2', '-WRONGTYPE no');
    expect([...world.answers]).to.deep.equal([
      [10, '+OK'],
      [12, '$-1'],
      [11, '-WRONGTYPE no'],
    ]);
  });

  it('writes once to each slave in a step, however many commands there are', () => {
    const world = calmWorld();
    const effects = world.feed({
      kind: 'commands',
      client: 1,
      commands: [get(10, 0), get(11, 2), get(12, 0)],
      now: world.now,
    });
    expect(effects.map(({ kind }) => kind)).to.deep.equal(['send']);
    expect(effects[0]).to.include({ commands: 3 });
  });

  it('keeps commands until there is a view and a link', () => {
    const world = new World();
    world.commands(1, set(10, 0));
    world.view(viewOf(['s1', 's1', 's1', 's1']));
    expect(world.sentTo('s1')).to.deep.equal([]);
    world.open('s1');
    expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set10']);
    world.replies('s1', '+OK', '+OK');
    expect([...world.answers]).to.deep.equal([[10, '+OK']]);
  });

  describe('after a refusal', () => {
    it('sends again what was in flight behind it, then what came later, in order', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0), set(11, 0));
      world.replies('s1', '-TRYAGAIN moving');
      world.commands(1, set(12, 0));
      world.sentTo('s1');
      world.pass(50);
      expect(world.sentTo('s1'), 'set11 is still in flight').to.deep.equal([]);

      world.replies('s1', LATCHED);
      world.pass(10);
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set10', 'set11', 'set12']);
      world.replies('s1', '+OK', '+a', '+b', '+c');
      expect([...world.answers.values()]).to.deep.equal(['+a', '+b', '+c']);
    });

    it('leaves other partitions of the same slave alone', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0), set(11, 2));
      world.replies('s1', '-CLUSTERDOWN no promise', '+OK');
      world.commands(1, set(12, 2));
      expect(world.answers.get(11)).to.equal('+OK');
      expect(world.sentTo('s1')).to.deep.equal(['set10', 'set11', 'set12']);
    });

    it('waits 10 ms, doubling to 100, as long as nothing changes', () => {
      const world = calmWorld();
      world.commands(1, get(10, 0));
      world.replies('s1', '-TRYAGAIN moving');
      const pauses: number[] = [];
      let before = world.now;
      while (pauses.length < 6) {
        world.sentTo('s1');
        while (world.sentTo('s1').length === 0) world.pass(1);
        pauses.push(world.now - before);
        before = world.now;
        world.replies('s1', '+OK', '-TRYAGAIN moving');
      }
      expect(pauses).to.deep.equal([10, 20, 40, 80, 100, 100]);
    });

    it('keeps the pause in mind for a command that comes later', () => {
      const world = calmWorld();
      const refuse = (): void => {
        world.replies('s1', '+OK', '-TRYAGAIN moving');
      };
      world.commands(1, get(10, 0));
      world.replies('s1', '-TRYAGAIN moving');
      for (const pause of [10, 20, 40]) {
        world.pass(pause);
        refuse();
      }
      world.feed({ kind: 'client-closed', client: 1 });

      // Partition 0 would wait 80 ms, had it anybody; meanwhile partition 2 wants its ticks.
      world.commands(2, get(11, 2));
      world.replies('s1', '-TRYAGAIN moving');
      world.pass(10);
      refuse();
      world.pass(20);
      world.sentTo('s1');
      world.commands(3, get(12, 0));
      world.pass(60);
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get12']);
    });

    it('goes to the new owner as soon as the view names it', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.replies('s1', '-MOVED 7 elsewhere:1');
      expect(world.refreshes).to.equal(1);
      expect(world.sentTo('s2')).to.deep.equal([]);
      world.view(viewOf(['s2', 's2', 's1', 's2'], [2, 1, 1, 1]));
      expect(world.sentTo('s2')).to.deep.equal(['resume 0', 'set10']);
    });

    it('tries at once when the view was already newer than what was refused', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.view(viewOf(['s1', 's2', 's1', 's2'], [2, 1, 1, 1]));
      world.sentTo('s1');
      world.replies('s1', '-TRYAGAIN fenced');
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set10']);
    });

    it('takes NOREPLICAS for a reason to wait only from a write', () => {
      const world = calmWorld();
      world.commands(1, get(10, 0), set(11, 0));
      world.replies('s1', '-NOREPLICAS why a read', '-NOREPLICAS too few');
      expect(world.answers.get(10)).to.equal('-NOREPLICAS why a read');
      for (let tries = 0; tries < 40; tries += 1) {
        world.pass(100);
        if (world.sentTo('s1').length > 0) world.replies('s1', '+OK', '-NOREPLICAS too few');
      }
      expect(world.answers.get(11)).to.equal('-NOREPLICAS too few');
    });

    it('hands UNCERTAIN on and repeats nothing', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.sentTo('s1');
      world.replies('s1', '-UNCERTAIN a copy fell silent');
      world.pass(4000);
      expect(world.sentTo('s1')).to.deep.equal([]);
      expect(world.answers.get(10)).to.match(/^-UNCERTAIN a copy/);
    });
  });

  describe('when a partition changes hands', () => {
    it('sends nothing to the new owner before the old one has answered', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.view(viewOf(['s2', 's2', 's1', 's2'], [2, 1, 1, 1]));
      world.commands(1, set(11, 0));
      expect(world.sentTo('s2')).to.deep.equal([]);
      world.replies('s1', '+OK');
      expect(world.sentTo('s2')).to.deep.equal(['resume 0', 'set11']);
    });

    it('says RESUME when it comes back to a slave that had refused', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.replies('s1', '-MOVED 7 elsewhere:1');
      world.view(viewOf(['s2', 's2', 's1', 's2'], [2, 1, 1, 1]));
      world.replies('s2', '+OK', '+OK');
      world.view(viewOf(['s1', 's2', 's1', 's2'], [3, 1, 1, 1]));
      world.sentTo('s1');
      world.commands(1, set(11, 0));
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set11']);
    });

    it('does not mind a new view in which nothing changed for it', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.view(viewOf(['s1', 's1', 's1', 's2'], [1, 2, 1, 1]));
      world.commands(1, set(11, 0));
      expect(world.sentTo('s1')).to.deep.equal(['set10', 'set11']);
    });
  });

  describe('when a link breaks', () => {
    it('repeats reads and answers UNCERTAIN to writes that had left', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.commands(2, get(11, 0));
      world.close('s1');
      expect(world.answers.get(10)).to.match(/^-UNCERTAIN/);
      expect(world.answers.has(11)).to.equal(false);
      world.sentTo('s1');
      world.open('s1');
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get11']);
    });

    it('repeats writes that had not left', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0), set(11, 0));
      world.close('s1', 1);
      world.sentTo('s1');
      world.open('s1');
      expect(world.answers.get(10)).to.match(/^-UNCERTAIN/);
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set11']);
    });

    it('does not repeat a read that came before an uncertain write of its own client', () => {
      const world = calmWorld();
      world.commands(1, get(10, 0), set(11, 0), get(12, 0));
      world.commands(2, get(13, 0));
      world.close('s1');
      world.sentTo('s1');
      world.open('s1');
      expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN/);
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get12', 'get13']);
    });

    it('goes on at the new owner if the view names one', () => {
      const world = calmWorld();
      world.commands(1, get(10, 0));
      world.view(viewOf(['s2', 's2', 's1', 's2'], [2, 1, 1, 1]));
      world.close('s1');
      expect(world.sentTo('s2')).to.deep.equal(['resume 0', 'get10']);
    });

    it('keeps what was refused before in front of what breaks now', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.commands(2, get(11, 0));
      world.replies('s1', '-TRYAGAIN moving');
      world.commands(1, get(12, 0));
      world.close('s1');
      world.sentTo('s1');
      world.open('s1');
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set10', 'get11', 'get12']);
    });
  });

  describe('when time runs out', () => {
    it('answers what waits with its last refusal, or CLUSTERDOWN', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.replies('s1', '-NOREPLICAS too few');
      world.commands(1, set(11, 0));
      for (let tries = 0; tries < 40; tries += 1) {
        world.pass(100);
        if (world.sentTo('s1').length > 0) world.close('s1', 3);
      }
      expect(world.answers.get(10)).to.equal('-NOREPLICAS too few');
      expect(world.answers.get(11)).to.match(/^-CLUSTERDOWN .*partition 0/);
    });

    it('does not send a client away: MOVED becomes TRYAGAIN', () => {
      const world = calmWorld();
      world.commands(1, get(10, 0));
      world.replies('s1', '-MOVED 7 elsewhere:1');
      world.close('s1');
      world.pass(3000 + DEADLINE_GRAIN_MS);
      expect(world.answers.get(10)).to.match(/^-TRYAGAIN/);
    });

    it('answers what is in flight, and swallows the late reply', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0), get(11, 0));
      world.pass(3000 + DEADLINE_GRAIN_MS);
      expect(world.answers.get(10)).to.match(/^-UNCERTAIN/);
      expect(world.answers.get(11)).to.match(/^-CLUSTERDOWN/);
      world.commands(1, get(12, 0));
      world.replies('s1', '+late', '+later', '+fresh');
      expect(world.answers.get(12)).to.equal('+fresh');
      expect([...world.answers.values()].join()).not.to.include('late');
    });

    it('minds a late refusal too', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.pass(3000 + DEADLINE_GRAIN_MS);
      world.commands(1, set(11, 0));
      world.replies('s1', '-TRYAGAIN moving', LATCHED);
      world.sentTo('s1');
      world.pass(10);
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set11']);
    });

    it('drops the link of a slave that stays silent for the same time again', () => {
      const world = calmWorld();
      world.commands(1, set(10, 0));
      world.pass(5900);
      expect(world.dropped).to.deep.equal([]);
      world.pass(200);
      expect(world.dropped).to.include('s1');
    });

    it('has nothing to wake for once all is answered', () => {
      const world = calmWorld();
      world.pass(4000);
      expect(world.state.deadlineAt).to.equal(undefined);
      expect(world.state.retryAt).to.equal(undefined);
    });
  });

  describe('when a partition is lost', () => {
    it('answers at once, and names it', () => {
      const world = calmWorld();
      world.close('s1');
      world.commands(1, get(10, 2));
      world.view(viewOf(['s1', 's2', 's1', 's2']), 0, 2);
      world.commands(1, get(11, 0), get(12, 1));
      expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN .*partition 2 is lost/);
      expect(world.answers.get(11)).to.match(/^-CLUSTERDOWN .*partition 0 is lost/);
      expect(world.sentTo('s2')).to.deep.equal(['get12']);
    });

    it('answers a read whose link breaks with it', () => {
      const world = calmWorld();
      world.commands(1, get(10, 0));
      world.view(viewOf(['s1', 's2', 's1', 's2']), 0);
      world.close('s1');
      expect(world.answers.get(10)).to.match(/^-CLUSTERDOWN .*partition 0 is lost/);
    });

    it('serves again when it is back', () => {
      const world = calmWorld();
      world.view(viewOf(['s1', 's2', 's1', 's2']), 0);
      world.view(viewOf(['s1', 's2', 's1', 's2'], [2, 1, 1, 1]));
      world.commands(1, get(10, 0));
      expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'get10']);
    });
  });

  it('forgets what a client that left was still waiting for', () => {
    const world = calmWorld();
    world.close('s1');
    world.commands(1, set(10, 0), set(11, 0));
    world.commands(2, set(12, 0));
    world.sentTo('s1');
    world.feed({ kind: 'client-closed', client: 1 });
    world.open('s1');
    expect(world.sentTo('s1')).to.deep.equal(['resume 0', 'set12']);
  });

  it('refuses what would be too much, with nothing done', () => {
    const world = calmWorld({ commandsMax: 2 });
    world.commands(1, get(10, 0), get(11, 0), get(12, 0));
    expect(world.answers.get(12)).to.match(/^-TRYAGAIN/);
    world.replies('s1', '+a', '+b');
    world.commands(1, get(13, 0));
    expect(world.sentTo('s1')).to.include('get13');
  });

  it('drops a slave that answers what nobody asked', () => {
    const world = calmWorld();
    world.replies('s1', '+what');
    expect(world.dropped).to.deep.equal(['s1']);
  });
});
