import { expect } from 'chai';

import { painter } from '../../../src/client/cli/paint.ts';
import { durationText, statusLine, statusText } from '../../../src/client/cli/status-text.ts';
import { status } from './string-world.ts';

const plain = painter(false);

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

  it('says of a slave that drains how much is left', () => {
    const slaves = status.slaves.map((slave) => ({ ...slave, state: 'draining' }) as const);
    expect(statusText({ ...status, slaves }, plain)).to.match(/1199 +256 partitions to hand over$/m);
  });

  it('tells zones when any slave has one', () => {
    expect(statusText(status, plain)).not.to.contain('ZONE');
    const slaves = status.slaves.map((slave) => (slave.id === 's1' ? { ...slave, zone: 'rack-1' } : slave));
    const page = statusText({ ...status, slaves }, plain);
    expect(page).to.match(/^SLAVE +ZONE +STATE/m);
    expect(page)
      .to.match(/^s1 +rack-1 +alive/m)
      .and.match(/^s2 +- +suspect/m);
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
