/**
 * The prompt: `piazza-client` without a command.
 *
 *   127.0.0.1:7000> put colour ochre          the commands of the command line, in lower case
 *   inserted
 *   127.0.0.1:7000> GET colour                every other word: a Redis command, as redis-cli would have it
 *   "ochre"
 *
 * It survives whatever a command meets: a lost cluster is said, and shown in the prompt until somebody
 * answers again. Without a terminal it reads lines from a pipe and prints raw, and its status is that of the
 * last command that failed; a person has seen what failed, and leaves with 0.
 */
import { splitInline } from '../../common/wire/resp-inline.ts';
import { PiazzaError } from '../errors.ts';
import { commandNames } from './commands/index.ts';
import { isUtf8 } from './record.ts';
import { isForPrompt, isRead, redisWords } from './redis-words.ts';
import { rawReply, replyText } from './reply-text.ts';
import { explain } from './run-errors.ts';
import { type Global, type Settings, settingsOf } from './settings.ts';
import { type Cluster, exit, type ExitStatus, type World } from './world.ts';

type RunCommand = (
  argv: readonly string[],
  world: World,
  otherwise: (global: Global) => Promise<ExitStatus>,
) => Promise<ExitStatus>;

const OWN_WORDS: readonly string[] = ['help', 'quit', 'exit'];

const HELP = `put KEY VALUE [--ttl SECONDS]   get KEY        delete KEY     where KEY
status [--watch]                ring           keyrange       keyrange-read
events [--follow]               drain ID       forget ID      forfeit PARTITION
import FILE                     export FILE    help           quit

COMMAND --help says more. Quotes as in redis-cli: "a b\\n\\x00" or 'a b'.
Any other word, or one in capitals, is a Redis command: SET, GET, TTL, INCR, ...
`;

/** Lines that hold a password are not for a file. */
const SECRET = /^\s*(auth|hello|config\s+set\s+\S*pass)/i;

export async function converse(global: Global, world: World, runCommand: RunCommand): Promise<ExitStatus> {
  const settings = await settingsOf(global, world);
  const { addresses, timeoutMs } = settings;
  const cluster = await world.connect({ addresses, timeoutMs, lazy: true });
  const prompt = new Prompt({ settings, cluster, world, runCommand });
  try {
    return await prompt.run();
  } finally {
    await cluster.close();
  }
}

interface Parts {
  readonly settings: Settings;
  readonly cluster: Cluster;
  readonly world: World;
  readonly runCommand: RunCommand;
}

class Prompt {
  readonly #parts: Parts;
  #connected = true;
  #status: ExitStatus = exit.done;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async run(): Promise<ExitStatus> {
    const { world } = this.#parts;
    const lines = world.converse({ complete, worthKeeping: (line) => !SECRET.test(line) });
    try {
      if (world.terminal.out) await this.#greet();
      for (;;) {
        const line = await lines.next(this.#text());
        if (line === undefined || world.signal.aborted) return this.#ended();
        const interruption = new AbortController();
        const forget = lines.onInterrupt(() => {
          interruption.abort();
        });
        const goesOn = await this.#take(line, AbortSignal.any([world.signal, interruption.signal]));
        forget();
        if (!goesOn) return this.#ended();
      }
    } finally {
      await lines.close();
    }
  }

  #ended(): ExitStatus {
    return this.#parts.world.terminal.out ? exit.done : this.#status;
  }

  /** Says at once if nobody is there, instead of at the first command. */
  async #greet(): Promise<void> {
    const { world, cluster } = this.#parts;
    await world.out(`piazza-client ${world.version}; help lists the commands\n`);
    await this.#guarded(async () => {
      await cluster.command(['PING'], { purpose: 'read', signal: world.signal, timeoutMs: 1_000 });
      return exit.done;
    });
  }

  #text(): string {
    const place = this.#parts.settings.addresses[0] ?? '';
    return this.#connected ? `${place}> ` : `${place} (not connected)> `;
  }

  /** False: that was the end. */
  async #take(line: string, signal: AbortSignal): Promise<boolean> {
    const { world } = this.#parts;
    const split = splitInline(Buffer.from(line, 'utf8'));
    if (split.kind === 'broken') {
      world.complain('unbalanced quotes');
      this.#status = exit.usage;
      return true;
    }
    const [first] = split.args;
    if (first === undefined) return true;
    const word = first.toString('latin1');
    if (['quit', 'exit'].includes(word.toLowerCase())) return false;
    const own = commandNames.includes(word) || word.startsWith('-');
    const status = await this.#guarded(() => {
      if (word.toLowerCase() === 'help') return this.#help();
      return own ? this.#runOwn(split.args, signal) : this.#runRaw(split.args, signal);
    });
    if (status !== exit.done) this.#status = status;
    return true;
  }

  async #help(): Promise<ExitStatus> {
    await this.#parts.world.out(HELP);
    return exit.done;
  }

  async #runOwn(args: readonly Buffer[], signal: AbortSignal): Promise<ExitStatus> {
    const { world, cluster, settings, runCommand } = this.#parts;
    if (!args.every(isUtf8)) {
      world.complain('bytes that are no UTF-8 text: use SET and GET for them');
      return exit.usage;
    }
    const { timeoutMs, json } = settings;
    // The prompt's connection serves the command, which must not close it.
    const shared: Cluster = withoutClose(cluster, (connected) => {
      this.#connected = connected;
    });
    const terminal = { ...world.terminal, newline: true };
    const here: World = { ...world, signal, terminal, connect: () => Promise.resolve(shared) };
    const options = ['--timeout', String(timeoutMs), ...(json ? ['--json'] : [])];
    const words = args.map((arg) => arg.toString('utf8'));
    // Options given in the line count for it: only one --timeout may be handed on.
    const before = words.some((word) => word.startsWith('--timeout')) ? options.slice(2) : options;
    return runCommand([...before, ...words], here, () => Promise.resolve(exit.done));
  }

  async #runRaw(args: readonly Buffer[], signal: AbortSignal): Promise<ExitStatus> {
    const { world, cluster } = this.#parts;
    const words = args.map((arg) => arg.toString('latin1'));
    if (!isForPrompt(words)) {
      world.complain(
        `${words[0] ?? ''} changes the connection, which this prompt shares and renews: use redis-cli for it`,
      );
      return exit.refused;
    }
    const purpose = isRead(words) ? 'read' : 'write';
    const reply = await cluster.command(args, { purpose, signal });
    this.#connected = true;
    await world.out(world.terminal.out ? `${replyText(reply)}\n` : rawReply(reply));
    return exit.done;
  }

  async #guarded(body: () => Promise<ExitStatus>): Promise<ExitStatus> {
    const { world } = this.#parts;
    try {
      return await body();
    } catch (error) {
      if (error instanceof PiazzaError && error.name === 'RefusedError') {
        this.#connected = true;
        world.complain(`(error) ${error.code} ${error.message}`);
        return exit.refused;
      }
      const status = explain(error, world);
      if (status === exit.unreachable || status === exit.uncertain) this.#connected = false;
      return status;
    }
  }
}

/** A cluster that its user cannot close, and that tells whether the last call reached anybody. */
function withoutClose(cluster: Cluster, connected: (is: boolean) => void): Cluster {
  const telling =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        const result = await call(...args);
        connected(true);
        return result;
      } catch (error) {
        if (error instanceof PiazzaError) connected(error.name === 'RefusedError');
        throw error;
      }
    };
  return {
    put: telling((...args: Parameters<Cluster['put']>) => cluster.put(...args)),
    get: telling((...args: Parameters<Cluster['get']>) => cluster.get(...args)),
    delete: telling((...args: Parameters<Cluster['delete']>) => cluster.delete(...args)),
    status: telling((...args: Parameters<Cluster['status']>) => cluster.status(...args)),
    where: telling((...args: Parameters<Cluster['where']>) => cluster.where(...args)),
    keyRanges: telling((...args: Parameters<Cluster['keyRanges']>) => cluster.keyRanges(...args)),
    ring: telling((...args: Parameters<Cluster['ring']>) => cluster.ring(...args)),
    events: telling((...args: Parameters<Cluster['events']>) => cluster.events(...args)),
    drain: telling((...args: Parameters<Cluster['drain']>) => cluster.drain(...args)),
    forget: telling((...args: Parameters<Cluster['forget']>) => cluster.forget(...args)),
    forfeit: telling((...args: Parameters<Cluster['forfeit']>) => cluster.forfeit(...args)),
    scan: telling((...args: Parameters<Cluster['scan']>) => cluster.scan(...args)),
    command: telling((...args: Parameters<Cluster['command']>) => cluster.command(...args)),
    close: () => Promise.resolve(),
  };
}

/** Completes the first word of a line; Redis' words in the case in which they were begun. */
export function complete(typed: string): readonly [readonly string[], string] {
  if (/\s/.test(typed)) return [[], typed];
  const lower = typed !== typed.toUpperCase() || typed === '';
  const own = [...commandNames, ...OWN_WORDS].filter((name) => name.startsWith(typed));
  const redis = redisWords
    .filter((name) => typed !== '' && name.startsWith(typed.toUpperCase()))
    .map((name) => (lower ? name.toLowerCase() : name))
    .filter((name) => !own.includes(name));
  return [[...own, ...redis].map((name) => `${name} `), typed];
}
