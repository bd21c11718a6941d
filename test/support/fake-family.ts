/** A parent of fake slaves, for tests that kill the parent. Prints what `superviseSlaves` tells it. */
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { createLog } from '../../src/common/io/log.ts';
import { runProgram, say } from '../../src/common/io/process.ts';
import { superviseSlaves } from '../../src/coordination/io/children.ts';

const log = createLog({ format: 'text', level: 'error' });

runProgram({
  name: 'fake-family',
  log,
  start: async () => {
    const slaves = superviseSlaves({
      count: 2,
      firstPort: 7001,
      coordination: '127.0.0.1:1',
      dirParent: argv[2] ?? '.',
      log,
      onStarted: (id, pid, port) => say(`started ${id} pid=${pid} port=${port}`),
      slaveMain: fileURLToPath(new URL('./fake-slave.ts', import.meta.url)),
    });
    return { stop: () => slaves.stop() };
  },
});
