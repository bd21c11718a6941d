/**
 * The errors that several commands share, worded as Redis 7.0 words them: clients and their tests
 * compare these texts.
 *
 * What a client sent may come back inside an error. Redis treats such bytes as C strings, and
 * so does this file: they end at a zero byte, and line breaks become blanks, so that no argument
 * can break out of the error's line.
 */
import { faults } from '../fault.ts';
import { Failure } from '../reply.ts';

export const syntaxError = new Failure('ERR syntax error');

export const notAnInteger = new Failure('ERR value is not an integer or out of range');

export const notAFloat = new Failure('ERR value is not a valid float');

export const crossSlot = new Failure("CROSSSLOT Keys in request don't hash to the same slot");

export const tooLarge = new Failure(`LIMIT ${faults.LIMIT.text}`);

/** `name` as the registry has it: `get`, `client|id`. */
export const wrongArity = (name: string): Failure =>
  new Failure(`ERR wrong number of arguments for '${name}' command`);

export const invalidExpire = (name: string): Failure =>
  new Failure(`ERR invalid expire time in '${name}' command`);

/** An error that repeats what the client sent; its text must already hold the code word. */
export const echoing = (text: string): Failure =>
  new Failure(text.replace(/[\r\n]+$/, '').replace(/[\r\n]/g, ' '));

/** Redis shows at most so many bytes of a name, and of all arguments together. */
const SHOWN_BYTES_MAX = 128;

export function unknownCommand(args: readonly Buffer[]): Failure {
  let shown = '';
  for (let index = 1; index < args.length && shown.length < SHOWN_BYTES_MAX; index += 1) {
    shown += `'${textOf(args[index]).slice(0, SHOWN_BYTES_MAX - shown.length)}' `;
  }
  const name = textOf(args[0]).slice(0, SHOWN_BYTES_MAX);
  return new Failure(
    `ERR unknown command '${name}', with args beginning with: ${shown}`.replace(/[\r\n]/g, ' '),
  );
}

export function unknownSubcommand(args: readonly Buffer[]): Failure {
  const command = textOf(args[0]).toUpperCase();
  const name = textOf(args[1]).slice(0, SHOWN_BYTES_MAX);
  return new Failure(`ERR unknown subcommand '${name}'. Try ${command} HELP.`.replace(/[\r\n]/g, ' '));
}

/** An argument as part of an error's text. */
export function textOf(bytes: Buffer | undefined): string {
  if (bytes === undefined) return '';
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}
