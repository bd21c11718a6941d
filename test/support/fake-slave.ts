/**
 * A slave that holds nothing: says that it is ready, with a made-up port, and ends as its options tell it to.
 *
 * `--ends STATUS` ends at once with that status; `--deaf` ignores SIGTERM; `--grumbles` writes to standard error.
 */
import { argv, pid } from 'node:process';

import { createLog } from '../../src/common/io/log.ts';
import { runProgram, say } from '../../src/common/io/process.ts';

const option = (name: string): string | undefined => {
  const at = argv.indexOf(name);
  return at < 0 ? undefined : argv[at + 1];
};

const ends = option('--ends');
if (ends !== undefined) process.exit(Number(ends));

if (argv.includes('--grumbles')) {
  process.stderr.write(`dir=${option('--dir')} coordination=${option('--coordination')}\n`);
  process.stderr.write(`port=${process.env['PIAZZA_PORT']} durability=${process.env['PIAZZA_DURABILITY']}\n`);
}

setInterval(() => undefined, 1_000);

if (argv.includes('--deaf')) {
  process.on('SIGTERM', () => undefined);
  say(`ready id=${option('--id')} port=${pid % 60_000} peer-port=1`);
} else {
  runProgram({
    name: 'fake-slave',
    log: createLog({ format: 'text', level: 'error' }),
    start: async () => {
      say(`ready id=${option('--id')} port=${option('--port')} peer-port=1`);
      return { stop: async () => undefined };
    },
  });
}
