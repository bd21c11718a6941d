/** put KEY VALUE [--ttl SECONDS]: stores a value and says whether it inserted or updated. */
import { UsageError } from '../../errors.ts';
import { plainWord } from '../shield.ts';
import { exit } from '../world.ts';
import { type Command, printJson } from './command.ts';

export const put: Command = (parser, run) =>
  parser.command(
    'put <key> <value>',
    'Store a value under a key; says whether it inserted or updated',
    (args) =>
      args
        .positional('key', { type: 'string', demandOption: true, describe: 'the key' })
        .positional('value', { type: 'string', demandOption: true, describe: 'the value, as UTF-8' })
        .option('ttl', { type: 'string', requiresArg: true, describe: 'seconds until the key is gone' }),
    ({ key, value, ttl, ...global }) =>
      run(global, async (context) => {
        const name = plainWord(key);
        const ttlSeconds = ttl === undefined ? undefined : secondsOf(ttl);
        const result = await context.cluster.put(name, plainWord(value), { ...context.call, ttlSeconds });
        if (context.json) await printJson(context, { key: name, result });
        else await context.world.out(`${result}\n`);
        return exit.done;
      }),
  );

function secondsOf(text: unknown): number {
  const plain = typeof text === 'string' ? plainWord(text) : '';
  const seconds = /^\d{1,12}(\.\d{1,3})?$/.test(plain) ? Number(plain) : 0;
  if (seconds <= 0) throw new UsageError('--ttl must be a number of seconds, 0.001 or more, given once');
  return seconds;
}
