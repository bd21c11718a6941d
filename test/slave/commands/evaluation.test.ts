/** The maps of functions against the registry, and the random commands against what every outcome promises. */
import { expect } from 'chai';
import fc from 'fast-check';

import { commandOf, commands } from '../../../src/common/command/registry.ts';
import { prng } from '../../../src/common/prng.ts';
import { stamp } from '../../../src/common/time.ts';
import { readOf, reads, writeOf, writes } from '../../../src/slave/commands/evaluation.ts';
import { Model } from './model.ts';
import { randomCommands } from './random-commands.ts';

describe('the evaluation', () => {
  it('has one function for each read and each write, by name and by specification', () => {
    for (const spec of commands) {
      expect(reads.get(spec.name), spec.name).to.equal(readOf(spec));
      expect(writes.get(spec.name), spec.name).to.equal(writeOf(spec));
    }
    expect(commands.filter(({ kind }) => kind === 'read')).to.have.lengthOf(reads.size);
    expect(commands.filter(({ kind }) => kind === 'write')).to.have.lengthOf(writes.size);
    const ping = commandOf(Buffer.from('ping'));
    expect(ping && (readOf(ping) ?? writeOf(ping))).to.equal(undefined);
  });

  it('keeps its promises on any command at any time: the model checks each outcome', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 5_000_000_000_000 }), (seed, nowMs) => {
        const random = randomCommands(prng(seed));
        const model = new Model();
        for (let count = 0; count < 40; count += 1) {
          model.now = stamp(nowMs + count / 3);
          model.answer(random.next());
        }
      }),
    );
  });
});
