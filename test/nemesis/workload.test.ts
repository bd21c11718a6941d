import { expect } from 'chai';

import { prng } from '../../src/common/prng.ts';
import { isRead } from './history.ts';
import { Workload } from './workload.ts';

const commandsOf = (workload: Workload, count: number): readonly (readonly string[])[] =>
  Array.from({ length: count }, () => workload.next());

describe('the workload', () => {
  it('asks for every kind of command', () => {
    const words = new Set(commandsOf(new Workload(prng(1)), 2_000).map(([word]) => word));
    expect([...words]).to.have.members(['GET', 'SET', 'DEL', 'INCR', 'APPEND', 'MSET', 'MGET', 'PEXPIRE']);
  });

  it('writes no value twice', () => {
    const values = commandsOf(new Workload(prng(2)), 5_000).flatMap(([word, , ...rest]) => {
      if (word === 'SET' || word === 'APPEND') return [rest[0]];
      return word === 'MSET' ? [rest[0], rest[2]] : [];
    });
    expect(values.length).to.be.above(1_000);
    expect(new Set(values).size).to.equal(values.length);
  });

  it('lays a key aside when it is worn out, and reads it still', () => {
    const workload = new Workload(prng(3));
    const commands = commandsOf(workload, 20_000);
    const asked = commands.filter(([, key]) => key === 'r0.0');
    const lastWrite = asked.findLastIndex((command) => !isRead(command));
    expect(lastWrite).to.be.within(100, 260);
    expect(asked.length).to.be.above(lastWrite + 1);
    expect(workload.keys).to.include.members(['r0.0', 'r0.1', '{m0.0}x', '{m0.0}y']);
  });

  it('lays a key aside when too much of what was written to it is open', () => {
    const workload = new Workload(prng(4));
    for (const command of commandsOf(workload, 200))
      if (command[1] === 'r0.0') for (let times = 0; times < 5; times += 1) workload.leftOpen(command);
    const later = commandsOf(workload, 500).filter(([, key]) => key === 'r0.0');
    expect(later.filter((command) => !isRead(command))).to.deep.equal([]);
  });

  it('only reads where it is asked to', () => {
    const workload = new Workload(prng(5));
    const reads = Array.from({ length: 1_000 }, () => workload.nextRead());
    expect(reads.every(isRead)).to.equal(true);
  });
});
