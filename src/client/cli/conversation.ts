/**
 * The person at the prompt, by node:readline: editing, completion, a history in a file; or a pipe, line by line.
 *
 * Ctrl-C interrupts the command that is under way; with none, it clears the line, and on an empty line it
 * ends the conversation, as Ctrl-D does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';

import type { Conversation, ConversationWish } from './world.ts';

const HISTORY_LINES_MAX = 1_000;

export interface ConversationPlace {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** A person is there, not a pipe. */
  readonly terminal: boolean;
  /** Undefined: no history is kept. */
  readonly historyFile: string | undefined;
  /** Ends the conversation. */
  readonly signal: AbortSignal;
}

export class ReadlineConversation implements Conversation {
  readonly #interface: Interface;
  readonly #place: ConversationPlace;
  readonly #wish: ConversationWish;
  /** Lines that came before they were asked for: of one chunk from a pipe, which then pauses, or typed ahead. */
  readonly #ahead: string[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  #interrupt: (() => void) | undefined;
  #history: readonly string[];
  #closed = false;

  constructor(place: ConversationPlace, wish: ConversationWish) {
    this.#place = place;
    this.#wish = wish;
    this.#history = place.terminal ? readHistory(place.historyFile) : [];
    this.#interface = createInterface({
      input: place.input,
      ...(place.terminal ? { output: place.output } : {}),
      terminal: place.terminal,
      history: [...this.#history],
      historySize: HISTORY_LINES_MAX,
      removeHistoryDuplicates: true,
      completer: (typed: string) => wish.complete(typed),
    });
    this.#listen();
    place.signal.addEventListener('abort', () => {
      this.#interface.close();
    });
  }

  next(prompt: string): Promise<string | undefined> {
    const ready = this.#ahead.shift();
    if (ready !== undefined || this.#closed) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (!this.#place.terminal) {
        this.#interface.resume();
        return;
      }
      this.#interface.setPrompt(prompt);
      this.#interface.prompt();
    });
  }

  onInterrupt(callback: () => void): () => void {
    this.#interrupt = callback;
    return () => {
      this.#interrupt = undefined;
    };
  }

  close(): Promise<void> {
    if (!this.#closed) this.#interface.close();
    if (this.#place.terminal)
      writeHistory(
        this.#place.historyFile,
        this.#history.filter((line) => this.#wish.worthKeeping(line)),
      );
    return Promise.resolve();
  }

  #listen(): void {
    this.#interface.on('line', (line: string) => {
      if (!this.#place.terminal) this.#interface.pause();
      if (this.#waiting === undefined) this.#ahead.push(line);
      else this.#hand(line);
    });
    this.#interface.on('history', (lines: readonly string[]) => {
      this.#history = [...lines];
    });
    this.#interface.on('SIGINT', () => {
      this.#onSigint();
    });
    this.#interface.on('close', () => {
      this.#closed = true;
      this.#hand(undefined);
    });
  }

  #hand(line: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(line);
  }

  #onSigint(): void {
    if (this.#interrupt !== undefined) {
      this.#interrupt();
      return;
    }
    if (this.#interface.line === '') {
      this.#place.output.write('\n');
      this.#interface.close();
      return;
    }
    // As in a shell: Ctrl-U, with the line left to be read above.
    this.#place.output.write('^C\n');
    this.#interface.write(null, { ctrl: true, name: 'e' }); // eslint-disable-line no-restricted-syntax -- readline's own sign for "a key, no text".
    this.#interface.write(null, { ctrl: true, name: 'u' }); // eslint-disable-line no-restricted-syntax -- as above.
    this.#interface.prompt();
  }
}

/** Newest first, as readline wants it; nothing where there is no file, or none that can be read. */
function readHistory(path: string | undefined): readonly string[] {
  if (path === undefined) return [];
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines
      .filter((line) => line !== '')
      .slice(-HISTORY_LINES_MAX)
      .reverse();
  } catch {
    return [];
  }
}

/** A history that cannot be kept is no reason to bother somebody who is leaving. */
function writeHistory(path: string | undefined, newestFirst: readonly string[]): void {
  if (path === undefined || newestFirst.length === 0) return;
  try {
    const lines = newestFirst.slice(0, HISTORY_LINES_MAX).reverse();
    // Values stand in it, so it is nobody else's to read.
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  } catch {
    return;
  }
}
