/**
 * What clients did and what they were told, in the one form that every judge reads: the simulator writes it, and so
 * do runs against real processes.
 *
 *     client a   |--- SET k v1 ---|OK        |-- GET k --|"v2"
 *     client b          |--------- SET k v2 ------------…           the outcome is not known
 *
 * Strings hold one character a byte. It does not know what a command means: see `commands.ts`.
 */
export type Answer = string | number | null | readonly Answer[] | { readonly error: string };

export interface Operation {
  readonly id: number;
  /**
   * One connection of one client. What it sends takes effect in that order, key by key, also if it sends ahead; of
   * operations that began at one moment the first in the history was sent first.
   */
  readonly client: string;
  /** As sent: ['SET', 'k1', 'v7', 'NX']. */
  readonly command: readonly string[];
  /** ms. */
  readonly began: number;
  /** ms. Infinity: the outcome is not known; it may take effect at any time from `began`, or never. */
  readonly ended: number;
  /**
   * As RESP means it; undefined: the outcome is not known. What was refused for certain is in no history, and what
   * a gateway carries out key by key is one operation for each key.
   */
  readonly reply: Answer | undefined;
  /** The slave that answered a READONLY read; such reads are judged apart. */
  readonly copy?: string;
}

/** One operation a line, as JSON. JSON knows no Infinity: an unknown outcome has neither end nor reply. */
export const linesOf = (history: readonly Operation[]): string =>
  history
    .map(({ ended, ...rest }) => `${JSON.stringify(ended === Infinity ? rest : { ...rest, ended })}\n`)
    .join('');

/** The opposite of `linesOf`. Throws on a line that is no operation, with its number. */
export function historyOf(lines: string): readonly Operation[] {
  return lines.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const operation = operationOf(line);
    if (operation === undefined) throw new Error(`line ${index + 1} is no operation: ${line}`);
    return [operation];
  });
}

function operationOf(line: string): Operation | undefined {
  const read: unknown = parsed(line);
  if (typeof read !== 'object' || read === null) return undefined;
  // Every field that a judge relies on is looked at before it is believed.
  const { id, client, command, began, ended = Infinity, reply, copy } = read as Partial<Operation>;
  if (typeof id !== 'number' || typeof client !== 'string' || !isCommand(command)) return undefined;
  if (typeof began !== 'number' || typeof ended !== 'number' || !(began <= ended)) return undefined;
  if ((reply === undefined) !== (ended === Infinity)) return undefined;
  return { id, client, command, began, ended, reply, ...(copy !== undefined && { copy }) };
}

const isCommand = (command: unknown): command is readonly string[] =>
  Array.isArray(command) && command.every((word) => typeof word === 'string');

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
