/** The sleep detector, on clocks of our own. */
import { expect } from 'chai';

import { kernelBootId, now, SleepDetector, wallNow, type Clocks } from '../../../src/common/io/clock.ts';

class TestClocks implements Clocks {
  readonly time = { monotonic: 5_000, wall: 1_700_000_000_000, uptime: 90_000 };
  uptimeReads = 0;

  monotonic = (): number => this.time.monotonic;
  wall = (): number => this.time.wall;
  uptime = (): number => {
    this.uptimeReads += 1;
    return Math.floor(this.time.uptime / 10) * 10;
  };

  /** Everything goes on. */
  run(ms: number): void {
    this.time.monotonic += ms;
    this.suspend(ms);
  }

  /** The monotonic clock stands still. */
  suspend(ms: number): void {
    this.time.wall += ms;
    this.time.uptime += ms;
  }
}

describe('a sleep detector', () => {
  let clocks: TestClocks;
  let detector: SleepDetector;

  beforeEach(() => {
    clocks = new TestClocks();
    detector = new SleepDetector(clocks);
  });

  it('says nothing while the clocks go alike, however long it was not asked', () => {
    for (const ms of [0, 0.1, 1, 5, 60_000, 3]) {
      clocks.run(ms);
      expect(detector.slept()).to.equal(false);
    }
  });

  it('notices a suspended machine, once', () => {
    clocks.suspend(150);
    expect(detector.slept()).to.equal(true);
    expect(detector.slept()).to.equal(false);
  });

  it('notices a sleep that only the time since boot shows', () => {
    clocks.run(10);
    clocks.time.uptime += 30_000;
    expect(detector.slept()).to.equal(true);
  });

  it('takes a wall clock that is set, forwards or backwards, for a sleep', () => {
    clocks.time.wall += 1_000;
    expect(detector.slept()).to.equal(true);
    clocks.time.wall -= 3_600_000;
    expect(detector.slept()).to.equal(true);
  });

  it('adds short sleeps up', () => {
    const seen: boolean[] = [];
    for (let count = 0; count < 3; count += 1) {
      clocks.run(50);
      clocks.suspend(10);
      seen.push(detector.slept());
    }
    expect(seen).to.deep.equal([false, false, true]);
  });

  it('does not add up the drift of days', () => {
    for (let second = 0; second < 86_400; second += 1) {
      clocks.run(1_000);
      clocks.time.wall += 0.5;
      expect(detector.slept()).to.equal(false);
    }
  });

  it('does not read the dear clock on every turn', () => {
    const before = clocks.uptimeReads;
    for (let turn = 0; turn < 10_000; turn += 1) {
      clocks.run(0.01);
      detector.slept();
    }
    expect(clocks.uptimeReads - before).to.be.at.most(20);
  });

  it('holds the machine’s own clocks for awake', () => {
    expect(new SleepDetector().slept()).to.equal(false);
  });
});

describe('the clocks', () => {
  it('go forwards, and tell the year', () => {
    expect(now()).to.be.at.most(now());
    expect(new Date(wallNow()).getUTCFullYear()).to.be.at.least(2024);
  });

  it('name the start of the kernel, where it is told', () => {
    expect(kernelBootId()).to.equal(kernelBootId());
    expect(kernelBootId('/there/is/no/such/file')).to.equal(undefined);
  });
});
