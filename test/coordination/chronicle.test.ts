/** Events: numbered, bounded, summed, and no wait of their own. */
import { expect } from 'chai';

import { slaveId } from '../../src/common/ids.ts';
import { add, chronicleOf, changesOf, EVENTS_MAX, eventsSince } from '../../src/coordination/chronicle.ts';
import { note } from '../../src/coordination/state.ts';
import {
  type CoordinatorBench,
  CoordinatorBench as Bench,
  founded,
  WALL_AT_ZERO,
} from '../support/coordinator-bench.ts';
import { P, SETTINGS } from '../support/slave-bench.ts';

const MANY = { ...SETTINGS, partitions: 16 };

const told = ({ state }: CoordinatorBench, since = 0) => eventsSince(state.chronicle, since);
const kinds = (bench: CoordinatorBench, since = 0) => told(bench, since).map(({ kind }) => kind);
const lastOf = (bench: CoordinatorBench) => bench.state.chronicle.last;

/** It answers for every partition that it is asked for, of whatever fence. */
function answerAll(bench: CoordinatorBench, name: string): void {
  for (const { epoch: number, partitions } of bench.sent(name, 'fence')) {
    const answers = partitions.map((partition) => ({
      ...{ partition, end: { epoch: number, seq: 0 }, promised: [], promisedAllMs: 0 },
      adopted: bench.state.view.configurations[partition] ?? bench.configuration,
    }));
    bench.says(name, { kind: 'fenced', epoch: number, answers });
  }
}

describe('the events of a cluster', () => {
  it('tell how it began, in order, with the time of the wall', () => {
    const { bench } = founded('ab');
    expect(kinds(bench)).to.deep.equal([
      'started',
      'registered',
      'registered',
      'founded',
      'healing',
      'healthy',
    ]);
    expect(told(bench).map(({ number }) => number)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(told(bench)[0]).to.deep.include({ at: WALL_AT_ZERO + 10_000, level: 'info' });
    expect(told(bench)[1]).to.deep.include({ slave: 'a', text: 'a registered (host:7000, pid 3)' });
  });

  it('tell why a slave is taken for dead, and that it came back', () => {
    const { bench, roles } = founded('ab');
    const [, copy = ''] = roles;
    const before = lastOf(bench);
    bench.kill(copy);
    bench.wait(100);
    bench.reboot(copy);
    bench.register(copy);
    bench.beating.add(copy);
    bench.wait(100);
    const about = told(bench, before).filter(({ slave }) => slave === copy);
    expect(about.map(({ kind, level }) => `${kind} ${level}`)).to.deep.equal([
      'suspected info',
      'declared-dead warn',
      'returned info',
    ]);
  });

  it('sum what comes by the dozen', () => {
    const { bench } = founded('abc', MANY);
    bench.wait(3_000);
    const before = lastOf(bench);
    bench.kill('a');
    bench.persist();
    for (const name of 'bc') answerAll(bench, name);
    bench.wait(1_000);
    const since = told(bench, before);
    const counted = (kind: string) => since.filter((event) => event.kind === kind).map(({ text }) => text);
    expect(counted('fenced')).to.have.length(1);
    expect(counted('promoted')).to.have.length(1);
    expect(counted('promoted')[0]).to.match(/^\d+ partitions promoted to a new owner: b \d+, c \d+$/);
  });

  it('say once what was copied to whom, when no more is', () => {
    const { bench, roles } = founded('abc');
    const [owner = '', copy = '', third = ''] = roles;
    const before = lastOf(bench);
    bench.kill(copy);
    bench.persist();
    bench.answers(owner);
    bench.persist();
    bench.serves(owner);
    bench.persist();
    const { epoch, members, ownerNonce } = bench.lastSent(owner, 'grow');
    bench.says(owner, { kind: 'grown', partition: P, configuration: { epoch, members, ownerNonce } });
    bench.wait(1_000);
    const copies = told(bench, before).filter(({ kind }) => kind === 'copying' || kind === 'copied');
    expect(copies.map(({ text }) => text)).to.deep.equal([
      `partitions are being copied to ${third}`,
      `1 partition copied to ${third} in 0.1 s`,
    ]);
    expect(kinds(bench, before).at(-1)).to.equal('healthy');
    expect(copies.map(({ slave }) => slave)).to.deep.equal([third, third]);
  });

  it('name a stranger that is turned away once, however often it comes', () => {
    const { bench } = founded('ab');
    const before = lastOf(bench);
    for (let count = 0; count < 5; count += 1) bench.register('c', { clusterId: 'd'.repeat(32) });
    bench.wait(100);
    expect(kinds(bench, before)).to.deep.equal(['refused']);
  });

  it('name an order that is turned down, and why', () => {
    const { bench } = founded('ab');
    const before = lastOf(bench);
    bench.feed({ kind: 'order', request: 1, order: { kind: 'forget', slave: slaveId('nobody') } });
    bench.wait(100);
    expect(bench.of('order-answer').at(-1)?.refusal).to.be.a('string');
    expect(told(bench, before).map(({ text }) => text.split(':')[0])).to.deep.equal(['forget turned down']);
  });
});

describe('the chronicle', () => {
  const happen = (bench: CoordinatorBench, text: string) => note(bench.state, 'heard', text);

  it('costs no commit of its own before the next tick', () => {
    const { bench } = founded('ab');
    happen(bench, 'something');
    expect(bench.feed({ kind: 'heartbeats-read' }).filter(({ kind }) => kind === 'journal')).to.deep.equal(
      [],
    );
    expect(bench.feed({ kind: 'tick' }).filter(({ kind }) => kind === 'journal')).to.have.length(1);
  });

  it('rides with the commit that a step makes anyway', () => {
    const { bench } = founded('ab');
    happen(bench, 'something');
    bench.effects = [];
    bench.register('c');
    expect(bench.of('journal')).to.have.length(1);
    bench.persist();
    expect(told(bench).map(({ text }) => text)).to.include('something');
  });

  it('shows what is durable, and nothing before', () => {
    const { bench } = founded('ab');
    happen(bench, 'something');
    bench.tick();
    expect(told(bench).map(({ text }) => text)).not.to.include('something');
    bench.persist();
    expect(told(bench).map(({ text }) => text)).to.include('something');
  });

  it('is there after a restart, and its numbers go on', () => {
    const { bench } = founded('ab');
    const before = told(bench);
    happen(bench, 'never durable');
    const again = bench.restart();
    expect(told(again)).to.deep.equal(before);
    again.wait(100);
    expect(told(again, before.length)[0]).to.deep.include({ number: before.length + 1, kind: 'started' });
  });

  it('keeps the newest, in memory and in the journal', () => {
    const { bench } = founded('ab');
    for (let round = 0; round < 30; round += 1) {
      for (let count = 0; count < 70; count += 1) happen(bench, `${round}.${count}`);
      bench.wait(50);
    }
    const last = lastOf(bench);
    expect(told(bench)).to.have.length(EVENTS_MAX);
    expect(told(bench).at(-1)).to.include({ text: '29.69', number: last });
    expect(bench.journal.events).to.deep.equal(told(bench));
    expect(new Bench({ disk: bench.disk.crash() }).state.chronicle.last).to.equal(last + 1);
  });

  it('stands more at once than it keeps', () => {
    const chronicle = chronicleOf([]);
    const event = { at: 1, level: 'info', kind: 'heard', text: 'x' } as const;
    for (let count = 0; count < EVENTS_MAX + 5; count += 1) add(chronicle, event);
    const changes = changesOf(chronicle);
    expect(changes.filter(({ kind }) => kind === 'delete')).to.have.length(5);
    expect(changes.filter(({ kind }) => kind === 'put')).to.have.length(EVENTS_MAX);
    expect(changesOf(chronicle)).to.deep.equal([]);
  });
});
