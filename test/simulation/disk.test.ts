/** Directories: whose they are, what a power loss leaves of them, and what is noted of damage. */
import { expect } from 'chai';

import { Directory } from './disk.ts';
import { World } from './world.ts';

const KEY = Buffer.from('k');
const PUT = [{ kind: 'put', key: KEY, value: Buffer.from('v') }] as const;

describe('a directory', () => {
  it('has a copy of the same name; one that was wiped has a name that nobody had before', () => {
    const names = { given: 0 };
    const [one, two] = [new Directory(names), new Directory(names)];
    expect(one.copy().store).to.equal(one.store);
    expect([one.store, two.store]).to.not.include(one.copy().wiped().store);
  });

  it('that is held loses everything that it had not said', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const directory = new Directory({ given: 0 });
      directory.log.commit(PUT, () => undefined);
      directory.isHeld = true;
      directory.crash(new World(seed));
      expect(directory.log.get(KEY)).to.equal(undefined);
      expect(directory.isHeld).to.equal(false);
    }
  });

  it('knows what was damaged, and so does its copy', () => {
    const directory = new Directory({ given: 0 });
    for (const store of [directory.log, directory.tables]) {
      store.commit(PUT, () => undefined);
      store.completeNext();
    }
    directory.damage(new World(1));
    expect(directory.damaged?.key).to.deep.equal(KEY);
    expect(directory.copy().damaged).to.equal(directory.damaged);
    expect(directory.wiped().damaged).to.equal(undefined);
  });

  it('keeps its tables waiting while they stall, and its log not', () => {
    const [world, directory] = [new World(1), new Directory({ given: 0 })];
    directory.tablesStallUntil = 5_000;
    expect(directory.commitMs('tables', world)).to.be.at.least(5_000);
    expect(directory.commitMs('log', world)).to.be.below(5);
  });
});
