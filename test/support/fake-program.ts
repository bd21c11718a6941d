/**
 * A program that does nothing but live, by the rules of `runProgram`: for tests of signals, ends and parents.
 *
 * Its one argument says how it behaves; it prints `started`, and `stopped` with the reason when it was stopped.
 */
import { argv } from 'node:process';

import { createLog } from '../../src/common/io/log.ts';
import { type Ending, runProgram, say } from '../../src/common/io/process.ts';
import { Bug } from '../../src/common/invariant.ts';

const behaviour = argv[2] ?? 'live';
const log = createLog({ format: 'text', level: 'info' });

/** Something that goes wrong or ends a moment after the start. */
function afterStart(ending: Ending): void {
  switch (behaviour) {
    case 'bug':
      setImmediate(() => {
        throw new Bug('two and two are four');
      });
      break;
    case 'rejection':
      void Promise.reject(new Error('nobody looked'));
      break;
    case 'end':
      ending.end('it was drained', 0);
      break;
    case 'fail':
      ending.fail('the disk is full:\nmake room');
  }
}

async function stop(why: string): Promise<void> {
  say(`stopped: ${why}`);
  if (behaviour === 'slow') await new Promise(() => undefined);
}

runProgram({
  name: 'fake',
  log,
  start: async (ending) => {
    if (behaviour === 'no start') throw new Error('port 7000 is already in use: choose another');
    setInterval(() => undefined, 1_000);
    say('started');
    afterStart(ending);
    return { stop };
  },
});
