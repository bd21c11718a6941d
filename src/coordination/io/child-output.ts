/**
 * What a child process says: lines cut from its output, and what they mean. No hands here.
 */

/** A line longer than this is cut in pieces: a child that has gone mad must not fill its parent's memory. */
const LINE_CHARACTERS_MAX = 16_384;

/** Cuts text that arrives in pieces into lines, without their ends. */
export class LineCutter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line.replace(/\r$/, ''));
    while (this.#rest.length >= LINE_CHARACTERS_MAX) {
      this.#onLine(this.#rest.slice(0, LINE_CHARACTERS_MAX));
      this.#rest = this.#rest.slice(LINE_CHARACTERS_MAX);
    }
  }

  /** The output has ended; what has no line end is a line too. */
  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}

const READY = /^ready id=(?<id>\S+) port=(?<port>\d{1,5}) peer-port=(?<peerPort>\d{1,5})$/;

export interface ReadyLine {
  readonly id: string;
  readonly port: number;
  readonly peerPort: number;
}

/** The line with which a slave says that it serves. */
export function parseReadyLine(line: string): ReadyLine | undefined {
  const parts = READY.exec(line)?.groups;
  if (parts === undefined) return undefined;
  return { id: parts['id'] ?? '', port: Number(parts['port']), peerPort: Number(parts['peerPort']) };
}

/** A child's log line in ours: with its name before it, or, if it is a JSON object, within it. */
export function prefixedLine(id: string, line: string): string {
  const isObject = line.startsWith('{"') && line.endsWith('}');
  return isObject ? `{"slave":${JSON.stringify(id)},${line.slice(1)}` : `${id} | ${line}`;
}
