/**
 * Beside a real Redis: the same commands, the same answers, byte for byte, and the same keys left.
 *
 * What is left to differ on purpose: times to live may differ by the moment between two clocks
 * (and by what a double cannot hold, beyond the year 287,396), and a value that would grow past
 * the limit is refused with Piazza's own word.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { checkCommand } from '../../src/common/command/check.ts';
import {
  type Session,
  sessionCommandOf,
  type Surroundings,
} from '../../src/common/command/session-commands.ts';
import { commands } from '../../src/common/command/registry.ts';
import { key } from '../../src/common/ids.ts';
import { prng } from '../../src/common/prng.ts';
import { Failure, type Reply } from '../../src/common/reply.ts';
import { stamp } from '../../src/common/time.ts';
import { encodeCommand, encodeReply } from '../../src/common/wire/resp-writer.ts';
import { Model } from '../slave/commands/model.ts';
import { keys, randomCommands } from '../slave/commands/random-commands.ts';

const SEED = 20_260_101;
const COMMANDS = 20_000;
/** Few enough that the clocks do not part within a batch, many enough to be quick. */
const BATCH = 50;
const CLOCK_TOLERANCE_MS = 3_000;
const FIRST_ABSOLUTE_MS = 4_102_444_800_000;
const VALUE_LIMIT = 16 * 1024 * 1024;

/** The end of the answer that begins here, or -1 if it is not all there yet. */
function replyEnd(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd === -1) return -1;
  const count = Number(bytes.toString('latin1', at + 1, lineEnd));
  const body = lineEnd + 2;
  const sign = String.fromCharCode(bytes[at] ?? 0);
  if (sign === '$' && count >= 0) return body + count + 2 <= bytes.length ? body + count + 2 : -1;
  if (sign !== '*') return body;
  let end = body;
  for (let element = 0; element < count && end !== -1; element += 1) end = replyEnd(bytes, end);
  return end;
}

class RedisConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake?.();
    });
  }

  async ask(batch: readonly (readonly Buffer[])[]): Promise<readonly Buffer[]> {
    this.#socket.write(Buffer.concat(batch.map(encodeCommand)));
    const replies: Buffer[] = [];
    while (replies.length < batch.length) {
      const end = replyEnd(this.#received, 0);
      if (end === -1) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      } else {
        replies.push(this.#received.subarray(0, end));
        this.#received = this.#received.subarray(end);
      }
    }
    return replies;
  }

  close(): void {
    this.#socket.destroy();
  }
}

const freePort = async (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });

interface Redis {
  readonly connection: RedisConnection;
  stop(): void;
}

async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'piazza-oracle-'));
  const limits = ['--proto-max-bulk-len', String(VALUE_LIMIT), '--maxmemory', '0'];
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ];
  const process: ChildProcess = spawn('redis-server', [...options, ...limits], { stdio: 'ignore' });
  const connection = new RedisConnection(await connected(port));
  return {
    connection,
    stop: () => {
      connection.close();
      process.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function connected(port: number): Promise<Socket> {
  const deadlineMs = Date.now() + 5_000;
  for (;;) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const attempt = connect(port, '127.0.0.1', () => resolve(attempt));
      attempt.on('error', () => resolve(undefined));
    });
    if (socket) return socket;
    if (Date.now() > deadlineMs) throw new Error('redis-server does not answer');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const shown = (args: readonly Buffer[]): string =>
  args.map((arg) => JSON.stringify(arg.toString('latin1'))).join(' ');

const wireOf = (reply: Reply): string => encodeReply(reply, 2).toString('latin1');

const UNIT_MS: Readonly<Record<string, number>> = { ttl: 1000, expiretime: 1000, pttl: 1, pexpiretime: 1 };

/** What Redis said, or, where the two may differ and differ by no more than they may, what Piazza did. */
function comparable(args: readonly Buffer[], theirs: string, mine: string): string {
  const tooLarge =
    theirs.startsWith('-ERR string exceeds maximum allowed size') && mine.startsWith('-LIMIT ');
  const word = args[0]?.toString().toLowerCase() ?? '';
  const unitMs = UNIT_MS[word];
  if (tooLarge || unitMs === undefined) return tooLarge ? mine : theirs;
  return isNear(msOf(theirs, unitMs), msOf(mine, unitMs), word.endsWith('expiretime')) ? mine : theirs;
}

/** An integer answer in milliseconds; not a number for any other. */
const msOf = (reply: string, unitMs: number): number =>
  reply.startsWith(':') ? Number(reply.slice(1)) * unitMs : NaN;

function isNear(theirMs: number, myMs: number, absolute: boolean): boolean {
  if (Math.min(theirMs, myMs) >= Number.MAX_SAFE_INTEGER / 2) return true;
  // Only what was counted from now is uncertain; it lies before all absolute times that are given.
  if (absolute && theirMs >= FIRST_ABSOLUTE_MS) return false;
  return Math.min(theirMs, myMs) > 0 && Math.abs(theirMs - myMs) <= CLOCK_TOLERANCE_MS;
}

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
const name = 'the commands beside a real Redis';

(hasRedis ? describe : describe.skip)(
  hasRedis ? name : `${name} (redis-server is not installed)`,
  function () {
    this.timeout(60_000);
    let redis: Redis;

    beforeEach(async () => {
      redis = await startRedis();
    });

    afterEach(() => redis.stop());

    async function expectSame(model: Model, batch: readonly (readonly Buffer[])[]): Promise<void> {
      model.now = stamp(Date.now());
      const mine = batch.map((args) => wireOf(model.answer(args)));
      const theirs = await redis.connection.ask(batch);
      for (const [index, args] of batch.entries()) {
        const reply = mine[index] ?? '';
        const expected = comparable(args, theirs[index]?.toString('latin1') ?? '', reply);
        if (reply !== expected) expect(`${shown(args)} → ${reply}`).to.equal(`${shown(args)} → ${expected}`);
      }
    }

    it(`answer ${COMMANDS} random commands alike, and leave the same keys`, async () => {
      const model = new Model();
      const random = randomCommands(prng(Number(process.env['FC_SEED'] ?? SEED) || SEED));
      for (let count = 0; count < COMMANDS; count += BATCH) {
        await expectSame(model, Array.from({ length: BATCH }, random.next));
      }
      const looks = keys.flatMap((bytes) => ['GET', 'PEXPIRETIME'].map((word) => [Buffer.from(word), bytes]));
      await expectSame(model, looks);
      const [size] = await redis.connection.ask([[Buffer.from('DBSIZE')]]);
      const present = keys.filter((bytes) => model.get(key(bytes)) !== undefined);
      expect(size?.toString()).to.equal(`:${present.length}\r\n`);
    });

    it('refuse alike what would grow past the limit, and take what just fits', async () => {
      const model = new Model();
      const command = (...words: readonly string[]): readonly Buffer[] =>
        words.map((word) => Buffer.from(word));
      const last = VALUE_LIMIT - 1;
      await expectSame(model, [
        command('SETRANGE', 'k', String(last), 'xy'),
        command('EXISTS', 'k'),
        command('SETRANGE', 'k', String(last), 'x'),
        command('STRLEN', 'k'),
        command('APPEND', 'k', 'y'),
        command('APPEND', 'k', ''),
        command('SETRANGE', 'k', '0', 'z'),
        command('GETRANGE', 'k', '-2', '-1'),
      ]);
    });

    it('are described to clients alike', async () => {
      const names = commands
        .filter(({ name: word }) => !CONTAINERS.includes(word) && !OUR_OWN.includes(word))
        .map(({ name: word }) => word);
      for (const word of names) {
        const args = ['COMMAND', 'INFO', word].map((part) => Buffer.from(part));
        const [theirs] = await redis.connection.ask([args]);
        // Redis adds remarks in prose to two key specifications.
        const withoutNotes = theirs
          ?.toString('latin1')
          .replace(/\*8\r\n\$5\r\nnotes\r\n\$\d+\r\n[^\r]*\r\n/, '*6\r\n');
        expect(answerAlone(args)).to.equal(withoutNotes);
      }
    });

    it('about the connection are refused and answered alike', async () => {
      const lines = CONNECTION_LINES.trim().split('\n');
      for (const line of lines) {
        const args = line
          .trim()
          .split(' ')
          .map((word) => Buffer.from(word === "''" ? '' : word));
        const [theirs] = await redis.connection.ask([args]);
        expect(`${line} → ${answerAlone(args)}`).to.equal(`${line} → ${theirs?.toString('latin1')}`);
      }
    });

    const session: Session = {
      ...{
        id: 1,
        protocol: 2,
        name: '',
        libName: '',
        libVersion: '',
        remoteAddress: '',
        localAddress: '',
      },
      ...{ openedAtMs: 0, lastCommand: '', commandCount: 0, readOnly: false },
      closeAfterReplies: () => undefined,
    };
    const surroundings: Surroundings = {
      ...{ version: '0.1.0', nowMs: 0, configuration: new Map([['save', '']]) },
      info: () => [],
      sessions: () => [session],
    };

    function answerAlone(args: readonly Buffer[]): string {
      const checked = checkCommand(args);
      if (checked instanceof Failure) return wireOf(checked);
      return wireOf(sessionCommandOf(checked.spec)?.(args, session, surroundings));
    }
  },
);

/** Their subcommands are fewer here. */
const CONTAINERS = ['client', 'command', 'config', 'cluster'];

/** Redis has nothing of the kind. */
const OUR_OWN = ['keyrange', 'keyrange_read'];

const CONNECTION_LINES = `
PING
PING hello
PING a b
ECHO hello
ECHO
HELLO 4
HELLO 1
HELLO abc
HELLO 2 FOO
HELLO 2 SETNAME
HELLO 2 SETNAME é
HELLO 3 AUTH bob x
HELLO 2 AUTH default
SELECT 0
SELECT abc
AUTH
AUTH x
AUTH default x
AUTH bob x
AUTH a b c
CLIENT
CLIENT FOO
CLIENT FOO bar
CLIENT ID x
CLIENT GETNAME
CLIENT SETNAME abc
CLIENT GETNAME
CLIENT SETNAME é
CLIENT SETNAME ''
CLIENT GETNAME
CLIENT LIST TYPE foo
CLIENT LIST ID abc
CLIENT LIST ID 4000
CLIENT LIST x
CONFIG
CONFIG GET
CONFIG GET save
CONFIG GET nonesuch
CONFIG FOO
COMMAND COUNT x
COMMAND FOO
COMMAND INFO nonesuch
COMMAND DOCS nonesuch
COMMAND GETKEYS
COMMAND GETKEYS GET
COMMAND GETKEYS GET a
COMMAND GETKEYS GET a b
COMMAND GETKEYS FOO a
COMMAND GETKEYS PING a
COMMAND GETKEYS MGET a b c
COMMAND GETKEYS MSET a 1 b 2
COMMAND GETKEYS EXPIRE a
COMMAND LIST FOO
COMMAND LIST FILTERBY FOO x
COMMAND LIST FILTERBY MODULE x
COMMAND LIST FILTERBY PATTERN getd*
COMMAND LIST FILTERBY PATTERN [s]etn?
COMMAND LIST FILTERBY PATTERN [^a-z]*
COMMAND LIST FILTERBY ACLCAT nonesuch
INFO nonesuch
READONLY x
ASKING x
RESET
RESET x
QUIT
`;
