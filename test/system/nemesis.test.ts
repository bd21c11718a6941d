/**
 * A short run of the nemesis: servers are killed, paused and cut off while clients write down what they see.
 *
 * Other chances each time, and so other schedules: the seed is in the message, and NEMESIS_SEED takes it again.
 */
import { expect } from 'chai';

import { runTool } from '../support/tools.ts';

const SECONDS = 9;

/** With every server starting slowly, and repair at its slowest. */
const BOUND_MS = 150_000;

describe('a cluster under attack', function () {
  this.timeout(BOUND_MS + 10_000);

  it(`shows its clients nothing that could not be, and is whole afterwards`, async () => {
    const seed = process.env['NEMESIS_SEED'] ?? `${Date.now() % 1_000_000}`;
    const options = [
      '--seconds',
      `${SECONDS}`,
      '--seed',
      seed,
      '--slaves',
      '4',
      '--faults',
      'kill,pause,cut',
    ];
    const { status, out, err } = await runTool(
      process.execPath,
      ['--import', 'tsx', 'test/nemesis/run.ts', ...options],
      { withinMs: BOUND_MS },
    );
    expect(status, `seed ${seed}\n${out}${err}`).to.equal(0);
    expect(out).to.match(/^faults made:\n {2}[a-z]/m);
  });
});
