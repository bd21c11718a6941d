/**
 * What the prompt knows about raw Redis commands: which only read, and so may be asked again; which would
 * turn the connection into something else, and so are not for a prompt; which it can complete.
 */
const READS = [
  'GET', 'MGET', 'STRLEN', 'GETRANGE', 'EXISTS', 'TYPE', 'TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME', 'SCAN', 'KEYS',
  'DBSIZE', 'RANDOMKEY', 'PING', 'ECHO', 'TIME', 'INFO', 'COMMAND', 'CLUSTER', 'PIAZZA', 'LASTSAVE',
]; // prettier-ignore

const WRITES = [
  'SET', 'SETNX', 'SETEX', 'PSETEX', 'MSET', 'GETSET', 'GETDEL', 'GETEX', 'APPEND', 'SETRANGE', 'INCR', 'DECR',
  'INCRBY', 'DECRBY', 'INCRBYFLOAT', 'DEL', 'UNLINK', 'EXPIRE', 'PEXPIRE', 'EXPIREAT', 'PEXPIREAT', 'PERSIST', 'CONFIG',
]; // prettier-ignore

/** They change what comes next on a connection that the client shares, may renew, or wants in RESP2. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'MONITOR', 'HELLO', 'SYNC', 'PSYNC', 'RESET', 'MULTI', 'WATCH',
  'READONLY', 'READWRITE', 'SELECT', 'AUTH',
]); // prettier-ignore

const reads: ReadonlySet<string> = new Set(READS);

export const redisWords: readonly string[] = [...READS, ...WRITES].sort();

/** What `PIAZZA` only asks; all else behind it is an order. */
const ASKED: ReadonlySet<string> = new Set([
  'STATUS',
  'WHERE',
  'KEYRANGE',
  'KEYRANGE_READ',
  'RING',
  'EVENTS',
  'SCAN',
]);

export function isRead([first = '', second = '']: readonly string[]): boolean {
  const word = first.toUpperCase();
  return word === 'PIAZZA' ? ASKED.has(second.toUpperCase()) : reads.has(word);
}

/** Also `CLIENT REPLY`, after which no answer would come. */
export const isForPrompt = (words: readonly string[]): boolean =>
  !NOT_HERE.has((words[0] ?? '').toUpperCase()) &&
  !(words[0]?.toUpperCase() === 'CLIENT' && words[1]?.toUpperCase() === 'REPLY');
