import { expect } from 'chai';

import { MachineClock } from './clock.ts';
import { Process } from './process.ts';
import { World } from './world.ts';

describe('a simulated process', () => {
  it('that is paused holds back what comes, in order, and goes on with it', () => {
    const { world, process, seen, arrive } = paused();
    arrive('first');
    arrive('second');
    world.runUntil(99);
    expect(seen).to.deep.equal([]);
    world.runUntil(100);
    expect(seen).to.deep.equal(['first', 'second']);
    expect(process.isPaused).to.equal(false);
  });

  it('that is paused again by what it goes on with holds back the rest', () => {
    const { world, process, seen, arrive } = paused();
    process.to(() => {
      process.pause(50);
    });
    arrive('behind it');
    world.runUntil(149);
    expect(seen).to.deep.equal([]);
    world.runUntil(150);
    expect(seen).to.deep.equal(['behind it']);
  });

  it('that ended meanwhile gets nothing of what was meant for its earlier life', () => {
    const { world, process, seen, arrive } = paused();
    arrive('too late');
    process.end();
    process.begin();
    world.runUntil(200);
    expect(seen).to.deep.equal([]);
  });
});

/** One that stands still for 100 ms, and what reaches it. */
function paused() {
  const world = new World(1);
  const process = new Process(world, new MachineClock(world));
  const seen: string[] = [];
  const arrive = (what: string): void => {
    process.to(() => {
      seen.push(what);
    });
  };
  process.begin();
  process.pause(100);
  return { world, process, seen, arrive };
}
